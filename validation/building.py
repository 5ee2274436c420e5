"""Builds generated firmware with g++ and AMD's headers, and runs all vectors in one process.

``g++ -std=c++14 -O2 -DNDEBUG -isystem <headers> -I firmware``. Without NDEBUG the headers abort
on rounding casts that are legal; as system headers they give no warnings.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .errors import CheckFailedError, CouldNotRunError
from .tools import Compiler, Headers, find_compiler, find_headers

if TYPE_CHECKING:
    from generator import Project

    from .firmware import Firmware
    from .vectors import Vectors

__all__ = ["Run", "cosim", "run_limited"]

Raw = npt.NDArray[np.int64]

_FLAGS = ("-std=c++14", "-O2", "-DNDEBUG")
_SHOWN_LINES = 30


@dataclass(frozen=True, eq=False)
class Run:
    """Raw values of every tensor the C++ wrote, and how they were made.

    tensors: node name -> int64 (N, *shape). Times in seconds of wall clock.
    """

    tensors: dict[str, Raw]
    samples: int
    command: tuple[str, ...]
    compiler: Compiler
    headers: Headers
    compile_seconds: float
    run_seconds: float


def cosim(
    project: Project | Firmware,
    vectors: Vectors,
    *,
    trace: bool = True,
    headers: str | os.PathLike[str] | None = None,
    compiler: str | os.PathLike[str] = "g++",
    time_limit: float = 900.0,
) -> Run:
    """Raw values of every layer (``trace``) or of the outputs, from the C++ and AMD's headers.

    headers, compiler: see ``find_headers`` and ``find_compiler``. time_limit: seconds, for the
    compilation and for the run, each.
    Raises CouldNotRunError (a tool is missing, the limit passed), CheckFailedError (the firmware
    does not compile, dies, or its files are malformed), ValueError for bad headers.
    """
    found_headers, found_compiler = find_headers(headers), find_compiler(compiler)
    with tempfile.TemporaryDirectory(prefix="bitwright-cosim-") as folder:
        work = Path(folder)
        program = work / "cosim"
        command = _command(project, found_headers, found_compiler, program, trace=trace)
        compile_seconds = _compile(command, project.path, time_limit)
        run_seconds = _execute(program, project, vectors, work, time_limit)
        tensors = _read_tensors(project, vectors.samples, work / "out", trace=trace)
    shown = tuple("<program>" if part == str(program) else part for part in command)
    return Run(
        tensors, vectors.samples, shown, found_compiler, found_headers, compile_seconds, run_seconds
    )


def _command(
    project: Project | Firmware, headers: Headers, compiler: Compiler, program: Path, *, trace: bool
) -> list[str]:
    return [
        str(compiler.path),
        *_FLAGS,
        *(["-DBITWRIGHT_TRACE"] if trace else []),
        "-isystem",
        str(headers.path),
        "-I",
        "firmware",
        f"firmware/{project.name}.cpp",
        f"{project.name}_cosim.cpp",
        "-o",
        str(program),
    ]


def run_limited(
    command: Sequence[str],
    where: Path,
    limit: float,
    what: str,
    *,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str, str]:
    """Exit status, standard output and error of a command in a process group of its own.

    Raises CouldNotRunError after ``limit`` seconds; the whole group is ended then, or when this
    process is interrupted.
    """
    with subprocess.Popen(
        command,
        cwd=where,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            _end(process)
            raise CouldNotRunError(
                f"{what} took longer than {limit:g} s: allow more with --time-limit"
            ) from None
        except BaseException:
            _end(process)
            raise
    return process.returncode, out, err


def _end(process: subprocess.Popen[str]) -> None:
    """Kill the command and whatever it started, g++'s compiler proper above all."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
    process.communicate()


def _compile(command: Sequence[str], where: Path, limit: float) -> float:
    start = time.perf_counter()
    code, _, err = run_limited(command, where, limit, "compiling the firmware")
    if code:
        lines = [line for line in err.splitlines() if ": note: " not in line][:_SHOWN_LINES]
        raise CheckFailedError("the firmware does not compile:\n" + "\n".join(lines))
    return time.perf_counter() - start


def _execute(
    program: Path, project: Project | Firmware, vectors: Vectors, work: Path, limit: float
) -> float:
    (work / "in").mkdir()
    (work / "out").mkdir()
    for name, raw in vectors.raw.items():
        path = work / "in" / f"{project.tensor_files[name]}.bin"
        path.write_bytes(np.ascontiguousarray(raw, dtype="<i8").tobytes())
    start = time.perf_counter()
    code, out, err = run_limited(
        [str(program), str(work / "in"), str(work / "out")], work, limit, "running the firmware"
    )
    seconds = time.perf_counter() - start
    if code < 0:
        raise CheckFailedError(f"the firmware died of {signal.Signals(-code).name}: {err.strip()}")
    if code:
        raise CheckFailedError(f"the firmware's harness ended with status {code}: {err.strip()}")
    if f"samples {vectors.samples}" not in out.splitlines():
        raise CheckFailedError(
            f"the firmware's harness must report 'samples {vectors.samples}', not {out.strip()!r}"
        )
    return seconds


def _read_tensors(
    project: Project | Firmware, samples: int, folder: Path, *, trace: bool
) -> dict[str, Raw]:
    """Every tensor's file; one that is missing stays out, and the comparison says so."""
    graph = project.graph
    names = list(graph.values) if trace else list(graph.output_names)
    found: dict[str, Raw] = {}
    for name in names:
        path = folder / f"{project.tensor_files[name]}.bin"
        if not path.is_file():
            continue
        raw = np.fromfile(path, dtype="<i8").astype(np.int64, copy=False)
        shape = (samples, *graph.values[name].shape)
        if raw.size != int(np.prod(shape)):
            raise CheckFailedError(
                f"{path.name} must hold {int(np.prod(shape))} values, not {raw.size}"
            )
        found[name] = raw.reshape(shape)
    return found
