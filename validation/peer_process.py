"""The process in which hls4ml runs: ``peer_process.py FOLDER trace|predict``.

FOLDER: config.json and x.npz in; y.npz out (output/<i>, trace/<layer>, version).
"""

import json
import sys
from pathlib import Path

import numpy as np


def main(folder: str, mode: str) -> None:
    """Convert, compile, predict or trace in float64, save."""
    import hls4ml

    work = Path(folder)
    config = json.loads((work / "config.json").read_text(encoding="utf-8"))
    with np.load(work / "x.npz", allow_pickle=False) as stored:
        arrays = [stored[name] for name in stored.files]
    x = arrays[0] if len(arrays) == 1 else arrays
    model = hls4ml.converters.keras_v2_to_hls(config)
    if mode == "trace":
        names = config["HLSConfig"].setdefault("LayerName", {})
        for layer in model.get_layers():
            names.setdefault(layer.name, {})["Trace"] = True
        model = hls4ml.converters.keras_v2_to_hls(config)
    model.compile()
    found = {"version": np.array(hls4ml.__version__)}
    if mode == "trace":
        y, traced = model.trace(x)
        found |= {f"trace/{name}": np.asarray(v, dtype=np.float64) for name, v in traced.items()}
    else:
        y = model.predict(x)
    outputs = y if isinstance(y, (list, tuple)) else [y]
    found |= {f"output/{i}": np.asarray(v, dtype=np.float64) for i, v in enumerate(outputs)}
    np.savez(work / "y.npz", **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
