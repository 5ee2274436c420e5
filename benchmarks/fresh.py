"""Rows that need processes of their own: time to first bits, cost of import, peak memory.

``python -m benchmarks.fresh TASK SPEC.json`` is such a process; it prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .networks import Network
    from .result import Context, Result

__all__ = ["FirstBitsRow", "ImportRow", "MemoryRow"]

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = 100
"""Samples of the first prediction."""


# ---- the process -----------------------------------------------------------------------------


def _emulator(spec: Mapping[str, str]) -> dict[str, Any]:
    start = time.perf_counter()
    import emu

    imported = time.perf_counter()
    graph = emu.load(
        spec["KerasJson"], weights=spec["KerasH5"], config=json.loads(Path(spec["hls"]).read_text())
    )
    loaded = time.perf_counter()
    import numpy as np

    y = graph.predict(np.load(spec["x"]))
    end = time.perf_counter()
    np.save(spec["y"], y)
    return {
        "seconds": end - start,
        "import": imported - start,
        "load": loaded - imported,
        "predict": end - loaded,
    }


def _hls4ml(spec: Mapping[str, str]) -> dict[str, Any]:
    start = time.perf_counter()
    import hls4ml
    import numpy as np

    model = hls4ml.converters.keras_v2_to_hls(json.loads(Path(spec["project"]).read_text()))
    model.compile()
    y = model.predict(np.load(spec["x"]))
    seconds = time.perf_counter() - start
    np.save(spec["y"], y)
    return {"seconds": seconds}


def _import(spec: Mapping[str, str]) -> dict[str, Any]:
    start = time.perf_counter()
    __import__(spec["name"])
    return {"seconds": time.perf_counter() - start}


def _memory(spec: Mapping[str, Any]) -> dict[str, Any]:
    import numpy as np

    import emu

    graph = emu.load(
        spec["KerasJson"], weights=spec["KerasH5"], config=json.loads(Path(spec["hls"]).read_text())
    )
    x = np.empty((spec["samples"], *graph.inputs[0].shape))
    np.random.default_rng(0).standard_normal(out=x)
    graph.predict(x[:SAMPLES])
    before = _status("VmRSS")
    y = graph.predict(x)
    return {"before": before, "peak": _status("VmHWM"), "x": x.nbytes, "y": y.nbytes}


def _status(key: str) -> int:
    """Bytes; not getrusage, whose maximum a process takes over from the one that started it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


TASKS = {"emulator": _emulator, "hls4ml": _hls4ml, "import": _import, "memory": _memory}


# ---- the rows --------------------------------------------------------------------------------


def _run(task: str, spec: Mapping[str, Any], cache: Path | None = None) -> dict[str, Any]:
    """What a fresh process prints last; ``cache`` is where numba keeps compiled kernels."""
    environment = dict(os.environ)
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = str(cache)
    command = [sys.executable, "-m", "benchmarks.fresh", task, json.dumps(dict(spec))]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _files(network: Network, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Files of ``network`` in fixed<16,6> for both processes, and hls4ml's configuration."""
    import numpy as np

    from . import networks

    hls = networks.configuration("fixed<16,6>")
    (folder / "hls.json").write_text(json.dumps(hls))
    np.save(folder / "x.npy", networks.inputs(network.shape, SAMPLES))
    spec = {"KerasJson": str(network.json), "KerasH5": str(network.h5)}
    spec |= {"hls": str(folder / "hls.json"), "x": str(folder / "x.npy")}
    return spec, {**networks.project(network, hls), "OutputDir": str(folder / "project")}


@dataclass(frozen=True)
class FirstBitsRow:
    """Seconds from the import to the first outputs in a fresh process, beside hls4ml's.

    cold: no kernel has ever been compiled; otherwise the cache on disk is full. peer: False where
    hls4ml cannot compile the network.
    """

    network: str
    cold: bool
    most_seconds: float
    peer: bool = True

    @property
    def name(self) -> str:
        """Unique."""
        return f"{self.network}, first bits, {'cold' if self.cold else 'warm'}"

    def measure(self, context: Context, result: Result) -> None:
        """hls4ml converts, compiles and predicts once for both rows of a network."""
        import numpy as np

        result.target = f"<= {self.most_seconds:g} s"
        network = context.load(self.network, result).network
        with tempfile.TemporaryDirectory(dir=context.work) as name:
            folder = Path(name)
            spec, project = _files(network, folder)
            spec["y"] = str(folder / "y.npy")
            times = []
            if not self.cold:
                _run("emulator", spec, folder / "cache")
            for turn in range(1 if context.quick else 3):
                cache = folder / (f"cache{turn}" if self.cold else "cache")
                times.append(_run("emulator", spec, cache))
            best = min(times, key=lambda found: found["seconds"])
            result.emulator = f"{best['seconds']:.2f} s"
            result.met = best["seconds"] <= self.most_seconds
            result.details = {"runs": times}
            imports = _run("import", {"name": "numba"})["seconds"]
            result.limit = f"import numba alone {imports:.2f} s"
            result.share_of_limit = imports / best["seconds"]
            if self.peer:
                peer = self._peer(context, spec, project, folder)
                result.equal = bool(np.array_equal(np.load(spec["y"]), peer["y"]))
                result.peer = f"hls4ml {peer['seconds']:.1f} s"
                result.ratio = peer["seconds"] / best["seconds"]
                result.details |= {"hls4ml_s": peer["seconds"], "compared samples": SAMPLES}

    def _peer(
        self, context: Context, spec: dict[str, Any], project: dict[str, Any], folder: Path
    ) -> dict[str, Any]:
        import numpy as np

        from .peers import require_hls4ml

        require_hls4ml()
        key = f"first bits of {self.network}"
        if key not in context.seen:
            (folder / "project.json").write_text(json.dumps(project))
            own = {"project": str(folder / "project.json"), "x": spec["x"]}
            own["y"] = str(folder / "theirs.npy")
            context.seen[key] = _run("hls4ml", own) | {"y": np.load(own["y"])}
        return context.seen[key]  # type: ignore[no-any-return]


@dataclass(frozen=True)
class ImportRow:
    """Seconds of ``import emu`` in a fresh process, beside ``import numpy``."""

    most_seconds: float
    name: str = "import emu"

    def measure(self, context: Context, result: Result) -> None:
        """The ratio is numpy's share."""
        turns = 1 if context.quick else 5
        least = {
            name: min(_run("import", {"name": name})["seconds"] for _ in range(turns))
            for name in ("emu", "numpy")
        }
        result.emulator, result.peer = (
            f"{least['emu']:.3f} s",
            f"import numpy {least['numpy']:.3f} s",
        )
        result.ratio = least["numpy"] / least["emu"]
        result.target, result.met = f"<= {self.most_seconds:g} s", least["emu"] <= self.most_seconds
        result.limit = "numpy's own import"
        result.share_of_limit = result.ratio
        result.details = {"seconds": least}


@dataclass(frozen=True)
class MemoryRow:
    """Peak memory of ``predict`` beyond its input and output, for growing numbers of samples."""

    network: str
    samples: tuple[int, ...]
    most_bytes: int

    @property
    def name(self) -> str:
        """Unique."""
        return f"{self.network}, peak memory"

    def measure(self, context: Context, result: Result) -> None:
        """The greatest working set counts; each number of samples has its own process."""
        result.target = f"<= {self.most_bytes / 1e6:.0f} MB"
        network = context.load(self.network, result).network
        with tempfile.TemporaryDirectory(dir=context.work) as name:
            folder = Path(name)
            spec, _ = _files(network, folder)
            found = {}
            _run("memory", {**spec, "samples": SAMPLES}, folder / "cache")  # fills the cache
            for samples in self.samples:
                count = context.samples(samples)
                run = _run("memory", {**spec, "samples": count}, folder / "cache")
                found[count] = run | {"working": run["peak"] - run["before"] - run["y"]}
        worst = max(run["working"] for run in found.values())
        largest = found[max(found)]
        result.emulator = ", ".join(
            f"{samples:.0e}: {run['working'] / 1e6:.1f} MB" for samples, run in found.items()
        ).replace("e+0", "e")
        result.peer = f"input and output {(largest['x'] + largest['y']) / 1e6:.0f} MB"
        result.ratio = (largest["x"] + largest["y"]) / max(largest["working"], 1)
        result.met = worst <= self.most_bytes
        result.limit = f"{self.most_bytes / 1e6:.0f} MB, the working set allowed"
        result.share_of_limit = worst / self.most_bytes
        result.details = {"bytes": {str(samples): run for samples, run in found.items()}}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(TASKS[sys.argv[1]](json.loads(sys.argv[2]))) + "\n")
