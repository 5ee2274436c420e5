"""Generated firmware, compiled with g++ and AMD's headers: raw integers in, raw integers out."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from generator import Project

STANDARD = "-std=c++14"

VENDOR = ("ap_fixed", "ap_int", "hls_stream")

STRICT = (
    *("-Wall", "-Wextra", "-Wconversion", "-Werror", "-Wno-unknown-pragmas"),
    *("-Wno-uninitialized", "-Wno-maybe-uninitialized"),
)
"""Warnings of our own code. g++ does not know the vendor's pragmas; and AMD's default constructors
read the bits they are about to set, which an optimising g++ reports in whoever declares a variable."""


def headers() -> Path | None:
    """AMD's ``ap_fixed.h`` as the hls4ml wheel carries it."""
    spec = importlib.util.find_spec("hls4ml")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "templates" / "vivado" / "ap_types"
    return folder if folder.is_dir() else None


@functools.cache
def parsed_headers() -> tuple[str, ...]:
    """Flags that spare g++ the parsing of AMD's headers: they lie beside the byte code, parsed.

    For C++14; nothing where that folder cannot be written. Which headers a file of ours includes
    is another test's matter (test_headers.py).
    """
    folder, own = headers(), Path(__file__).parent / "__pycache__"
    if folder is None:
        return ()
    command = ["g++", "-O0", STANDARD, "-DNDEBUG", "-isystem", str(folder)]
    version = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True)
    state = [(str(path), path.stat().st_mtime_ns) for path in sorted(folder.rglob("*.h"))]
    words = repr((version.stdout, command, state))
    target = own / f"vendor-{hashlib.sha256(words.encode()).hexdigest()[:16]}.h"
    parsed = target.with_suffix(".h.gch")
    if not parsed.is_file():
        try:
            own.mkdir(exist_ok=True)
            made = own / f"{target.stem}-{os.getpid()}"
            made.write_text("".join(f"#include <{name}.h>\n" for name in VENDOR))
            os.replace(made, target)  # whole, whoever else is writing it
        except OSError:
            return ()
        subprocess.run([*command, "-x", "c++-header", target, "-o", made], check=True)
        os.replace(made, parsed)
    return ("-include", str(target))


def require() -> None:
    """Skip the test, with the reason, where g++ or the headers are missing."""
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    if headers() is None:
        pytest.skip("needs AMD's headers: pip install 'bitwright[cosim]'")


def compiled(folder: Path, sources: Sequence[str], program: str, flags: Sequence[str]) -> Path:
    """``program`` built in ``folder``; AssertionError with the compiler's words where it fails.

    Without optimisation; the sources side by side, which are two.
    """
    command = ["g++", "-O0", STANDARD, "-DNDEBUG", *flags, "-isystem", str(headers())]
    if not any(flag.startswith("-std=") for flag in flags):
        command += parsed_headers()
    objects = [f"{program}_{k}.o" for k in range(len(sources))]

    def build(*arguments: str) -> None:
        done = subprocess.run(
            [*command, "-I", "firmware", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stderr[-6000:]

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda source, target: build("-c", source, "-o", target), sources, objects))
    build(*objects, "-o", program)
    return folder / program


def harness(project: Project, *, trace: bool = False, flags: Sequence[str] = ()) -> Path:
    """The bulk harness of a project."""
    sources = [f"firmware/{project.name}.cpp", f"{project.name}_cosim.cpp"]
    own = [*flags, *(["-DBITWRIGHT_TRACE"] if trace else [])]
    return compiled(project.path, sources, "traced" if trace else "bulk", own)


def testbench(project: Project, flags: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """What the self-checking testbench says and returns."""
    sources = [f"firmware/{project.name}.cpp", f"{project.name}_test.cpp"]
    program = compiled(project.path, sources, "bench", flags)
    return subprocess.run(
        [str(program)], cwd=project.path, capture_output=True, text=True, timeout=600
    )


def run(
    project: Project, program: Path, raws: Mapping[str, np.ndarray], names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Raw values of the tensors ``names`` for raw inputs (N, ...)."""
    given, found = project.path / "in", project.path / "out"
    for folder in (given, found):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    for name, raw in raws.items():
        raw.astype("<i8").tofile(given / f"{project.tensor_files[name]}.bin")
    done = subprocess.run(
        [str(program), str(given), str(found)], capture_output=True, text=True, timeout=900
    )
    samples = len(next(iter(raws.values())))
    assert (done.returncode, done.stdout) == (0, f"samples {samples}\n"), done.stderr
    return {
        name: np.fromfile(found / f"{project.tensor_files[name]}.bin", dtype="<i8").reshape(
            samples, *project.graph.values[name].shape
        )
        for name in names
    }
