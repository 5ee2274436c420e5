"""emu.config of every Keras class that emu.load reads, one model each: hls4ml's dictionary."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

import emu
from emu.frontends.keras import KERAS_LAYERS
from tests.emu.models import functional, layer, write
from tests.emu.test_loading_recurrent import arrays, keras
from tests.emu.test_starting import GRANULARITIES

RECORDED = Path(__file__).parents[1] / "data" / "starting_kinds.json"
LAST = {"data_format": "channels_last"}
VECTOR, SERIES, PICTURE = (6,), (4, 3), (4, 4, 2)


def ones(*shape):
    """Trained values: which ones, no entry depends on."""
    return np.ones(shape, np.float32)


def conv(axes, **more):
    """Configuration of a convolution with a kernel of 2 cells along each axis."""
    both = {"strides": [1] * axes, "padding": "valid", "dilation_rate": [1] * axes, **LAST}
    return {"kernel_size": [2] * axes, "activation": "relu", "use_bias": True, **both, **more}


def convolutions(axes):
    """``{class: (shapes, arrays, configuration)}``."""
    shape, cell = (SERIES, PICTURE)[axes - 1], (2,) * axes
    n = shape[-1]
    depthwise = {"depthwise_kernel": ones(*cell, n, 1), "bias": ones(n)}
    pointwise = {"pointwise_kernel": ones(*(1,) * axes, n, 2), "bias": ones(2)}
    plain = {"kernel": ones(*cell, n, 2), "bias": ones(2)}
    return {
        f"Conv{axes}D": ([shape], plain, conv(axes, filters=2)),
        f"DepthwiseConv{axes}D": ([shape], depthwise, conv(axes, depth_multiplier=1)),
        f"SeparableConv{axes}D": (
            [shape],
            depthwise | pointwise,
            conv(axes, depth_multiplier=1, filters=2),
        ),
    }


def moves(axes):
    """Pooling, padding, cropping and up-sampling."""
    shape, twos = (SERIES, PICTURE)[axes - 1], [2] * axes
    pairs = [[1, 1]] * axes if axes > 1 else [1, 1]
    window = {"pool_size": twos, "strides": twos, "padding": "valid", **LAST}
    size = {"size": twos, "interpolation": "nearest"} if axes > 1 else {"size": 2}
    more = LAST if axes > 1 else {}
    found = {f"{op}Pooling{axes}D": ([shape], {}, window) for op in ("Max", "Average")}
    for op in ("Max", "Average"):
        found[f"Global{op}Pooling{axes}D"] = ([shape], {}, {"keepdims": False, **LAST})
    found[f"ZeroPadding{axes}D"] = ([shape], {}, {"padding": pairs, **more})
    found[f"Cropping{axes}D"] = ([shape], {}, {"cropping": pairs, **more})
    found[f"UpSampling{axes}D"] = ([shape], {}, size | more)
    return found


DENSE = {"units": 2, "activation": "relu", "use_bias": True}
NORM = {"axis": [1], "epsilon": 1e-3, "scale": True, "center": True}
MASKS = {"keep_negative": np.ones((1, 6), np.int8), "bits": np.full((1, 6), 4, np.int8)}
MASKS["integers"] = np.full((1, 6), 2, np.int8)
QUANTIZER = {"fusible": False, "RND": "RND", "SAT": "SAT", "overrides": {}}
HGQ = {
    "FixedPointQuantizer": ([VECTOR], MASKS, QUANTIZER),
    "UnaryLUT": ([VECTOR], {"table": ones(1 << 16)}, {"kif_out": [1, 3, 4]}),
}
CELLS = {
    kind: ([SERIES], arrays(kind), keras(kind, return_state=False))
    for kind in ("LSTM", "GRU", "SimpleRNN")
}
WRAPPED = {"class_name": "LSTM", "config": keras("LSTM", name="own", return_state=False)}
WAYS = {
    f"{way}_own/lstm_cell/{name}": array
    for way in ("forward", "backward")
    for name, array in arrays("LSTM").items()
}

MODELS = {
    "InputLayer": ([VECTOR], {}, None),
    "Dense": ([VECTOR], {"kernel": ones(6, 2), "bias": ones(2)}, DENSE),
    "BinaryDense": ([VECTOR], {"kernel": ones(6, 2), "bias": ones(2)}, DENSE),
    "TernaryDense": ([VECTOR], {"kernel": ones(6, 2)}, {**DENSE, "use_bias": False}),
    "BatchNormalization": (
        [VECTOR],
        {name: ones(6) for name in ("gamma", "beta", "moving_mean", "moving_variance")},
        NORM,
    ),
    "Flatten": ([SERIES], {}, {}),
    "Reshape": ([SERIES], {}, {"target_shape": [3, 4]}),
    "Dropout": ([VECTOR], {}, {"rate": 0.5}),
    "Activation": ([VECTOR], {}, {"activation": "tanh"}),
    "ReLU": ([VECTOR], {}, {"max_value": None}),
    "LeakyReLU": ([VECTOR], {}, {"alpha": 0.3}),
    "ThresholdedReLU": ([VECTOR], {}, {"theta": 0.5}),
    "ELU": ([VECTOR], {}, {"alpha": 0.7}),
    "PReLU": ([VECTOR], {"alpha": ones(6)}, {"shared_axes": None}),
    "Softmax": ([VECTOR], {}, {"axis": -1}),
    **HGQ,
    **{f"HGQ>{kind}": model for kind, model in HGQ.items()},
    "Embedding": ([VECTOR], {"embeddings": ones(5, 3)}, {"input_dim": 5, "output_dim": 3}),
    "LayerNormalization": ([SERIES], {"gamma": ones(3), "beta": ones(3)}, {**NORM, "axis": [2]}),
    **{
        kind: ([VECTOR, VECTOR], {}, {})
        for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    },
    "Concatenate": ([VECTOR, VECTOR], {}, {"axis": -1}),
    "Dot": ([VECTOR, VECTOR], {}, {"axes": 1, "normalize": False}),
    "Permute": ([SERIES], {}, {"dims": [2, 1]}),
    **convolutions(1),
    **convolutions(2),
    **moves(1),
    **moves(2),
    **CELLS,
    "Bidirectional": ([SERIES], WAYS, {"layer": WRAPPED, "merge_mode": "concat"}),
    "TimeDistributed": (
        [SERIES],
        {},
        {"layer": {"class_name": "Activation", "config": {"name": "act", "activation": "tanh"}}},
    ),
}
ELSEWHERE = {
    **dict.fromkeys(
        ("Conv1DTranspose", "Conv2DTranspose", "RepeatVector", "GetItem", "Split", "TFOpLambda"),
        "hls4ml does not convert it",
    ),
    "SlicingOpLambda": "hls4ml does not convert it",
    "EinsumDense": "of Keras 3: test_loading_einsum",
    "MultiHeadAttention": "of Keras 3: test_loading_einsum",
    "GarNet": "tests/peer/test_garnet.py",
    "GarNetStack": "tests/peer/test_garnet.py",
}


def files(folder, kind):
    """A model of one layer ``y`` behind its inputs."""
    shapes, weights, config = MODELS[kind]
    layers = [
        layer("InputLayer", f"x{k}", batch_input_shape=[None, *shape], dtype="float32")
        for k, shape in enumerate(shapes)
    ]
    inputs = [item["name"] for item in layers]
    if config is not None:
        layers.append(layer(kind, "y", inputs, **config))
    model = functional(layers, inputs, [layers[-1]["name"]])
    path, h5 = write(folder, model, {"y": weights})
    if kind in ("Bidirectional", "TimeDistributed"):
        with h5py.File(h5, "a") as file:  # where hls4ml looks for what a layer wraps
            file.move("y", "model_weights/y")
    return path, h5


def test_every_class_has_a_model_here():
    """A new class needs one, or the place where its dictionary is compared."""
    assert set(MODELS) | set(ELSEWHERE) == set(KERAS_LAYERS)
    assert not set(MODELS) & set(ELSEWHERE)


@pytest.mark.parametrize("kind", MODELS)
def test_a_class_gives_the_recorded_dictionary(kind, tmp_path):
    """Recorded from hls4ml 1.3.0 by tests/data/make_starting_kinds.py."""
    path, h5 = files(tmp_path, kind)
    recorded = json.loads(RECORDED.read_text())[kind]
    assert emu.config(path, "name", weights=h5)["LayerName"] == recorded


@pytest.mark.peer
@pytest.mark.parametrize("kind", MODELS)
def test_a_class_gives_hls4mls_dictionary(kind, tmp_path, monkeypatch):
    """Every granularity, with the keys of the back end and without; hls4ml reads the same files."""
    hls4ml = pytest.importorskip(
        "hls4ml", reason="needs the cosim extra: pip install 'bitwright[cosim]'"
    )
    from hls4ml.converters.keras_v2_to_hls import KerasFileReader

    path, h5 = files(tmp_path, kind)
    reader = KerasFileReader({"KerasH5": str(h5)})
    monkeypatch.setattr(hls4ml.converters, "KerasModelReader", lambda model: reader)
    for granularity in GRANULARITIES:
        for backend in ("Vitis", None):
            theirs = hls4ml.utils.config_from_keras_model(
                json.loads(path.read_text()), granularity=granularity, backend=backend
            )
            assert emu.config(path, granularity, weights=h5, backend=backend) == theirs


@pytest.mark.parametrize("kind", MODELS)
def test_the_dictionary_of_a_class_loads(kind, tmp_path):
    """What emu.config writes, emu.load takes; quantisers of HGQ need BitExact: false beside it."""
    path, h5 = files(tmp_path, kind)
    for granularity in GRANULARITIES:
        made = emu.config(path, granularity, weights=h5)
        made["Model"] |= {"BitExact": False} if kind.removeprefix("HGQ>") in HGQ else {}
        graph = emu.load(path, weights=h5, config=made)
        x = {value.name: np.zeros((2, *value.shape)) for value in graph.inputs}
        assert len(graph.predict(x if len(x) > 1 else next(iter(x.values())))) == 2
