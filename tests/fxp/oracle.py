"""An independent oracle of fxp: exact rationals, one value at a time; imports nothing of fxp.

Written from UG1399 ("Quantization Modes", "Overflow Modes", "Binary Arithmetic") and the ac_datatypes
reference; types are read from their C++ spelling. Where those texts are silent (sat_bits of an
unsigned type, WRAP_SM) the rule is the one AMD's header computes, stated in docs/numerics-fxp.md.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import floor
from typing import NamedTuple


class Type(NamedTuple):
    """A type; ``kind`` is ap, ap_int, ac or ac_int; value = raw / 2**frac."""

    width: int
    integer: int
    signed: bool
    rounding: str = "TRN"
    overflow: str = "WRAP"
    sat_bits: int = 0
    kind: str = "ap"

    @property
    def frac(self) -> int:
        return self.width - self.integer

    def value(self, raw: int) -> Fraction:
        return Fraction(raw) / Fraction(2) ** self.frac


def read(text: str) -> Type:
    """The type that a vendor spelling names."""
    name, inside = re.fullmatch(r"(\w+)<(.*)>", text).groups()  # type: ignore[union-attr]
    words = [re.sub(r"^(AP|AC)_", "", word.strip()) for word in inside.split(",")]
    if name in ("ap_int", "ap_uint"):
        return Type(int(words[0]), int(words[0]), name == "ap_int", "TRN_ZERO", kind="ap_int")
    if name == "ac_int":
        return Type(int(words[0]), int(words[0]), words[1] == "true", "TRN", kind="ac_int")
    signed = words.pop(2) == "true" if name == "ac_fixed" else name == "ap_fixed"
    rounding = words[2] if len(words) > 2 else "TRN"
    overflow = words[3] if len(words) > 3 else "WRAP"
    bits = int(words[4]) if len(words) > 4 else 0
    return Type(int(words[0]), int(words[1]), signed, rounding, overflow, bits, name[:2])


def quantise(x: Fraction, mode: str) -> int:
    """The integer that ``mode`` takes for x."""
    below = floor(x)
    if x == below:
        return below
    above = below + 1
    if mode == "TRN":
        return below
    toward, away = (below, above) if x > 0 else (above, below)
    if mode == "TRN_ZERO":
        return toward
    if x - below != above - x:
        return below if x - below < above - x else above
    even = below if below % 2 == 0 else above
    return {
        "RND": above,
        "RND_MIN_INF": below,
        "RND_ZERO": toward,
        "RND_INF": away,
        "RND_CONV": even,
        "RND_CONV_ODD": below + above - even,
    }[mode]


def _unsigned(n: int, width: int) -> int:
    return n % 2**width


def _signed(n: int, width: int) -> int:
    n %= 2**width
    return n - 2**width if n >= 2 ** (width - 1) else n


def overflow(n: int, t: Type, deleted: int) -> int:
    """The raw value of ``t`` for the rounded integer n; ``deleted`` is WRAP_SM's deleted bit."""
    least, most = (
        (-(2 ** (t.width - 1)), 2 ** (t.width - 1) - 1) if t.signed else (0, 2**t.width - 1)
    )
    if t.overflow == "SAT_SYM" and t.signed and t.width > 1:
        least = -most
    if least <= n <= most:
        return n
    if t.overflow in ("SAT", "SAT_SYM"):
        return least if n < 0 else most
    if t.overflow == "SAT_ZERO":
        return 0
    wrapped = _unsigned(n, t.width)
    bits = [wrapped >> k & 1 for k in range(t.width)]  # least significant first
    negative = int(n < 0)
    count = t.sat_bits
    if t.overflow == "WRAP_SM":
        first_kept = bits[-1] if count < 2 else bits[t.width - count]
        wanted = (deleted if count == 0 else negative) if count < 2 else 1 - negative
        if first_kept != wanted:
            bits = [1 - bit for bit in bits]
    if count:
        if not t.signed:
            bits[t.width - count :] = [1] * count
        else:
            bits[t.width - count :] = [1 - negative] * (count - 1) + [negative]
    total = sum(bit << k for k, bit in enumerate(bits))
    return _signed(total, t.width) if t.signed else total


def cast(raw: int, source: Type, target: Type) -> int:
    """Raw value of ``target`` for raw value ``raw`` of ``source``: quantise, then overflow."""
    if source == target:
        return raw
    return convert(source.value(raw), target, raw=raw, source=source)


def convert(x: Fraction, target: Type, *, raw: int = 0, source: Type | None = None) -> int:
    """Raw value of ``target`` for the number x."""
    n = quantise(x * Fraction(2) ** target.frac, target.rounding)
    deleted = 0
    if source is not None:
        # The header looks at the unrounded source, and only at bits that it has.
        place = target.width + source.frac - target.frac
        if 0 <= place < source.width:
            deleted = raw >> place & 1
    return overflow(n, target, deleted)


# ---- results of operators ---------------------------------------------------------------------


def _span(least: Fraction, most: Fraction, frac: int, *, signed: bool) -> int:
    """Integer bits that hold every number from least to most."""
    integer = -frac + 1
    while True:
        top = Fraction(2) ** (integer - 1 if signed else integer)
        bottom = -top if signed else Fraction(0)
        if bottom <= least and most <= top - Fraction(1, 2) ** frac:
            return integer
        integer += 1


def truncate(x: Fraction) -> int:
    """x without its fraction, toward zero."""
    return floor(x) if x >= 0 else -floor(-x)


def operate(op: str, a: Fraction, b: Fraction, ta: Type, tb: Type) -> Fraction:
    """The value of ``a op b``: exact, or as the vendors define it for ``/`` and ``%``."""
    if op == "+":
        return a + b
    if op == "-":
        return a - b
    if op == "*":
        return a * b
    if op == "/":
        # The integer quotient of the raw values, the dividend moved by the divisor's fraction.
        if ta.kind.endswith("int") and tb.kind.endswith("int"):
            return Fraction(truncate(a / b))
        lsb = Fraction(1, 2) ** (ta.frac if tb.frac >= 0 else ta.frac - tb.frac)
        return truncate(a / b / lsb) * lsb
    if op == "%":
        return a - truncate(a / b) * b
    lsb = Fraction(1, 2) ** max(ta.frac, tb.frac)
    left, right = int(a / lsb), int(b / lsb)
    return {"&": left & right, "|": left | right, "^": left ^ right}[op] * lsb
