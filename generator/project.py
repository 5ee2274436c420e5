"""Graph + schedule -> a self-contained HLS project; one generic path for all operators.

Layout and entry are hls4ml's: ``firmware/<project>.cpp`` holds the top function ``<project>`` with
inputs, then outputs, in model order; ``defines.h`` one type per layer, ``input_t``, ``result_t``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from emu import Graph
from emu.op import Op
from emu.ops import Reshape
from fxp import NARROW_WIDTH

from . import cxx
from .backends import BACKENDS, Backend
from .calls import Call, kernel_call
from .errors import ProjectError
from .headers import kernel_headers, read_header
from .schedule import Schedule
from .stream import streams, walk_headers
from .tensors import Tensor, aliases, inputs_of, is_kernel, ports, tensors

__all__ = ["MANIFEST", "Project", "ProjectError", "generate"]

MANIFEST = "manifest.json"
_COMMON = {
    "firmware/{name}.h": "common/top.h.j2",
    "firmware/defines.h": "common/defines.h.j2",
    "firmware/parameters.h": "common/parameters.h.j2",
    "{name}_test.cpp": "common/test.cpp.j2",
    "{name}_cosim.cpp": "common/cosim.cpp.j2",
    "Makefile": "common/Makefile.j2",
}
_PARALLEL = {"firmware/{name}.cpp": "common/top.cpp.j2"}
_STREAM = {
    "firmware/{name}.cpp": "stream/top.cpp.j2",
    "firmware/layers.h": "stream/layers.h.j2",
}
_FILES = ("defines", "layers", "parameters")
_SHARED_HEADERS = ("platform.hpp", "platform/ap.hpp", "trace.hpp")
_STREAM_HEADERS = ("platform/ap_stream.hpp", "stream.hpp")
_TEST_VECTORS = 32
_SEED = 20


@dataclass(frozen=True, eq=False)
class Project:
    """A written project.

    path: its folder. name: the top function. graph, schedule: what it was made from. manifest: hash
    of every file. tensor_files: graph tensor -> stem of its file in the bulk harness.
    """

    path: Path
    name: str
    graph: Graph
    schedule: Schedule
    backend: str
    manifest: Mapping[str, Any]
    tensor_files: Mapping[str, str]


def generate(
    graph: Graph,
    directory: str | os.PathLike[str],
    *,
    backend: str = "vitis",
    schedule: Schedule | None = None,
) -> Project:
    """Write ``directory`` whole, or leave it as it was; an older project of ours is replaced.

    schedule: by default what ``graph.config`` says. Raises ProjectError for an unknown back end or
    a directory that is not ours, ValueError where the graph cannot have the schedule.
    """
    flow = _backend(backend)
    schedule = Schedule.from_config(graph.config) if schedule is None else schedule
    schedule.check(graph)
    _require_narrow(graph)
    target = Path(directory)
    _require_ours(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        whole = scratch / target.name
        manifest, name, stems = _write(whole, graph, schedule, flow)
        _exchange(whole, target, scratch / "old")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Project(target, name, graph, schedule, flow.name, manifest, stems)


def _exchange(whole: Path, target: Path, old: Path) -> None:
    """Put ``whole`` in the place of ``target``; where that fails, ``target`` stays what it was."""
    replaced = target.exists()
    if replaced:
        target.rename(old)
    try:
        whole.rename(target)
    except BaseException:
        if replaced:
            old.rename(target)
        raise


def _require_narrow(graph: Graph) -> None:
    """Tensors, weights and tables travel as 64-bit integers; accumulators may be wider."""
    formats = {value.name: value.format for value in graph.values.values()}
    for node in graph.nodes:
        for key, item in {**node.op.constants(), **node.op.tables()}.items():
            formats[f"{key} of {node.name}"] = item.format
    for name, format in formats.items():
        if format.width > NARROW_WIDTH:
            raise ProjectError(
                f"{name} must have at most {NARROW_WIDTH} bits in firmware, not {format};"
                " set its Precision, or bound automatic types with Model: Precision: maximum"
            )


def _backend(backend: str) -> Backend:
    try:
        return BACKENDS[str(backend).lower()]
    except KeyError:
        known = ", ".join(BACKENDS)
        raise ProjectError(f"backend must be one of {known}, not {backend!r}") from None


def _require_ours(target: Path) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    try:
        ours = "bitwright_project" in json.loads((target / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        ours = False
    if not ours:
        raise ProjectError(
            f"directory must be new, empty or a Bitwright project, not {str(target)!r}:"
            " it holds other files; choose another one"
        )


def _write(
    folder: Path, graph: Graph, schedule: Schedule, flow: Backend
) -> tuple[dict[str, Any], str, dict[str, str]]:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("generator"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    context = _context(graph, schedule, flow)
    name = context["name"]
    own = _STREAM if context["stream"] else _PARALLEL
    texts = {
        path.format(name=name): environment.get_template(template).render(context)
        for path, template in {**_COMMON, **own, **flow.scripts}.items()
    }
    array = environment.get_template("common/weights.h.j2")
    for call in context["calls"]:
        for item in call.arrays:
            texts[f"firmware/weights/{item.name}.h"] = array.render(array=item)
    for header, where in context["headers"].items():
        texts[f"firmware/bitwright/{header}"] = read_header(header, where)
    texts |= _vectors(graph, context)
    texts["graph.json"] = graph.to_json()
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")
    manifest = _manifest(texts, graph, flow)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest, name, dict(context["stems"])


def _manifest(texts: Mapping[str, str], graph: Graph, flow: Backend) -> dict[str, Any]:
    try:
        release = version("bitwright")
    except PackageNotFoundError:
        release = "not installed"
    config = json.dumps(graph.config, sort_keys=True, default=str)
    return {
        "bitwright_project": 1,
        "generator": release,
        "backend": flow.name,
        "configuration_sha256": _sha256(config),
        "graph_sha256": _sha256(texts["graph.json"]),
        "files": {path: _sha256(text) for path, text in sorted(texts.items())},
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _context(graph: Graph, schedule: Schedule, flow: Backend) -> dict[str, Any]:
    config = graph.config
    name = str(config.get("ProjectName", "myproject"))
    if cxx.identifier(name) != name:
        raise ProjectError(
            f"ProjectName must be a C++ identifier, not {name!r}; {cxx.identifier(name)!r} is one"
        )
    if name in _FILES:
        raise ProjectError(
            f"ProjectName must not be one of {', '.join(_FILES)}, not {name!r}:"
            " the project has files of these names"
        )
    fields = {f"_{key}" for node in graph.nodes for key in _arrays_of(node.op)}
    stems = cxx.identifiers(graph.values, taken=[name], suffixes={*cxx.SUFFIXES, *fields})
    known = tensors(graph, stems)
    ends = ports(graph, known)
    if schedule.io_type == "io_stream":
        wired = streams(graph, schedule, stems, known, ends)
        calls = [layer.call for layer in wired.layers]
        own: dict[str, Any] = {"streams": wired}
        shared = [*_SHARED_HEADERS, *_STREAM_HEADERS, *walk_headers(wired)]
    else:
        calls, own = _arrays(graph, schedule, stems, known, ends)
        shared = [*_SHARED_HEADERS]
    style, interval = schedule.style()
    kernels = {f"{name}.hpp" for call in calls for name in (call.header, call.wrapped) if name}
    return {
        **own,
        "name": name,
        "guard": re.sub(r"\W", "_", name).upper(),
        "stream": schedule.io_type == "io_stream",
        "inputs": [known[value.name] for value in graph.inputs],
        "outputs": list(ends.values()),
        "types": [known[node.name] for node in graph.nodes if not isinstance(node.op, Reshape)],
        "aliases": aliases(graph, known),
        "calls": calls,
        "headers": dict.fromkeys(shared, Path()) | kernel_headers(graph, kernels, shared),
        "style": style,
        "interval": interval,
        "stems": stems,
        "backend": flow.name,
        "part": _setting(config, "Part", "xcvu13p-flga2577-2-e", r"[\w.-]+", "a part number"),
        "clock_period": _setting(config, "ClockPeriod", 5, _NUMBER, "a number of ns"),
        "clock_uncertainty": _setting(
            config, "ClockUncertainty", flow.clock_uncertainty, _NUMBER + "%?", "ns or a percentage"
        ),
    }


def _arrays_of(op: Op) -> set[str]:
    return {*op.constants(), *op.tables()}


def _arrays(
    graph: Graph,
    schedule: Schedule,
    stems: Mapping[str, str],
    known: Mapping[str, Tensor],
    ends: Mapping[str, Tensor],
) -> tuple[list[Call], dict[str, Any]]:
    """io_parallel: every tensor is an array, every layer a call."""
    kernels = [node for node in graph.nodes if is_kernel(node)]
    calls = [
        kernel_call(node.name, stems[node.name], node.op, inputs_of(graph, node), schedule)
        for node in kernels
    ]
    own = {port.variable for port in ends.values()}
    return calls, {
        "inner": [known[node.name] for node in kernels if known[node.name].variable not in own],
        "copies": [
            (known[name].variable, port)
            for name, port in ends.items()
            if port.variable != known[name].variable
        ],
        "traced": list(known.values()),
        "layers": [
            (call, [known[name].variable for name in node.inputs], known[node.name].variable)
            for call, node in zip(calls, kernels, strict=True)
        ],
    }


_NUMBER = r"\d+(\.\d+)?"


def _setting(config: Mapping[str, Any], key: str, default: Any, form: str, what: str) -> str:
    """A setting as it goes into a script, where nothing but its own form may stand."""
    value = config.get(key)
    text = str(default if value is None else value)
    if not re.fullmatch(form, text):
        raise ProjectError(f"{key} must be {what}, not {value!r}")
    return text


def _vectors(graph: Graph, context: Mapping[str, Any]) -> dict[str, str]:
    """Raw inputs (bounds, zero, random) and the emulator's outputs, one sample a line."""
    rng = np.random.default_rng(_SEED)
    raws = {}
    for value in graph.inputs:
        low, high = value.format.raw_min, value.format.raw_max
        rows = np.concatenate(
            [
                np.array([low, high, 0, min(1, high), max(-1, low)])[:, None]
                * np.ones(value.size, np.int64),
                rng.integers(low, high, (_TEST_VECTORS - 5, value.size), endpoint=True),
            ]
        )
        raws[value.name] = rows.astype(np.int64)
    x = {
        value.name: np.ldexp(raws[value.name].astype(np.float64), -value.format.frac).reshape(
            -1, *value.shape
        )
        for value in graph.inputs
    }
    traced = graph.trace(x, raw=True)
    texts = {}
    for value in [*graph.inputs, *graph.outputs]:
        rows = traced[value.name].reshape(_TEST_VECTORS, -1)
        lines = (" ".join(map(str, row)) for row in rows.tolist())
        texts[f"tb_data/{context['stems'][value.name]}.dat"] = "\n".join(lines) + "\n"
    return texts
