"""Write digits_golden.npz: what hls4ml's own C simulation gives for the digits example.

    pip install torch==2.13.0 keras hls4ml==1.3.0
    KERAS_BACKEND=torch python tests/data/make_digits_golden.py

hls4ml 1.3.0 (Vitis backend, g++) converts bitwright/data/digits/config.yml and traces: the first
SAMPLES digits of x.npy, then rows that leave the training data (every pixel 0, 1, the largest
value, beyond it, negative, ties of the input cast). Arrays: ``x``, ``y`` and ``trace/<layer>``,
float64, exact: no format here is wider than 53 bits.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import hls4ml
import keras
import numpy as np
import yaml

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "bitwright" / "data" / "digits"
SAMPLES = 180


def inputs() -> np.ndarray:
    """Digits, then rows at and beyond the edges of the input format, as float64."""
    x = np.load(DIGITS / "x.npy")[:SAMPLES].astype(np.float64)
    rng = np.random.default_rng(0)
    edges = [np.full(64, value) for value in (0.0, 1.0, 63 / 32, 2.0, 100.0, -1.0, -1 / 64, 1 / 64)]
    ties = (rng.integers(0, 128, (6, 64)) + 0.5) / 64
    wide = rng.normal(0.5, 1.0, (6, 64))
    return np.ascontiguousarray(np.concatenate([x, np.array(edges), ties, wide]))


def main() -> None:
    """Convert, compile, trace, save."""
    model = keras.models.load_model(DIGITS / "digits.keras")
    config = yaml.safe_load((DIGITS / "config.yml").read_text())
    hls = config["HLSConfig"]
    for name in [layer.name for layer in model.layers] + ["pixels"]:
        hls["LayerName"].setdefault(name, {})["Trace"] = True
    x = inputs()
    with tempfile.TemporaryDirectory() as folder:
        project = hls4ml.converters.convert_from_keras_model(
            model, hls_config=hls, backend=config["Backend"], io_type=config["IOType"],
            output_dir=folder, project_name="digits",
        )
        project.compile()
        y, trace = project.trace(x)
    arrays = {f"trace/{name}": value.astype(np.float64) for name, value in trace.items()}
    path = Path(__file__).with_name("digits_golden.npz")
    np.savez_compressed(path, x=x, y=y, **arrays)
    sys.stdout.write(f"{path.name}: {len(x)} samples, layers {', '.join(trace)}\n")
    accuracy = np.mean(y[:SAMPLES].argmax(1) == np.load(DIGITS / "y.npy")[:SAMPLES])
    sys.stdout.write(f"accuracy of the C simulation on the digits: {accuracy:.4f}\n")
    for node in project.get_layers():
        precision = node.get_output_variable().type.precision
        sys.stdout.write(f"  {node.name}: {node.class_name} {precision}\n")


if __name__ == "__main__":
    main()
