"""Layers that hls4ml has no kernel for give the values of Keras itself, where it is installed.

Keras 3 saves a ``.keras`` archive, tf_keras JSON and H5; inputs and coefficients are such that
float32 holds every product and sum, so that the values are equal, not close.
"""

import importlib.util

import numpy as np
import pytest

import emu

SHAPES = {"x": (6, 4), "v": (7,), "p": (3, 4, 2)}
FACTORS = ((2, 2), (4, 1), (1, 8))


def outputs(keras, split, x, v, p):
    """Slices, splits and up-sampling of every form that the front end reads."""
    up = keras.layers.UpSampling2D
    return [
        *(
            x[:, 1:5:2, :],
            x[:, ::-1, 1],
            x[..., 1:3],
            x[:, -3:, None, 0],
            x[:, 5:1:-2],
            x[:, -1, :],
        ),
        *(v[:, 2:], v[..., None], p[:, -1, ..., 1:], p[:, 1]),
        *(*split(x, 3, axis=1), split(v, [2, 4, 1], axis=1)[1], split(x, [1, 1, 2], axis=-1)[2]),
        *(up(f, interpolation="bilinear", name=f"up{f[0]}{f[1]}")(p) for f in FACTORS),
    ]


def split_of(keras):
    """``tf.split``, or Keras 3's own, which takes cuts."""
    if keras.__name__ == "tf_keras":
        return importlib.import_module("tensorflow").split

    def split(x, parts, axis):
        cuts = parts if isinstance(parts, int) else np.cumsum(parts)[:-1].tolist()
        return keras.ops.split(x, cuts, axis=axis)

    return split


@pytest.mark.long
@pytest.mark.parametrize("name", ["keras", "tf_keras"])
def test_the_values_of_keras(name, tmp_path, monkeypatch):
    """16-bit inputs; up-sampled exactly in 30 bits."""
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    for module in (name, "tensorflow"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"needs {module}: pip install {module}")
    keras = importlib.import_module(name)
    tensors = [keras.Input(shape, name=name) for name, shape in SHAPES.items()]
    model = keras.Model(tensors, outputs(keras, split_of(keras), *tensors))
    if name == "keras":
        files = {"model": tmp_path / "m.keras"}
        model.save(files["model"])
    else:
        files = {"model": tmp_path / "m.json", "weights": tmp_path / "m.h5"}
        files["model"].write_text(model.to_json())
        model.save_weights(files["weights"])
    wide = {f"up{f[0]}{f[1]}": {"Precision": {"result": "fixed<30,10>"}} for f in FACTORS}
    wide = {
        key: {"Precision": {**entry["Precision"], "weight": "auto"}} for key, entry in wide.items()
    }
    graph = emu.load(**files, config={"HLSConfig": {"LayerName": wide}})
    rng = np.random.default_rng(0)
    raws = [rng.integers(-(2**15), 2**15, (50, *shape)) for shape in SHAPES.values()]
    x = [raw / 2**10 for raw in raws]
    wanted = model.predict([item.astype(np.float32) for item in x], verbose=0)
    found = graph.predict(x)
    assert len(found) == len(wanted) == 18
    for node, own, keras_own in zip(graph.outputs, found, wanted, strict=True):
        np.testing.assert_array_equal(own, keras_own, err_msg=node.name)
