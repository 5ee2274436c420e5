"""Convolutions against hls4ml's compiled C simulation."""

import numpy as np
import pytest

import emu
from tests.peer.project import Project, needs_hls4ml, needs_keras3, random_format
from tests.peer.test_merge import stimuli

pytestmark = needs_hls4ml

PLAIN = (
    # shape, filters, kernel, strides, padding
    ((6, 2), 2, (3,), (1,), "same"),
    ((7, 1), 3, (4,), (2,), "same"),
    ((7, 2), 2, (3,), (2,), "valid"),
    ((6, 1), 2, (3,), (1,), "causal"),
    ((7, 2), 1, (3,), (2,), "causal"),
    ((5, 3), 2, (1,), (1,), "valid"),
    ((5, 3), 2, (1,), (2,), "same"),
    ((4, 4, 2), 2, (3, 3), (1, 1), "same"),
    ((5, 4, 1), 3, (2, 3), (2, 1), "same"),
    ((5, 6, 2), 1, (3, 2), (1, 2), "valid"),
    ((3, 4, 3), 2, (1, 1), (1, 1), "valid"),
)
DILATED = (
    ((8, 2), 2, (3,), 2, "same"),
    ((7, 1), 2, (2,), 3, "causal"),
    ((5, 5, 1), 2, (2, 2), 2, "same"),
)
DEPTHWISE = (
    ((6, 3), (3,), (1,), "same"),
    ((7, 2), (2,), (2,), "valid"),
)
DEPTHWISE_2D = (
    ((4, 4, 3), (3, 3), (1, 1), "same"),
    ((5, 4, 2), (2, 3), (2, 2), "same"),
)


def types(rng, **more):
    """Types of the variables; the accumulator is tight, so that order and overflow show."""
    precision = {
        "result": random_format(rng, 7, 14, integer=int(rng.integers(2, 5))),
        "accum": random_format(rng, 7, 14, integer=int(rng.integers(2, 5))),
        "weight": random_format(rng, 5, 10, integer=int(rng.integers(1, 3))),
        "bias": random_format(rng, 5, 10, integer=int(rng.integers(1, 3))),
    }
    return precision | more


def normal(rng, *shape):
    return rng.normal(0, 0.8, shape).astype(np.float32)


def settings(kernel, strides, padding, **more):
    return {
        "kernel_size": list(kernel),
        "strides": list(strides),
        "padding": padding,
        "dilation_rate": [1] * len(kernel),
        "data_format": "channels_last",
        "activation": "linear",
        "use_bias": True,
        **more,
    }


def add(project, rng, window, *, precision=None, keys=None, samples=40, dilation=1, bias=True):
    """One Conv1D or Conv2D with types of its own."""
    shape, filters, kernel, strides, padding = window
    weights = {"kernel": normal(rng, *kernel, shape[-1], filters)}
    if bias:
        weights["bias"] = normal(rng, filters)
    more = {"filters": filters, "use_bias": bias, "dilation_rate": [dilation] * len(kernel)}
    project.add(
        f"Conv{len(kernel)}D",
        stimuli(rng, (samples, *shape)),
        random_format(rng, 5, 10, integer=int(rng.integers(1, 4))),
        types(rng) if precision is None else precision,
        weights=weights,
        keys=keys,
        **settings(kernel, strides, padding, **more),
    )


def add_depthwise(
    project, rng, shape, kernel, strides, padding, *, bias=True, precision=None, keys=None
):
    # Keras 2 and 3 give the kernel different names.
    name = "kernel" if project.generation == 3 else "depthwise_kernel"
    weights = {name: normal(rng, *kernel, shape[-1], 1)}
    if bias:
        weights["bias"] = normal(rng, shape[-1])
    project.add(
        f"DepthwiseConv{len(kernel)}D",
        stimuli(rng, (40, *shape)),
        random_format(rng, 5, 10, integer=int(rng.integers(1, 4))),
        types(rng) if precision is None else precision,
        keys=keys,
        weights=weights,
        **settings(kernel, strides, padding, depth_multiplier=1, use_bias=bias),
    )


def add_separable(project, rng, shape, filters, kernel, strides, padding, *, auto):
    """Both parts have types of their own in the layer's one entry."""
    precision = {
        "depthwise": random_format(rng, 5, 10, integer=2),
        "pointwise": random_format(rng, 5, 10, integer=2),
        "bias": random_format(rng, 5, 10, integer=2),
        "depthwise_accum": random_format(rng, 7, 14, integer=3),
        "pointwise_accum": random_format(rng, 7, 14, integer=4),
        "depthwise_result": random_format(rng, 7, 12, integer=3),
        "result": random_format(rng, 7, 14, integer=4),
    }
    for missing in rng.choice(sorted(precision), size=2, replace=False):
        del precision[missing]
    if auto:
        precision = dict.fromkeys(precision, "auto")
    weights = {
        "depthwise_kernel": normal(rng, *kernel, shape[-1], 1),
        "pointwise_kernel": normal(rng, *(1,) * len(kernel), shape[-1], filters),
        "bias": normal(rng, filters),
    }
    project.add(
        f"SeparableConv{len(kernel)}D",
        stimuli(rng, (40, *shape)),
        random_format(rng, 5, 10, integer=2),
        precision,
        weights=weights,
        **settings(kernel, strides, padding, depth_multiplier=1, filters=filters),
    )


def add_dense(project, rng, shape, filters, *, precision=None, keys=None):
    """Dense on the last axis of a tensor: a pointwise convolution to hls4ml."""
    project.add(
        "Dense",
        stimuli(rng, (40, *shape)),
        random_format(rng, 5, 10, integer=int(rng.integers(1, 4))),
        types(rng) if precision is None else precision,
        weights={"kernel": normal(rng, shape[-1], filters), "bias": normal(rng, filters)},
        keys=keys,
        units=filters,
        activation="linear",
        use_bias=True,
    )


def add_folded(project, rng, shape, result, kind, weights, **keras):
    """A layer and a batch normalisation of its result, which hls4ml folds where that is auto."""
    filters = weights["bias"].size
    normalisation = {
        "gamma": rng.uniform(0.5, 1.5, filters).astype(np.float32),
        "beta": normal(rng, filters),
        "moving_mean": normal(rng, filters),
        "moving_variance": rng.uniform(0.5, 2, filters).astype(np.float32),
    }
    last = -1 if project.generation == 3 else [-1]
    more = {"axis": last, "epsilon": 1e-3, "scale": True, "center": True}
    project.chain(
        stimuli(rng, (40, *shape)),
        random_format(rng, 5, 10, integer=2),
        (kind, {"result": result, "weight": random_format(rng, 8, 10, integer=3)}, weights, keras),
        ("BatchNormalization", {"result": "fixed<14,5>"}, normalisation, more),
    )


def tight(rng):
    return types(rng, accum=f"fixed<{rng.integers(6, 10)},{rng.integers(1, 3)},TRN,SAT>")


def build(project, seed):
    """Every window; orders, positions at once, automatic types, integers, dilation."""
    rng = np.random.default_rng(seed)
    for k, window in enumerate(PLAIN):
        add(project, rng, window, bias=k % 4 != 3)
    for k, window in enumerate(PLAIN[::2]):
        keys = {
            "ReuseFactor": (3, 2, 4, 1, 6)[k % 5],
            "Strategy": ("Resource", "Resource_Unrolled")[k % 2],
        }
        if k % 3 == 0:
            keys["ParallelizationFactor"] = 2
        if int(np.prod(window[2])) == 1:
            keys["ReuseFactor"] = 3
        add(project, rng, window, precision=tight(rng), keys=keys)
    for window in PLAIN[1:4:2]:
        add(project, rng, window, keys={"ParallelizationFactor": int(rng.integers(1, 9))})
    for window in PLAIN[::4]:
        add(project, rng, window, precision=types(rng, accum="auto", result="auto"))
    add(project, rng, PLAIN[0], precision=types(rng, weight="int<2>"))
    for shape, filters, kernel, dilation, padding in DILATED:
        window = (shape, filters, kernel, (1,) * len(kernel), padding)
        add(project, rng, window, dilation=dilation)
    # One project can hold depthwise layers of one or of two axes: their headers share a guard.
    for k, window in enumerate(DEPTHWISE if seed % 2 else DEPTHWISE_2D):
        add_depthwise(project, rng, *window, bias=k != 1)
    if project.generation == 2:
        for k, window in enumerate(DEPTHWISE if seed % 2 else DEPTHWISE_2D):
            add_separable(project, rng, window[0], 2, *window[1:], auto=k == 1)
    for shape in ((4, 3), (2, 3, 3)):
        add_dense(project, rng, shape, 2)
    add_dense(
        project,
        rng,
        (4, 6),
        2,
        precision=tight(rng),
        keys={"ReuseFactor": 3, "Strategy": "Resource"},
    )
    kernel = normal(rng, 2, 2, 3, 1)
    name = "kernel" if project.generation == 3 else "depthwise_kernel"
    for result in ("auto", "fixed<12,5>"):
        dense = {"kernel": normal(rng, 3, 2), "bias": normal(rng, 2)}
        more = {"units": 2, "activation": "linear", "use_bias": True}
        add_folded(project, rng, (4, 3), result, "Dense", dense, **more)
    folded = (
        ("Conv2D", {"kernel": normal(rng, 2, 2, 3, 2), "bias": normal(rng, 2)}, {"filters": 2}),
        ("DepthwiseConv2D", {name: kernel, "bias": normal(rng, 3)}, {"depth_multiplier": 1}),
    )
    # As above: depthwise layers of two axes alone.
    for kind, weights, more in folded[: 1 if seed % 2 else 2]:
        given = settings((2, 2), (1, 1), "same", **more)
        add_folded(project, rng, (3, 3, 3), "auto", kind, weights, **given)


@pytest.mark.parametrize("seed", [4])
def test_convolutions(seed, tmp_path, record_property):
    """No bit differs."""
    project = Project()
    build(project, seed)
    count, distinct = project.compare(tmp_path)
    record_property("values_compared", count)
    assert sum(number >= 10 for number in distinct.values()) > len(distinct) * 2 // 3


@pytest.mark.long
@pytest.mark.parametrize("seed", range(200, 203))
def test_convolutions_in_streams(seed, tmp_path):
    """hls4ml's stream kernels give the same bits as its parallel ones, behind a zero padding."""
    rng = np.random.default_rng(seed)
    project = Project("io_stream")
    for k, window in enumerate(PLAIN):
        add(project, rng, window, bias=k % 4 != 3)
    for k, window in enumerate(PLAIN[::2]):
        strategy = ("Resource", "Resource_Unrolled")[k % 2]
        reuse = 3 if int(np.prod(window[2])) == 1 else (3, 2, 4, 1, 6)[k % 5]
        keys = {"ReuseFactor": reuse, "Strategy": strategy}
        add(project, rng, window, precision=tight(rng), keys=keys)
    for window in PLAIN[::4]:
        add(project, rng, window, precision=types(rng, accum="auto", result="auto"))
    for window in (*DEPTHWISE, *DEPTHWISE_2D):
        add_depthwise(project, rng, *window)
        add_separable(project, rng, window[0], 2, *window[1:], auto=False)
    for shape in ((4, 3), (2, 3, 3)):
        add_dense(project, rng, shape, 2)
    project.compare(tmp_path)


@pytest.mark.parametrize("seed", [5])
def test_what_streams_do_otherwise(seed, tmp_path):
    """Depthwise sums under Resource: every reuse factor has its own order, which saturating
    accumulators show. Kernels of one row: their vertical stride has no effect.
    """
    rng = np.random.default_rng(seed)
    project = Project("io_stream")
    for (channels, kernel), factors in {
        (4, 4): (1, 2, 4, 8, 16),
        (3, 4): (1, 3, 6, 12, 7),
        (2, 6): (2, 4, 6, 12),
    }.items():
        for factor in factors:
            keys = {"Strategy": "Resource", "ReuseFactor": factor}
            window = ((7, channels), (kernel,), (1,), "same")
            add_depthwise(project, rng, *window, precision=tight(rng), keys=keys)
    keys = {"Strategy": "Resource", "ReuseFactor": 4}  # an order for each channel: wraps in any
    window, wraps = ((7, 3), (4,), (1,), "same"), types(rng, accum="fixed<7,2>")
    add_depthwise(project, rng, *window, precision=wraps, keys=keys)
    for strides, padding in (((2, 1), "valid"), ((3, 2), "same")):
        add(project, rng, ((5, 4, 2), 2, (1, 2), strides, padding))
    project.compare(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 110))
def test_convolutions_in_many_formats(seed, tmp_path):
    """The same with other formats."""
    project = Project()
    build(project, seed)
    project.compare(tmp_path)


class TestKeras3:
    """The same layers by way of hls4ml's Keras 3 converter."""

    pytestmark = needs_keras3

    @pytest.mark.parametrize("seed", [2])
    def test_convolutions(self, seed, tmp_path):
        """No bit differs."""
        project = Project(generation=3)
        build(project, seed)
        project.compare(tmp_path)

    def test_transposed(self, tmp_path):
        """hls4ml has none: Keras's own sums, which are exact on these numbers."""
        import keras

        rng = np.random.default_rng(0)
        cases = ((1, (5, 3), 3, 2, "same", None), (2, (3, 4, 2), 4, 2, "valid", 1))
        cases += ((1, (4, 2), 2, 3, "same", None), (2, (3, 3, 1), 3, 1, "same", None))
        for axes, shape, size, strides, padding, extra in cases:
            x = keras.Input(shape, name="x")
            layer = getattr(keras.layers, f"Conv{axes}DTranspose")(
                2, size, strides=strides, padding=padding, output_padding=extra, name="conv"
            )
            model = keras.Model(x, layer(x))
            layer.set_weights([rng.integers(-8, 8, w.shape) for w in layer.get_weights()])
            model.save(tmp_path / "model.keras")
            given = rng.integers(-8, 8, (5, *shape)).astype(np.float64)
            config = {"Model": {"Precision": "fixed<30,20>"}}
            graph = emu.load(tmp_path / "model.keras", config=config)
            np.testing.assert_array_equal(
                graph.predict(given), keras.ops.convert_to_numpy(model(given))
            )

    def test_separable(self, tmp_path):
        """hls4ml cannot convert them: Keras's own sums, depth multipliers too."""
        import keras

        rng = np.random.default_rng(0)
        for axes, shape, size, multiplier in ((1, (6, 3), 3, 2), (2, (4, 5, 2), 2, 1)):
            x = keras.Input(shape, name="x")
            layer = getattr(keras.layers, f"SeparableConv{axes}D")(
                2, size, padding="same", depth_multiplier=multiplier, name="conv"
            )
            model = keras.Model(x, layer(x))
            layer.set_weights([rng.integers(-4, 4, w.shape) for w in layer.get_weights()])
            model.save(tmp_path / "model.keras")
            given = rng.integers(-4, 4, (5, *shape)).astype(np.float64)
            config = {"Model": {"Precision": "fixed<30,20>"}}
            graph = emu.load(tmp_path / "model.keras", config=config)
            wanted = keras.ops.convert_to_numpy(model(given))
            np.testing.assert_array_equal(graph.predict(given), wanted)
