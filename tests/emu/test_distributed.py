"""Strategy distributed_arithmetic: exact sums of the trained weights, one cast to the result."""

from fractions import Fraction

import numpy as np
import pytest

import emu
from emu.frontends.config import ConfigError
from fxp import Format
from generator import Schedule
from tests import oracle
from tests.emu.models import functional, layer, write

ROUNDINGS = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV")
RESULTS = [
    f"{sign}fixed<{shape},{rounding},{limit}>"
    for sign, shape in (("", "9,4"), ("u", "6,3"))
    for rounding in ROUNDINGS
    for limit in ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM")
]
DENSE = {"units": 3, "activation": "linear", "use_bias": True}
CONV = {
    **{"filters": 3, "kernel_size": [2], "strides": [1], "padding": "same"},
    **{"dilation_rate": [1], "data_format": "channels_last"},
    **{"activation": "linear", "use_bias": True},
}


def load(folder, kind, weights, shape, names=None, *, strategy="distributed_arithmetic", **keras):
    """One layer ``y`` behind ``x``."""
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, *shape], dtype="float32"),
        layer(kind, "y", ["x"], **keras),
    ]
    path, h5 = write(folder, functional(layers, ["x"], ["y"]), {"y": weights})
    model = {"Precision": "fixed<8,4>", "ReuseFactor": 1, "Strategy": strategy}
    return emu.load(path, weights=h5, config={"Model": model, "LayerName": names or {}})


def trained(seed, *shape):
    """A kernel and a bias in float32, as training leaves them."""
    rng = np.random.default_rng(seed)
    bias = rng.normal(0, 0.01, shape[-1]).astype(np.float32)
    return {"kernel": rng.normal(0, 0.7, shape).astype(np.float32), "bias": bias}


def exact(x, kernel, bias):
    """Sums of rationals; biases without what lies below 2**-32."""
    start = Fraction(int(Fraction(float(bias)) * 2**32), 2**32)
    pairs = zip(x, kernel, strict=True)
    return start + sum((Fraction(float(a)) * Fraction(float(w)) for a, w in pairs), Fraction(0))


def inputs(*shape):
    """Values of fixed<8,4>."""
    return np.random.default_rng(1).integers(-128, 128, (25, *shape)) / 16


@pytest.mark.parametrize("result", RESULTS)
def test_the_sum_is_cast_once(tmp_path, result):
    """Whatever weight, bias and accum are in the configuration: rationals agree bit by bit."""
    weights = trained(len(result), 4, 3)
    types = {"result": result, "weight": "fixed<4,2>", "bias": "fixed<3,1>", "accum": "fixed<5,3>"}
    graph = load(tmp_path, "Dense", weights, (4,), {"y": {"Precision": types}}, **DENSE)
    x, target = inputs(4), oracle.read(result)
    rows = [
        [
            oracle.cast(exact(row, weights["kernel"][:, j], weights["bias"][j]), target)
            for j in range(3)
        ]
        for row in x
    ]
    expected = np.array([[float(value) for value in row] for row in rows])
    np.testing.assert_array_equal(graph.trace(x)["y"], expected)


def test_windows_of_a_convolution(tmp_path):
    """Each position is such a sum; the padding adds nothing."""
    weights, result = trained(3, 2, 2, 3), "fixed<12,5,RND,SAT>"
    names = {"y": {"Precision": {"result": result}}}
    graph = load(tmp_path, "Conv1D", weights, (4, 2), names, **CONV)
    x, target = inputs(4, 2), oracle.read(result)
    padded = np.concatenate([x, np.zeros((25, 1, 2))], axis=1)
    kernel = weights["kernel"].reshape(4, 3)
    expected = np.array(
        [
            [
                [
                    float(
                        oracle.cast(
                            exact(sample[p : p + 2].ravel(), kernel[:, j], weights["bias"][j]),
                            target,
                        )
                    )
                    for j in range(3)
                ]
                for p in range(4)
            ]
            for sample in padded
        ]
    )
    np.testing.assert_array_equal(graph.trace(x)["y"], expected)


def test_types_hold_every_sum_and_not_more(tmp_path):
    """No weight loses a bit; the accumulator's range is that of the largest sum."""
    weights = {"kernel": [[0.75], [-2.5]], "bias": [0.125]}
    graph = load(tmp_path, "Dense", weights, (2,), **DENSE | {"units": 1})
    op = graph.nodes[1].op
    found = [op.weight.format, op.bias.format, op.accum]
    assert found == [Format(5, 3), Format(2, -1), Format(12, 6)]
    assert np.all(op.weight.raw.ravel() == [3, -10]) and op.bias.raw.ravel() == [1]
    # 8 * 0.75 + 8 * 2.5 + 0.125 = 26.125 < 32


@pytest.mark.parametrize("sign", [1, -1])
def test_biases_have_32_fraction_bits(tmp_path, sign):
    """What lies below is cut off toward zero; the type of the result would hold it."""
    weights = {"kernel": [[1.0]], "bias": [sign * (2.0**-20 + 2.0**-40)]}
    names = {"y": {"Precision": {"result": "fixed<50,6>"}}}
    graph = load(tmp_path, "Dense", weights, (1,), names, **DENSE | {"units": 1})
    assert graph.trace(np.zeros((1, 1)))["y"][0, 0] == sign * 2.0**-20


def test_the_firmware_is_one_pipeline(tmp_path):
    """Its schedule is legal, with every product beside the others."""
    graph = load(tmp_path, "Dense", trained(1, 4, 3), (4,), **DENSE)
    entry = Schedule.from_config(graph.config).of("y")
    assert (entry.strategy, entry.reuse_factor) == ("latency", 1)
    assert any("y: distributed_arithmetic sums exactly" in note for note in graph.notes)


def test_da_is_the_same_word(tmp_path):
    """As in hls4ml."""
    graph = load(tmp_path, "Dense", trained(1, 4, 3), (4,), strategy="da", **DENSE)
    assert graph.nodes[1].op.accum.width > 30


def test_layers_that_have_no_adders(tmp_path):
    """hls4ml takes the latency strategy there without a word; here a note says so."""
    weights = {"depthwise_kernel": np.ones((2, 2, 1), np.float32)}
    keras = CONV | {"use_bias": False, "depth_multiplier": 1}
    graph = load(tmp_path, "DepthwiseConv1D", weights, (4, 2), **keras)
    assert "layer y: distributed_arithmetic of DepthwiseConv1D is latency, as in hls4ml" in (
        graph.notes
    )
    assert graph.nodes[1].op.accum == Format(8, 4)


def test_what_hls4ml_stops_at(tmp_path):
    """Another reuse factor, integers; the message has the way out."""
    message = r"^layer y: Strategy distributed_arithmetic must have ReuseFactor 1, not 2: hls4ml"
    with pytest.raises(ValueError, match=message):
        load(tmp_path, "Dense", trained(1, 4, 3), (4,), {"y": {"ReuseFactor": 2}}, **DENSE)
    message = r"must have an input of fixed type, not ap_uint<4>: .*; ufixed<4,4> has the same"
    with pytest.raises(ValueError, match=message):
        names = {"x": {"Precision": "uint<4>"}}
        load(tmp_path, "Dense", trained(1, 4, 3), (4,), names, **DENSE)


@pytest.mark.parametrize("where", ["Model", "LayerName"])
def test_compression_is_refused(tmp_path, where):
    """hls4ml 1.3.0 has a kernel for it and no way to it."""
    config = {"Model": {"Precision": "fixed<8,4>", "ReuseFactor": 1}, "LayerName": {"y": {}}}
    (config["Model"] if where == "Model" else config["LayerName"]["y"])["Compression"] = True
    message = (
        r"Compression must be false, not True: hls4ml 1.3.0 cannot .* \(KeyError 'dense_function'\)"
    )
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, 4], dtype="float32"),
        layer("Dense", "y", ["x"], **DENSE),
    ]
    path, h5 = write(tmp_path, functional(layers, ["x"], ["y"]), {"y": trained(1, 4, 3)})
    with pytest.raises(ConfigError, match=message):
        emu.load(path, weights=h5, config=config)
