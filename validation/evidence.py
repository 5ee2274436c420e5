"""signoff: runs every level that can run and gathers what it showed, and what it did not."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .building import Run, cosim
from .comparison import Comparison, compare
from .errors import CheckFailedError, CouldNotRunError
from .files import FileCheck, check_files
from .firmware import Firmware, open_firmware
from .report import Level, Report
from .toolchains import COSIM, CSIM, find_vendor_tool, run_vendor
from .tools import find_compiler, find_headers
from .vectors import Vectors, stimuli

if TYPE_CHECKING:
    from emu import Graph
    from generator import Project

__all__ = ["signoff"]

Raw = npt.NDArray[np.int64]
_ALONE = 16
"""Samples that the emulator level runs once more, one by one."""


def signoff(
    graph: Graph,
    project: Project | str | os.PathLike[str],
    x: Any,
    *,
    random: int = 1000,
    seed: int = 0,
    headers: str | os.PathLike[str] | None = None,
    compiler: str | os.PathLike[str] = "g++",
    time_limit: float = 900.0,
    vendor: bool = True,
    rtl: bool = False,
    sources: Mapping[str, str | os.PathLike[str]] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Every layer of the C++ == the emulator, on ``x``, corners and ``random`` rows, as a Report.

    project: what ``generate`` returned, or its folder. x: the user's samples, as ``graph.predict``
    takes them, or None. vendor: run AMD's C simulation where its tools are on PATH; rtl: also its
    C/RTL co-simulation. sources: files to record by hash, role -> path (model, configuration).
    progress: called with one line before each long step.
    A missing tool makes a level ``not run``; a difference makes it ``failed``; a file that is not
    as generated is a failure of its own. Raises ValueError for bad x, headers or project.
    """
    say = progress or (lambda text: None)
    firmware = open_firmware(graph, project)
    files = check_files(firmware.path, graph)
    vectors = stimuli(graph, x, random=random, seed=seed)
    if headers is not None:
        find_headers(headers)
    hashes = {role: _file_hash(Path(path)) for role, path in (sources or {}).items()}

    say(f"emulating {vectors.samples} vectors")
    expected, emulator = _emulate(graph, vectors)
    say("compiling the firmware with g++ and running it")
    run, comparison, gxx = _csim(
        firmware, vectors, expected, headers=headers, compiler=compiler, time_limit=time_limit
    )
    say("looking for AMD's tools")
    vendor_levels = _vendor(
        firmware, vectors, expected, vendor=vendor, rtl=rtl, time_limit=time_limit
    )
    levels = (emulator, gxx, *vendor_levels)
    agrees = comparison is not None and comparison.agrees
    body: dict[str, Any] = {
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "project": {"name": firmware.name, "folder": firmware.path.name},
        "model": _model(graph, hashes),
        "vectors": _vectors(vectors),
        "layers": [layer.to_dict() for layer in comparison.layers] if comparison else [],
        "compared": comparison.compared if comparison else 0,
        "differing": comparison.differing if comparison else 0,
        "first_divergence": (
            comparison.first.to_dict() | {"text": str(comparison.first)}
            if comparison and comparison.first
            else None
        ),
        "files": _files(files, levels, agrees=agrees),
        "tools": _tools(run, headers, compiler),
        "timing": _timing(run, emulator, vectors),
        "notes": list(graph.notes),
        "not_checked": _not_checked(graph, vectors, levels, comparison),
    }
    return Report(levels, body)


def _emulate(graph: Graph, vectors: Vectors) -> tuple[dict[str, Raw], Level]:
    """All layers of all vectors, and ``_self_check``'s verdict on them."""
    start = time.perf_counter()
    reals = vectors.reals(graph)
    expected = graph.trace(reals, raw=True)
    seconds = time.perf_counter() - start
    problem = _self_check(graph, vectors, reals, expected)
    return expected, Level("emulator", "failed" if problem else "passed", problem, seconds)


def _self_check(
    graph: Graph,
    vectors: Vectors,
    reals: Mapping[str, npt.NDArray[np.float64]],
    expected: Mapping[str, Raw],
) -> str:
    """What is wrong with the emulator's values, or nothing.

    Inputs come back as given, every raw value fits its format, and samples run alone through
    ``predict`` give the bits they give in the batch through ``trace``.
    """
    for name, raw in vectors.raw.items():
        if not np.array_equal(expected[name], raw):
            return f"input {name}: the emulator does not read back the raw values of the vectors"
    for value in graph.values.values():
        raw = expected[value.name]
        if raw.size and not (
            value.format.raw_min <= raw.min() and raw.max() <= value.format.raw_max
        ):
            return f"layer {value.name}: raw values leave {value.format}"
    rows = np.linspace(0, vectors.samples - 1, min(_ALONE, vectors.samples)).astype(np.int64)
    for row in rows:
        one = {name: array[row : row + 1] for name, array in reals.items()}
        alone = graph.predict(one, raw=True)
        for name, raw in zip(graph.output_names, _listed(graph, alone), strict=True):
            if not np.array_equal(raw[0], expected[name][row]):
                return f"output {name}: sample {row} alone gives other bits than in its batch"
    return ""


def _listed(graph: Graph, found: Any) -> list[Raw]:
    return [found] if len(graph.output_names) == 1 else list(found)


def _csim(
    firmware: Firmware, vectors: Vectors, expected: Mapping[str, Raw], **options: Any
) -> tuple[Run | None, Comparison | None, Level]:
    """All layers of the traced build, and the outputs of the build as it ships."""
    name = "csim-g++"
    try:
        run = cosim(firmware, vectors, **options)
        plain = cosim(firmware, vectors, trace=False, **options)
    except CouldNotRunError as error:
        return None, None, Level(name, "not run", str(error))
    except CheckFailedError as error:
        return None, None, Level(name, "failed", str(error))
    comparison = compare(firmware.graph, expected, run.tensors, groups=vectors.groups)
    seconds = sum(r.compile_seconds + r.run_seconds for r in (run, plain))
    if not comparison.agrees:
        return run, comparison, Level(name, "failed", _difference(comparison), seconds)
    for output in firmware.graph.output_names:
        if not np.array_equal(plain.tensors.get(output), expected[output]):  # type: ignore[arg-type]
            reason = f"output {output} differs where the firmware is compiled without trace"
            return run, comparison, Level(name, "failed", reason, seconds)
    computed = [layer for layer in comparison.layers if layer.operator != "input"]
    if not any(layer.counts for layer in computed):
        reason = (
            f"no evidence: layer {computed[-1].layer} {computed[-1].verdict}, and no other counts;"
            " give samples that move the layers"
        )
        return run, comparison, Level(name, "not run", reason, seconds)
    outputs = [layer for layer in computed if layer.layer in firmware.graph.output_names]
    weak = "; ".join(f"output {o.layer} {o.verdict}" for o in outputs if not o.counts)
    return run, comparison, Level(name, "passed", weak, seconds)


def _difference(comparison: Comparison) -> str:
    if comparison.first:
        return f"{comparison.differing} of {comparison.compared} values differ; {comparison.first}"
    layer = next(layer for layer in comparison.layers if not layer.agrees)
    return f"layer {layer.layer}: {layer.verdict}"


def _vendor(
    firmware: Firmware,
    vectors: Vectors,
    expected: Mapping[str, Raw],
    *,
    vendor: bool,
    rtl: bool,
    time_limit: float,
) -> tuple[Level, Level]:
    tool = find_vendor_tool()
    if tool is None:
        reason = "no vitis-run, vitis_hls or vivado_hls on PATH"
        return Level(CSIM, "not run", reason), Level(COSIM, "not run", reason)
    if not vendor:
        return Level(CSIM, "not run", "not asked for"), Level(COSIM, "not run", "not asked for")
    return run_vendor(firmware, vectors, expected, tool=tool, rtl=rtl, time_limit=time_limit)


# ---- the record ------------------------------------------------------------------------------


def _file_hash(path: Path) -> dict[str, str]:
    return {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def _json_hash(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _model(graph: Graph, hashes: Mapping[str, Any]) -> dict[str, Any]:
    from emu.tables import libm_version

    return {
        "graph_sha256": hashlib.sha256(graph.to_json().encode()).hexdigest(),
        "configuration_sha256": _json_hash(dict(graph.config)),
        "sources": dict(hashes),
        "libm": libm_version(),
        "tables": {name: table.sha256 for name, table in graph.tables().items()},
        "multiplications": graph.multiplications(),
    }


def _vectors(vectors: Vectors) -> dict[str, Any]:
    return {
        "samples": vectors.samples,
        "groups": [{"name": name, "samples": count} for name, count in vectors.groups],
        "seed": vectors.seed,
        "sha256": vectors.sha256,
        "notes": list(vectors.notes),
    }


def _files(files: FileCheck, levels: tuple[Level, ...], *, agrees: bool) -> dict[str, Any]:
    ran = next(level for level in levels if level.name == "csim-g++").status
    headline = ""
    if not files.equal:
        headline = "files differ"
        if agrees and not any(level.status == "failed" for level in levels):
            headline += ", no vector shows it"
        elif ran == "not run":
            headline += ", no vector was run"
    return {
        "status": "equal" if files.equal else "differ",
        "headline": headline,
        "problems": files.problems,
        "listed": files.listed,
        "manifest_sha256": files.manifest_sha256,
        "not_listed_outside_the_build": list(files.others),
        "sha256": dict(files.hashes),
    }


def _tools(
    run: Run | None,
    headers: str | os.PathLike[str] | None,
    compiler: str | os.PathLike[str],
) -> dict[str, str]:
    """Versions and hashes; of g++ and the headers also where the firmware did not compile."""
    tools = {
        "bitwright": _version("bitwright"),
        "python": platform.python_version(),
        "numpy": _version("numpy"),
        "numba": _version("numba"),
        "platform": platform.platform(),
    }
    with contextlib.suppress(CouldNotRunError):
        tools["g++"] = find_compiler(compiler).version
    with contextlib.suppress(CouldNotRunError):
        found = find_headers(headers)
        tools["headers"] = f"{found.path} (from: {found.source})"
        tools["headers sha256"] = f"{found.sha256} ({found.files} files)"
    if run is not None:
        tools["command"] = " ".join(run.command)
    return tools


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "source tree"


def _timing(run: Run | None, emulator: Level, vectors: Vectors) -> dict[str, float]:
    timing = {"emulator_seconds": round(emulator.seconds, 4)}
    if run is not None:
        timing["compile_seconds"] = round(run.compile_seconds, 3)
        timing["cpp_seconds"] = round(run.run_seconds, 4)
    return timing


def _not_checked(
    graph: Graph, vectors: Vectors, levels: tuple[Level, ...], comparison: Comparison | None
) -> list[str]:
    lines = [
        f"inputs other than the {vectors.samples} vectors: agreement on them is shown, not proved",
        "the cast of real numbers into the input formats: the C++ is given raw values",
        "how good the network is: bits are compared, not accuracy",
    ]
    if not all(level.status == "passed" for level in levels[2:]):
        lines.append("synthesis, timing and resources of the hardware")
    lines += [f"{level.name}: {level.reason}" for level in levels if level.status == "not run"]
    for layer in comparison.layers if comparison else ():
        if layer.agrees and not layer.counts:
            lines.append(f"layer {layer.layer}: {layer.verdict}")
    lines += vectors.notes
    return lines
