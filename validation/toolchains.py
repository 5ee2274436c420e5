"""AMD's own tools where installed: runs the project's build.tcl, reads csim and cosim logs.

Exit statuses are not enough: Vitis HLS can end with 0 after a failed co-simulation, so a level
passes only where the log says that it passed.
Source: messages SIM 211-* and COSIM 212-* of Vitis HLS and Vivado HLS logs (UG1399, "C
Simulation", "C/RTL Co-Simulation"); the table of ``<top>_cosim.rpt``.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .building import run_limited
from .errors import CouldNotRunError
from .report import Level

if TYPE_CHECKING:
    from .firmware import Firmware
    from .vectors import Vectors

__all__ = [
    "COSIM",
    "CSIM",
    "CosimLatency",
    "VendorTool",
    "find_vendor_tool",
    "parse_cosim",
    "parse_cosim_report",
    "parse_csim",
    "run_vendor",
]

Raw = npt.NDArray[np.int64]

CSIM, COSIM = "csim-vendor", "rtl-cosim"

_CSIM_FAILURES = (
    (r"compilation error", "the testbench does not compile"),
    (r"nonzero return value(?: '(?P<code>-?\d+)')?", "the testbench found a difference"),
    (r"SIGSEGV|SIGABRT|SIGFPE", "the testbench died"),
    (r"CSim failed with errors", "CSim failed with errors"),
)
_COSIM_FAILURES = (
    (r"COSIM 212-360\]|C TB simulation failed", "the C testbench failed before the RTL ran"),
    (r"COSIM 212-361\]|C TB post check failed", "the RTL's outputs differ from the expected bits"),
    (r"deadlock detected", "the RTL deadlocks"),
    (r"COSIM 212-344\]|Rtl simulation failed", "the RTL simulation failed"),
    (r"COSIM 212-345\]", "this design cannot be co-simulated"),
    (r"COSIM 212-5\]", "the RTL testbench could not be generated"),
)


@dataclass(frozen=True)
class VendorTool:
    """``vitis-run`` or ``vitis_hls`` (``vivado_hls``), its path, and how it takes a Tcl script."""

    name: str
    path: Path
    arguments: tuple[str, ...]

    @property
    def command(self) -> list[str]:
        """The start of the command line; the Tcl script follows."""
        return [str(self.path), *self.arguments]


_TOOLS = (
    ("vitis-run", ("--mode", "hls", "--tcl")),
    ("vitis_hls", ("-f",)),
    ("vivado_hls", ("-f",)),
)


def find_vendor_tool() -> VendorTool | None:
    """``vitis-run`` on PATH, else ``vitis_hls``, else ``vivado_hls``; None where all are absent."""
    for name, arguments in _TOOLS:
        found = shutil.which(name)
        if found:
            return VendorTool(name, Path(found), arguments)
    return None


def parse_csim(log: str) -> tuple[str, str]:
    """Status and reason of the last C simulation in a log; silence is never a pass."""
    start = log.rfind("CSIM start")
    if start < 0:
        return "not run", f"the log has no C simulation{_first_error(log)}"
    part = log[start:]
    end = part.find("CSIM finish")
    part = part[: end + 200] if end >= 0 else part
    failure = _failure(part, _CSIM_FAILURES)
    if failure or re.search(r"^(ERROR|ERR|@E)\b", part, re.MULTILINE):
        return "failed", (failure or "the log has errors") + _first_error(part)
    if re.search(r"CSim done with 0 errors", part):
        return "passed", ""
    return "failed", "the C simulation did not finish: no 'CSim done with 0 errors' in the log"


def parse_cosim(log: str) -> tuple[str, str]:
    """Status and reason of the last co-simulation in a log; silence is never a pass."""
    start = log.rfind("Starting C TB testing")
    begun = start >= 0 or "C/RTL co-simulation" in log
    if not begun:
        return "not run", f"the log has no co-simulation{_first_error(log)}"
    part = log[max(start, 0) :]
    verdicts = re.findall(r"\*\*\* C/RTL co-simulation finished: (\w+) \*\*\*", part)
    failure = _failure(part, _COSIM_FAILURES)
    if verdicts and set(verdicts) == {"PASS"} and not failure:
        return "passed", ""
    if not verdicts and not failure:
        return "failed", "the co-simulation did not finish: no verdict in the log"
    return "failed", (failure or "the tool reports FAIL") + _first_error(part)


@dataclass(frozen=True)
class CosimLatency:
    """A row of ``<top>_cosim.rpt``: cycles, or None where the tool wrote NA."""

    rtl: str
    status: str
    latency_cycles: tuple[int | None, int | None, int | None]
    interval_cycles: tuple[int | None, int | None, int | None]
    total_cycles: int | None = None


def parse_cosim_report(text: str) -> list[CosimLatency]:
    """Rows of the report's table whose simulation ran; min, avg and max cycles each."""
    rows = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) < 8 or cells[0] not in ("Verilog", "VHDL") or cells[1].upper() == "NA":
            continue
        numbers = [int(cell) if cell.isdigit() else None for cell in cells[2:9]]
        rows.append(
            CosimLatency(
                cells[0],
                cells[1],
                (numbers[0], numbers[1], numbers[2]),
                (numbers[3], numbers[4], numbers[5]),
                numbers[6] if len(numbers) > 6 else None,
            )
        )
    return rows


def _failure(log: str, known: tuple[tuple[str, str], ...]) -> str:
    for pattern, meaning in known:
        if re.search(pattern, log, re.IGNORECASE):
            return meaning
    return ""


def _first_error(log: str) -> str:
    match = re.search(r"^(?:ERROR|ERR|@E)\b.*$", log, re.MULTILINE)
    return f": {match[0].strip()}" if match else ""


RTL_SAMPLES = 200
"""Vectors that the RTL simulation gets, spread evenly over all of them: it is slow."""


def run_vendor(
    project: Firmware,
    vectors: Vectors,
    expected: Mapping[str, Raw],
    *,
    tool: VendorTool,
    rtl: bool,
    time_limit: float,
) -> tuple[Level, Level]:
    """Levels ``csim-vendor`` and ``rtl-cosim`` from build.tcl, in a copy of the project.

    The copy's tb_data holds the sign-off's vectors and the emulator's outputs; the project's own
    testbench compares. The RTL gets RTL_SAMPLES of them. time_limit: seconds for each tool run.
    """
    every = np.arange(vectors.samples)
    csim = _level(CSIM, project, vectors, expected, every, tool, time_limit)
    if not rtl:
        return csim, Level(COSIM, "not run", "not asked for: --rtl runs it")
    some = np.unique(np.linspace(0, vectors.samples - 1, RTL_SAMPLES).astype(np.int64))
    return csim, _level(COSIM, project, vectors, expected, some, tool, time_limit)


def _level(
    name: str,
    project: Firmware,
    vectors: Vectors,
    expected: Mapping[str, Raw],
    rows: npt.NDArray[np.int64],
    tool: VendorTool,
    time_limit: float,
) -> Level:
    steps = {"CSIM": "0", "CSYNTH": "0", "COSIM": "0", "EXPORT": "0"}
    steps |= {"CSIM": "1"} if name == CSIM else {"CSYNTH": "1", "COSIM": "1"}
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="bitwright-vendor-") as folder:
        copy = Path(folder) / "project"
        shutil.copytree(project.path, copy)
        _write_vectors(copy, project, vectors, expected, rows)
        try:
            code, out, err = run_limited(
                [*tool.command, "build.tcl"],
                copy,
                time_limit,
                tool.name,
                environment={**os.environ, **steps},
            )
        except CouldNotRunError as error:
            return Level(name, "not run", str(error), time.perf_counter() - start)
        log = _log(copy, out + "\n" + err)
        status, reason = (parse_csim if name == CSIM else parse_cosim)(log)
        if status == "passed" and code:
            status, reason = "failed", f"{tool.name} ended with status {code} after a pass"
        if status == "passed":
            reason = f"{tool.name}, {len(rows)} vectors{_latency(copy)}"
    return Level(name, status, reason, time.perf_counter() - start)


def _write_vectors(
    folder: Path,
    project: Firmware,
    vectors: Vectors,
    expected: Mapping[str, Raw],
    rows: npt.NDArray[np.int64],
) -> None:
    raws = {value.name: vectors.raw[value.name] for value in project.graph.inputs}
    raws |= {name: expected[name] for name in project.graph.output_names}
    for name, raw in raws.items():
        path = folder / "tb_data" / f"{project.tensor_files[name]}.dat"
        np.savetxt(path, raw[rows].reshape(len(rows), -1), fmt="%d")


def _log(folder: Path, printed: str) -> str:
    """What the tool printed, and its log file where it printed little."""
    if "CSIM" in printed or "COSIM" in printed:
        return printed
    files = sorted(folder.glob("*hls.log"))
    return printed + "".join(file.read_text(errors="replace") for file in files)


def _latency(folder: Path) -> str:
    for file in folder.glob("*_prj/solution1/sim/report/*_cosim.rpt"):
        for row in parse_cosim_report(file.read_text(errors="replace")):
            low, _, high = row.latency_cycles
            if high is not None:
                return f", {row.rtl}: latency {low} to {high} cycles"
    return ""
