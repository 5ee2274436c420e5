"""As simulate.py, of layers given in hls4ml's own words: no front end between.

    python tests/peer/simulate_layers.py FOLDER

FOLDER holds ``config.json``, ``x.npz``, ``layers.json`` (``layers``, ``inputs``, ``outputs``) and
``weights.npz`` (``<layer>/<attribute>``).
"""

import json
import sys
from pathlib import Path

import numpy as np
import simulate


def convert(folder):
    """hls4ml's model."""
    from hls4ml.model.graph import ModelGraph

    config = json.loads((folder / "config.json").read_text())
    given = json.loads((folder / "layers.json").read_text())
    layers = {layer["name"]: layer for layer in given["layers"]}
    for layer in layers.values():
        for key, value in layer.items():
            if key.endswith("_shape"):
                layer[key] = tuple(value)
    with np.load(folder / "weights.npz") as weights:
        for key in weights.files:
            name, attribute = key.split("/")
            layers[name][attribute] = weights[key]
    return ModelGraph.from_layer_list(
        config, list(layers.values()), given["inputs"], given["outputs"]
    )


if __name__ == "__main__":
    simulate.convert = convert
    simulate.main(Path(sys.argv[1]))
