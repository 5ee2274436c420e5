"""hls4ml's own C simulation as a peer: converted, compiled and run in a process of its own.

Its asserts end the process they run in, and a conversion may hang; neither reaches the caller.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .building import run_limited
from .errors import CheckFailedError, CouldNotRunError

__all__ = ["PeerRun", "run_hls4ml"]

Real = npt.NDArray[np.float64]

_NEEDS = "hls4ml 1.3.0 was not found: pip install 'bitwright[cosim]'"
_WORKER = Path(__file__).with_name("peer_process.py")


@dataclass(frozen=True, eq=False)
class PeerRun:
    """What hls4ml gives: outputs in model order, and every layer it traces, float64.

    log: what the conversion and the compiler printed.
    """

    outputs: list[Real]
    trace: dict[str, Real]
    version: str
    log: str


def run_hls4ml(
    config: Mapping[str, Any],
    x: npt.ArrayLike | list[npt.ArrayLike],
    *,
    trace: bool = True,
    time_limit: float = 900.0,
) -> PeerRun:
    """Outputs and layers of hls4ml's C simulation of ``config`` on ``x``.

    config: hls4ml's dictionary with KerasJson and KerasH5 (Keras 2); OutputDir is a temporary
    folder, whatever it says. x: float64 (N, *input shape), a list for several inputs.
    Raises CouldNotRunError (hls4ml or g++ is missing, the limit passed), CheckFailedError with the
    last lines of its log where it fails or one of its asserts ends it; ValueError for a
    configuration whose bits are not hls4ml's.
    """
    model = (config.get("HLSConfig") or {}).get("Model") or {}
    if model.get("Numerics", "hls4ml") != "hls4ml":
        raise ValueError(
            f"Numerics of config must be hls4ml, not {model['Numerics']!r}: hls4ml does not know it"
            " and gives its own bits"
        )
    if importlib.util.find_spec("hls4ml") is None:
        raise CouldNotRunError(_NEEDS)
    arrays = [
        np.ascontiguousarray(a, dtype=np.float64) for a in (x if isinstance(x, list) else [x])
    ]
    with tempfile.TemporaryDirectory(prefix="bitwright-peer-") as folder:
        work = Path(folder)
        document = {**config, "OutputDir": str(work / "project")}
        for key in ("KerasJson", "KerasH5"):
            if document.get(key) is not None:
                document[key] = os.path.abspath(document[key])
        (work / "config.json").write_text(json.dumps(document, default=str), encoding="utf-8")
        np.savez(work / "x.npz", *arrays)
        command = [sys.executable, str(_WORKER), str(work), "trace" if trace else "predict"]
        code, out, err = run_limited(command, work, time_limit, "hls4ml's C simulation")
        log = out + err
        if code or not (work / "y.npz").is_file():
            tail = "\n".join(log.strip().splitlines()[-12:])
            how = f"died of signal {-code}" if code < 0 else f"ended with status {code}"
            raise CheckFailedError(f"hls4ml's C simulation {how}:\n{tail}")
        with np.load(work / "y.npz", allow_pickle=False) as found:
            values = {name: found[name] for name in found.files}
    version = str(values.pop("version"))
    outputs = [values[f"output/{i}"] for i in range(sum(k.startswith("output/") for k in values))]
    traced = {k.removeprefix("trace/"): v for k, v in values.items() if k.startswith("trace/")}
    return PeerRun(outputs, traced, version, log)
