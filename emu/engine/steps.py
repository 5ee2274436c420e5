"""What a plan runs: each step turns blocks of features x samples into another, exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fxp import NARROW_WIDTH, Format, from_float
from fxp.casting import recipe

from ..linear import Interval, Linear
from ..op import Op, Value, storage
from . import loops
from .epilogue import Block, Epilogue, Rooms, cast_stage
from .paths import halves, largest, partial_bound

__all__ = [
    "Block",
    "BlockStep",
    "Epilogue",
    "GivenStep",
    "InputStep",
    "LinearStep",
    "PlainStep",
    "PointwiseStep",
    "RearrangeStep",
    "Rooms",
    "sums_dtype",
]


@dataclass(frozen=True, eq=False)
class InputStep:
    """``y = cast(x)`` of float64 samples, transposed."""

    value: Value

    @cached_property
    def _constants(self) -> tuple[float, Any] | None:
        format = self.value.format
        if format.width > NARROW_WIDTH or not -2 <= format.frac < 1000:
            return None
        # two bits below the LSB: the half bit and a sticky bit
        read = Format(NARROW_WIDTH, NARROW_WIDTH - format.frac - 2)
        stage = cast_stage(read, format)
        if stage is None:
            return None
        return 2.0 ** (format.frac + 2), np.array(stage.numbers(64), dtype=np.int64)

    def fast(self, x: npt.NDArray[np.float64], *, out: Block, rooms: Rooms) -> bool:
        """x: (samples, features), contiguous. False where a value needs ``run``: a NaN, say."""
        if self._constants is None:
            return False
        wide = rooms.row("input", np.int64, 2 * 64 * 32)
        return bool(loops.read_block(x, *self._constants, wide, out) == 0)

    def run(self, x: npt.NDArray[np.float64], *, out: Block) -> None:
        """x: (samples, features), finite and of any size."""
        out[...] = from_float(x, self.value.format).T


@dataclass(frozen=True, eq=False)
class GivenStep:
    """``y = x``: raw integers of an earlier run, transposed."""

    def run(self, x: Block, *, out: Block, rooms: Rooms) -> None:
        """x: (samples, ...) raw integers of the block's format."""
        out[...] = x.reshape(len(x), -1).T


@dataclass(frozen=True, eq=False)
class LinearStep:
    """Sums of products by one of the paths, and their epilogue."""

    linear: Linear
    path: str
    epilogue: Epilogue
    x: Interval

    def __post_init__(self) -> None:
        getattr(self, "_run_" + self._loop)  # an unknown path fails when planned, not when run

    @property
    def _loop(self) -> str:
        return "float" if self.path.startswith("float") else self.path

    def run(self, x: Block, *, out: Block, rooms: Rooms) -> None:
        """x: (features, samples) of this step's input interval; out: (outputs, samples)."""
        if self.path == "int32" and self.epilogue.narrow:
            self._run_finished32(x, out, rooms)
            return
        dtype = sums_dtype(self.linear, self.x, self.path)
        sum_up = getattr(self, "_run_" + self._loop)
        if out.dtype == dtype and not (self.epilogue.stages or self.epilogue.table.size):
            sum_up(x, out, rooms)
        else:
            acc = rooms.row("acc", dtype, out.size).reshape(out.shape)
            sum_up(x, acc, rooms)
            self.epilogue.run(acc, out, rooms)

    # ---- the constants of each loop, made at first use ---------------------------------------

    @cached_property
    def _into(self) -> tuple[int, ...]:
        return tuple(recipe(self.linear.product.frac, self.linear.accum))

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        """What depends on the sums alone, shared by all plans that hold them."""
        memo = self.linear.memo
        return memo[name] if name in memo else memo.setdefault(name, make())

    @property
    def _lifted(self) -> Any:
        """Weights with the appended zeros of a negative shift, modulo 2**64."""

        def make() -> npt.NDArray[np.int64]:
            lift = max(-self.linear.shift, 0)
            weight: npt.NDArray[np.int64] = self.linear.weight.astype(np.int64)
            return weight << lift if lift < 64 else np.zeros_like(weight)

        return self._once("lifted", make)

    @property
    def _plain32(self) -> Any:
        """Weights and start modulo 2**32, entry by entry."""

        def make() -> tuple[Any, Any]:
            start = self.linear.start.astype(np.int64).astype(np.int32)
            return self._lifted.astype(np.int32), start

        return self._once("plain 32", make)

    @property
    def _entries32(self) -> Any:
        def make() -> tuple[Any, ...]:
            weight, start = self._plain32
            return *_grouped(self.linear, weight), start

        return self._once("32", make)

    @property
    def _entries16(self) -> Any:
        def make() -> tuple[Any, ...]:
            from . import lanes

            linear = self.linear
            high, low = halves(linear.weight, linear.shift)
            start = linear.start.astype(np.int64).astype(np.int16)
            paired = _paired(linear, high), _paired(linear, low)
            work = 2 * _PAIRS * sum(len(rows) for _, rows, _ in paired)
            # A little more work costs less than compiling the other loop.
            if work < 1.15 * (np.count_nonzero(high) + np.count_nonzero(low)):
                return lanes.linear16_pairs, *paired, start
            return lanes.linear16, _grouped(linear, high), _grouped(linear, low), start

        return self._once("16", make)

    @cached_property
    def _ordered16(self) -> tuple[Any, ...]:
        linear, shift = self.linear, self.linear.shift
        low, high = halves(linear.weight, shift)
        weight = self._lifted
        furthest = np.abs(weight) * largest(self.x)  # below 2**31: the path's condition
        if shift > 0:
            furthest = (furthest >> shift) + 1
        leaves = furthest > linear.accum.raw_max
        entries = (linear.pointer, linear.row, low, high, weight.astype(np.int32), leaves)
        bounds = np.array([self._into[1], *self._into[6:8]], dtype=np.int32)
        return entries, linear.start.astype(np.int16), np.int32(max(shift, 0)), tuple(bounds)

    @property
    def _matrix(self) -> Any:
        matrix = self.linear.matrix
        assert matrix is not None
        return self._once(self.path, lambda: np.ascontiguousarray(matrix.T.astype(self.path)))

    # ---- the loops ---------------------------------------------------------------------------

    def _run_float(self, x: Block, out: Block, rooms: Rooms) -> None:
        dtype = np.dtype(self.path)
        real = rooms.row("real", dtype, x.size).reshape(x.shape)
        np.copyto(real, x, casting="unsafe")
        y = rooms.row("sums", dtype, out.size).reshape(out.shape)
        np.matmul(self._matrix, real, out=y)
        start, lift, relu = self.linear.start, -self.linear.shift, self.epilogue.relu
        if out.dtype == np.int32:
            loops.from_floats32(y, start.astype(np.int32), lift, relu, out)
        else:
            loops.from_floats(y, start, lift, relu, out)

    def _run_int16(self, x: Block, out: Block, rooms: Rooms) -> None:
        loop, highs, lows, start = self._entries16
        loop(x, highs, lows, start, self._into[1] != 0, self.epilogue.relu, out)

    def _run_int32(self, x: Block, out: Block, rooms: Rooms) -> None:
        replace(self, epilogue=Epilogue(relu=self.epilogue.relu))._run_finished32(x, out, rooms)

    def _run_finished32(self, x: Block, out: Block, rooms: Rooms) -> None:
        """Sums and epilogue row by row: no block of sums is in memory."""
        linear, then = self.linear, self.epilogue
        wide = rooms.row("wide", np.int32, 2 * x.shape[1])
        after = then.relu, out, wide, then.numbers(32), then.table, then.base
        if linear.single and linear.shift <= 0:
            loops.scaled32(x, linear.row, *self._plain32, *after)
        else:
            shift, bias = np.int32(max(self._into[0], 0)), np.int32(self._into[1])
            loops.linear32(x, *self._entries32, bias, shift, *after)

    def _run_int64(self, x: Block, out: Block, rooms: Rooms) -> None:
        n, relu = self.linear, self.epilogue.relu
        loops.linear64(x, n.pointer, n.row, self._lifted, n.start, self._into[:5], relu, out)

    def _run_ordered16(self, x: Block, out: Block, rooms: Rooms) -> None:
        from . import lanes

        lanes.ordered16(x, *self._ordered16, self.epilogue.relu, out)

    def _run_ordered32(self, x: Block, out: Block, rooms: Rooms) -> None:
        n = self.linear
        bias, low, high = (np.int32(self._into[k]) for k in (1, 6, 7))
        weight, start = self._plain32
        shift, relu = np.int32(max(n.shift, 0)), self.epilogue.relu
        loops.ordered32(x, n.pointer, n.row, weight, start, bias, shift, low, high, relu, out)

    def _run_ordered64(self, x: Block, out: Block, rooms: Rooms) -> None:
        n, relu = self.linear, self.epilogue.relu
        loops.ordered64(x, n.pointer, n.row, n.weight, n.start, self._into, relu, out)


def sums_dtype(linear: Linear, x: Interval, path: str) -> np.dtype[Any]:
    """The integers that a path leaves its sums in."""
    if path.startswith("float"):
        fits = partial_bound(linear, x) < 1 << 31
        return np.dtype(np.int32 if fits else np.int64)
    return np.dtype(f"int{path[-2:]}")


_PAIRS = 0.8
"""Cost of a multiply-add where two outputs share the rows they read, to one that reads its own."""


def _grouped(linear: Linear, weight: Any) -> tuple[Any, Any, Any]:
    """Pointer, row and weight without zeros, each output filled up to a whole group of zeros."""
    kept = weight != 0
    output = np.repeat(np.arange(linear.outputs), np.diff(linear.pointer))[kept]
    return _filled(linear.outputs, output, linear.row[kept], weight[kept])


def _paired(linear: Linear, weight: Any) -> tuple[Any, Any, Any]:
    """The same for pairs of outputs: one list of rows, weights (entries, 2)."""
    if linear.matrix is not None:  # every output reads the same rows, each once
        columns = weight.reshape(linear.outputs, -1)
        width = columns.shape[1]
        even = np.zeros((-(-len(columns) // 2), 2, width), dtype=weight.dtype)
        even.reshape(-1, width)[: len(columns)] = columns
        pair, place = np.nonzero(even.any(axis=1))
        return _filled(len(even), pair, linear.row[place], even[pair, :, place])
    kept = weight != 0
    output = np.repeat(np.arange(linear.outputs), np.diff(linear.pointer))[kept]
    row = linear.row[kept]
    # A row that one output reads several times keeps as many entries: each product is rounded.
    order = np.lexsort((row, output))
    same = np.zeros(len(order), dtype=np.int64)
    same[1:] = (np.diff(row[order]) == 0) & (np.diff(output[order]) == 0)
    run = np.arange(len(order)) - np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
    times = np.empty_like(run)
    times[order] = run
    span = int(row.max(initial=0)) + 1
    most = int(times.max(initial=0)) + 1
    keys, place = np.unique((output // 2 * span + row) * most + times, return_inverse=True)
    both = np.zeros((len(keys), 2), dtype=weight.dtype)
    both[place, output % 2] = weight[kept]
    pair = keys // most // span
    return _filled(-(-linear.outputs // 2), pair, keys // most % span, both)


def _filled(count: int, output: Any, row: Any, weight: Any) -> tuple[Any, Any, Any]:
    """Pointer, row, weight of entries sorted by output, filled up with zeros to whole groups."""
    counts = np.bincount(output, minlength=count)
    sizes = -(-counts // loops.GROUP) * loops.GROUP
    pointer = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(counts)])[:-1]
    place = pointer[:-1][output] + np.arange(len(output)) - first[output]
    rows = np.zeros(pointer[-1], dtype=np.int64)
    values = np.zeros((pointer[-1], *weight.shape[1:]), dtype=weight.dtype)
    rows[place], values[place] = row, weight
    return pointer, rows, values


@dataclass(frozen=True, eq=False)
class PointwiseStep:
    """An elementwise function as an epilogue of its input."""

    epilogue: Epilogue

    def run(self, x: Block, *, out: Block, rooms: Rooms) -> None:
        """x, out: (features, samples)."""
        self.epilogue.run(x, out, rooms)


@dataclass(frozen=True, eq=False)
class RearrangeStep:
    """``y[i] = cast(x[place])`` for rows of samples; the first inputs' rows come first.

    targets, sources: for each input, rows of the output and the input's rows they hold; zeros:
    rows that hold nothing. casts: one epilogue an input.
    """

    targets: tuple[npt.NDArray[np.int64], ...]
    sources: tuple[npt.NDArray[np.int64], ...]
    zeros: npt.NDArray[np.int64]
    casts: tuple[Epilogue, ...]

    def run(self, *blocks: Block, out: Block, rooms: Rooms) -> None:
        """blocks: one (features, samples) array an input."""
        each = zip(blocks, self.targets, self.sources, self.casts, strict=True)
        for block, targets, sources, cast in each:
            if not cast.empty:
                room = rooms.row("moved", out.dtype, block.size).reshape(block.shape)
                cast.run(block, room, rooms)
                block = room
            out[targets] = block[sources]
        if self.zeros.size:
            out[self.zeros] = 0

    @classmethod
    def of(cls, op: Op, inputs: tuple[Value, ...]) -> RearrangeStep:
        """Found by letting ``op.reference`` move numbers that name their places."""
        ends = np.cumsum([0, *(value.size for value in inputs)])
        marks = [
            np.arange(ends[k], ends[k + 1], dtype=np.float64).reshape(1, *value.shape) + 1
            for k, value in enumerate(inputs)
        ]
        place = op.reference(*marks).reshape(-1).astype(np.int64) - 1
        owner = np.searchsorted(ends, place, side="right") - 1
        targets = [np.flatnonzero((owner == k) & (place >= 0)) for k in range(len(inputs))]
        return cls(
            targets=tuple(targets),
            sources=tuple(place[rows] - ends[k] for k, rows in enumerate(targets)),
            zeros=np.flatnonzero(place < 0),
            casts=tuple(Epilogue().cast(value.format, op.result) for value in inputs),
        )


@dataclass(frozen=True, eq=False)
class PlainStep:
    """The operator's own ``evaluate``, samples first; exact at any width."""

    name: str
    op: Op
    values: tuple[Value, ...]

    def run(self, *blocks: Block, out: Block, rooms: Rooms) -> None:
        """blocks: one (features, samples) array an input.

        Raises ValueError where the operator gives what its format does not hold.
        """
        inputs = [
            np.ascontiguousarray(block.T, dtype=storage(value.format))
            for block, value in zip(blocks, self.values, strict=True)
        ]
        shaped = [
            array.reshape(-1, *value.shape)
            for array, value in zip(inputs, self.values, strict=True)
        ]
        found = self.op.evaluate(*shaped, values=self.values)
        format = self.op.result
        if found.size and not (format.raw_min <= found.min() and found.max() <= format.raw_max):
            raise ValueError(
                f"layer {self.name}: raw values must be {format.raw_min} to {format.raw_max}"
                f" in {format}, not {found.min()} to {found.max()}"
            )
        out[...] = found.reshape(len(found), -1).T


@dataclass(frozen=True, eq=False)
class BlockStep:
    """An operator's own loops over blocks."""

    block: Callable[..., None]

    def run(self, *blocks: Block, out: Block, rooms: Rooms) -> None:
        """blocks: one (features, samples) array an input."""
        self.block(*blocks, out, rooms)
