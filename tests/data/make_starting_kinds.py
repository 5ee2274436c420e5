"""Write starting_kinds.json: hls4ml's config_from_keras_model for every Keras 2 class there is.

pip install hls4ml==1.3.0
python -m tests.data.make_starting_kinds
"""

import json
import tempfile
from pathlib import Path

import hls4ml
from hls4ml.converters.keras_v2_to_hls import KerasFileReader

from tests.emu.test_starting_kinds import MODELS, RECORDED, files


def main() -> None:
    """The layers' entries at granularity name, with the keys of the Vitis back end."""
    found = {}
    for kind in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            path, weights = files(Path(folder), kind)
            reader = KerasFileReader({"KerasH5": str(weights)})
            hls4ml.converters.KerasModelReader = lambda model, reader=reader: reader
            made = hls4ml.utils.config_from_keras_model(
                json.loads(path.read_text()), granularity="name", backend="Vitis"
            )
        found[kind] = made["LayerName"]
    lines = (f" {json.dumps(kind)}: {json.dumps(entry)}" for kind, entry in found.items())
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
