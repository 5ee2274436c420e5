"""Stimuli as raw integers: the user's own, the corners of every input format, and random codes.

The C++ reads the raw values. The emulator is fed the real each of them stands for, which float64
holds exactly up to 53 bits; wider inputs get vectors of at most 53 significant bits, and say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fxp import from_float, to_float

if TYPE_CHECKING:
    from emu import Graph
    from emu.op import Value

__all__ = ["Vectors", "stimuli"]

Raw = npt.NDArray[np.int64]

_DOUBLE_BITS = 53
_PLACES = 64
"""Positions that one-hot vectors visit in a wide input, spread evenly."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """Samples for every input as raw integers, in named groups of consecutive rows.

    raw: input name -> int64 (N, *shape). groups: (name, samples) in row order. seed: of the random
    rows. notes: what these vectors cannot hold.
    """

    raw: Mapping[str, Raw]
    groups: tuple[tuple[str, int], ...]
    seed: int
    notes: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """Number of rows."""
        return sum(count for _, count in self.groups)

    def rows(self) -> dict[str, slice]:
        """Rows of each group, by its name."""
        found, start = {}, 0
        for name, count in self.groups:
            found[name] = slice(start, start + count)
            start += count
        return found

    def reals(self, graph: Graph) -> dict[str, npt.NDArray[np.float64]]:
        """The real each raw value stands for, exact: what ``graph.predict`` takes."""
        return {value.name: to_float(self.raw[value.name], value.format) for value in graph.inputs}

    @property
    def sha256(self) -> str:
        """Hash over names, shapes and little-endian int64 raw values."""
        total = hashlib.sha256()
        for name, raw in self.raw.items():
            total.update(f"{name}{raw.shape}".encode())
            total.update(np.ascontiguousarray(raw, dtype="<i8").tobytes())
        return total.hexdigest()


def stimuli(
    graph: Graph, x: Any = None, *, corners: bool = True, random: int = 1000, seed: int = 0
) -> Vectors:
    """Rows of ``x`` cast to the input formats, then corner rows, then ``random`` random rows.

    x: as ``graph.predict`` takes it, or None. seed: of numpy's PCG64.
    Raises ValueError for an x that predict refuses, a negative count, and no rows at all.

    Corners: every element at its least code, greatest code, zero, one and minus one; greatest and
    least in turn; one element extreme and the others zero; one bit set in every element; a ramp
    through all codes. Random rows: half of them uniform over the codes, half uniform over a random
    number of low bits, so that small values, which leave later layers inside their range, occur.
    """
    if isinstance(random, bool) or not isinstance(random, int) or random < 0:
        raise ValueError(f"random must be a number of vectors, 0 or more, not {random!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed must be an integer, 0 or more, not {seed!r}")
    inputs = graph.inputs
    parts: list[tuple[str, dict[str, Raw]]] = []
    if x is not None:
        parts.append(("user", _user(graph, x)))
    if corners:
        parts.append(("corner", _corners(inputs)))
    if random:
        parts.append(("random", _random(inputs, random, seed)))
    groups = tuple((name, len(next(iter(part.values())))) for name, part in parts)
    if not sum(count for _, count in groups):
        raise ValueError("vectors must be at least one: give x, corners=True or random=1000")
    raw, notes = {}, []
    for value in inputs:
        stacked = np.concatenate([part[value.name] for _, part in parts])
        raw[value.name] = _exact_in_double(stacked)
        if value.format.width > _DOUBLE_BITS:
            notes.append(
                f"input {value.name} is {value.format.width} bits wide: its vectors hold at most"
                f" {_DOUBLE_BITS} significant bits, because the emulator reads float64"
            )
    return Vectors(raw, groups, seed, tuple(notes))


def _user(graph: Graph, x: Any) -> dict[str, Raw]:
    from emu.run import as_floats

    arrays = as_floats(graph, x)
    return {value.name: from_float(arrays[value.name], value.format) for value in graph.inputs}


def _exact_in_double(raw: Raw) -> Raw:
    """``raw`` with the low bits cleared that float64 would round."""
    if raw.size == 0 or max(abs(int(raw.max())), abs(int(raw.min()))) <= 1 << _DOUBLE_BITS:
        return raw
    out = raw.copy()
    for index, value in np.ndenumerate(raw):
        spare = max(int(abs(value)).bit_length() - _DOUBLE_BITS, 0)
        sign = -1 if value < 0 else 1
        out[index] = sign * (abs(int(value)) >> spare << spare)
    return out


def _clip(value: Value, raw: int) -> int:
    return min(max(raw, value.format.raw_min), value.format.raw_max)


def _corners(inputs: list[Value]) -> dict[str, Raw]:
    """The rows of the docstring of ``stimuli``; all inputs take their turn together."""
    columns: dict[str, list[Raw]] = {value.name: [] for value in inputs}
    total = sum(value.size for value in inputs)
    places = np.unique(np.linspace(0, total - 1, min(total, _PLACES)).astype(np.int64))
    widest = max(value.format.width for value in inputs)
    offset = 0
    for value in inputs:
        low, high, size = value.format.raw_min, value.format.raw_max, value.size
        rows = [np.full(size, _clip(value, raw), dtype=np.int64) for raw in (low, high, 0, 1, -1)]
        turn = np.where(np.arange(size) % 2 == 0, high, low)
        rows += [turn, turn[::-1]]
        for extreme in (high, low):
            for place in places:
                row = np.zeros(size, dtype=np.int64)
                if offset <= place < offset + size:
                    row[place - offset] = extreme
                rows.append(row)
        for bit in range(widest):
            rows.append(np.full(size, _one_bit(value, bit), dtype=np.int64))
        codes = [low + (high - low) * i // max(size - 1, 1) for i in range(size)]
        ramp = np.array(codes, dtype=np.int64)
        rows += [ramp, ramp[::-1]]
        columns[value.name] = rows
        offset += size
    return {value.name: np.stack(columns[value.name]).reshape(-1, *value.shape) for value in inputs}


def _one_bit(value: Value, bit: int) -> int:
    """The code with one bit set; the sign bit gives the least code."""
    bit %= value.format.width
    if value.format.signed and bit == value.format.width - 1:
        return value.format.raw_min
    return 1 << bit


def _random(inputs: list[Value], count: int, seed: int) -> dict[str, Raw]:
    generator = np.random.default_rng(seed)
    found = {}
    for value in inputs:
        low, high = value.format.raw_min, value.format.raw_max
        raw = generator.integers(low, high, (count, value.size), dtype=np.int64, endpoint=True)
        # x >> s keeps the sign and leaves width - s bits: every other row by a shift of its own.
        shifts = generator.integers(0, value.format.width, (count, 1), dtype=np.int64)
        shifts[::2] = 0
        found[value.name] = (raw >> shifts).reshape(count, *value.shape)
    return found
