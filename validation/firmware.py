"""Firmware: a generated project as the checks see it: a folder, a name, one file per tensor."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .files import read_manifest

if TYPE_CHECKING:
    from emu import Graph
    from generator import Project

__all__ = ["Firmware", "open_firmware"]


@dataclass(frozen=True, eq=False)
class Firmware:
    """Path of the project, its name (the top function), the graph, tensor name -> file stem."""

    path: Path
    name: str
    graph: Graph
    tensor_files: Mapping[str, str]


def open_firmware(graph: Graph, project: Project | Firmware | str | os.PathLike[str]) -> Firmware:
    """``project`` as ``generate`` returned it, or its folder, to be checked against ``graph``.

    Raises ValueError where the folder is not a project that ``generate`` wrote.
    """
    if isinstance(project, Firmware):
        return project
    if not isinstance(project, (str, os.PathLike)):
        return Firmware(Path(project.path), project.name, graph, project.tensor_files)
    from generator.cxx import identifiers

    path = Path(project)
    manifest = read_manifest(path)
    name = str(graph.config.get("ProjectName", "myproject"))
    if f"firmware/{name}.cpp" not in manifest["files"]:
        raise ValueError(
            f"project must be the one of this configuration, not {str(path)!r}:"
            f" its manifest has no firmware/{name}.cpp (ProjectName: {name})"
        )
    return Firmware(path, name, graph, identifiers(graph.values, taken=[name]))
