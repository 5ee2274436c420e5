"""FxArray: raw integers with their Format; operators give exact results in the vendor's format.

For people; kernels use raw arrays. Bits are lost only by ``cast`` (and by assignment, which casts),
and by ``/ % << >>``, whose vendor definition loses them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from . import accumulate, arithmetic, growth, protocol
from .casting import CastStats, cast, integers
from .convert import from_any, to_float, to_fraction
from .errors import RawRangeError
from .format import NARROW_WIDTH, Format

__all__ = ["FxArray"]

Like = str | Format


def _format(text: Like) -> Format:
    return Format.parse(text)


class FxArray:
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
    ``a += b`` and its like cast the result back into a's format, as in C++.
    Raises ValueError for NaN and infinity, TypeError for other kinds.

    >>> a = FxArray([1.5, -0.25], "ap_fixed<8,4>")
    >>> a * a + 1
    FxArray.from_raw([832, 272], 'ap_fixed<41,33>')
    >>> print(a.cast("ap_fixed<4,3,AP_RND_CONV,AP_SAT>"))
    [1.5 0. ] ap_fixed<4,3,AP_RND_CONV,AP_SAT>
    """

    __slots__ = ("format", "raw")
    raw: npt.NDArray[Any]
    format: Format

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
    def _of(cls, raw: Any, format: Format) -> FxArray:
        made = object.__new__(cls)
        if not isinstance(raw, np.ndarray):  # numpy hands out scalars for arrays without axes
            scalar = np.empty((), dtype=np.int64 if format.width <= NARROW_WIDTH else object)
            scalar[()] = int(raw)
            raw = scalar
        made.raw, made.format = raw, format
        return made

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
    def T(self) -> FxArray:
        """The axes in reverse order."""
        return self._same(self.raw.T)

    def _same(self, raw: Any) -> FxArray:
        return FxArray._of(raw, self.format)

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
        return _each(self.raw, lambda raw: to_fraction(raw, self.format))

    def to_decimal(self) -> Any:
        """Exact decimals: a Decimal, or nested lists of them.

        >>> FxArray([0.3], "ap_fixed<8,4>").to_decimal()
        [Decimal('0.2500')]
        """
        digits = self.format.width + abs(self.format.frac) + 8
        context = Context(prec=digits)
        step = context.power(Decimal(2), Decimal(-self.format.frac))
        return _each(self.raw, lambda raw: context.multiply(Decimal(int(raw)), step))

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
        width, integer = self.format.width, self.format.integer

        def one(code: Any) -> str:
            text = format(int(code), f"0{width}b")
            return f"{text[:integer]}.{text[integer:]}" if 0 < integer < width else text

        return _each(self.to_bits(), one)

    def hex(self) -> Any:
        """Bits as hexadecimal text of the raw code.

        >>> FxArray([-3.3125], "ap_fixed<8,4>").hex()
        ['0xcb']
        """
        digits = -(-self.format.width // 4)
        return _each(self.to_bits(), lambda code: f"0x{int(code):0{digits}x}")

    def __float__(self) -> float:
        return float(self.to_float().reshape(-1)[0]) if self.size == 1 else _scalar_only(self)

    def __int__(self) -> int:
        """Toward zero (ap) or floor (ac), as the vendors' to_int."""
        return int(self._integer_part()) if self.size == 1 else _scalar_only(self)

    def __bool__(self) -> bool:
        return bool(self.raw)

    def _integer_part(self) -> Any:
        return arithmetic.truncate(self.raw.reshape(-1)[:1], self.format)[0]

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
        return f"FxArray.from_raw({_list(self.raw)!r}, '{self.format}'){shape}"

    def __str__(self) -> str:
        if self.format.width <= 53:
            return f"{np.array2string(self.to_float())} {self.format}"
        return f"{_text(self.to_decimal())} {self.format}"

    def _repr_html_(self) -> str:
        from html import escape

        shown = self.raw.reshape(-1)[:200] if self.ndim < 2 else None
        text = str(self._same(shown)) if shown is not None else str(self)
        return (
            f"<div><code>{escape(str(self.format))}</code> {self.shape}"
            f"<pre>{escape(text.removesuffix(str(self.format)).rstrip())}</pre></div>"
        )

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

    def is_identical(self, other: Any) -> bool:
        """Whether format, shape and every raw integer are the same; ``==`` compares values.

        >>> a, b = FxArray([1], "ap_fixed<8,4>"), FxArray([1], "ap_fixed<9,5>")
        >>> a == b, a.is_identical(b)
        (array([ True]), False)
        """
        return (
            isinstance(other, FxArray)
            and self.format == other.format
            and self.shape == other.shape
            and bool(np.all(self.raw == other.raw))
        )

    def _operand(self, other: Any, *, wanted: str) -> FxArray:
        """``other`` as an FxArray beside this one; TypeError where C++ would not compile."""
        if isinstance(other, FxArray):
            return other
        if isinstance(other, bool | np.bool_):
            return FxArray._of(
                np.asarray(int(other)), growth.c_integer(1, signed=False, like=self.format)
            )
        if isinstance(other, int):
            for bits in (32, 64):
                if -(1 << (bits - 1)) <= other < 1 << (bits - 1):
                    format = growth.c_integer(bits, signed=True, like=self.format)
                    return FxArray._of(integers(other, format), format)
            raise TypeError(
                f"an int operand of {wanted} must fit 64 bits, not {other}: FxArray(x, format)"
            )
        values = np.asarray(other) if isinstance(other, np.generic | np.ndarray) else None
        if values is not None and values.dtype.kind in "iub":
            bits = 1 if values.dtype.kind == "b" else 8 * values.dtype.itemsize
            format = growth.c_integer(bits, signed=values.dtype.kind == "i", like=self.format)
            return FxArray._of(
                integers(values.astype(np.uint8) if bits == 1 else values, format), format
            )
        raise TypeError(
            f"an operand of {wanted} must be an FxArray or integers, not {type(other).__name__}:"
            " give it a format with FxArray(x, format)"
        )

    def _compare(self, op: str, other: Any) -> Any:
        if not isinstance(other, FxArray) and _real(other):
            exact = np.frompyfunc(lambda v: Fraction(v), 1, 1)(np.asarray(other, dtype=object))
            mine = np.frompyfunc(lambda raw: to_fraction(raw, self.format), 1, 1)(self.raw)
            return np.asarray(_COMPARE[op](mine, exact)).astype(np.bool_)
        try:
            beside = self._operand(other, wanted=op)
        except TypeError:
            return NotImplemented
        return arithmetic.compare(op, self.raw, self.format, beside.raw, beside.format)

    def __eq__(self, other: object) -> Any:
        return self._compare("==", other)

    def __ne__(self, other: object) -> Any:
        return self._compare("!=", other)

    def __lt__(self, other: Any) -> Any:
        return self._compare("<", other)

    def __le__(self, other: Any) -> Any:
        return self._compare("<=", other)

    def __gt__(self, other: Any) -> Any:
        return self._compare(">", other)

    def __ge__(self, other: Any) -> Any:
        return self._compare(">=", other)

    __hash__ = None  # type: ignore[assignment]

    # ---- operators ---------------------------------------------------------------------------

    def _binary(self, op: str, other: Any, *, swapped: bool = False) -> FxArray:
        beside = self._operand(other, wanted=op)
        left, right = (beside, self) if swapped else (self, beside)
        return FxArray._apply(lambda *pairs: arithmetic.binary(op, *pairs), left, right)

    def _in_place(self, op: str, other: Any) -> FxArray:
        """``a = cast(a op b)``; ``ap_int op= ap_fixed`` takes b's integer part first."""
        beside = self._operand(other, wanted=f"{op}=")
        if self.format.family == "ap_int" and beside.format.family == "ap":
            part = arithmetic.truncate(beside.raw, beside.format)
            width = max(beside.format.integer, 1)
            beside = FxArray._of(part, Format(width, width, beside.format.signed, family="ap_int"))
        result = self._binary(op, beside)
        self.raw[...] = cast(result.raw, result.format, self.format)
        return self

    def __add__(self, other: Any) -> FxArray:
        return self._binary("+", other)

    def __radd__(self, other: Any) -> FxArray:
        return self._binary("+", other, swapped=True)

    def __iadd__(self, other: Any) -> FxArray:
        return self._in_place("+", other)

    def __sub__(self, other: Any) -> FxArray:
        return self._binary("-", other)

    def __rsub__(self, other: Any) -> FxArray:
        return self._binary("-", other, swapped=True)

    def __isub__(self, other: Any) -> FxArray:
        return self._in_place("-", other)

    def __mul__(self, other: Any) -> FxArray:
        return self._binary("*", other)

    def __rmul__(self, other: Any) -> FxArray:
        return self._binary("*", other, swapped=True)

    def __imul__(self, other: Any) -> FxArray:
        return self._in_place("*", other)

    def __truediv__(self, other: Any) -> FxArray:
        return self._binary("/", other)

    def __rtruediv__(self, other: Any) -> FxArray:
        return self._binary("/", other, swapped=True)

    def __itruediv__(self, other: Any) -> FxArray:
        return self._in_place("/", other)

    def __mod__(self, other: Any) -> FxArray:
        return self._binary("%", other)

    def __rmod__(self, other: Any) -> FxArray:
        return self._binary("%", other, swapped=True)

    def __imod__(self, other: Any) -> FxArray:
        return self._in_place("%", other)

    def __and__(self, other: Any) -> FxArray:
        return self._binary("&", other)

    def __rand__(self, other: Any) -> FxArray:
        return self._binary("&", other, swapped=True)

    def __iand__(self, other: Any) -> FxArray:
        return self._in_place("&", other)

    def __or__(self, other: Any) -> FxArray:
        return self._binary("|", other)

    def __ror__(self, other: Any) -> FxArray:
        return self._binary("|", other, swapped=True)

    def __ior__(self, other: Any) -> FxArray:
        return self._in_place("|", other)

    def __xor__(self, other: Any) -> FxArray:
        return self._binary("^", other)

    def __rxor__(self, other: Any) -> FxArray:
        return self._binary("^", other, swapped=True)

    def __ixor__(self, other: Any) -> FxArray:
        return self._in_place("^", other)

    def _shift(self, amount: Any, sign: int) -> FxArray:
        if isinstance(amount, FxArray):
            amount = arithmetic.truncate(amount.raw, amount.format)
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

    def leading_zeros(self) -> npt.NDArray[np.int64]:
        """Zero bits above the highest one bit of the code (``countLeadingZeros``).

        >>> FxArray([1, -1, 0], "ap_int<8>").leading_zeros()
        array([7, 0, 8])
        """
        lengths = np.frompyfunc(lambda code: int(code).bit_length(), 1, 1)(self.to_bits())
        return self.format.width - np.asarray(lengths).astype(np.int64)

    # ---- sums --------------------------------------------------------------------------------

    def sum(self, axis: Any = None, *, accumulator: Like | None = None) -> FxArray:
        """``sum(x)`` along ``axis`` (None: all, in C order), exact or through an accumulator.

        With an accumulator format each step is ``acc = cast(acc + x)``, in order of the index.

        >>> FxArray([7, 7, -7], "ap_int<4>").sum()
        FxArray.from_raw(7, 'ap_int<6>')
        >>> FxArray([7, 7, -7], "ap_int<4>").sum(accumulator="ap_fixed<4,4,AP_TRN,AP_SAT>").raw
        array(0)
        """
        moved = self._to_last(axis)
        if accumulator is not None:
            return FxArray._of(*accumulate.running_sum(moved, self.format, _format(accumulator)))
        result = growth.total(self.format, moved.shape[-1])
        return FxArray._of(np.sum(integers(moved, result), axis=-1), result)

    def cumsum(self, axis: Any = None, *, accumulator: Like | None = None) -> FxArray:
        """Partial sums along ``axis``, in the format of the whole sum or of an accumulator.

        >>> FxArray([7, 7, -7], "ap_int<4>").cumsum().raw
        array([ 7, 14,  7])
        """
        moved = self._to_last(axis)
        if accumulator is not None:
            target = _format(accumulator)
            raw, _ = accumulate.running_sum(moved, self.format, target, every=True)
        else:
            target = growth.total(self.format, moved.shape[-1])
            raw = np.cumsum(integers(moved, target), axis=-1)
        return FxArray._of(raw if axis is None else np.moveaxis(raw, -1, axis), target)

    def prod(self, axis: Any = None) -> FxArray:
        """The product along ``axis``: W and I times the number of factors, exact.

        >>> FxArray([1.5, 1.5], "ap_fixed<4,2>").prod()
        FxArray.from_raw(36, 'ap_fixed<8,4>')
        """
        moved = self._same(self._to_last(axis))
        if moved.shape[-1] == 0:
            raise ValueError("prod must have at least one factor, not an empty axis")
        result = moved[..., 0]
        for k in range(1, moved.shape[-1]):
            result = result * moved[..., k]
        return result

    def _to_last(self, axis: Any) -> Any:
        """``raw`` with the summed axes merged into the last one."""
        if axis is None:
            return self.raw.reshape(-1)
        axes = axis if isinstance(axis, tuple) else (axis,)
        moved = np.moveaxis(self.raw, axes, range(-len(axes), 0))
        kept = moved.ndim - len(axes)
        return (
            moved.reshape(*moved.shape[:kept], -1)
            if moved.size
            else moved.reshape(*moved.shape[:kept], int(np.prod(moved.shape[kept:])))
        )

    def matmul(self, other: Any, *, accumulator: Like | None = None) -> FxArray:
        """``a @ b`` with numpy's shapes; ``acc = cast(acc + a * b)`` per k with an accumulator.

        >>> a = FxArray([7, 7, -7], "ap_int<4>")
        >>> a.matmul(FxArray([1, 1, 1], "ap_int<4>"), accumulator="ap_fixed<4,4,AP_TRN,AP_SAT>").raw
        array(0)
        """
        beside = self._operand(other, wanted="@")
        a, b = self.raw, beside.raw
        if a.ndim == 0 or b.ndim == 0:
            raise ValueError(f"operands of @ must have an axis, not shapes {a.shape} and {b.shape}")
        left = a[None, :] if a.ndim == 1 else a
        right = b[:, None] if b.ndim == 1 else b
        if left.shape[-1] != right.shape[-2]:
            raise ValueError(f"inner lengths of @ must agree, not shapes {a.shape} and {b.shape}")
        target = None if accumulator is None else _format(accumulator)
        raw, result = accumulate.matmul(left, self.format, right, beside.format, accumulator=target)
        raw = raw[..., 0] if b.ndim == 1 else raw
        raw = raw[..., 0, :] if a.ndim == 1 and b.ndim > 1 else raw
        return FxArray._of(raw[..., 0] if a.ndim == 1 and b.ndim == 1 else raw, result)

    def __matmul__(self, other: Any) -> FxArray:
        return self.matmul(other)

    def __rmatmul__(self, other: Any) -> FxArray:
        return self._operand(other, wanted="@").matmul(self)

    def dot(self, other: Any, *, accumulator: Like | None = None) -> FxArray:
        """``matmul`` for one and two axes, product for scalars.

        >>> FxArray([1, 2], "ap_int<4>").dot(FxArray([3, 4], "ap_int<4>"))
        FxArray.from_raw(11, 'ap_int<9>')
        """
        beside = self._operand(other, wanted="dot")
        if self.ndim == 0 or beside.ndim == 0:
            return self * beside
        if beside.ndim > 2:
            raise ValueError(
                f"the right operand of dot must have at most 2 axes, not {beside.ndim}"
            )
        return self.matmul(beside, accumulator=accumulator)

    # ---- extremes, shapes, elements ----------------------------------------------------------

    def max(self, axis: Any = None) -> FxArray:
        """The greatest value along ``axis``, same format.

        >>> FxArray([1, 3, 2], "ap_int<4>").max().raw
        array(3)
        """
        return self._same(np.max(self.raw, axis=axis))

    def min(self, axis: Any = None) -> FxArray:
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

    def reshape(self, *shape: Any) -> FxArray:
        """The same elements in another shape.

        >>> FxArray([1, 2], "ap_int<4>").reshape(2, 1).shape
        (2, 1)
        """
        return self._same(self.raw.reshape(*shape))

    def transpose(self, *axes: Any) -> FxArray:
        """The axes in another order, reversed by default."""
        return self._same(self.raw.transpose(*axes))

    def ravel(self) -> FxArray:
        """The elements in one axis."""
        return self._same(self.raw.ravel())

    def flatten(self) -> FxArray:
        """A copy of the elements in one axis."""
        return self._same(self.raw.flatten())

    def squeeze(self, axis: Any = None) -> FxArray:
        """Without axes of length one."""
        return self._same(self.raw.squeeze(axis))

    def copy(self) -> FxArray:
        """An independent copy."""
        return self._same(self.raw.copy())

    def __copy__(self) -> FxArray:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> FxArray:
        return self.copy()

    def __len__(self) -> int:
        return len(self.raw)

    def __iter__(self) -> Iterator[FxArray]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, index: Any) -> FxArray:
        return self._same(self.raw[_index(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        """Assign, cast into this array's format as in C++."""
        self.raw[_index(index)] = FxArray(value, self.format).raw

    def __reduce__(self) -> tuple[Callable[..., FxArray], tuple[Any, Format]]:
        return (FxArray._of, (self.raw, self.format))

    # ---- numpy -------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return protocol.ufunc(self, ufunc, method, inputs, options)

    def __array_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        return protocol.function(self, function, arguments, options)


_COMPARE: dict[str, Any] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def _real(value: Any) -> bool:
    """Whether ``value`` is real but not an integer: comparisons with it are exact."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and bool(np.isfinite(value).all())
    if isinstance(value, float | np.floating):
        return bool(np.isfinite(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return not -(1 << 63) <= value < 1 << 63
    return isinstance(value, Fraction) or (isinstance(value, Decimal) and value.is_finite())


def _mixed(raw: Any) -> bool:
    """Whether numpy would turn these Python integers into floats."""
    return (
        not isinstance(raw, np.ndarray) and np.asarray(raw).dtype.kind in "fO" and np.size(raw) > 0
    )


def _index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(_index(part) for part in index)
    if isinstance(index, FxArray):
        if not index.format.is_integer:
            raise TypeError(f"an index must be of an integer format, not {index.format}")
        return index.raw.astype(np.int64)
    return index


def _each(raw: Any, function: Callable[[Any], Any]) -> Any:
    if np.ndim(raw) == 0:
        return function(raw[()] if isinstance(raw, np.ndarray) else raw)
    return [_each(part, function) for part in raw]


def _list(raw: Any) -> Any:
    return _each(raw, int)


def _text(values: Any) -> str:
    if isinstance(values, list):
        return "[" + " ".join(_text(part) for part in values) + "]"
    return format(values, "f")


def _scalar_only(a: FxArray) -> Any:
    raise TypeError(f"a single number must have one element, not shape {a.shape}")
