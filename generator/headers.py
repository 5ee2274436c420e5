"""The headers of a project: those of its kernels and what they include, ours or the user's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from emu import Graph
from emu.ops import TimeDistributed

from .errors import ProjectError

__all__ = ["kernel_headers", "read_header"]


def kernel_headers(graph: Graph, kernels: Iterable[str], shared: Iterable[str]) -> dict[str, Path]:
    """``{file name: folder}`` of the headers ``kernels`` and of what they include, in that order.

    shared: headers that every project has. The folder of one of ours is ``Path()``. Raises
    ProjectError for an own header that is missing, or has the name of one of ours.
    """
    own = _own(graph)
    given = set(shared)
    found: dict[str, Path] = {}
    waiting = set(kernels)
    while waiting:
        name = waiting.pop()
        found[name] = own.get(name, Path())
        for included in re.findall(
            r'^#include "(.+)"', read_header(name, found[name]), re.MULTILINE
        ):
            if included in given or included in found:
                continue
            if not _is_ours(included):
                if found[name] == Path() or not re.fullmatch(r"[\w.]+", included):
                    raise ProjectError(
                        f"header {name} must include headers of hls_lib or files beside it,"
                        f" not {included!r}"
                    )
                own[included] = found[name]
            waiting.add(included)
    return dict(sorted(found.items()))


def read_header(name: str, folder: Path = Path()) -> str:
    """Text of a header; raises ProjectError where there is none."""
    if folder == Path():
        return (files("hls_lib") / name).read_text("utf-8")
    try:
        return (folder / name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"header {name} must be a text file in {folder}: {error}") from None


def _is_ours(name: str) -> bool:
    return (files("hls_lib") / name).is_file()


def _own(graph: Graph) -> dict[str, Path]:
    """Headers of operators that are not ours, with their folders."""
    own: dict[str, Path] = {}
    for node in graph.nodes:
        op = node.op.op if isinstance(node.op, TimeDistributed) else node.op
        name, folder = f"{op.header}.hpp", op.header_folder
        if folder is None:
            continue
        if not re.fullmatch(r"\w+\.hpp", name) or _is_ours(name):
            raise ProjectError(
                f"header of {type(op).__name__} must have a name of its own in letters, digits"
                f" and underscores, not {name!r}"
            )
        if own.setdefault(name, folder) != folder:
            raise ProjectError(f"headers must have different names, not {name!r} in two folders")
    return own
