"""Where the figures come from: processor, cores, versions, and what BLAS reaches."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["describe_machine", "limits"]

PACKAGES = ("numpy", "numba", "llvmlite", "hls4ml", "alkaid")


def describe_machine() -> dict[str, Any]:
    """Processor, cores this process may use, load at the start, versions."""
    from .limit import cores

    return {
        "processor": _processor(),
        "cores": cores(),
        "affinity": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "load at start": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "g++": _compiler(),
    }


def limits() -> dict[str, float]:
    """Multiply-adds a second of square float matrices, every core."""
    import numpy as np

    from .blas import multiply_adds_a_second

    return {
        name: multiply_adds_a_second(dtype)
        for name, dtype in (("float32", np.float32), ("float64", np.float64))
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _compiler() -> str | None:
    if shutil.which("g++") is None:
        return None
    done = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True, check=True)
    return done.stdout.strip()
