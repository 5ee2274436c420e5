"""emu.config of ``.keras`` archives of every Keras 3 class that hls4ml converts: its dictionary."""

import pytest

import emu
from tests.emu.test_starting import GRANULARITIES
from tests.peer.project import needs_keras3

pytestmark = needs_keras3

WINDOWS = ("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling")
CONVOLUTIONS = {"Conv": {"filters": 2, "activation": "relu"}, "DepthwiseConv": {}}
PADS = {"ZeroPadding": 1, "Cropping": 1, "UpSampling": 2}
VECTOR = [
    ("Dense", {"units": 2}),
    ("Dense", {"units": 2, "activation": "relu"}),
    ("Dense", {"units": 2, "activation": "softmax"}),
    *(("Activation", {"activation": name}) for name in ("tanh", "softmax", "hard_sigmoid")),
    *((name, {}) for name in ("ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax")),
    ("BatchNormalization", {}),
    ("Dropout", {"rate": 0.5}),
    ("Reshape", {"target_shape": (2, 3)}),
]
PAIR = [
    *((name, {}) for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")),
    ("Concatenate", {}),
    ("Dot", {"axes": 1}),
]
SERIES = [
    ("Flatten", {}),
    ("Permute", {"dims": (2, 1)}),
    ("Dense", {"units": 3}),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (4, 5), "bias_axes": "d"}),
    *((name, {"units": 2}) for name in ("LSTM", "GRU", "SimpleRNN")),
    ("Bidirectional", {}),
]


def spatial(axes):
    """Convolutions, pooling and moves along that many axes."""
    return [
        *((f"{name}{axes}D", {"kernel_size": 2, **more}) for name, more in CONVOLUTIONS.items()),
        *((f"{name}{axes}D", {"pool_size": 2}) for name in WINDOWS[:2]),
        *((f"{name}{axes}D", {}) for name in WINDOWS[2:]),
        *((f"{name}{axes}D", {"argument": size}) for name, size in PADS.items()),
    ]


CASES = [
    (shape, kind, options)
    for shape, layers in (
        ((6,), VECTOR),
        ((6,), PAIR),
        ((4, 3), [*SERIES, *spatial(1)]),
        ((4, 4, 2), spatial(2)),
    )
    for kind, options in layers
]


def archive(folder, shape, kind, options):
    """A model of one layer, saved by Keras."""
    import keras

    x = keras.Input(shape, name="source")
    if kind == "Bidirectional":
        layer = keras.layers.Bidirectional(keras.layers.LSTM(2))
    else:
        positional = [options["argument"]] if "argument" in options else []
        own = {key: value for key, value in options.items() if key != "argument"}
        layer = getattr(keras.layers, kind)(*positional, **own)
    model = keras.Model(x, layer([x, x] if (kind, options) in PAIR else x))
    model.save(folder / "model.keras")
    return model, folder / "model.keras"


@pytest.mark.parametrize(("shape", "kind", "options"), CASES)
def test_a_class_gives_hls4mls_dictionary(shape, kind, options, tmp_path):
    """Every granularity, with the keys of the back end and without; and emu.load takes it."""
    import hls4ml

    model, path = archive(tmp_path, shape, kind, options)
    for granularity in GRANULARITIES:
        for backend in ("Vitis", None):
            theirs = hls4ml.utils.config_from_keras_model(
                model, granularity=granularity, backend=backend
            )
            assert emu.config(path, granularity, backend=backend) == theirs
        assert emu.load(path, config=emu.config(path, granularity)).outputs
