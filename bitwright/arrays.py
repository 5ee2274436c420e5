"""Samples from ``.npy`` and ``.npz`` files, and results into them; nothing is ever unpickled."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from emu import Graph

__all__ = ["check_output", "read_samples", "write_outputs"]


def read_samples(path: Path) -> Any:
    """The array in ``.npy``, or a dict by input name from ``.npz``.

    Raises ValueError where the file is neither.
    """
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return found
        with found:
            return {name: found[name] for name in found.files}
    except FileNotFoundError:
        raise ValueError(f"samples must be an existing file, not {str(path)!r}") from None
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"samples must be a whole .npy or .npz file: {path}: {error}") from None


def check_output(path: Path, graph: Graph) -> None:
    """Raise ValueError where ``path`` cannot hold the outputs of ``graph``."""
    wanted = ".npy" if len(graph.output_names) == 1 else ".npz"
    if path.suffix != wanted:
        names = ", ".join(graph.output_names)
        raise ValueError(
            f"output must be a {wanted} file, not {path.name!r}: the model gives {names}"
        )


def write_outputs(path: Path, outputs: Mapping[str, Any]) -> None:
    """One output into ``.npy``, several by name into ``.npz``."""
    if len(outputs) == 1:
        np.save(path, next(iter(outputs.values())))
    else:
        np.savez(path, **outputs)
