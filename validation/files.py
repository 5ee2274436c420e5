"""The project's files against the manifest that ``generate`` wrote: bits are not all that counts.

A changed file is a failure even when every bit agrees: vectors show some faults, hashes show all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emu import Graph

__all__ = ["FileCheck", "check_files", "read_manifest"]

_MANIFEST = "manifest.json"
_COMPILED = ("firmware", "tb_data")
"""Folders in which a file that the manifest lacks could change what is compiled or compared."""


@dataclass(frozen=True)
class FileCheck:
    """Which files of a project differ from its manifest; ``others`` are outside the build."""

    manifest_sha256: str
    listed: int
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    graph: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        """Whether every file is as generated, from this graph."""
        return not (self.changed or self.missing or self.extra or self.graph)

    @property
    def problems(self) -> list[str]:
        """One line per difference."""
        lines = [f"{name}: changed since it was generated" for name in self.changed]
        lines += [f"{name}: missing" for name in self.missing]
        lines += [f"{name}: not written by generate" for name in self.extra]
        return lines + ([self.graph] if self.graph else [])


def read_manifest(path: Path) -> dict[str, Any]:
    """manifest.json of the project in ``path``; raises ValueError where it is no project."""
    file = path / _MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(
            f"project must be a folder that generate wrote, not {str(path)!r}: no {_MANIFEST}"
        ) from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} must be the JSON that generate wrote: {error}") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise ValueError(f"{file} must list its files, as generate writes it")
    return manifest


def check_files(path: Path, graph: Graph) -> FileCheck:
    """Every file of the manifest by SHA-256, files it lacks, and whether it is of this graph."""
    manifest = read_manifest(path)
    listed: dict[str, str] = manifest["files"]
    present = {
        file.relative_to(path).as_posix(): file
        for file in sorted(path.rglob("*"))
        if file.is_file() and file.relative_to(path).as_posix() != _MANIFEST
    }
    hashes = {name: _sha256(file) for name, file in present.items() if name in listed}
    unlisted = [name for name in present if name not in listed]
    inside = [name for name in unlisted if name.split("/")[0] in _COMPILED]
    return FileCheck(
        manifest_sha256=_sha256(path / _MANIFEST),
        listed=len(listed),
        changed=tuple(name for name, found in hashes.items() if found != listed[name]),
        missing=tuple(name for name in listed if name not in present),
        extra=tuple(inside),
        others=tuple(name for name in unlisted if name not in inside),
        graph=_other_graph(manifest, graph),
        hashes=hashes,
    )


def _other_graph(manifest: Mapping[str, Any], graph: Graph) -> str:
    own = hashlib.sha256(graph.to_json().encode()).hexdigest()
    if manifest.get("graph_sha256") == own:
        return ""
    return (
        "the project was generated from another graph: model, configuration or libm differ"
        f" (SHA-256 {manifest.get('graph_sha256')}, this graph {own})"
    )


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
