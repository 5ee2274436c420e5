"""The peers: hls4ml's compiled C simulation, kept between runs, and alkaid's interpreter."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.metadata
import importlib.util
import io
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from validation import CouldNotRunError
from validation.building import run_limited

from .networks import SEED
from .result import NotMeasuredError

__all__ = ["alkaid_network", "hls4ml_simulation", "require_hls4ml"]

ROOT = Path(__file__).resolve().parents[1]

Call = Callable[[np.ndarray], np.ndarray]


def hls4ml_simulation(
    project: Mapping[str, Any], cache: Path, *, build: bool = True, limit: float = 420.0
) -> Call:
    """``predict`` of hls4ml's model of ``project``, its library compiled into ``cache`` once.

    A project is found again by its configuration, the bytes of its model files and the versions
    of hls4ml and g++; its folder must stay where it is, as the library names its weights' folder.
    Raises NotMeasuredError where hls4ml or g++ is missing, conversion or compilation fails or takes
    more than ``limit`` seconds (now or before), or the library is not there and not ``build``.
    """
    require_hls4ml()
    folder = (cache / _key(project)).absolute()
    project = {**project, "OutputDir": str(folder)}
    outcome = folder / "outcome.json"
    if not outcome.is_file():
        if not build:
            raise NotMeasuredError(f"hls4ml's project is not compiled yet: {folder}")
        _build(project, folder, outcome, limit)
    found = json.loads(outcome.read_text())
    if "failed" in found:
        raise NotMeasuredError(found["failed"])
    model = _convert(project)
    # What model.compile() does after g++ has run.
    model._top_function_lib = ctypes.cdll.LoadLibrary(str(folder / found["library"]))
    return model.predict


def require_hls4ml() -> None:
    """Raise NotMeasuredError where hls4ml or g++ is missing."""
    if importlib.util.find_spec("hls4ml") is None:
        raise NotMeasuredError("hls4ml is not installed: pip install 'bitwright[benchmarks]'")
    if shutil.which("g++") is None:
        raise NotMeasuredError("g++ was not found: install it")


def _build(project: Mapping[str, Any], folder: Path, outcome: Path, limit: float) -> None:
    """Convert and compile in a process of its own, which may hang or be ended by an assert."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.json").write_text(json.dumps(project))
    command = [sys.executable, "-m", "benchmarks.peers", str(folder / "configuration.json")]
    start = time.perf_counter()
    try:
        code, out, err = run_limited(command, ROOT, limit, "hls4ml")
    except CouldNotRunError:
        found = {"failed": f"hls4ml's project did not compile in {limit:g} s"}
    else:
        seconds = time.perf_counter() - start
        libraries = list((folder / "firmware").glob("*.so"))
        if code or not libraries:
            last = ((out + err).strip().splitlines() or [f"status {code}"])[-1]
            found = {"failed": f"hls4ml's project did not compile: {last}"}
        else:
            found = {"library": str(libraries[0].relative_to(folder)), "seconds": f"{seconds:.1f}"}
    outcome.write_text(json.dumps(found))


def _convert(project: Mapping[str, Any]) -> Any:
    from hls4ml.converters import keras_v2_to_hls

    log = io.StringIO()
    try:
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            return keras_v2_to_hls(dict(project))
    except Exception as error:  # its converters raise plain Exception
        raise NotMeasuredError(f"hls4ml does not convert it: {_last(error)}") from error


def _last(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


def _key(project: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in ("KerasJson", "KerasH5"):
        digest.update(Path(project[name]).read_bytes())
    rest = {key: value for key, value in project.items() if key not in ("KerasJson", "KerasH5")}
    digest.update(json.dumps(rest, sort_keys=True).encode())
    digest.update(importlib.metadata.version("hls4ml").encode())
    digest.update(subprocess.run(["g++", "--version"], capture_output=True, check=True).stdout)
    return digest.hexdigest()[:16]


def alkaid_network(sizes: tuple[int, ...], cache: Path) -> tuple[Any, list[np.ndarray]]:
    """alkaid's logic of a dense network, and its weights as raw integers of fixed<8,1>.

    ``h = x in fixed<8,4>; h = sat(round(relu(h @ w))) in ufixed<8,4>`` between the layers; the last
    sum is exact. Optimised by alkaid once and kept in ``cache``.
    Raises NotMeasuredError where alkaid is not installed.
    """
    if importlib.util.find_spec("alkaid") is None:
        raise NotMeasuredError("alkaid is not installed: pip install 'bitwright[benchmarks]'")
    from alkaid.trace import FVArrayInput, trace
    from alkaid.trace.ops import quantize
    from alkaid.types import CombLogic

    rng = np.random.default_rng(SEED)
    weights = [rng.integers(-128, 128, shape) for shape in pairwise(sizes)]
    version = importlib.metadata.version("alkaid")
    file = cache / f"alkaid-{version}-{'-'.join(map(str, sizes))}-seed{SEED}.json.gz"
    if not file.is_file():
        x = FVArrayInput(sizes[0])
        h = quantize(x, 1, 3, 4)
        for i, raw in enumerate(weights):
            h = h @ (raw / 128.0)
            if i < len(weights) - 1:
                h = quantize(np.maximum(h, 0), 0, 4, 4, "SAT", "RND")
        cache.mkdir(parents=True, exist_ok=True)
        trace(x, h).save(file)
    return CombLogic.load(file), weights


if __name__ == "__main__":
    _convert(json.loads(Path(sys.argv[1]).read_text())).compile()
