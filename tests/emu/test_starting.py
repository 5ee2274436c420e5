"""emu.config gives the dictionaries of hls4ml 1.3.0's config_from_keras_model."""

import json
from pathlib import Path

import numpy as np
import pytest

import emu
from tests.emu.models import functional, layer, write

RECORDED = Path(__file__).parents[1] / "data" / "starting_configurations.json"
GRANULARITIES = ("model", "type", "name")


@pytest.fixture(scope="module")
def every_layer(tmp_path_factory):
    """A Keras 2 model with every class of the slice."""
    simple = ("relu", "sigmoid", "tanh", "softplus", "softsign", "selu", "relu6")
    layers = [layer("InputLayer", "x", batch_input_shape=[None, 4], dtype="float32")]
    layers += [layer("Activation", f"a_{name}", ["x"], activation=name) for name in simple]
    layers += [
        layer("Activation", "a_hard", ["x"], activation="hard_sigmoid"),
        layer("Activation", "a_elu", ["x"], activation="elu"),
        layer("Activation", "a_leaky", ["x"], activation="leaky_relu"),
        layer("LeakyReLU", "leaky", ["x"], alpha=0.3),
        layer("ThresholdedReLU", "threshold", ["x"], theta=0.5),
        layer("ELU", "elu", ["x"], alpha=0.7),
        layer("PReLU", "prelu", ["x"], shared_axes=None),
        layer("Softmax", "softmax", ["x"], axis=-1),
        layer("ReLU", "relu", ["x"], max_value=None),
        layer("Dense", "fc", ["x"], units=3, activation="softmax", use_bias=False),
        layer(
            "BatchNormalization", "bn", ["fc"], axis=[-1], epsilon=1e-3, scale=True, center=False
        ),
        layer("Reshape", "reshape", ["bn"], target_shape=[3, 1]),
        layer("Flatten", "flatten", ["reshape"]),
        layer("Dropout", "dropout", ["flatten"], rate=0.5),
        layer("Dense", "last", ["dropout"], units=2, activation="linear", use_bias=True),
    ]
    ones = np.ones(3, np.float32)
    weights = {
        "prelu": {"alpha": np.ones(4, np.float32)},
        "fc": {"kernel": np.ones((4, 3), np.float32)},
        "bn": {"gamma": ones, "moving_mean": ones, "moving_variance": ones},
        "last": {"kernel": np.ones((3, 2), np.float32), "bias": np.ones(2, np.float32)},
    }
    return write(tmp_path_factory.mktemp("model"), functional(layers, ["x"], ["last"]), weights)


@pytest.mark.peer
@pytest.mark.parametrize("backend", ["Vitis", None])
@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_keras2_files_give_hls4mls_dictionary(every_layer, granularity, backend, monkeypatch):
    """hls4ml reads the same files through its own converter."""
    hls4ml = pytest.importorskip(
        "hls4ml", reason="needs the cosim extra: pip install 'bitwright[cosim]'"
    )
    from hls4ml.converters.keras_v2_to_hls import KerasFileReader

    path, weights = every_layer
    monkeypatch.setattr(
        hls4ml.converters,
        "KerasModelReader",
        lambda model: KerasFileReader({"KerasH5": str(weights)}),
    )
    theirs = hls4ml.utils.config_from_keras_model(
        json.loads(path.read_text()), granularity=granularity, backend=backend
    )
    assert emu.config(path, granularity, weights=weights, backend=backend) == theirs


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_keras3_archive_gives_the_recorded_dictionary(granularity):
    """Recorded from hls4ml 1.3.0 with Keras 3 by tests/data/make_starting_configurations.py."""
    recorded = json.loads(RECORDED.read_text())
    digits = Path(emu.__file__).parents[1] / "bitwright" / "data" / "digits" / "digits.keras"
    assert emu.config(digits, granularity) == recorded[granularity]


def test_every_starting_configuration_loads(every_layer):
    """What emu.config writes, emu.load takes, for every granularity."""
    path, weights = every_layer
    for granularity in GRANULARITIES:
        made = emu.config(path, granularity, weights=weights, max_precision="fixed<32,16>")
        graph = emu.load(path, weights=weights, config=made)
        assert graph.predict(np.zeros((2, 4))).shape == (2, 2)


def test_options_reach_the_dictionary(every_layer):
    """default_precision, default_reuse_factor and max_precision stand where hls4ml puts them."""
    path, weights = every_layer
    made = emu.config(
        path,
        "model",
        "fixed<12,4>",
        weights=weights,
        default_reuse_factor=3,
        max_precision="fixed<24,12>",
    )
    assert made["Model"]["Precision"] == {"default": "fixed<12,4>", "maximum": "fixed<24,12>"}
    assert made["Model"]["ReuseFactor"] == 3


def test_unknown_granularity_and_backend_are_errors(every_layer):
    """The message shows the value and the words there are."""
    path, weights = every_layer
    with pytest.raises(
        ValueError, match=r"^granularity must be model, type or name, not 'names'; did"
    ):
        emu.config(path, "names", weights=weights)
    with pytest.raises(ValueError, match=r"^backend must be Vitis, Vivado or None, not 'Quartus'$"):
        emu.config(path, backend="Quartus", weights=weights)
