"""What follows a sum or an input elementwise: clamps, casts, bit selections and one table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fxp import NARROW_WIDTH, Format, cast
from fxp.casting import SAT, WRAP, recipe

from ..linear import Interval
from . import loops
from .paths import largest

__all__ = ["Block", "Epilogue", "Rooms", "Stage", "cast_stage"]

Block = npt.NDArray[Any]
"""Raw integers, features x samples, of the narrowest dtype that holds the format."""

_ENDS = (-(1 << 63), (1 << 63) - 1)


class Rooms:
    """Scratch for blocks, one per thread: the same memory at every call."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[str, str], Any] = {}

    def row(self, name: str, dtype: Any, size: int) -> Any:
        """``size`` elements of scratch."""
        key = (name, np.dtype(dtype).str)
        found = self._arrays.get(key)
        if found is None or found.size < size:
            found = self._arrays[key] = np.empty(size, dtype=dtype)
        return found[:size]


class Stage(NamedTuple):
    """``wrap(clamp(round(clamp(x) * 2**up / 2**down)))``: see ``loops.stage_row``.

    keep: width of a signed wrap, 64 for none. mask: bits of an unsigned wrap, -1 for none.
    """

    least: int = _ENDS[0]
    most: int = _ENDS[1]
    up: int = 0
    bias: int = 0
    sign_mask: int = 0
    odd_mask: int = 0
    flip: int = 0
    down: int = 0
    low: int = _ENDS[0]
    high: int = _ENDS[1]
    keep: int = 64
    mask: int = -1

    def numbers(self, bits: int) -> list[int]:
        """The constants for loops on integers of ``bits`` bits."""
        ends = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        values = list(self)
        for place in (0, 1, 8, 9):
            values[place] = min(max(values[place], ends[0]), ends[1])
        values[10] = max(bits - self.keep, 0)
        return values


def cast_stage(source: Format, target: Format) -> Stage | None:
    """The cast between two narrow formats; None for the overflow modes that need more."""
    into = recipe(source.frac, target)
    up = max(-into.shift, 0)
    if into.kind == WRAP:
        if up > NARROW_WIDTH:
            return Stage(mask=0)
        limits = Stage(keep=target.width) if target.signed else Stage(mask=into.high)
    elif into.kind == SAT and up <= NARROW_WIDTH:
        # One beyond each end is enough to be clamped, and keeps the shift within 64 bits.
        ends = (-(-into.low >> up) - 1, (into.high >> up) + 1) if up else _ENDS
        limits = Stage(*ends, low=into.low, high=into.high)
    else:
        return None
    return limits._replace(
        up=up,
        bias=into.bias,
        sign_mask=into.sign_mask,
        odd_mask=into.odd_mask,
        flip=into.flip,
        down=max(into.shift, 0),
    )


class _Rare(NamedTuple):
    """A cast in a mode that only ``fxp.cast`` knows."""

    source: Format
    target: Format


@dataclass(frozen=True, eq=False)
class Epilogue:
    """Stages and a table, in one pass over each row of a block.

    relu: ``max(x, 0)`` comes first; the loops that sum do it in their own pass. narrow: whether
    every stage is proved to stay within int32.
    """

    relu: bool = False
    narrow: bool = True
    stages: tuple[Stage | _Rare, ...] = ()
    table: Block = field(default_factory=lambda: np.empty(0, dtype=np.int8))
    base: int = 0

    def cast(self, source: Format, target: Format, x: Interval | None = None) -> Epilogue:
        """This epilogue and a cast after it, of raw values within ``x``."""
        if source == target:
            return self
        stage = cast_stage(source, target)
        if stage is None:
            return self._then(_Rare(source, target), narrow=False)
        furthest = largest(x or (source.raw_min, source.raw_max)) + stage.bias + 2
        floors = not (stage.bias or stage.sign_mask or stage.odd_mask)
        narrow = stage.up == 0 and stage.down < 32 and _fits_int32(target)
        return self._then(stage, narrow=narrow and (floors or furthest < 1 << 31))

    def wrap(self, target: Format) -> Epilogue:
        """This epilogue and ``x modulo 2**width``, in the range of ``target``, after it."""
        stage = Stage(keep=target.width) if target.signed else Stage(mask=target.raw_max)
        return self._then(stage, narrow=_fits_int32(target))

    def clamp(self, low: int, high: int) -> Epilogue:
        """This epilogue and ``min(max(x, low), high)`` after it."""
        return self._then(Stage(low, high), narrow=-(1 << 31) <= low <= high < 1 << 31)

    def rectify(self, high: int) -> Epilogue:
        """This epilogue and ``max(x, 0)`` after it; high: what x cannot exceed."""
        return replace(self, relu=True) if self.empty else self.clamp(0, high)

    def bits(self, shift: int, mask: int) -> Epilogue:
        """This epilogue and ``(x >> shift) & mask`` after it."""
        return self._then(Stage(down=shift, mask=mask), narrow=shift < 32 and mask < 1 << 31)

    def look_up(self, table: Block, base: int) -> Epilogue:
        """This epilogue and ``table[x - base]`` after it."""
        return replace(self, table=table, base=base)

    def _then(self, stage: Stage | _Rare, *, narrow: bool) -> Epilogue:
        stages = self.stages
        last = stages[-1] if stages else None
        if isinstance(last, Stage) and isinstance(stage, Stage) and last[2:] == Stage()[2:]:
            # A clamp and what follows it are one stage.
            least, most = max(last.least, stage.least), min(last.most, stage.most)
            stage, stages = stage._replace(least=least, most=most), stages[:-1]
        return replace(self, stages=(*stages, stage), narrow=self.narrow and narrow)

    def alone(self, x: Interval) -> Epilogue:
        """The same where no sum precedes it: ``relu`` as a stage, of raw values within ``x``."""
        if not self.relu:
            return self
        found = Epilogue().clamp(0, max(x[1], 0))
        for stage in self.stages:
            found = found._then(stage, narrow=self.narrow)
        return replace(found, table=self.table, base=self.base)

    @property
    def empty(self) -> bool:
        """Whether nothing is left to do."""
        return not (self.relu or self.stages or self.table.size)

    @property
    def common(self) -> bool:
        """Whether the compiled loops know every stage."""
        return all(isinstance(stage, Stage) for stage in self.stages)

    def run(self, acc: Block, out: Block, rooms: Rooms) -> None:
        """All but ``relu``, from one block to another."""
        if not self.common:
            self._run_rare(acc, out, rooms)
            return
        narrow = self.narrow and acc.dtype.itemsize <= 4
        loop = loops.finish_rows32 if narrow else loops.finish_rows
        wide = rooms.row("wide", np.int32 if narrow else np.int64, 2 * acc.shape[1])
        loop(acc, out, wide, self.numbers(32 if narrow else 64), self.table, self.base)

    def _run_rare(self, acc: Block, out: Block, rooms: Rooms) -> None:
        raw = acc.astype(np.int64)
        for stage in self.stages:
            if isinstance(stage, _Rare):
                raw = cast(raw, stage.source, stage.target)
            else:
                Epilogue(narrow=False, stages=(stage,)).run(raw, raw, rooms)
        out[...] = self.table[raw - self.base] if self.table.size else raw

    def numbers(self, bits: int = 64) -> npt.NDArray[Any]:
        """The stages' constants as the loops take them, one row each."""
        return self._numbers32 if bits == 32 else self._numbers64

    @cached_property
    def _numbers32(self) -> npt.NDArray[np.int32]:
        rows = [stage.numbers(32) for stage in self.stages if isinstance(stage, Stage)]
        return np.array(rows, dtype=np.int32).reshape(-1, len(Stage()))

    @cached_property
    def _numbers64(self) -> npt.NDArray[np.int64]:
        rows = [stage.numbers(64) for stage in self.stages if isinstance(stage, Stage)]
        return np.array(rows, dtype=np.int64).reshape(-1, len(Stage()))


def _fits_int32(format: Format) -> bool:
    return format.width + (not format.signed) <= 32
