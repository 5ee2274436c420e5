"""What several commands need: types of arguments, the model, JSON on stdout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from emu import Graph

__all__ = ["EXIT_CODES", "FILE", "described", "load_graph", "print_json", "sources"]

FILE = click.Path(path_type=Path)
EXIT_CODES = """\b
Exit codes: 0 all agreed; 1 bits or files differ; 2 bad input or
configuration; 3 a required check could not run (no g++, no headers)."""


def load_graph(config: Path) -> Graph:
    """The model that a configuration file names; a Failure where it cannot be loaded."""
    from ..terminal import input_errors

    with input_errors():
        import emu

        if not config.is_file():
            raise ValueError(f"configuration must be an existing file, not {str(config)!r}")
        return emu.load(config)


def described(graph: Graph, names: list[str]) -> list[dict[str, Any]]:
    """Name, shape and format of tensors, as JSON shows them."""
    return [
        {"name": name, "shape": list(graph.values[name].shape), "format": str(graph.formats[name])}
        for name in names
    ]


def sources(config: Path, graph: Graph) -> dict[str, Path]:
    """The configuration and the model files it names, where they lie."""
    found = {"configuration": config}
    for key, role in (("KerasModel", "model"), ("KerasJson", "model"), ("KerasH5", "weights")):
        text = graph.config.get(key)
        if text is not None:
            for path in (config.parent / text, config.parent / Path(text).name):
                if path.is_file():
                    found.setdefault(role, path)
    return found


def print_json(document: Mapping[str, Any]) -> None:
    """JSON on stdout."""
    click.echo(json.dumps(document, indent=1, default=str))
