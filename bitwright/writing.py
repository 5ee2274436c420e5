"""Outputs into ``.npy``, ``.npz`` and ``.dat`` files batch by batch, whole or not at all.

A file is written beside its place under a name of its own, and takes its place when the last batch
is in it; an error or an interrupt removes it.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.lib import format as npy

if TYPE_CHECKING:
    from emu import Graph

__all__ = ["Output", "check_output", "open_output"]

_NUMBERS = 1 << 16
"""Numbers that become text at a time."""


class Output(Protocol):
    """An open file of outputs."""

    def write(self, outputs: Mapping[str, Any]) -> None:
        """Add a batch: an array of samples by the name of each output."""


def check_output(path: Path, graph: Graph, *, raw: bool) -> None:
    """Raise ValueError where ``path`` cannot hold the outputs of ``graph``."""
    single = len(graph.output_names) == 1
    suffixes = (".npy", ".npz", ".dat") if single else (".npz", ".dat")
    if path.suffix.lower() not in suffixes:
        names = ", ".join(graph.output_names)
        raise ValueError(
            f"output must be a {' or '.join(suffixes)} file, not {path.name!r}:"
            f" the model gives {names}"
        )
    if not path.parent.is_dir():
        raise ValueError(f"output must lie in an existing folder, not {str(path.parent)!r}")
    for value in graph.outputs:
        if raw and value.format.width > 62 and path.suffix.lower() != ".dat":
            raise ValueError(
                f"raw values of {value.name} must fit 64 bits in {path.suffix}, not {value.format}:"
                " write a .dat file, or values without --raw"
            )


@contextmanager
def open_output(path: Path, graph: Graph, *, raw: bool) -> Iterator[Output]:
    """A file for outputs of ``graph``; it is at ``path`` once the block has ended without error.

    One array in ``.npy``, one by name in ``.npz``, a line a sample in ``.dat`` with all outputs in
    model order: decimal text from which the same float64 is read, or integers with ``raw``.
    """
    check_output(path, graph, raw=raw)
    suffix = path.suffix.lower()
    with ExitStack() as stack:
        if suffix == ".npz":
            yield stack.enter_context(_npz(path, graph, raw))
        else:
            file = stack.enter_context(_new(path))
            if suffix == ".npy":
                yield stack.enter_context(_npy(file, graph.outputs[0], raw))
            else:
                yield _Dat(file, graph)


@contextmanager
def _new(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the name ``path`` at the end, or vanishes."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


class _Npy:
    """One array; its header names no samples until ``_npy`` ends."""

    def __init__(self, file: IO[bytes], name: str, shape: tuple[int, ...], dtype: Any) -> None:
        self.file, self.name, self.shape, self.dtype = file, name, shape, np.dtype(dtype)
        self.count = 0
        self.header()

    def header(self) -> None:
        """Write the header for the samples there are; numpy leaves room for any number."""
        text = {
            "descr": npy.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.count, *self.shape),
        }
        self.file.seek(0)
        npy.write_array_header_1_0(self.file, text)

    def write(self, outputs: Mapping[str, Any]) -> None:
        """See ``Output``."""
        array = np.ascontiguousarray(outputs[self.name], dtype=self.dtype)
        self.file.write(array.data)
        self.count += len(array)


@contextmanager
def _npy(file: IO[bytes], value: Any, raw: bool) -> Iterator[_Npy]:
    array = _Npy(file, value.name, value.shape, np.int64 if raw else np.float64)
    first = file.tell()
    yield array
    array.header()
    if file.tell() != first:
        raise AssertionError(f"the header of {value.name} grew from {first} to {file.tell()} bytes")


class _Npz:
    """Arrays of several outputs, each in a file of its own until the end."""

    def __init__(self, arrays: list[_Npy]) -> None:
        self.arrays = arrays

    def write(self, outputs: Mapping[str, Any]) -> None:
        """See ``Output``."""
        for array in self.arrays:
            array.write(outputs)


@contextmanager
def _npz(path: Path, graph: Graph, raw: bool) -> Iterator[_Npz]:
    parts = {
        value.name: path.with_name(f".{path.name}.{os.getpid()}.{number}.part")
        for number, value in enumerate(graph.outputs)
    }
    try:
        with ExitStack() as stack:
            arrays = []
            for value in graph.outputs:
                file = stack.enter_context(parts[value.name].open("xb"))
                arrays.append(stack.enter_context(_npy(file, value, raw)))
            yield _Npz(arrays)
        with _new(path) as whole, zipfile.ZipFile(whole, "w", allowZip64=True) as archive:
            for name, part in parts.items():
                archive.write(part, f"{name}.npy")
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


class _Dat:
    """A sample a line, numbers between blanks."""

    def __init__(self, file: IO[bytes], graph: Graph) -> None:
        self.file, self.names = file, graph.output_names

    def write(self, outputs: Mapping[str, Any]) -> None:
        """See ``Output``."""
        arrays = [outputs[name].reshape(len(outputs[name]), -1) for name in self.names]
        step = max(1, _NUMBERS // sum(array.shape[1] for array in arrays))
        for start in range(0, len(arrays[0]), step):
            rows = np.concatenate([array[start : start + step] for array in arrays], axis=1)
            text = "".join(" ".join(map(repr, row)) + "\n" for row in rows.tolist())
            self.file.write(text.encode("ascii"))
