"""What an operator declares: fields, shape, exact meaning on raw integers, float reference, work.

An operator is a frozen dataclass in ``emu/ops``. It says nothing of C++, vendors or schedules:
``configuration`` hands out neutral fields (int, Format, Constant, Table) that a generator spells.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from fxp import NARROW_WIDTH, Format, from_float

from .expression import Expressions
from .linear import Linear

__all__ = ["Constant", "Field", "Op", "Raw", "Real", "Shape", "Table", "Value", "storage"]

Raw = npt.NDArray[Any]
"""Raw integers: int64 up to 62 bits, Python integers above."""
Real = npt.NDArray[np.float64]
Shape = tuple[int, ...]


def storage(format: Format) -> Any:
    """dtype of raw arrays: int64 up to 62 bits, Python integers above."""
    return np.int64 if format.width <= NARROW_WIDTH else object


class Value(NamedTuple):
    """A tensor between nodes: its name, its shape without the batch, and how to read its bits."""

    name: str
    shape: Shape
    format: Format

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


@dataclass(frozen=True, eq=False)
class Constant:
    """Weights: raw integers of ``format``, and the trained ``value`` they were rounded from."""

    raw: Raw
    format: Format
    value: Real

    @classmethod
    def of(cls, values: npt.ArrayLike, format: Format | str) -> Constant:
        """``raw = cast(values)``: each float's exact binary value, rounded and overflowed once.

        >>> Constant.of([0.3, -1], "fixed<8,4>").raw
        array([  4, -16])
        """
        value, parsed = np.asarray(values, dtype=np.float64), Format.parse(format)
        return cls(from_float(value, parsed), parsed, value)

    @property
    def shape(self) -> Shape:
        """Shape of the array; ``()`` for a parameter that all elements share."""
        return self.raw.shape


@dataclass(frozen=True, eq=False)
class Table:
    """A look-up table as raw integers of ``format``, with the recipe that made it."""

    raw: Raw
    format: Format
    recipe: str

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.raw.size

    @property
    def sha256(self) -> str:
        """Hash of the entries: as little-endian int64, above 62 bits as decimal text."""
        if self.format.width > NARROW_WIDTH:
            return hashlib.sha256(",".join(map(str, self.raw.tolist())).encode()).hexdigest()
        return hashlib.sha256(self.raw.astype("<i8").tobytes()).hexdigest()


Field = int | Format | Constant | Table | tuple[Format, ...] | Expressions
"""What a configuration may hold."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Op:
    """``y = operator(x...)``; subclasses state the formula in their first line.

    ``result`` is the format every output element is cast to, once.
    """

    header: ClassVar[str]
    """The file of ``hls_lib`` that implements it, without ``.hpp``; named as in ``emu/ops``."""
    header_folder: ClassVar[Path | None] = None
    """Where that file lies, for an operator that is not one of ours."""
    arity: ClassVar[int] = 1
    view: ClassVar[bool] = False
    """Whether the output holds the input's raw elements in the same order."""
    rearranges: ClassVar[bool] = False
    """Whether each output element is ``cast`` of one input element, or 0: ``reference`` moves."""

    result: Format = field()

    @property
    def function(self) -> str:
        """Name of the C++ function in namespace ``bw``."""
        return self.header

    def shape(self, *shapes: Shape) -> Shape:
        """Output shape without the batch; elementwise by default."""
        return shapes[0]

    def check(self, *inputs: Value) -> None:
        """Raise ValueError where shapes or widths cannot be computed exactly."""

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        """Raw output for raw inputs of shape (N, *shape); ``values`` tell shapes and formats."""
        raise NotImplementedError

    # ---- what the engine may use instead of evaluate; the bits are the same ---------------------

    @property
    def pointwise(self) -> bool:
        """Whether every output element is one function of the input element in its place."""
        return False

    def clip(self, x: Format) -> tuple[int | None, int | None] | None:
        """Raw ``(low, high)`` where the operator is ``cast(min(max(x, low), high))``, else None."""
        return None

    def linear(self, *inputs: Value) -> Linear | None:
        """The operator as sums of products, where it is that."""
        return None

    def block(self, *inputs: Value) -> Callable[..., None] | None:
        """``run(*blocks, out, rooms)`` on raw arrays (features, samples) of any dtype, or None."""
        return None

    def addresses(self, *inputs: Value) -> tuple[Format, ...]:
        """Formats that the operator's tables were made for, one entry a code of their top bits."""
        return ()

    # ---- what it is besides ------------------------------------------------------------------

    def reference(self, *inputs: Real) -> Real:
        """The same function in float64, without formats or tables."""
        raise NotImplementedError

    def multiplications(self, *shapes: Shape) -> int:
        """Multiply-adds per sample."""
        return 0

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        """Neutral fields of the C++ configuration struct, in order."""
        return {}

    def tables(self) -> dict[str, Table]:
        """Look-up tables by field name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Table)}

    def constants(self) -> dict[str, Constant]:
        """Weights by field name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Constant)}

    def fields(self) -> dict[str, Any]:
        """All fields by name, as given to the constructor."""
        return dict(vars(self))
