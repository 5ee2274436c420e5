"""Every activation on every input of small formats, and on the ends of wide ones, exactly."""

from functools import cache

import numpy as np
import pytest

from emu.ops import FUNCTIONS, Activation
from fxp import Format
from tests import oracle
from tests.emu import grid

LOOKUPS = {name for name, row in FUNCTIONS.items() if row.table}
SIZES = (1024, 64, 100, 7, 2)
ALPHAS = (
    ("fixed<6,2>", 5),
    ("fixed<6,2>", -11),
    ("ufixed<7,0>", 38),
    ("fixed<5,9>", 3),
    ("fixed<8,-3>", -77),
    ("int<4>", -3),
    ("uint<1>", 1),
    ("fixed<16,6>", 0),
)
HARD = (
    (("ufixed<16,0>", 13107), ("ufixed<2,0>", 2)),
    (("fixed<6,1>", -13), ("fixed<5,1>", 7)),
    (("fixed<8,2>", 127), ("fixed<4,3>", -8)),
    (("ufixed<3,6>", 5), ("fixed<4,6>", -2)),
    (("fixed<5,4>", 11), ("uint<3>", 3)),
    (("int<3>", -4), ("int<5>", 9)),
)
BOUNDED = (
    (("fixed<6,2>", 5), ("fixed<6,4>", 3), ("ufixed<5,3>", 17)),
    (("fixed<6,2>", -11), ("fixed<5,3>", -6), ("fixed<8,3>", 25)),
    (("uint<1>", 0), ("fixed<9,4>", 0), ("fixed<7,3>", -9)),
)
LAMBDA = ("ufixed<16,1>", 34429)


def parameter_sets(name, text):
    """Parameters as (type, raw) that are worth a sweep of their own."""
    if name in ("hard_sigmoid", "hard_tanh"):
        return HARD
    if name == "selu":
        return ((LAMBDA,), (("fixed<9,3>", -100),))
    if name == "selu_stream":
        own = oracle.read(text)
        one_and_more = oracle.Fraction(1.0507009873554804934193349852946)
        return (((text, oracle.cast_raw(one_and_more, own)),),)
    if name == "bounded_relu":
        return BOUNDED
    if FUNCTIONS[name].parameters:
        return tuple((alpha,) for alpha in ALPHAS)
    return ((),)


@cache
def scrambled(size, text):
    """Table entries that are all different where the type allows it: no wrong index hides."""
    t = oracle.read(text)
    return tuple(t.low + (k * 7919 + 13) % 2**t.width for k in range(size))


def check(name, text, result, parameters=(), size=0, table="fixed<18,8>", raw=None):
    """Emulator against oracle on every raw input of ``text``; the number of values compared."""
    raw = grid.codes(text) if raw is None else raw
    entries = scrambled(size, table) if name in LOOKUPS else ()
    op = Activation(
        result=Format.parse(result),
        name=name,
        parameters=tuple(grid.constant(*pair) for pair in parameters),
        table=grid.table(table, entries) if name in LOOKUPS else None,
    )
    own, out = oracle.read(text), oracle.read(result)
    known = [(grid.values([r], kind)[0], oracle.read(kind)) for kind, r in parameters]
    column = grid.values(entries, table)
    expected = [oracle.activation(name, x, own, out, known, column) for x in grid.values(raw, text)]
    found = grid.run(op, raw[:, None], text)[:, 0]
    return grid.agree(found, expected, lambda: f"{name} {text} -> {result}, {parameters}, {size}")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_input_of_every_format(name):
    """Both signs, no and negative integer bits, I > W and integers; each with its parameters."""
    count = 0
    for k, text in enumerate(grid.INPUTS):
        for j, parameters in enumerate(parameter_sets(name, text)):
            for result in grid.RESULTS[(k + j) % 3 :: 3]:
                count += check(name, text, result, parameters, 64)
    assert count > 1000


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_mode_of_the_result(name):
    """The one cast of the result obeys each rounding and each overflow mode."""
    for k, result in enumerate(grid.MODES):
        text = ("fixed<6,3>", "fixed<7,2>", "ufixed<6,3>")[k % 3]
        sets = parameter_sets(name, text)
        check(name, text, result, sets[k % len(sets)], 32, "fixed<9,4>")


@pytest.mark.parametrize("name", sorted(LOOKUPS))
@pytest.mark.parametrize("size", SIZES)
def test_every_index_of_every_table_size(name, size):
    """Sizes that are no power of two too; tables narrow, unsigned, saturating, I > W."""
    tables = ("fixed<18,8>", "ufixed<5,0>", "fixed<4,7,RND,SAT>", "fixed<6,-1>", "int<4>")
    for text, table in zip(grid.INPUTS, 3 * tables, strict=True):
        check(name, text, "fixed<24,12>", parameter_sets(name, text)[0], size, table)
    for text in ("fixed<13,5>", "ufixed<12,4>"):
        raw = grid.codes(text)[:: 3 if size == 1024 else 7]
        check(name, text, "fixed<24,12>", parameter_sets(name, text)[0], size, raw=raw)


WIDE = (
    "fixed<32,16>",
    "ufixed<32,16>",
    "fixed<40,8>",
    "fixed<36,32>",
    "fixed<40,40>",
    "ufixed<45,43>",
    "fixed<20,40>",
    "fixed<30,-5>",
    "int<44>",
)
NARROWER = (
    "fixed<31,29>",
    "ufixed<31,31>",
    "fixed<20,31>",
    "fixed<30,-5>",
    "int<31>",
    "ufixed<30,4>",
)
"""For selu_stream, whose constant has the input's width: the product still has 62 bits."""


@pytest.mark.parametrize(
    ("name", "text"),
    [(name, t) for name in FUNCTIONS for t in (NARROWER if name == "selu_stream" else WIDE)],
)
def test_wide_inputs(name, text):
    """Beyond 32 bits too, where the C int of a table index wraps."""
    rng = np.random.default_rng(len(text))
    raw = grid.corners(text, rng, 60)
    for result in ("fixed<50,20,RND_CONV,SAT>", "ufixed<16,40>", "fixed<62,30>"):
        for parameters in parameter_sets(name, text)[:2]:
            check(name, text, result, parameters, 1000, raw=raw)


@pytest.mark.parametrize(
    "text",
    [f"{s}fixed<{shape}>" for s in ("", "u") for shape in ("62,30", "62,62", "62,-4", "62,70")],
)
def test_limit_of_62_bits(text):
    """Functions that need no wider product work up to the limit."""
    raw = grid.corners(text, np.random.default_rng(1), 100)
    for name in ("linear", "relu", "relu1", "relu6", "binary_tanh", "ternary_tanh_stream"):
        for result in ("fixed<62,31,RND,SAT>", "fixed<8,4,RND_INF>", "int<60>"):
            check(name, text, result, raw=raw)


def test_prelu_has_one_slope_per_element():
    """``alpha[i]`` belongs to element i of the flattened tensor."""
    slopes = [3, -5, 0, 31, -32, 7]
    raw = np.random.default_rng(2).integers(-32, 32, size=(200, 2, 3))
    alpha = grid.constant("fixed<6,2>", np.array(slopes).reshape(2, 3))
    op = Activation(result=Format.parse("fixed<9,4,RND>"), name="prelu", parameters=(alpha,))
    data, out = oracle.read("fixed<6,3>"), oracle.read("fixed<9,4,RND>")
    kind = oracle.read("fixed<6,2>")
    expected = [
        oracle.activation(
            "prelu", oracle.value(int(x), data), data, out, [(oracle.value(a, kind), kind)]
        )
        for sample in raw.reshape(200, 6)
        for x, a in zip(sample, slopes, strict=True)
    ]
    found = grid.run(op, raw, "fixed<6,3>")
    grid.agree(found, np.reshape(expected, raw.shape), lambda: "prelu")


@pytest.mark.parametrize("limit", [*grid.LIMITS, *grid.SIGN_MAGNITUDE])
def test_ternary_tanh_doubles_in_the_input_format(limit):
    """``2 * x`` overflows by the input's own mode before it is compared."""
    for shape in ("5,1", "6,3", "5,2"):
        check("ternary_tanh", f"fixed<{shape},RND,{limit}>", "int<2>")
        if "SM" not in limit:
            check("ternary_tanh", f"ufixed<{shape},TRN,{limit}>", "fixed<4,2>")


@pytest.mark.parametrize("text", ["fixed<63,30>", "ufixed<63,63>", "fixed<70,-5>", "fixed<90,120>"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_beyond_62_bits(name, text):
    """Inputs above 62 bits, into wide and narrow results."""
    raw = grid.corners(text, np.random.default_rng(7), 40)
    for result in ("fixed<100,40,RND_CONV,SAT>", "ufixed<16,40>", "int<70>"):
        for parameters in parameter_sets(name, text)[:2]:
            check(name, text, result, parameters, 1000, raw=raw)


@pytest.mark.parametrize(
    ("name", "text", "parameters", "table"),
    [
        ("leaky_relu", "fixed<40,8>", (("fixed<23,2>", -7),), "fixed<18,8>"),
        ("selu_stream", "fixed<32,16>", (("fixed<32,16>", 68857),), "fixed<18,8>"),
        ("ternary_tanh", "fixed<62,30>", (), "fixed<18,8>"),
        ("sigmoid", "fixed<61,0>", (), "fixed<80,8>"),
        ("hard_tanh", "fixed<45,0>", HARD[0], "fixed<18,8>"),
        ("elu", "fixed<8,4>", (("fixed<30,2>", 12345),), "fixed<33,2>"),
    ],
)
def test_products_beyond_62_bits(name, text, parameters, table):
    """Narrow inputs whose exact value inside needs more than int64."""
    raw = grid.corners(text, np.random.default_rng(8), 100)
    for result in ("fixed<8,4,RND,SAT>", "fixed<80,20>"):
        check(name, text, result, parameters, 1000, table, raw=raw)
