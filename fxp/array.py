"""FxArray: raw integers with their Format; operators give exact results in the vendor's format.

For people; kernels use raw arrays. Bits are lost only by ``cast`` (and by assignment, which casts),
and by ``/ % << >>``, whose vendor definition loses them. The methods are thin: ``arithmetic`` and
``reductions`` compute, ``operand`` says what may stand beside an FxArray, ``elements`` has what
reads and moves elements.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from . import arithmetic, growth, protocol, reductions
from .casting import CastStats, cast, integers
from .convert import from_any
from .elements import Elements, position
from .errors import RawRangeError
from .format import Format
from .operand import operand, real, real_compare

__all__ = ["FxArray"]

Like = str | Format
Operator = Callable[["FxArray", Any], "FxArray"]


def _format(text: Like) -> Format:
    return Format.parse(text)


def _operator(op: str) -> tuple[Operator, Operator, Operator]:
    """``a op b``, ``b op a`` with an operand on the left, and ``a op= b``, as methods."""

    def forward(self: FxArray, other: Any) -> FxArray:
        return self._binary(op, self, self._operand(other, wanted=op))

    def swapped(self: FxArray, other: Any) -> FxArray:
        return self._binary(op, self._operand(other, wanted=op), self)

    def in_place(self: FxArray, other: Any) -> FxArray:
        beside = self._operand(other, wanted=f"{op}=")
        if self.format.is_integer and not beside.format.is_integer:
            beside = FxArray._of(*arithmetic.integer_part(beside.raw, beside.format))
        result = self._binary(op, self, beside)
        self.raw[...] = cast(result.raw, result.format, self.format)
        return self

    return forward, swapped, in_place


def _comparison(op: str) -> Callable[[FxArray, Any], Any]:
    """``a op b`` of the exact values, as a method with a bool array for its answer."""

    def compare(self: FxArray, other: Any) -> Any:
        if not isinstance(other, FxArray) and real(other):
            return real_compare(op, self.raw, self.format, other)
        try:
            beside = self._operand(other, wanted=op)
        except TypeError:
            return NotImplemented
        return arithmetic.compare(op, self.raw, self.format, beside.raw, beside.format)

    return compare


class FxArray(Elements):
    """``value = raw * 2**-frac``: an array of fixed-point numbers of one Format.

    values: numbers of any kind (floats, ints, Fraction, Decimal, text), each cast once into
    ``format``; another FxArray is cast. Results of operators have the formats of ``growth``:

    ========  =====================================================================
    a + b     I = max(I1 + (S2 and not S1), I2 + (S1 and not S2)) + 1, F = max(F1, F2)
    a - b     as a + b, always signed
    a * b     W = W1 + W2, I = I1 + I2
    a / b     W = W1 + max(F2, 0) + S2, I = I1 + F2 + S2; truncates toward zero
    a & b     (also | ^) as a + b, one bit less
    -a        W + 1, I + 1, signed
    a << n    exactly a's bits; scale2(n) moves the point and loses nothing
    a @ b     W1 + W2 + ceil(log2 K), I1 + I2 + ceil(log2 K)
    ========  =====================================================================

    A Python int operand is a C ``int`` (32 bits) or, where it does not fit, ``long`` (64 bits);
    numpy integers have their own width, ``bool`` one bit. Floats are refused: give them a format.
    ``a += b`` and its like cast the result back into a's format, as in C++; an integer type takes
    the integer part of a fixed b first.
    Raises ValueError for NaN and infinity, TypeError for other kinds, FormatError where the vendors
    of two operands differ or a result exceeds 1024 bits, ZeroDivisionError for a zero divisor.
    Source: ap_fixed_base.h and ap_int_base.h, ac_fixed.h and ac_int.h, by the format's family.

    >>> a = FxArray([1.5, -0.25], "ap_fixed<8,4>")
    >>> a * a + 1
    FxArray.from_raw([832, 272], 'ap_fixed<41,33>')
    >>> print(a.cast("ap_fixed<4,3,AP_RND_CONV,AP_SAT>"))
    [1.5 0. ] ap_fixed<4,3,AP_RND_CONV,AP_SAT>
    """

    __slots__ = ()

    def __init__(self, values: Any, format: Like) -> None:
        self.format = _format(format)
        if isinstance(values, FxArray):
            self.raw = cast(values.raw, values.format, self.format)
        else:
            self.raw = from_any(values, self.format)

    # ---- making ------------------------------------------------------------------------------

    @classmethod
    def from_raw(cls, raw: Any, format: Like) -> FxArray:
        """``value = raw * 2**-frac`` of given raw integers; RawRangeError where one does not fit.

        >>> FxArray.from_raw([24, -4], "ap_fixed<8,4>").to_float()
        array([ 1.5 , -0.25])
        """
        target = _format(format)
        values = integers(np.asarray(raw, dtype=object) if _mixed(raw) else raw, target)
        bad = np.argwhere(np.asarray((values < target.raw_min) | (values > target.raw_max)))
        if len(bad):
            place = tuple(int(k) for k in bad[0])
            raise RawRangeError(
                f"raw must be {target.raw_min} to {target.raw_max} in {target},"
                f" not {values[place]} at index {place}; cast() brings values into range"
            )
        return cls._of(np.array(values), target)

    @classmethod
    def _apply(cls, function: Callable[..., tuple[Any, Format]], *arguments: Any) -> FxArray:
        """``function`` of the raw and format of each FxArray; arrays without axes get one."""
        flat: list[Any] = []
        plain = all(x.ndim == 0 for x in arguments if isinstance(x, FxArray))
        for x in arguments:
            flat += [x.raw[None] if plain else x.raw, x.format] if isinstance(x, FxArray) else [x]
        raw, format = function(*flat)
        return cls._of(raw.reshape(raw.shape[1:]) if plain else raw, format)

    @classmethod
    def from_bits(cls, codes: Any, format: Like) -> FxArray:
        """The values whose two's complement bits are ``codes``, from 0 to 2**W - 1.

        >>> FxArray.from_bits([0xFF, 1], "ap_int<8>").raw
        array([-1,  1])
        """
        target = _format(format)
        plain = FxArray.from_raw(codes, Format(target.width, target.width, False))
        sign = 1 << (target.width - 1)
        return cls._of((plain.raw ^ sign) - sign if target.signed else plain.raw, target)

    @classmethod
    def zeros(cls, shape: Any, format: Like) -> FxArray:
        """Zeros.

        >>> FxArray.zeros(2, "ap_fixed<8,4>").raw
        array([0, 0])
        """
        return cls.full(shape, 0, format)

    @classmethod
    def ones(cls, shape: Any, format: Like) -> FxArray:
        """Ones, cast into the format.

        >>> FxArray.ones(2, "ap_fixed<8,4>").raw
        array([16, 16])
        """
        return cls.full(shape, 1, format)

    @classmethod
    def full(cls, shape: Any, value: Any, format: Like) -> FxArray:
        """``value`` everywhere, cast into the format once.

        >>> FxArray.full(2, 0.3, "ap_fixed<8,4>").raw
        array([4, 4])
        """
        one = cls(value, format)
        raw = np.empty(shape, dtype=one.raw.dtype)
        raw[...] = one.raw[()]
        return cls._of(raw, one.format)

    @classmethod
    def eye(cls, rows: int, columns: int | None = None, *, format: Like) -> FxArray:
        """Ones on the diagonal.

        >>> FxArray.eye(2, format="ap_uint<1>").raw.tolist()
        [[1, 0], [0, 1]]
        """
        made = cls.zeros((rows, rows if columns is None else columns), format)
        np.fill_diagonal(made.raw, cls(1, format).raw[()])
        return made

    @classmethod
    def arange(cls, start: Any, stop: Any, step: Any = 1, *, format: Like) -> FxArray:
        """``start, start + step, ...`` below ``stop``, exact rationals, each cast into the format.

        >>> FxArray.arange(0, 1, "0.25", format="ap_fixed<8,4>").raw
        array([ 0,  4,  8, 12])
        """
        low, high, by = Fraction(start), Fraction(stop), Fraction(step)
        if by == 0:
            raise ValueError(f"step must not be zero, not {step!r}")
        count = max(0, -(-(high - low) // by))
        return cls([low + k * by for k in range(count)], format)

    @classmethod
    def fullrange(cls, format: Like) -> FxArray:
        """Every value of a format, ascending; at most 24 bits.

        >>> FxArray.fullrange("ap_fixed<2,1>").to_float()
        array([-1. , -0.5,  0. ,  0.5])
        """
        target = _format(format)
        if target.width > 24:
            raise ValueError(f"width must be at most 24 bits for every value, not {target.width}")
        return cls._of(np.arange(target.raw_min, target.raw_max + 1), target)

    # ---- casting and comparing ---------------------------------------------------------------

    def cast(self, format: Like, *, stats: bool = False) -> Any:
        """``overflow(round(x))`` in another format; with ``stats`` also a CastStats.

        >>> FxArray([1.3], "ap_fixed<16,6>").cast("ap_fixed<8,4,AP_RND,AP_SAT>").to_float()
        array([1.3125])
        """
        target = _format(format)
        if not stats:
            return FxArray._of(cast(self.raw, self.format, target), target)
        raw, counts = cast(self.raw, self.format, target, stats=True)
        found: CastStats = counts
        return FxArray._of(raw, target), found

    def _operand(self, other: Any, *, wanted: str) -> FxArray:
        """``other`` as an FxArray beside this one; TypeError where C++ would not compile."""
        if isinstance(other, FxArray):
            return other
        return FxArray._of(*operand(other, like=self.format, wanted=wanted))

    __eq__ = _comparison("==")
    __ne__ = _comparison("!=")
    __lt__ = _comparison("<")
    __le__ = _comparison("<=")
    __gt__ = _comparison(">")
    __ge__ = _comparison(">=")
    __hash__ = None  # type: ignore[assignment]

    # ---- operators ---------------------------------------------------------------------------

    @staticmethod
    def _binary(op: str, left: FxArray, right: FxArray) -> FxArray:
        return FxArray._apply(lambda *pairs: arithmetic.binary(op, *pairs), left, right)

    __add__, __radd__, __iadd__ = _operator("+")
    __sub__, __rsub__, __isub__ = _operator("-")
    __mul__, __rmul__, __imul__ = _operator("*")
    __truediv__, __rtruediv__, __itruediv__ = _operator("/")
    __mod__, __rmod__, __imod__ = _operator("%")
    __and__, __rand__, __iand__ = _operator("&")
    __or__, __ror__, __ior__ = _operator("|")
    __xor__, __rxor__, __ixor__ = _operator("^")

    def _shift(self, amount: Any, sign: int) -> FxArray:
        if isinstance(amount, FxArray):
            whole, _ = arithmetic.integer_part(amount.raw, amount.format)
            amount = np.clip(whole, -self.format.width, self.format.width).astype(np.int64)
        elif np.asarray(amount).dtype.kind not in "iub":
            raise TypeError(f"a shift amount must be integers or FxArray, not {amount!r}")
        return FxArray._of(*arithmetic.shift(self.raw, self.format, np.asarray(amount) * sign))

    def __lshift__(self, amount: Any) -> FxArray:
        return self._shift(amount, 1)

    def __rshift__(self, amount: Any) -> FxArray:
        return self._shift(amount, -1)

    def __ilshift__(self, amount: Any) -> FxArray:
        self.raw[...] = self._shift(amount, 1).raw
        return self

    def __irshift__(self, amount: Any) -> FxArray:
        self.raw[...] = self._shift(amount, -1).raw
        return self

    def __neg__(self) -> FxArray:
        return FxArray._apply(arithmetic.negate, self)

    def __pos__(self) -> FxArray:
        return FxArray._of(self.raw.copy(), self.format.exact)

    def __invert__(self) -> FxArray:
        return FxArray._apply(arithmetic.invert, self)

    def __abs__(self) -> FxArray:
        return FxArray._apply(arithmetic.absolute, self)

    def __pow__(self, power: Any) -> FxArray:
        if isinstance(power, bool) or not isinstance(power, int) or power < 1:
            raise TypeError(
                f"a power must be an int of at least 1, not {power!r}: products are exact"
            )
        result = self
        for _ in range(power - 1):
            result = result * self
        return result

    def scale2(self, n: int) -> FxArray:
        """``a * 2**n`` by moving the point: the same raw integers, no bit lost.

        >>> FxArray([1.5], "ap_fixed<8,4>").scale2(-2)
        FxArray.from_raw([24], 'ap_fixed<8,2>')
        """
        return FxArray._of(self.raw.copy(), growth.scale2(self.format, n))

    # ---- bits --------------------------------------------------------------------------------

    def bit(self, place: int) -> npt.NDArray[np.bool_]:
        """Raw bit ``place``, counted from the least significant, as bools (``x[i]`` in C++).

        >>> FxArray([-1, 4], "ap_int<8>").bit(2)
        array([ True,  True])
        """
        return np.asarray(self.bits(place, place).raw != 0)

    def bits(self, high: int, low: int) -> FxArray:
        """Bits ``high`` to ``low``: ap's ``range`` (reversed where high < low), ac's ``slc``.

        >>> FxArray([0b11010], "ap_int<8>").bits(4, 1)
        FxArray.from_raw([13], 'ap_uint<4>')
        """
        return FxArray._apply(arithmetic.select, self, high, low)

    def join(self, other: Any) -> FxArray:
        """The bits of this array above those of ``other``: ``(a, b)`` or ``a.concat(b)`` in C++.

        >>> FxArray([1], "ap_uint<2>").join(FxArray([-1], "ap_int<3>"))
        FxArray.from_raw([15], 'ap_uint<5>')
        """
        beside = self._operand(other, wanted="join")
        return FxArray._apply(arithmetic.join, self, beside)

    # ---- sums --------------------------------------------------------------------------------

    def sum(self, axis: Any = None, *, accumulator: Like | None = None) -> FxArray:
        """``sum(x)`` along ``axis`` (None: all, in C order), exact or through an accumulator.

        With an accumulator format each step is ``acc = cast(acc + x)``, in order of the index.

        >>> FxArray([7, 7, -7], "ap_int<4>").sum()
        FxArray.from_raw(7, 'ap_int<6>')
        >>> FxArray([7, 7, -7], "ap_int<4>").sum(accumulator="ap_fixed<4,4,AP_TRN,AP_SAT>").raw
        array(0)
        """
        target = None if accumulator is None else _format(accumulator)
        return FxArray._of(*reductions.total(self.raw, self.format, axis, accumulator=target))

    def cumsum(self, axis: Any = None, *, accumulator: Like | None = None) -> FxArray:
        """Partial sums along ``axis``, in the format of the whole sum or of an accumulator.

        >>> FxArray([7, 7, -7], "ap_int<4>").cumsum().raw
        array([ 7, 14,  7])
        """
        target = None if accumulator is None else _format(accumulator)
        return FxArray._of(*reductions.partial(self.raw, self.format, axis, accumulator=target))

    def prod(self, axis: Any = None) -> FxArray:
        """The product along ``axis``: W and I times the number of factors, exact.

        >>> FxArray([1.5, 1.5], "ap_fixed<4,2>").prod()
        FxArray.from_raw(36, 'ap_fixed<8,4>')
        """
        return FxArray._of(*reductions.product(self.raw, self.format, axis))

    def matmul(self, other: Any, *, accumulator: Like | None = None) -> FxArray:
        """``a @ b`` with numpy's shapes; ``acc = cast(acc + a * b)`` per k with an accumulator.

        >>> a = FxArray([7, 7, -7], "ap_int<4>")
        >>> a.matmul(FxArray([1, 1, 1], "ap_int<4>"), accumulator="ap_fixed<4,4,AP_TRN,AP_SAT>").raw
        array(0)
        """
        beside = self._operand(other, wanted="@")
        target = None if accumulator is None else _format(accumulator)
        return FxArray._of(
            *reductions.matmul(self.raw, self.format, beside.raw, beside.format, accumulator=target)
        )

    def __matmul__(self, other: Any) -> FxArray:
        return self.matmul(other)

    def __rmatmul__(self, other: Any) -> FxArray:
        return self._operand(other, wanted="@").matmul(self)

    def dot(self, other: Any, *, accumulator: Like | None = None) -> FxArray:
        """``matmul`` for one and two axes; for scalars the product, or ``cast(0 + a * b)``.

        >>> FxArray([1, 2], "ap_int<4>").dot(FxArray([3, 4], "ap_int<4>"))
        FxArray.from_raw(11, 'ap_int<9>')
        """
        beside = self._operand(other, wanted="dot")
        if self.ndim == 0 or beside.ndim == 0:
            if accumulator is None:
                return self * beside
            return (FxArray.zeros((), accumulator) + self * beside).cast(accumulator)  # type: ignore[no-any-return]
        if beside.ndim > 2:
            raise ValueError(
                f"the right operand of dot must have at most 2 axes, not {beside.ndim}"
            )
        return self.matmul(beside, accumulator=accumulator)

    def __setitem__(self, index: Any, value: Any) -> None:
        """Assign, cast into this array's format as in C++."""
        self.raw[position(index)] = FxArray(value, self.format).raw

    # ---- numpy -------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return protocol.ufunc(self, ufunc, method, inputs, options)

    def __array_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        return protocol.function(self, function, arguments, options)


def _mixed(raw: Any) -> bool:
    """Whether numpy would turn these Python integers into floats."""
    return (
        not isinstance(raw, np.ndarray) and np.asarray(raw).dtype.kind in "fO" and np.size(raw) > 0
    )
