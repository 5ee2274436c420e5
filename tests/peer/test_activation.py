"""Single activations against hls4ml's compiled C simulation: random formats, both io types."""

import numpy as np
import pytest

from tests.peer.project import Project, needs_hls4ml, random_format

pytestmark = needs_hls4ml

TABLES = ("sigmoid", "tanh", "softplus", "softsign", "selu")
PLAIN = ("linear", "relu", "relu6", "relu1", "binary_tanh", "ternary_tanh")
SAMPLES, SIZE = 250, 6
IO_TYPES = ("io_parallel", "io_stream")


def stimuli(rng, text):
    """Values in, at the ends of and beyond a format, on its grid and on its ties."""
    width, integer = (int(word) for word in text.split("<")[1].rstrip(">").split(",")[:2])
    scale = 2.0**integer
    x = rng.uniform(-0.6, 0.6, (SAMPLES, SIZE)) * scale * 2.0 ** -rng.integers(0, 6, (SAMPLES, 1))
    lsb = scale * 2.0**-width
    x[::5] = rng.integers(-(2**width), 2**width, x[::5].shape) * lsb / 2
    x[1::7] = rng.uniform(-2, 2, x[1::7].shape) * scale
    x[2, :] = [0.0, -0.0, lsb / 2, -lsb / 2, scale, -scale]
    return x


def add_all(project, seed, functions):
    rng = np.random.default_rng(seed)
    for name in functions:
        signed = True if name in ("elu", "selu", "ternary_tanh") else None
        x_format = random_format(rng, 7, 14, integer=int(rng.integers(1, 6)), signed=signed)
        precision = {"result": random_format(rng, 7, 16, integer=int(rng.integers(-1, 5)))}
        keys, keras, weights, kind = {}, {}, None, "Activation"
        if name in TABLES or name == "ELU":
            precision["table"] = random_format(rng, 8, 18, integer=int(rng.integers(0, 4)))
            keys["TableSize"] = int(rng.choice([1024, 512, 100, 37]))
        if name in ("LeakyReLU", "ThresholdedReLU", "ELU"):
            kind = name
            key = "theta" if name == "ThresholdedReLU" else "alpha"
            keras[key] = round(float(rng.uniform(-1 if key == "alpha" else 0.1, 2)), 3)
            precision["param"] = random_format(rng, 4, 14, integer=2)
        elif name == "PReLU":
            kind = name
            precision["param"] = random_format(rng, 4, 14, integer=2)
            weights = {"alpha": rng.normal(0, 1, SIZE).astype(np.float32)}
        else:
            keras["activation"] = name
        if name == "hard_sigmoid" and rng.random() < 0.6:
            precision["slope"] = random_format(rng, 6, 14, integer=0)
            precision["shift"] = random_format(rng, 4, 10, integer=1)
        if name == "linear":
            precision["result"] = random_format(rng, 15, 18)
        project.add(
            kind, stimuli(rng, x_format), x_format, precision, weights=weights, keys=keys, **keras
        )


def compare(io_type, seed, folder):
    functions = [*TABLES, *PLAIN, "hard_sigmoid", "LeakyReLU", "ThresholdedReLU", "ELU", "PReLU"]
    if io_type == "io_stream":
        # hls4ml 1.3.0 has no io_stream kernel for these two.
        functions = [name for name in functions if name not in ("relu1", "relu6")]
    project = Project(io_type)
    add_all(project, 10 * seed + (io_type == "io_stream"), 2 * functions)
    count, distinct = project.compare(folder)
    assert count == len(project.outputs) * SAMPLES * SIZE
    return distinct


@pytest.mark.parametrize("io_type", IO_TYPES)
def test_activations(io_type, tmp_path):
    """Every function of the slice that Keras 2 files can name, twice, in random formats."""
    distinct = compare(io_type, 1, tmp_path)
    few = {name: number for name, number in distinct.items() if number < 10}
    assert len(few) <= len(distinct) // 4, few


@pytest.mark.long
@pytest.mark.parametrize("io_type", IO_TYPES)
@pytest.mark.parametrize("seed", range(2, 12))
def test_activations_in_many_formats(io_type, seed, tmp_path):
    """The same with other formats."""
    compare(io_type, seed, tmp_path)


def odd(project):
    """Formats and values at the edges of what the kernels do."""
    rng = np.random.default_rng(5)

    def add(name, x_format, result, *, x=None, kind="Activation", table=None, size=None, **keras):
        precision = {"result": result} | ({"table": table} if table else {})
        keys = {"TableSize": size} if size else {}
        x = stimuli(rng, x_format) if x is None else x
        if kind == "Activation":
            keras["activation"] = name
        project.add(kind, x, x_format, precision, keys=keys, **keras)

    # The C int of a table index wraps: x * N / 16 beyond 2**31.
    far = rng.integers(-(2**35), 2**35, (SAMPLES, SIZE)) * 2.0 ** -rng.integers(
        0, 30, (SAMPLES, SIZE)
    )
    far[1::2] = np.round(far[1::2] / 2**25) * 2**25 + rng.integers(-900, 900, far[1::2].shape) / 128
    for name in TABLES:
        # selu's constant has the type of the data in io_stream: twice 44 bits would be refused.
        narrow = name == "selu" and project.io_type == "io_stream"
        add(
            name,
            "fixed<31,29>" if narrow else "fixed<44,36>",
            "fixed<18,4>",
            x=far,
            table="fixed<18,8>",
            size=1000,
        )
    add("ELU", "fixed<44,36>", "fixed<62,40>", x=far, kind="ELU", table="fixed<18,4>", alpha=0.75)
    # Points right of the last bit: the quotient of the index has no units.
    for name in ("sigmoid", "tanh", "softsign", "selu"):
        add(name, "fixed<8,11>", "fixed<12,3>", table="fixed<18,8>", size=333)
    add("ELU", "fixed<7,9>", "fixed<14,10,RND>", kind="ELU", table="fixed<9,3,RND,SAT>", alpha=1.5)
    if project.io_type == "io_parallel":
        add("relu6", "fixed<6,9>", "fixed<9,5>")
    add("ternary_tanh", "fixed<5,8>", "fixed<4,2>")
    # 2 * x overflows in the type of x, by its own mode.
    for mode in ("TRN,WRAP", "RND,SAT", "TRN,SAT_ZERO", "RND_CONV,SAT_SYM", "TRN,WRAP,2"):
        add("ternary_tanh", f"fixed<7,2,{mode}>", "int<2>")
        add("ternary_tanh", f"ufixed<6,1,{mode}>", "fixed<5,3>")
    # Integers: assignment truncates toward zero, then wraps; uint<1> is the binary type.
    for result in ("uint<1>", "int<2>", "int<1>", "ufixed<3,2>", "fixed<1,1,RND,SAT>"):
        add("binary_tanh", "fixed<8,3>", result)
    add("linear", "fixed<9,4>", "int<3>")
    add("relu", "fixed<9,5>", "uint<3>")
    add("selu", "fixed<9,4>", "int<5>", table="fixed<12,3>")
    add("tanh", "fixed<9,4>", "int<2>", table="fixed<12,3>")
    add("hard_sigmoid", "fixed<9,4>", "uint<1>")
    add("LeakyReLU", "fixed<9,4>", "int<4>", kind="LeakyReLU", alpha=-0.7)
    whole = rng.integers(-40, 40, (SAMPLES, SIZE)) + rng.choice([0.0, 0.5, 0.25], (SAMPLES, SIZE))
    whole = np.where((whole > -0.5) & (whole < 0), 0, whole)  # header defect: becomes 1
    add("sigmoid", "int<6>", "fixed<16,6>", x=whole, table="fixed<18,8>")
    add("LeakyReLU", "uint<5>", "fixed<12,7>", x=whole, kind="LeakyReLU", alpha=0.3)


def extreme(project):
    """Doubles at the ends of their range, cast by the input; tensors of two axes."""
    rows = [
        [1e300, -1e300, 5e-324, -5e-324, 2.0**62, -(2.0**63)],
        [1.7e308, 2.0**53 + 2, -0.0, 0.0, 2.0**-1060, -(2.0**-1060)],
        [12345.678, -12345.678, 3.99999999, -3.99999999, 2.0**31, 0.5 - 2.0**31],
    ]
    far = np.resize(rows, (SAMPLES, SIZE))
    for text in (
        "fixed<8,4>",
        "fixed<8,4,RND_CONV,SAT_SYM>",
        "ufixed<8,4,RND_ZERO,SAT_ZERO>",
        "ufixed<7,2>",
        "fixed<50,30>",
        "fixed<8,3,TRN,WRAP,2>",
        "ufixed<8,3,RND_INF,WRAP,2>",
        "fixed<6,9,RND_MIN_INF,SAT>",
        "fixed<9,-3,RND,SAT>",
        "int<7>",
    ):
        x = np.where((far < 0) & (far > -0.5), 0, far) if text == "int<7>" else far
        project.add("Activation", x, text, {"result": "fixed<53,27>"}, activation="linear")
    rng = np.random.default_rng(6)
    x, text = rng.uniform(-8, 8, (SAMPLES, 2, 3)), "fixed<10,4>"
    for name in ("relu", "tanh", "softmax"):
        project.add("Activation", x, text, {"result": "fixed<9,3,RND,SAT>"}, activation=name)
    alpha = {"alpha": rng.normal(0, 1, (2, 3)).astype(np.float32)}
    project.add("PReLU", x, text, {"result": "fixed<9,3>", "param": "fixed<8,2>"}, weights=alpha)


@pytest.mark.parametrize("io_type", IO_TYPES)
def test_odd_formats(io_type, tmp_path):
    """Wrapped indices, I > W, overflow inside a kernel, integers, ends of double, two axes."""
    project = Project(io_type)
    odd(project)
    extreme(project)
    project.compare(tmp_path)
