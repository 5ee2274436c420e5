"""Raw integers of one Format as an array: reading, moving and picking them; nothing is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import arithmetic, display
from .convert import to_float, to_fraction
from .format import NARROW_WIDTH, Format

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Elements", "position"]


class Elements:
    """``value = raw * 2**-frac`` of each element: what FxArray has of an array.

    raw: int64 to 62 bits, Python integers above; any shape. Methods answer in the same format.

    >>> from fxp import FxArray
    >>> isinstance(FxArray([1.5], "ap_fixed<8,4>"), Elements)
    True
    """

    __slots__ = ("format", "raw")
    raw: npt.NDArray[Any]
    format: Format

    @classmethod
    def _of(cls, raw: Any, format: Format) -> Self:
        made = object.__new__(cls)
        if not isinstance(raw, np.ndarray):  # numpy hands out scalars for arrays without axes
            scalar = np.empty((), dtype=np.int64 if format.width <= NARROW_WIDTH else object)
            scalar[()] = int(raw)
            raw = scalar
        made.raw, made.format = raw, format
        return made

    def _same(self, raw: Any) -> Self:
        return self._of(raw, self.format)

    # ---- reading -----------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return self.raw.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.raw.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.raw.size

    @property
    def T(self) -> Self:
        """The axes in reverse order."""
        return self._same(self.raw.T)

    def to_float(self, *, flag: bool = False) -> Any:
        """float64 values, rounded to nearest even above 53 bits; with ``flag`` also where inexact.

        >>> FxArray([0.3], "ap_fixed<8,4>").to_float()
        array([0.25])
        """
        return to_float(self.raw, self.format, flag=flag)

    def to_fraction(self) -> Any:
        """Exact rationals: a Fraction, or nested lists of them.

        >>> FxArray([0.3], "ap_fixed<8,4>").to_fraction()
        [Fraction(1, 4)]
        """
        return display.each(self.raw, lambda raw: to_fraction(raw, self.format))

    def to_decimal(self) -> Any:
        """Exact decimals: a Decimal, or nested lists of them.

        >>> FxArray([0.3], "ap_fixed<8,4>").to_decimal()
        [Decimal('0.2500')]
        """
        return display.decimals(self.raw, self.format)

    def to_bits(self) -> npt.NDArray[Any]:
        """The two's complement bits of each value, from 0 to 2**W - 1.

        >>> FxArray([-1], "ap_int<8>").to_bits()
        array([255])
        """
        codes = self.raw[None] & ((1 << self.format.width) - 1)
        return np.asarray(codes.reshape(self.shape))

    def bin(self) -> Any:
        """Bits as text, with the binary point where it lies between two of them.

        >>> FxArray([-3.3125], "ap_fixed<8,4>").bin()
        ['1100.1011']
        """
        return display.binary(self.to_bits(), self.format)

    def hex(self) -> Any:
        """Bits as hexadecimal text of the raw code.

        >>> FxArray([-3.3125], "ap_fixed<8,4>").hex()
        ['0xcb']
        """
        return display.hexadecimal(self.to_bits(), self.format)

    def leading_zeros(self) -> npt.NDArray[np.int64]:
        """Zero bits above the highest one bit, W where there is none (``countLeadingZeros``).

        >>> FxArray([1, -1, 0], "ap_int<8>").leading_zeros()
        array([7, 0, 8])
        """
        return self.format.width - _lengths(self.to_bits())

    def leading_ones(self) -> npt.NDArray[np.int64]:
        """One bits above the highest zero bit, W where there is none.

        >>> FxArray([1, -1, -2], "ap_int<8>").leading_ones()
        array([0, 8, 7])
        """
        return self.format.width - _lengths(self.to_bits() ^ ((1 << self.format.width) - 1))

    def trailing_zeros(self) -> npt.NDArray[np.int64]:
        """Zero bits below the lowest one bit, W where there is none.

        >>> FxArray([1, -4, 0], "ap_int<8>").trailing_zeros()
        array([0, 2, 8])
        """
        codes = self.to_bits()
        return np.where(codes == 0, self.format.width, _lengths(codes & -codes) - 1)

    def __float__(self) -> float:
        return float(self.to_float().reshape(-1)[0]) if self.size == 1 else _scalar_only(self)

    def __int__(self) -> int:
        """Toward zero (ap) or floor (ac), as the vendors' to_int."""
        if self.size != 1:
            _scalar_only(self)
        part, _ = arithmetic.integer_part(self.raw.reshape(-1), self.format)
        return int(part[0])

    def __bool__(self) -> bool:
        return bool(self.raw)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError(
                "copy must not be False: float64 values are computed from raw integers"
            )
        target = np.dtype(np.float64 if dtype is None else dtype)
        if target.kind not in "fO":
            raise TypeError(
                f"dtype must be a float, not {target}; use .raw, or cast to an integer format"
            )
        return self.to_float().astype(target)  # type: ignore[no-any-return]

    # ---- text --------------------------------------------------------------------------------

    def __repr__(self) -> str:
        if self.size > 1000:
            return f"<FxArray of shape {self.shape}, {self.format}>"
        shape = f".reshape({self.shape})" if 0 in self.shape and self.ndim > 1 else ""
        return f"FxArray.from_raw({display.each(self.raw, int)!r}, '{self.format}'){shape}"

    def __str__(self) -> str:
        return f"{display.text(self.raw, self.format)} {self.format}"

    def _repr_html_(self) -> str:
        return display.html(self.raw, self.format)

    def is_identical(self, other: Any) -> bool:
        """Whether format, shape and every raw integer are the same; ``==`` compares values.

        >>> a, b = FxArray([1], "ap_fixed<8,4>"), FxArray([1], "ap_fixed<9,5>")
        >>> a == b, a.is_identical(b)
        (array([ True]), False)
        """
        return (
            isinstance(other, Elements)
            and self.format == other.format
            and self.shape == other.shape
            and bool(np.all(self.raw == other.raw))
        )

    # ---- extremes, shapes, elements ----------------------------------------------------------

    def max(self, axis: Any = None) -> Self:
        """The greatest value along ``axis``, same format.

        >>> FxArray([1, 3, 2], "ap_int<4>").max().raw
        array(3)
        """
        return self._same(np.max(self.raw, axis=axis))

    def min(self, axis: Any = None) -> Self:
        """The least value along ``axis``, same format.

        >>> FxArray([1, 3, 2], "ap_int<4>").min().raw
        array(1)
        """
        return self._same(np.min(self.raw, axis=axis))

    def argmax(self, axis: Any = None) -> Any:
        """Index of the first greatest value.

        >>> int(FxArray([1, 3, 2], "ap_int<4>").argmax())
        1
        """
        return np.argmax(self.raw, axis=axis)

    def argmin(self, axis: Any = None) -> Any:
        """Index of the first least value.

        >>> int(FxArray([1, 3, 2], "ap_int<4>").argmin())
        0
        """
        return np.argmin(self.raw, axis=axis)

    def reshape(self, *shape: Any) -> Self:
        """The same elements in another shape.

        >>> FxArray([1, 2], "ap_int<4>").reshape(2, 1).shape
        (2, 1)
        """
        return self._same(self.raw.reshape(*shape))

    def transpose(self, *axes: Any) -> Self:
        """The axes in another order, reversed by default."""
        return self._same(self.raw.transpose(*axes))

    def ravel(self) -> Self:
        """The elements in one axis."""
        return self._same(self.raw.ravel())

    def flatten(self) -> Self:
        """A copy of the elements in one axis."""
        return self._same(self.raw.flatten())

    def squeeze(self, axis: Any = None) -> Self:
        """Without axes of length one."""
        return self._same(self.raw.squeeze(axis))

    def copy(self) -> Self:
        """An independent copy."""
        return self._same(self.raw.copy())

    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Self:
        return self.copy()

    def __len__(self) -> int:
        return len(self.raw)

    def __iter__(self) -> Iterator[Self]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, index: Any) -> Self:
        return self._same(self.raw[position(index)])

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[Any, Format]]:
        return (self._of, (self.raw, self.format))


def _lengths(codes: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Bits of each code up to its highest one bit."""
    lengths = np.vectorize(lambda code: int(code).bit_length(), otypes=[np.int64])(codes)
    return np.asarray(lengths)


def position(index: Any) -> Any:
    """``index`` for the raw array: Elements of an integer format become int64.

    Raises TypeError for Elements of another format.
    """
    if isinstance(index, tuple):
        return tuple(position(part) for part in index)
    if isinstance(index, Elements):
        if not index.format.is_integer:
            raise TypeError(f"an index must be of an integer format, not {index.format}")
        return index.raw.astype(np.int64)
    return index


def _scalar_only(a: Elements) -> Any:
    raise TypeError(f"a single number must have one element, not shape {a.shape}")
