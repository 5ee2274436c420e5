"""Run hls4ml's own C simulation in a process of its own: its asserts kill the process.

    python tests/peer/simulate.py FOLDER

FOLDER holds ``config.json`` (the top level of an hls4ml configuration) and ``x.npz`` (one float64
array per input, in model order); ``y.npz`` is written there, one float64 array per output. Where
it holds ``layers.json`` and ``weights.npz``, a Keras 3 model is built of them, saved as
``model.keras``, and converted; otherwise the configuration names the files of a Keras 2 model.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np


def keras3_model(folder):
    """The functional model of ``layers.json``, saved."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    description = json.loads((folder / "layers.json").read_text())
    tensors = {}
    for item in description["layers"]:
        config, nodes = dict(item["config"]), item["inbound_nodes"]
        name = config.pop("name")
        if item["class_name"] == "InputLayer":
            tensors[name] = keras.Input(config["batch_input_shape"][1:], name=name)
            continue
        for key in ("layer", "backward_layer"):  # of Bidirectional
            if key in config:
                inner = config[key]
                config[key] = getattr(keras.layers, inner["class_name"])(**inner["config"])
        layer = getattr(keras.layers, item["class_name"])(name=name, **config)
        sources = [tensors[source[0]] for source in nodes[0]]
        tensors[name] = layer(sources if len(sources) > 1 else sources[0])
        tensors[name].layer = layer
    model = keras.Model(
        [tensors[name] for name in description["inputs"]],
        [tensors[name] for name in description["outputs"]],
    )
    with np.load(folder / "weights.npz") as weights:
        for key in weights.files:
            layer, *ways, name = key.split("/")
            found = [
                weight
                for weight in model.get_layer(layer).weights
                if weight.name == name and all(f"/{way}_" in weight.path for way in ways)
            ]
            if len(found) != 1:
                raise ValueError(f"{key} must name one weight, not {[w.path for w in found]}")
            found[0].assign(weights[key])
    model.save(folder / "model.keras")
    return model


def convert(folder):
    """hls4ml's model."""
    config = json.loads((folder / "config.json").read_text())
    if (folder / "layers.json").is_file():
        from hls4ml.converters import convert_from_keras_model

        return convert_from_keras_model(
            keras3_model(folder),
            output_dir=config["OutputDir"],
            project_name=config["ProjectName"],
            backend=config["Backend"],
            io_type=config["IOType"],
            hls_config=config["HLSConfig"],
            allow_v2_fallback=True,
            allow_da_fallback=False,
        )
    from hls4ml.converters import keras_v2_to_hls

    return keras_v2_to_hls(config)


def main(folder):
    model = convert(folder)
    model.write()
    # Without NDEBUG AMD's headers abort on casts that drop every bit of the source; -O1 halves
    # the time of compilation. Neither changes a value.
    script = folder / "project" / "build_lib.sh"
    text = script.read_text()
    if "-O3" not in text:
        raise ValueError(f"{script} must hold -O3, to be replaced by -O1 -DNDEBUG")
    script.write_text(text.replace("-O3", "-O1 -DNDEBUG"))
    model._compile()
    with np.load(folder / "x.npz") as file:
        x = [np.ascontiguousarray(file[name]) for name in file.files]
    y = model.predict(x[0] if len(x) == 1 else x)
    y = y if isinstance(y, list) else [y]
    np.savez(folder / "y.npz", *[np.asarray(array, dtype=np.float64) for array in y])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
