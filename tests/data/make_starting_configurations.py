"""Write starting_configurations.json: hls4ml's config_from_keras_model for the digits example.

    pip install torch==2.13.0 keras hls4ml==1.3.0
    KERAS_BACKEND=torch python tests/data/make_starting_configurations.py
"""

import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import hls4ml
import keras

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """One dictionary per granularity."""
    model = keras.models.load_model(ROOT / "bitwright" / "data" / "digits" / "digits.keras")
    made = {
        granularity: hls4ml.utils.config_from_keras_model(model, granularity, backend="Vitis")
        for granularity in ("model", "type", "name")
    }
    path = Path(__file__).with_name("starting_configurations.json")
    path.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
