"""Samples from ``.npy``, ``.npz`` and hls4ml's ``.dat`` files, a batch in memory at a time.

Nothing is ever unpickled. Every message names the file and the sample, line or index.
"""

from __future__ import annotations

import math
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.lib import format as npy

if TYPE_CHECKING:
    from emu import Graph

__all__ = ["SUFFIXES", "Samples", "open_samples", "read_samples"]

SUFFIXES = (".npy", ".npz", ".dat")
_CHARACTERS = 64
"""Of a number in ``.dat``, blanks included; a longer line is no line of numbers."""
_EXACT = 2**53
_HELD = 64 << 20
"""Bytes of an array in Fortran order in ``.npz``, which cannot be read as a stream."""


class Samples(Protocol):
    """An open file of samples."""

    @property
    def count(self) -> int | None:
        """Number of samples; None where only reading to the end tells."""

    def batches(self, size: int) -> Iterator[dict[str, Any]]:
        """One or more dicts of arrays by input name: ``size`` samples, the last what is left."""

    def share(self) -> float:
        """How much has been read, from 0 to 1."""


@contextmanager
def open_samples(path: Path, graph: Graph) -> Iterator[Samples]:
    """The samples of ``path`` for the inputs of ``graph``.

    ``.npy``: one array (N, *input shape), ``.npz``: one by the name of each input, ``.dat``: a line
    of numbers a sample, all inputs in model order, read as float64 (hls4ml's testbench rounds
    them to float32 first).
    Raises ValueError, while it is open too, where the file is not whole, not of the inputs' shapes,
    or holds what is not a finite number.
    """
    openers: dict[str, Callable[[Path, Graph, ExitStack], Samples]] = {
        ".npy": _open_npy,
        ".npz": _open_npz,
        ".dat": _Dat,
    }
    opener = openers.get(path.suffix.lower())
    if opener is None:
        raise ValueError(f"samples must be a {', '.join(SUFFIXES)} file, not {path.name!r}")
    if not path.is_file():
        raise ValueError(f"samples must be an existing file, not {str(path)!r}")
    with ExitStack() as stack:
        try:
            samples = opener(path, graph, stack)
        except (NotImplementedError, RuntimeError) as error:  # zipfile: method, password
            raise _not_whole(path, error) from None
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise _not_whole(path, error) from None
        try:
            yield samples
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise _not_whole(path, error) from None


def read_samples(path: Path, graph: Graph) -> Any:
    """All samples at once: an array, or a dict by input name where there are several inputs."""
    names = [value.name for value in graph.inputs]
    with open_samples(path, graph) as samples:
        parts = list(samples.batches(1 << 16))
    whole = {name: np.concatenate([part[name] for part in parts]) for name in names}
    return whole[names[0]] if len(names) == 1 else whole


def _not_whole(path: Path, reason: object) -> ValueError:
    return ValueError(f"samples must be a whole {path.suffix} file: {path}: {reason}")


# ---- .npy and .npz ---------------------------------------------------------------------------


class _Array:
    """An ``.npy`` stream of input ``name``: header read, elements not yet."""

    def __init__(self, path: Path, name: str, stream: IO[bytes]) -> None:
        self.path, self.name, self.stream = path, name, stream
        try:
            version = npy.read_magic(stream)
            read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
            self.shape, self.fortran, self.dtype = read(stream)
        except KeyError:
            raise _not_whole(path, f"its .npy version {version} is not known") from None
        except ValueError as error:
            raise _not_whole(path, error) from None
        if self.dtype.hasobject:
            raise _not_whole(path, "it holds Python objects, which are never unpickled")

    @property
    def size(self) -> int:
        """Bytes of the elements."""
        return math.prod(self.shape) * self.dtype.itemsize

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise ValueError where it cannot be an input of ``shape``."""
        if not self.shape or self.shape[1:] != shape:
            expected = ", ".join(["N", *map(str, shape)])
            raise ValueError(
                f"input {self.name} must have shape ({expected}), not {self.shape}: {self.path}"
            )
        if self.dtype.kind not in "fiub" or (self.dtype.kind == "f" and self.dtype.itemsize > 8):
            raise ValueError(
                f"input {self.name} must be real numbers of at most float64,"
                f" not {self.dtype}: {self.path}"
            )

    def read(self, rows: int) -> Any:
        """The next ``rows`` samples."""
        array = np.empty((rows, *self.shape[1:]), dtype=self.dtype)
        left = memoryview(array.reshape(-1).view(np.uint8).data)
        while left:
            # A zip member gives as much as one piece of its compressed data holds.
            data = self.stream.read(min(len(left), 1 << 20))
            if not data:
                raise _not_whole(self.path, f"it ends inside input {self.name}")
            left[: len(data)] = data
            left = left[len(data) :]
        return array

    def end(self) -> None:
        """Raise ValueError where elements follow; a zip member checks its sum here."""
        if self.stream.read(1):
            raise _not_whole(self.path, f"more follows the {self.shape} values its header names")


class _FortranArray(_Array):
    """An array stored column by column: ``load`` gives it, mapped into memory or held there."""

    def __init__(self, array: _Array, load: Callable[[], Any]) -> None:
        self.path, self.name, self.stream = array.path, array.name, array.stream
        self.shape, self.fortran, self.dtype = array.shape, True, array.dtype
        self.load, self.at = load, 0

    def read(self, rows: int) -> Any:
        """The next ``rows`` samples; a map is dropped each time, and its pages with it."""
        self.at += rows
        return np.array(self.load()[self.at - rows : self.at], order="C")

    def end(self) -> None:
        """The size was checked when it was opened."""


class _Arrays:
    """Arrays by input name, read side by side."""

    def __init__(self, path: Path, graph: Graph, arrays: Mapping[str, _Array]) -> None:
        for value in graph.inputs:
            arrays[value.name].check(value.shape)
        lengths = {name: array.shape[0] for name, array in arrays.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"inputs must have one number of samples, not {lengths!r}: {path}")
        self.path, self.arrays = path, arrays
        self.count = next(iter(lengths.values()))
        self.read = 0

    def batches(self, size: int) -> Iterator[dict[str, Any]]:
        """See ``Samples``."""
        for start in range(0, max(self.count, 1), size):
            rows = min(size, self.count - start)
            batch = {name: array.read(rows) for name, array in self.arrays.items()}
            for name, part in batch.items():
                self._check(name, part)
            self.read += rows
            if self.read == self.count:
                # Before the last samples are given: a wrong check sum must not come too late.
                for array in self.arrays.values():
                    array.end()
            yield batch

    def share(self) -> float:
        """See ``Samples``."""
        return self.read / self.count if self.count else 1.0

    def _check(self, name: str, part: Any) -> None:
        if part.dtype.kind == "f":
            bad, must = ~np.isfinite(part), "finite"
        elif part.dtype.itemsize == 8:
            bad, must = (part > _EXACT) | (part < -_EXACT), "exact in float64"
        else:
            return
        if bad.any():
            place = tuple(int(i) for i in np.argwhere(bad)[0])
            index = (place[0] + self.read, *place[1:])
            raise ValueError(
                f"input {name} must be {must}, not {part[place]} at index {index}: {self.path}"
            )


def _open_npy(path: Path, graph: Graph, stack: ExitStack) -> Samples:
    names = [value.name for value in graph.inputs]
    if len(names) != 1:
        raise ValueError(
            f"samples of several inputs must be a .npz file with an array named as each of"
            f" {names!r}, not {path.name!r}"
        )
    stream = stack.enter_context(path.open("rb"))
    array = _Array(path, names[0], stream)
    held = path.stat().st_size - stream.tell()
    if held != array.size:
        raise _not_whole(
            path, f"its header names {array.size} bytes of {array.shape} values, {held} are there"
        )
    if array.fortran:
        array = _FortranArray(array, lambda: np.load(path, mmap_mode="r", allow_pickle=False))
    return _Arrays(path, graph, {names[0]: array})


def _held(path: Path, array: _Array) -> Callable[[], Any]:
    if array.size > _HELD:
        raise ValueError(
            f"input {array.name} must be in C order or at most {_HELD >> 20} MiB, not"
            f" {array.size >> 20} MiB in Fortran order: save np.ascontiguousarray of it: {path}"
        )
    with np.load(path, allow_pickle=False) as file:
        whole = file[array.name]
    return lambda: whole


def _open_npz(path: Path, graph: Graph, stack: ExitStack) -> Samples:
    file = stack.enter_context(zipfile.ZipFile(path))
    members = {name.removesuffix(".npy"): name for name in file.namelist()}
    names = [value.name for value in graph.inputs]
    if set(members) != set(names):
        raise ValueError(f"x must have the inputs {names!r}, not {sorted(members)!r}: {path}")
    arrays = {}
    for name in names:
        array = _Array(path, name, stack.enter_context(file.open(members[name])))
        if array.fortran:
            array = _FortranArray(array, _held(path, array))
        arrays[name] = array
    return _Arrays(path, graph, arrays)


# ---- .dat ------------------------------------------------------------------------------------


class _Dat:
    """A sample a line, its numbers between blanks: what hls4ml writes into ``tb_data``."""

    count = None

    def __init__(self, path: Path, graph: Graph, stack: ExitStack) -> None:
        self.path, self.inputs = path, graph.inputs
        self.columns = sum(value.size for value in self.inputs)
        self.bytes = path.stat().st_size
        self.file = stack.enter_context(path.open("rb"))
        self.line = 0

    def batches(self, size: int) -> Iterator[dict[str, Any]]:
        """See ``Samples``."""
        limit = _CHARACTERS * (self.columns + 1)
        while lines := self._lines(size, limit):
            numbers = self._numbers(lines)
            self.line += len(lines)
            yield self._split(numbers)
        if not self.line:
            raise _not_whole(self.path, "it is empty")

    def share(self) -> float:
        """See ``Samples``."""
        return self.file.tell() / self.bytes if self.bytes else 1.0

    def _lines(self, size: int, limit: int) -> list[bytes]:
        lines: list[bytes] = []
        while len(lines) < size and (line := self.file.readline(limit)):
            if not line.endswith(b"\n"):
                where = f"{self.path} line {self.line + len(lines) + 1}"
                if len(line) == limit:
                    raise ValueError(
                        f"{where} must be {self.columns} numbers, not {limit} characters or more"
                    )
                raise ValueError(
                    f"{where} must end with a newline, or the file may be cut off: add one where"
                    " it is whole"
                )
            lines.append(line)
        return lines

    def _numbers(self, lines: list[bytes]) -> Any:
        """float64 (lines, columns): all at once, or line by line to name what is refused."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of lines that are all empty
                found = np.loadtxt(lines, dtype=np.float64, ndmin=2, comments=None)
        except ValueError:
            found = None
        shape = len(lines), self.columns
        if found is None or found.shape != shape or not np.isfinite(found).all():
            for number, line in enumerate(lines, self.line + 1):
                self._explain(number, line)
        return found

    def _explain(self, number: int, line: bytes) -> None:
        where, words = f"{self.path} line {number}", line.split()
        if len(words) != self.columns:
            raise ValueError(f"{where} must hold {self.columns} numbers, not {len(words)}")
        for column, word in enumerate(words, 1):
            text = word.decode("ascii", "backslashreplace")
            try:
                value = float(text.replace("_", "?"))  # Python alone reads 1_000
            except ValueError:
                raise ValueError(f"{where}: item {column} must be a number, not {text!r}") from None
            if not math.isfinite(value):
                raise ValueError(f"{where}: item {column} must be finite, not {text!r}")

    def _split(self, numbers: Any) -> dict[str, Any]:
        found, at = {}, 0
        for value in self.inputs:
            part = numbers[:, at : at + value.size]
            found[value.name] = part.reshape(len(numbers), *value.shape)
            at += value.size
        return found
