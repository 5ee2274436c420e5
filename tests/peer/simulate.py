"""Run hls4ml's own C simulation in a process of its own: its asserts kill the process.

    python tests/peer/simulate.py FOLDER

FOLDER holds ``config.json`` (the top level of an hls4ml configuration) and ``x.npz`` (one float64
array per input, in model order); ``y.npz`` is written there, one float64 array per output.
"""

import json
import sys
from pathlib import Path

import numpy as np


def main(folder):
    from hls4ml.converters import keras_v2_to_hls

    config = json.loads((folder / "config.json").read_text())
    model = keras_v2_to_hls(config)
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
