"""BinaryDense and TernaryDense: what the files give, and what hls4ml makes of it."""

from itertools import product

import numpy as np
import pytest

import emu
from fxp import Format
from tests.emu.models import functional, layer, write

KERNEL = [[-0.6, 0.0], [0.5, -0.5], [0.51, 0.4]]
BINARY = [[-1, 1], [1, -1], [1, 1]]
TERNARY = [[-1, 0], [0, -1], [1, 0]]
ONES = {"moving_mean": np.zeros(3), "moving_variance": np.full(3, 4.0)}
NORM = {"axis": [1], "epsilon": 0.0, "scale": False, "center": True}


def model(folder, *steps, config=None, shape=(3,)):
    """A chain of ``(class, arrays, Keras configuration)``; layers ``l1, l2 ...`` behind ``x``."""
    layers = [layer("InputLayer", "x", batch_input_shape=[None, *shape], dtype="float32")]
    weights = {}
    for k, (kind, arrays, keras) in enumerate(steps, 1):
        layers.append(layer(kind, f"l{k}", [layers[-1]["name"]], **keras))
        weights[f"l{k}"] = {name: np.asarray(a, np.float32) for name, a in arrays.items()}
    path, h5 = write(folder, functional(layers, ["x"], [layers[-1]["name"]]), weights)
    given = {"Precision": "fixed<12,6>", "ReuseFactor": 1}
    return emu.load(path, weights=h5, config=config or {"Model": given})


def dense(kind, kernel=KERNEL, bias=None):
    """A step; without bias unless one is given."""
    arrays = {"kernel": kernel} | ({} if bias is None else {"bias": bias})
    return (f"{kind}Dense", arrays, {"units": 2, "use_bias": bias is not None})


def thresholds(kind, beta=(0.0, 0.0, 0.0)):
    """Two steps that hls4ml makes into thresholds."""
    norm = ("BatchNormalization", {**ONES, "beta": beta}, NORM)
    return norm, ("Activation", {}, {"activation": f"{kind}_tanh"})


@pytest.mark.parametrize(
    ("kind", "weight", "bias"), [("Binary", BINARY, [1, -1]), ("Ternary", TERNARY, [0, -1])]
)
def test_weights_and_bias_are_those_numbers(tmp_path, kind, weight, bias):
    """In int<2>, whatever Precision says; 0 is 1 to the binary quantiser, -0.5 is -1 to both."""
    config = {"LayerName": {"l1": {"Precision": {"weight": "fixed<9,3>", "bias": "fixed<9,3>"}}}}
    op = model(tmp_path, dense(kind, bias=[0.0, -0.5]), config=config).nodes[-1].op
    np.testing.assert_array_equal(op.weight.raw, weight)
    np.testing.assert_array_equal(op.bias.raw, bias)
    assert {str(op.weight.format), str(op.bias.format)} == {"ap_int<2>"}


@pytest.mark.parametrize("before", ["binary", "ternary"])
@pytest.mark.parametrize(("kind", "weight"), [("Binary", BINARY), ("Ternary", TERNARY)])
def test_sums_behind_thresholds(tmp_path, before, kind, weight):
    """All sums of -1, 0 and 1, in a type that holds them; trained biases are lost, and noted."""
    graph = model(tmp_path, *thresholds(before), dense(kind, bias=[0.9, 0.9]))
    op = graph.nodes[-1].op
    assert op.result == op.accum == Format.parse("int<4>")
    x = np.array(list(product((-2.0, 0.0, 2.0), repeat=3)))
    signs = np.where(x >= 0, 1, -1) if before == "binary" else np.sign(x)
    np.testing.assert_array_equal(graph.predict(x), signs @ np.array(weight))
    assert any(note.startswith("layer l3: its bias is lost") for note in graph.notes)


def test_thresholds_behind_such_sums_are_whole(tmp_path):
    """Their fraction goes; hls4ml compares 2.5 as 2."""
    steps = (*thresholds("binary"), dense("Binary", np.ones((3, 3))))
    own = thresholds("binary", beta=[-1.25, 1.25, 0.25])
    thresholded = model(tmp_path, *steps, *own).nodes[-1].op
    assert thresholded.high.format == Format.parse("int<4>")
    np.testing.assert_array_equal(thresholded.high.raw, [2, -3, -1])


def test_other_thresholds_behind_such_sums_are_refused(tmp_path):
    """hls4ml looks for thresholds of the weights' own kind and stops."""
    message = (
        r"^layer l3: binary weights behind bnbt_l1 must be followed by binary_tanh, not by the"
        r" ternary thresholds of bnbt_l4: hls4ml stops there$"
    )
    steps = (*thresholds("binary"), dense("Binary", np.ones((3, 3))), *thresholds("ternary"))
    with pytest.raises(ValueError, match=message):
        model(tmp_path, *steps)


def test_a_norm_that_does_nothing_makes_a_bias_of_zero_one(tmp_path):
    """hls4ml quantises the folded bias; no other batch normalisation is folded."""
    auto = {"Precision": {"result": "auto"}}
    config = {"LayerName": {"l1": auto, "l1_linear": auto}}
    for beta, names, bias in ((0, ["x", "l1"], 1), (0.5, ["x", "l1", "l2"], 0)):
        arrays = {"moving_mean": np.zeros(2), "moving_variance": np.ones(2)}
        norm = ("BatchNormalization", arrays | {"beta": [beta, beta]}, NORM)
        graph = model(tmp_path, dense("Binary"), norm, config=config)
        assert [node.name for node in graph.nodes] == names
        np.testing.assert_array_equal(graph.nodes[1].op.bias.raw, [bias, bias])
        noted = any("its bias of 0 becomes 1, as in hls4ml" in note for note in graph.notes)
        assert noted == (bias == 1)


def test_on_a_tensor_the_weights_are_as_trained(tmp_path):
    """hls4ml's pointwise convolution has no quantiser."""
    graph = model(tmp_path, dense("Binary"), shape=(2, 3))
    weight = graph.nodes[-1].op.weight
    assert weight.format == Format(12, 6) and weight.raw.reshape(-1)[0] == round(-0.6 * 64 - 0.5)
    note = "layer l1: hls4ml makes BinaryDense on a tensor a convolution, which multiplies"
    assert any(text.startswith(note) for text in graph.notes)


def test_unrolled_code_leaves_out_bits_of_value_0(tmp_path):
    """Weights of -1 add nothing in hls4ml; each sum of equal bits is one less for it."""
    config = {"Model": {"Precision": "fixed<12,6>", "ReuseFactor": 3, "Strategy": "Resource"}}
    kernel = np.array([[-1, 1], [-1, -1], [1, 1]])
    steps = (*thresholds("binary"), dense("Binary", kernel))
    x = np.array(list(product((-2.0, 2.0), repeat=3)))
    expected = np.sign(x) @ kernel
    np.testing.assert_array_equal(model(tmp_path, *steps, config=config).predict(x), expected)
    config["Model"]["Strategy"] = "resource_unrolled"
    graph = model(tmp_path, *steps, config=config)
    kept = np.sign(x) @ np.maximum(kernel, 0) - (kernel < 0).sum(axis=0)
    np.testing.assert_array_equal(graph.predict(x), kept)
    assert any(note.startswith("layer l3: resource_unrolled leaves") for note in graph.notes)


def test_pooled_bits_make_binary_weights_one(tmp_path):
    """hls4ml runs its quantiser a second time then, on bits: 0 is not below 0."""
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, 3], dtype="float32"),
        layer("BatchNormalization", "norm", ["x"], **NORM),
        layer("Activation", "tanh", ["norm"], activation="binary_tanh"),
        layer("BinaryDense", "fc", ["tanh"], units=2, use_bias=False),
        layer("InputLayer", "z", batch_input_shape=[None, 2, 3], dtype="float32"),
        layer("BatchNormalization", "znorm", ["z"], **{**NORM, "axis": [2]}),
        layer("Activation", "ztanh", ["znorm"], activation="binary_tanh"),
        layer("GlobalMaxPooling1D", "most", ["ztanh"]),
        layer("Dense", "end", ["most"], units=1, use_bias=False),
    ]
    weights = {name: {**ONES, "beta": np.zeros(3)} for name in ("norm", "znorm")}
    weights |= {"fc": {"kernel": -np.ones((3, 2))}, "end": {"kernel": np.ones((3, 1))}}
    path, h5 = write(tmp_path, functional(layers, ["x", "z"], ["fc", "end"]), weights)
    graph = emu.load(path, weights=h5)
    fc, end = graph.predict({"x": [[2, 2, 2]], "z": [[[2, -2, -2], [2, 2, -2]]]})
    np.testing.assert_array_equal(fc, [[3, 3]])
    np.testing.assert_array_equal(end, [[1]])  # 1 + 1 - 1: bits stay signs
    assert graph.values["most"].format == Format.parse("uint<1>")
    assert any("quantises its binary weights twice" in note for note in graph.notes)


def test_a_layer_type_entry_has_no_effect(tmp_path):
    """hls4ml's class is Dense; emu.config writes the Keras name, as hls4ml's own function does."""
    config = {"LayerType": {"BinaryDense": {"Precision": {"result": "fixed<7,3>"}}}}
    graph = model(tmp_path, dense("Binary"), config=config)
    assert graph.nodes[-1].op.result == Format(16, 6)
    assert any("LayerType: BinaryDense has no effect" in note for note in graph.notes)
