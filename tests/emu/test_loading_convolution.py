"""Convolutions of Keras files: shapes, padding, parts, schedules, notes and errors."""

import json

import numpy as np
import pytest

import emu
from emu.ops import Convolution
from tests.emu.models import functional, layer, write


def model(folder, kind, shape, weights, *, batch_norm=False, **keras):
    """One layer ``conv`` behind the input ``x``."""
    axes = 2 if "2D" in kind else 1
    config = {
        "kernel_size": [2] * axes,
        "strides": [1] * axes,
        "padding": "valid",
        "dilation_rate": [1] * axes,
        "data_format": "channels_last",
        "activation": "linear",
        "use_bias": "bias" in weights,
        **keras,
    }
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, *shape], dtype="float32"),
        layer(kind, "conv", ["x"], **config),
    ]
    arrays = {"conv": {name: np.asarray(array, np.float32) for name, array in weights.items()}}
    if batch_norm:
        more = {"axis": [-1], "epsilon": 1e-3, "scale": True, "center": True}
        layers.append(layer("BatchNormalization", "bn", ["conv"], **more))
        one = np.ones(next(iter(weights.values())).shape[-2], np.float32)
        names = ("gamma", "beta", "moving_mean", "moving_variance")
        arrays["bn"] = dict.fromkeys(names, one)
    last = layers[-1]["name"]
    return write(folder, functional(layers, ["x"], [last]), arrays)


def load(folder, kind, shape, weights, config=None, **keras):
    path, arrays = model(folder, kind, shape, weights, **keras)
    return emu.load(path, weights=arrays, config=config)


def only(graph):
    """The one convolution."""
    (node,) = [node for node in graph.nodes if isinstance(node.op, Convolution)]
    return node.op


KERNEL_1D, KERNEL_2D = np.ones((3, 2, 4)), np.ones((3, 3, 2, 4))


@pytest.mark.parametrize(
    ("kind", "shape", "kernel", "keras", "padding", "places"),
    [
        ("Conv1D", (7, 2), KERNEL_1D, {}, ((0, 0),), (5,)),
        ("Conv1D", (7, 2), KERNEL_1D, {"padding": "same"}, ((1, 1),), (7,)),
        ("Conv1D", (7, 2), KERNEL_1D, {"padding": "same", "strides": [2]}, ((1, 1),), (4,)),
        ("Conv1D", (8, 2), KERNEL_1D, {"padding": "same", "strides": [2]}, ((0, 1),), (4,)),
        ("Conv1D", (7, 2), KERNEL_1D, {"padding": "causal"}, ((2, 0),), (7,)),
        ("Conv1D", (8, 2), KERNEL_1D, {"padding": "causal", "strides": [2]}, ((1, 0),), (4,)),
        ("Conv2D", (4, 6, 2), KERNEL_2D, {"padding": "same"}, ((1, 1), (1, 1)), (4, 6)),
        ("Conv2D", (4, 6, 2), KERNEL_2D, {"strides": [1, 2]}, ((0, 0), (0, 0)), (2, 2)),
    ],
)
def test_padding_and_shape(kind, shape, kernel, keras, padding, places, tmp_path):
    """As hls4ml's Keras 2 converter computes them."""
    graph = load(tmp_path, kind, shape, {"kernel": kernel, "bias": np.zeros(4)}, **keras)
    assert only(graph).padding == padding
    assert graph.values["conv"].shape == (*places, 4)


def test_a_separable_layer_is_split(tmp_path):
    """Each part gets its share of the one entry; the names are hls4ml's."""
    weights = {
        "depthwise_kernel": np.ones((2, 3, 1)),
        "pointwise_kernel": np.ones((1, 3, 2)),
        "bias": np.ones(2),
    }
    precision = {
        "depthwise": "fixed<5,2>",
        "pointwise": "fixed<6,2>",
        "depthwise_accum": "fixed<17,7>",
        "pointwise_accum": "fixed<18,7>",
        "depthwise_result": "fixed<9,4>",
        "result": "fixed<10,4>",
    }
    entry = {"Precision": precision, "ReuseFactor": 2}
    config = {"Model": {"Precision": "fixed<16,6>"}, "LayerName": {"conv": entry}}
    graph = load(
        tmp_path, "SeparableConv1D", (5, 3), weights, config, depth_multiplier=1, filters=2
    )
    first, second = (
        node.op for node in graph.nodes if node.name in ("conv_depthwise", "conv_pointwise")
    )
    found = [
        [str(f) for f in (op.weight.format, op.accum, op.result)] + [op.groups]
        for op in (first, second)
    ]
    assert found == [
        ["ap_fixed<5,2>", "ap_fixed<17,7>", "ap_fixed<9,4>", 3],
        ["ap_fixed<6,2>", "ap_fixed<18,7>", "ap_fixed<10,4>", 1],
    ]
    assert str(first.bias.format) == "ap_uint<1>"
    assert [node.name for node in graph.nodes] == [
        *("x", "conv_depthwise", "conv_pointwise", "conv_linear"),
    ]
    resolved = graph.config["HLSConfig"]["LayerName"]
    assert resolved["conv_depthwise"]["ReuseFactor"] == 2
    assert not [note for note in graph.notes if "no effect" in note]


def test_a_type_entry_of_separable_layers_is_used(tmp_path):
    """LayerType: SeparableConv2D acts on both parts, without a note that it does not."""
    weights = {
        "depthwise_kernel": np.ones((2, 2, 3, 1)),
        "pointwise_kernel": np.ones((1, 1, 3, 2)),
    }
    config = {
        "Model": {"Precision": "fixed<16,6>"},
        "LayerType": {"SeparableConv2D": {"Precision": {"depthwise": "fixed<5,2>"}}},
    }
    graph = load(
        tmp_path, "SeparableConv2D", (3, 3, 3), weights, config, depth_multiplier=1, filters=2
    )
    formats = {node.name: str(node.op.weight.format) for node in graph.nodes[1:3]}
    assert formats == {"conv_depthwise": "ap_fixed<5,2>", "conv_pointwise": "ap_fixed<16,6>"}
    assert not [note for note in graph.notes if "no effect" in note]


def test_a_depth_multiplier(tmp_path):
    """Which hls4ml has no kernel for: as in Keras, with a note."""
    kernel = np.arange(12).reshape(2, 3, 2)
    graph = load(
        tmp_path, "DepthwiseConv1D", (4, 3), {"depthwise_kernel": kernel}, depth_multiplier=2
    )
    op = only(graph)
    assert (op.groups, op.weight.shape) == (3, (2, 1, 6))
    assert any("no kernel for a depth multiplier of 2" in note for note in graph.notes)
    x = np.random.default_rng(0).integers(-4, 4, (5, 4, 3)) / 4
    seen = np.stack([x[:, k : k + 3] for k in range(2)])  # cell, sample, place, channel
    wanted = np.einsum("knpc,kcm->npcm", seen, kernel).reshape(5, 3, 6)
    wrapped = (wanted + 32) % 64 - 32
    np.testing.assert_array_equal(graph.predict(x), wrapped)


@pytest.mark.parametrize(
    ("kind", "shape", "weights", "keras", "note"),
    [
        (
            *("Conv1D", (7, 2), {"kernel": KERNEL_1D}, {"dilation_rate": [2]}),
            r"layer conv: dilation_rate \(2,\) has no effect, as in hls4ml",
        ),
        (
            *("Conv1D", (8, 2), {"kernel": KERNEL_1D}, {"padding": "causal", "strides": [2]}),
            "layer conv: hls4ml pads 1 cells before a causal convolution of stride 2, Keras 2",
        ),
    ],
)
def test_notes(kind, shape, weights, keras, note, tmp_path):
    """What hls4ml does otherwise than Keras is said once."""
    graph = load(tmp_path, kind, shape, weights, **keras)
    with pytest.raises(AssertionError, match=f"^{note}"):
        raise AssertionError(next(n for n in graph.notes if n.startswith("layer conv")))


def test_a_batch_normalisation_of_a_depthwise_convolution(tmp_path):
    """hls4ml folds it into weights of another shape, and reads the first of them."""
    weights = {"depthwise_kernel": np.arange(12).reshape(2, 2, 3, 1) / 16}
    config = {
        "Model": {"Precision": "fixed<16,6>"},
        "LayerName": {"conv": {"Precision": {"result": "auto"}}},
    }
    path, arrays = model(
        tmp_path, "DepthwiseConv2D", (3, 3, 3), weights, batch_norm=True, depth_multiplier=1
    )
    graph = emu.load(path, weights=arrays, config=config)
    assert any("folds the batch normalisation into other weights" in note for note in graph.notes)
    scale = np.float32(1) / np.sqrt(np.float32(1) + 1e-3)
    repeated = np.repeat(np.arange(4) / 16, 3) * scale
    np.testing.assert_allclose(only(graph).weight.value.reshape(-1), repeated, rtol=1e-6)


def scheduled(folder, entry, kind="Conv1D", shape=(6, 2), kernel=KERNEL_1D):
    key = "depthwise_kernel" if kind.startswith("Depthwise") else "kernel"
    config = {"Model": {"Precision": "fixed<16,6>"}, "LayerName": {"conv": entry}}
    return load(folder, kind, shape, {key: kernel}, config, depth_multiplier=1)


@pytest.mark.parametrize(
    ("entry", "resolved", "interleave", "note"),
    [
        ({"ReuseFactor": 5}, (5, "latency", 1), 1, ""),
        ({"ReuseFactor": 3, "Strategy": "Resource"}, (3, "resource", 1), 3, ""),
        ({"ReuseFactor": 4, "Strategy": "Resource"}, (3, "resource", 1), 3, "ReuseFactor 4 is not"),
        (
            {"ReuseFactor": 2, "Strategy": "Resource_Unrolled"},
            *((2, "resource", 1), 2, "resource_unrolled of a convolution in io_parallel is"),
        ),
        (
            {"TargetCycles": 4 * 6 + 4 * 2, "Strategy": "Resource"},
            *((2, "resource", 1), 2, ""),
        ),
        (
            {"TargetCycles": 23, "Strategy": "Resource"},
            *((1, "resource", 1), 1, "TargetCycles 23 is below 25"),
        ),
        (
            {"ParallelizationFactor": 3},
            *((1, "latency", 2), 1, "ParallelizationFactor 3 does not divide 4 positions: 2"),
        ),
    ],
)
def test_schedules(entry, resolved, interleave, note, tmp_path):
    """Strategy, reuse factor and positions at once, as hls4ml makes them legal."""
    graph = scheduled(tmp_path, entry)
    found = graph.config["HLSConfig"]["LayerName"]["conv"]
    keys = ("ReuseFactor", "Strategy", "ParallelizationFactor")
    assert tuple(found[key] for key in keys) == resolved
    assert only(graph).interleave == interleave
    notes = [text for text in graph.notes if text.startswith("layer conv:")]
    assert len(notes) == bool(note)
    assert all(note in text for text in notes)


def test_unrolled_depthwise_is_latency(tmp_path):
    """As in hls4ml."""
    entry = {"ReuseFactor": 2, "Strategy": "Resource_Unrolled"}
    graph = scheduled(tmp_path, entry, "DepthwiseConv1D", (6, 3), np.ones((2, 3, 1)))
    assert graph.config["HLSConfig"]["LayerName"]["conv"]["Strategy"] == "latency"
    assert any("resource_unrolled of a depthwise convolution" in note for note in graph.notes)


@pytest.mark.parametrize(
    ("entry", "kind", "shape", "kernel", "message"),
    [
        (
            {"ReuseFactor": 12, "Strategy": "Resource"},
            *("Conv1D", (6, 2), KERNEL_1D),
            "layer conv: ReuseFactor of a convolution must be at most 6, its inputs, not 12",
        ),
        (
            {"ReuseFactor": 3, "Strategy": "Resource"},
            *("Conv1D", (6, 4), np.ones((1, 4, 2))),
            "layer conv: ReuseFactor of a pointwise convolution must be legal, not 3",
        ),
        (
            {"Strategy": "Resource"},
            *("DepthwiseConv1D", (6, 3), np.ones((2, 3, 1))),
            "layer conv: Strategy of a depthwise convolution must be latency, not resource",
        ),
        (
            {"ParallelizationFactor": 0},
            *("Conv1D", (6, 2), KERNEL_1D),
            "HLSConfig: LayerName: conv: ParallelizationFactor must be a positive integer, not 0",
        ),
    ],
)
def test_schedules_that_are_refused(entry, kind, shape, kernel, message, tmp_path):
    """Where hls4ml's own simulation stops."""
    with pytest.raises(ValueError, match=f"^{message}"):
        scheduled(tmp_path, entry, kind, shape, kernel)


@pytest.mark.parametrize(
    ("kind", "shape", "weights", "keras", "message"),
    [
        (
            *("Conv1D", (7, 4), {"kernel": KERNEL_1D}, {"groups": 2}),
            "groups of conv must be 1, not 2: hls4ml reads",
        ),
        (
            *("Conv1D", (7, 3), {"kernel": KERNEL_1D}, {}),
            "kernel of conv must be of 1 axes, 3 channels and the filters, not of shape",
        ),
        (
            *("Conv1D", (2, 2), {"kernel": KERNEL_1D}, {}),
            r"kernel of conv must fit into \(2, 2\), not \(3,\)",
        ),
        (
            *("Conv2D", (4, 4, 2), {"kernel": KERNEL_2D}, {"padding": "causal"}),
            "padding of conv must be valid or same, not 'causal'",
        ),
        (
            *("Conv1D", (7, 2), {"kernel": KERNEL_1D}, {"padding": "full"}),
            "padding of conv must be valid, same or causal, not 'full'",
        ),
        (
            *("Conv1D", (7, 2), {"kernel": KERNEL_1D}, {"data_format": "channels_first"}),
            "data_format of conv must be channels_last, not 'channels_first'",
        ),
        (
            *("Dense", (2, 3, 4, 5), {"kernel": np.ones((5, 2))}, {}),
            "input of Dense layer conv must have at most 3 axes, not shape",
        ),
        (
            *("Dense", (2, 4), {"kernel": np.ones((5, 2))}, {}),
            r"kernel of conv must have shape \(4, n_out\), not \(5, 2\)",
        ),
    ],
)
def test_what_is_refused(kind, shape, weights, keras, message, tmp_path):
    """By name, with what was seen."""
    with pytest.raises(ValueError, match=f"^{message}"):
        load(tmp_path, kind, shape, weights, **keras)


def test_bits_of_one_bit_data_and_weights(tmp_path):
    """XNOR to hls4ml."""
    config = {
        "Model": {"Precision": "fixed<16,6>"},
        "LayerName": {
            "x": {"Precision": {"result": "uint<1>"}},
            "conv": {"Precision": {"weight": "uint<1>"}},
        },
    }
    with pytest.raises(ValueError, match=r"^layer conv: input and weight must not both be uint<1>"):
        load(tmp_path, "Conv1D", (7, 2), {"kernel": KERNEL_1D}, config)


def test_a_stream_pads_by_a_layer_of_its_own(tmp_path):
    """Named as hls4ml names it, in the type of the input."""
    config = {
        "IOType": "io_stream",
        "HLSConfig": {
            "Model": {"Precision": "fixed<16,6>"},
            "LayerName": {"x": {"Precision": {"result": "fixed<9,3>"}}},
        },
    }
    graph = load(tmp_path, "Conv2D", (4, 5, 2), {"kernel": KERNEL_2D}, config, padding="same")
    assert [node.name for node in graph.nodes][:3] == ["x", "zp2d_conv", "conv"]
    assert graph.values["zp2d_conv"].shape == (6, 7, 2)
    assert str(graph.values["zp2d_conv"].format) == "ap_fixed<9,3>"
    parallel = {**config, "IOType": "io_parallel"}
    same = load(tmp_path, "Conv2D", (4, 5, 2), {"kernel": KERNEL_2D}, parallel, padding="same")
    x = np.random.default_rng(0).normal(0, 2, (50, 4, 5, 2))
    np.testing.assert_array_equal(graph.predict(x), same.predict(x))


def test_dense_on_a_tensor_is_a_pointwise_convolution(tmp_path):
    """hls4ml's own rule; its types are those of a convolution."""
    config = {
        "Model": {"Precision": "fixed<16,6>"},
        "LayerType": {"Conv1D": {"Precision": {"weight": "fixed<7,3>"}}},
    }
    kernel = np.arange(6).reshape(3, 2) / 4
    graph = load(tmp_path, "Dense", (4, 3), {"kernel": kernel}, config)
    assert only(graph).weight.shape == (1, 3, 2)
    assert str(only(graph).weight.format) == "ap_fixed<7,3>"
    x = np.random.default_rng(0).integers(-8, 8, (20, 4, 3)) / 4
    np.testing.assert_array_equal(graph.predict(x), x @ kernel)


@pytest.mark.parametrize(
    ("shape", "cells", "keras", "padding", "places"),
    [
        ((4, 2), (3,), {"strides": [2]}, ((0, 0),), (9,)),
        ((4, 2), (3,), {"strides": [2], "padding": "same"}, ((0, 1),), (8,)),
        ((4, 2), (4,), {"strides": [2], "padding": "same"}, ((1, 1),), (8,)),
        ((4, 2), (2,), {"strides": [3]}, ((0, -1),), (12,)),
        ((4, 2), (3,), {"strides": [2], "output_padding": [1]}, ((0, -1),), (10,)),
        (
            *((4, 2), (3,), {"strides": [2], "padding": "same", "output_padding": 1}),
            *(((0, 1),), (8,)),
        ),
        ((4, 2), (3,), {"dilation_rate": [2]}, ((0, 0),), (8,)),
        ((2, 3, 2), (3, 2), {"strides": [2, 1]}, ((0, 0), (0, 0)), (5, 4)),
    ],
)
def test_transposed(shape, cells, keras, padding, places, tmp_path):
    """Every input adds the kernel to the places it reaches; shapes are Keras's."""
    rng = np.random.default_rng(0)
    kernel = rng.integers(-8, 8, (*cells, 3, 2)) / 4
    bias = rng.integers(-8, 8, 3) / 4
    weights = {"kernel": kernel, "bias": bias}
    graph = load(tmp_path, f"Conv{len(cells)}DTranspose", shape, weights, **keras)
    assert only(graph).padding == padding
    assert graph.values["conv"].shape == (*places, 3)
    assert any("hls4ml has no transposed convolution" in note for note in graph.notes)
    x = rng.integers(-8, 8, (4, *shape)) / 4
    wanted = np.zeros((4, *places, 3)) + bias
    strides = keras.get("strides", [1] * len(cells))
    steps = keras.get("dilation_rate", [1] * len(cells))
    for at in np.ndindex(*shape[:-1]):
        for cell in np.ndindex(*cells):
            to = tuple(
                i * s + k * d - cut[0]
                for i, s, k, d, cut in zip(at, strides, cell, steps, padding, strict=True)
            )
            if all(0 <= p < n for p, n in zip(to, places, strict=True)):
                wanted[(slice(None), *to)] += x[(slice(None), *at)] @ kernel[cell].T
    np.testing.assert_array_equal(graph.predict(x), wanted)


@pytest.mark.parametrize(
    ("weights", "keras", "message"),
    [
        (
            *({"kernel": np.ones((3, 4, 2))}, {"padding": "causal"}),
            "padding of conv must be valid or same, not 'causal'",
        ),
        (
            *({"kernel": np.ones((3, 2, 4))}, {}),
            r"kernel of conv must be of 1 axes, the filters and 2 channels, not of shape \(3, 2, 4\)",
        ),
    ],
)
def test_transposed_that_is_refused(weights, keras, message, tmp_path):
    """By name, with what was seen."""
    with pytest.raises(ValueError, match=f"^{message}"):
        load(tmp_path, "Conv1DTranspose", (5, 2), weights, **keras)


def test_a_transposed_convolution_may_have_any_legal_reuse_factor(tmp_path):
    """Beyond its inputs too, where hls4ml's kernels of plain ones stop."""
    entry = {"ReuseFactor": 12, "Strategy": "Resource"}
    kernel = np.ones((3, 4, 2))
    graph = scheduled(tmp_path, entry, "Conv1DTranspose", (6, 2), kernel)
    assert graph.config["HLSConfig"]["LayerName"]["conv"]["ReuseFactor"] == 12
    assert only(graph).interleave == 1


@pytest.mark.peer
@pytest.mark.parametrize("backend", ["Vitis", None])
@pytest.mark.parametrize("granularity", ["type", "name"])
@pytest.mark.parametrize(
    ("kind", "shape", "weights"),
    [
        ("Conv1D", (6, 2), {"kernel": KERNEL_1D, "bias": np.ones(4)}),
        ("DepthwiseConv2D", (6, 6, 3), {"depthwise_kernel": np.ones((2, 2, 3, 1))}),
        (
            *("SeparableConv1D", (6, 3)),
            {"depthwise_kernel": np.ones((2, 3, 1)), "pointwise_kernel": np.ones((1, 3, 2))},
        ),
        ("Dense", (4, 3), {"kernel": np.ones((3, 2)), "bias": np.ones(2)}),
    ],
)
def test_starting_configurations(kind, shape, weights, granularity, backend, tmp_path, monkeypatch):
    """Those of hls4ml, by the names of the Keras layers; they load."""
    hls4ml = pytest.importorskip(
        "hls4ml", reason="needs the cosim extra: pip install 'bitwright[cosim]'"
    )
    from hls4ml.converters.keras_v2_to_hls import KerasFileReader

    more = {"depth_multiplier": 1} if kind != "Conv1D" else {}
    filters = {"filters": next(reversed(weights.values())).shape[-1]}
    more |= filters if kind.startswith(("Conv", "Sep")) else {}
    path, arrays = model(tmp_path, kind, shape, weights, units=2, **more)
    monkeypatch.setattr(
        hls4ml.converters,
        "KerasModelReader",
        lambda model: KerasFileReader({"KerasH5": str(arrays)}),
    )
    theirs = hls4ml.utils.config_from_keras_model(
        json.loads(path.read_text()), granularity=granularity, backend=backend
    )
    made = emu.config(path, granularity, weights=arrays, backend=backend)
    assert made == theirs
    emu.load(path, weights=arrays, config=made).predict(np.zeros((1, *shape)))
