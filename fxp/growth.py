"""Result formats of operations: the only place with width rules, one table for each vendor.

The operands are ``<W1,I1,S1>`` and ``<W2,I2,S2>``; F = W - I. Results have the default modes and
are exact, but for ``/``, ``%``, ``<<`` and ``>>``. Two integer types give an integer type (I = W).
Every rule raises FormatError where the operands' vendors differ or the result exceeds 1024 bits.
Sources: ap_fixed_base.h and ap_int_base.h, ``RType``; ac_fixed.h and ac_int.h, ``rt``.

>>> a, b = Format.parse("ap_fixed<8,4>"), Format.parse("ap_ufixed<8,2>")
>>> [str(rule(a, b)) for rule in (add, multiply, divide)]
['ap_fixed<11,5>', 'ap_fixed<16,6>', 'ap_fixed<14,10>']
"""

from __future__ import annotations

from .errors import FormatError
from .format import Format

__all__ = [
    "absolute",
    "add",
    "c_integer",
    "divide",
    "dot",
    "invert",
    "join",
    "logic",
    "multiply",
    "negate",
    "remainder",
    "scale2",
    "select",
    "shift",
    "subtract",
    "total",
]


def _family(a: Format, b: Format) -> str:
    """The family of a result; FormatError where the vendors differ."""
    vendor = a.family[:2]
    if vendor != b.family[:2]:
        raise FormatError(
            f"operands must be of one vendor, not {a} and {b};"
            " convert one: a.cast(Format.parse(a.format.spell('ap')))"
        )
    return f"{vendor}_int" if a.is_integer and b.is_integer else vendor


def _aligned(a: Format, b: Format) -> tuple[int, int]:
    """Integer bits that hold both operands, and the finer fraction."""
    left = a.integer + (b.signed and not a.signed)
    right = b.integer + (a.signed and not b.signed)
    return max(left, right), max(a.frac, b.frac)


def add(a: Format, b: Format) -> Format:
    """``a + b``: I = max(I1 + (S2 and not S1), I2 + (S1 and not S2)) + 1, F = max(F1, F2).

    >>> print(add(Format.parse("fixed<8,4>"), Format.parse("ufixed<8,2>")))
    ap_fixed<11,5>
    """
    integer, frac = _aligned(a, b)
    return Format(integer + 1 + frac, integer + 1, a.signed or b.signed, family=_family(a, b))


def subtract(a: Format, b: Format) -> Format:
    """``a - b``: the bits of ``a + b``, always signed.

    >>> print(subtract(Format.parse("uint<8>"), Format.parse("uint<8>")))
    ap_int<9>
    """
    integer, frac = _aligned(a, b)
    return Format(integer + 1 + frac, integer + 1, True, family=_family(a, b))


def multiply(a: Format, b: Format) -> Format:
    """``a * b``: W = W1 + W2, I = I1 + I2, S = S1 or S2.

    >>> print(multiply(Format.parse("fixed<8,4>"), Format.parse("int<3>")))
    ap_fixed<11,7>
    """
    return Format(
        a.width + b.width, a.integer + b.integer, a.signed or b.signed, family=_family(a, b)
    )


def divide(a: Format, b: Format) -> Format:
    """``a / b``: W = W1 + max(F2, 0) + S2, I = I1 + F2 + S2, S = S1 or S2; integers: W = W1 + S2.

    >>> print(divide(Format.parse("fixed<8,4>"), Format.parse("fixed<8,2>")))
    ap_fixed<15,11>
    """
    width = a.width + max(b.frac, 0) + b.signed
    integer = a.integer + b.frac + b.signed
    return Format(width, integer, a.signed or b.signed, family=_family(a, b))


def remainder(a: Format, b: Format) -> Format:
    """``a % b`` of integers: W = min(W1, W2 + (S1 and not S2)), S = S1; FormatError for fixed.

    >>> print(remainder(Format.parse("int<12>"), Format.parse("uint<4>")))
    ap_int<5>
    """
    family = _family(a, b)
    if not (a.is_integer and b.is_integer):
        raise FormatError(
            f"operands of % must be integer types, not {a} and {b}:"
            " neither vendor defines it for fixed types"
        )
    width = min(a.width, b.width + (a.signed and not b.signed))
    return Format(width, width, a.signed, family=family)


def logic(a: Format, b: Format) -> Format:
    """``a & b``, ``a | b``, ``a ^ b``: the I of ``a + b`` less 1, F = max(F1, F2), S = S1 or S2.

    >>> print(logic(Format.parse("fixed<8,4>"), Format.parse("ufixed<6,5>")))
    ap_fixed<10,6>
    """
    integer, frac = _aligned(a, b)
    return Format(integer + frac, integer, a.signed or b.signed, family=_family(a, b))


def negate(a: Format) -> Format:
    """``-a``: W + 1, I + 1, signed; ``ap_int``: max(W, 1 + S) + 1, as ``0 - a`` of a one-bit zero.

    >>> print(negate(Format.parse("ufixed<8,4>")), negate(Format.parse("int<1>")))
    ap_fixed<9,5> ap_int<3>
    """
    grown = max(a.width, 1 + a.signed) + 1 if a.family == "ap_int" else a.width + 1
    return Format(grown, a.integer + grown - a.width, True, family=a.family)


def invert(a: Format) -> Format:
    """``~a``: the same type (ap); W + not S, I + not S, signed (ac, where ``~a`` is ``-a - lsb``).

    >>> print(invert(Format.parse("ap_ufixed<8,4>")), invert(Format.parse("ac_fixed<8,4,false>")))
    ap_ufixed<8,4> ac_fixed<9,5,true>
    """
    if a.family.startswith("ap"):
        return a.exact
    grown = int(not a.signed)
    return Format(a.width + grown, a.integer + grown, True, family=a.family)


def shift(a: Format) -> Format:
    """``a << n``, ``a >> n``: exactly the left operand's bits, so both lose what leaves them.

    >>> print(shift(Format.parse("fixed<8,4,RND,SAT>")))
    ap_fixed<8,4>
    """
    return a.exact


def scale2(a: Format, n: int) -> Format:
    """``a * 2**n``, the point moved and no bit lost: W, I + n; an integer type becomes fixed.

    >>> print(scale2(Format.parse("ap_int<8>"), -3))
    ap_fixed<8,5>
    """
    return Format(a.width, a.integer + n, a.signed, family=a.family[:2])


def absolute(a: Format) -> Format:
    """``abs(a)``: the same bits, unsigned, which hold 2**(W-1); our rule (ac's ``mag`` adds a bit).

    >>> print(absolute(Format.parse("fixed<8,4>")))
    ap_ufixed<8,4>
    """
    return Format(a.width, a.integer, False, family=a.family)


def total(a: Format, count: int) -> Format:
    """``sum`` of ``count`` values: W + ceil(log2 count), I likewise (ac_fixed.h, ``set<N>::sum``).

    >>> print(total(Format.parse("fixed<8,4>"), 5))
    ap_fixed<11,7>
    """
    grown = (count - 1).bit_length() if count > 1 else 0
    return Format(a.width + grown, a.integer + grown, a.signed, family=a.family)


def dot(a: Format, b: Format, count: int) -> Format:
    """``sum(a * b)`` of ``count`` products: ``total(multiply(a, b), count)``.

    >>> print(dot(Format.parse("fixed<16,6>"), Format.parse("fixed<8,2>"), 64))
    ap_fixed<30,14>
    """
    return total(multiply(a, b), count)


def select(a: Format, high: int, low: int) -> Format:
    """``a.range(high, low)``: unsigned (ap); ``a.slc<high - low + 1>(low)``: signed as a (ac).

    >>> print(select(Format.parse("fixed<8,4>"), 6, 2))
    ap_uint<5>
    >>> print(select(Format.parse("ac_int<8,true>"), 6, 2))
    ac_int<5,true>
    """
    width = abs(high - low) + 1
    vendor = a.family[:2]
    return Format(width, width, vendor == "ac" and a.signed, family=f"{vendor}_int")


def join(a: Format, b: Format) -> Format:
    """``(a, b)``, the bits of a above those of b: ``ap_uint<W1 + W2>`` (ap_int_base.h, ``concat``).

    >>> print(join(Format.parse("fixed<8,4>"), Format.parse("uint<3>")))
    ap_uint<11>
    """
    width = a.width + b.width
    vendor = _family(a, b)[:2]
    return Format(width, width, False, family=f"{vendor}_int")


def c_integer(bits: int, *, signed: bool, like: Format) -> Format:
    """A C integer beside ``like``: ``ap_int<bits>`` or ``ac_int<bits>``; ``bool`` is one bit.

    >>> print(add(Format.parse("fixed<8,4>"), c_integer(32, signed=True, like=Format(8, 4))))
    ap_fixed<37,33>
    """
    return Format(bits, bits, signed, family=f"{like.family[:2]}_int")
