"""emu.config of merges, pooling, moves and look-ups gives hls4ml 1.3.0's dictionary."""

import json

import numpy as np
import pytest

import emu
from tests.emu.models import functional, layer, write
from tests.emu.test_starting import GRANULARITIES

PICTURE = {"data_format": "channels_last"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A Keras 2 model with every class, all on three inputs."""
    window = {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid", **PICTURE}
    line = {"pool_size": [2], "strides": [2], "padding": "same", **PICTURE}
    on_picture = [
        *(layer(f"{op}Pooling2D", f"{op}2", ["x"], **window) for op in ("Max", "Average")),
        *(
            layer(f"Global{op}Pooling2D", f"g{op}2", ["x"], keepdims=False, **PICTURE)
            for op in ("Max", "Average")
        ),
        layer("ZeroPadding2D", "pad2", ["x"], padding=[[1, 1], [1, 1]], **PICTURE),
        layer("Cropping2D", "crop2", ["x"], cropping=[[1, 1], [1, 1]], **PICTURE),
        layer("UpSampling2D", "up2", ["x"], size=[2, 2], interpolation="nearest", **PICTURE),
        layer("Permute", "turn", ["x"], dims=[2, 1, 3]),
        *(
            layer(kind, kind.lower(), ["x", "x"])
            for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
        ),
        layer("Concatenate", "join", ["x", "x"], axis=-1),
    ]
    on_line = [
        *(layer(f"{op}Pooling1D", f"{op}1", ["q"], **line) for op in ("Max", "Average")),
        *(
            layer(f"Global{op}Pooling1D", f"g{op}1", ["q"], keepdims=False, **PICTURE)
            for op in ("Max", "Average")
        ),
        layer("ZeroPadding1D", "pad1", ["q"], padding=[1, 1]),
        layer("Cropping1D", "crop1", ["q"], cropping=[1, 1]),
        layer("UpSampling1D", "up1", ["q"], size=2),
        layer("LayerNormalization", "norm", ["q"], axis=[2], epsilon=1e-3, scale=True, center=True),
        layer("Embedding", "rows", ["s"], input_dim=5, output_dim=3),
        layer("Dot", "dot", ["s", "s"], axes=1, normalize=False),
    ]
    number = {"n_aggregators": 2, "n_filters": 3, "n_propagate": 1, "mean_by_nvert": True}
    transforms = {"simplified": True, "collapse": "mean", "input_format": "xn"}
    transforms |= {"output_activation": None, "quantize_transforms": False}
    on_line.append(layer("GarNet", "graph", ["q", "n"], **number, **transforms))
    shapes = {"x": (4, 4, 2), "q": (3, 4), "s": (6,), "n": (1,)}
    inputs = [
        layer("InputLayer", name, batch_input_shape=[None, *shape], dtype="float32")
        for name, shape in shapes.items()
    ]
    both = [*on_picture, *on_line]
    weights = {
        "norm": {"gamma": np.ones(4, np.float32), "beta": np.ones(4, np.float32)},
        "rows": {"embeddings": np.ones((5, 3), np.float32)},
        "graph": {
            **{"FLR_kernel": np.ones((4, 1), "f4"), "FLR_bias": np.ones(1, "f4")},
            **{"S_kernel": np.ones((4, 2), "f4"), "S_bias": np.ones(2, "f4")},
            **{"Fout_kernel": np.ones((2, 3), "f4"), "Fout_bias": np.ones(3, "f4")},
        },
    }
    ends = [item["name"] for item in both]
    model = functional([*inputs, *both], list(shapes), ends)
    return write(tmp_path_factory.mktemp("model"), model, weights)


@pytest.mark.peer
@pytest.mark.parametrize("backend", ["Vitis", None])
@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_files_give_hls4mls_dictionary(files, granularity, backend, monkeypatch):
    """hls4ml reads the same files through its own converter."""
    hls4ml = pytest.importorskip(
        "hls4ml", reason="needs the cosim extra: pip install 'bitwright[cosim]'"
    )
    from hls4ml.converters.keras_v2_to_hls import KerasFileReader

    path, weights = files
    monkeypatch.setattr(
        hls4ml.converters,
        "KerasModelReader",
        lambda model: KerasFileReader({"KerasH5": str(weights)}),
    )
    theirs = hls4ml.utils.config_from_keras_model(
        json.loads(path.read_text()), granularity=granularity, backend=backend
    )
    assert emu.config(path, granularity, weights=weights, backend=backend) == theirs


def test_every_starting_configuration_loads(files):
    """What emu.config writes, emu.load takes, for every granularity."""
    path, weights = files
    for granularity in GRANULARITIES:
        made = emu.config(path, granularity, weights=weights, max_precision="fixed<32,16>")
        graph = emu.load(path, weights=weights, config=made)
        zeros = [np.zeros((2, *value.shape)) for value in graph.inputs]
        assert len(graph.predict(zeros)) == len(graph.output_names)
