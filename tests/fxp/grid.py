"""The exhaustive grid of casts: every small destination, every shift, one 8-bit source per shift.

A cast depends on the value and on shift = F2 - F alone, so the destination's integer bits may be
any: they are spread over negative, ordinary and over-long ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

SHIFTS = range(-7, 8)
WIDTHS = range(1, 7)
AP_ROUNDINGS = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_MIN_INF", "RND_INF", "RND_CONV")
AC_ROUNDINGS = (*AP_ROUNDINGS, "RND_CONV_ODD")
INTEGERS = range(-4, 12)
SPREAD = (-4, 0, 3, 11)
PER_UNIT = 600
"""Casts to a translation unit: g++ needs about 10 ms and 0.6 MB for each."""


def modes(width: int, signed: bool, *, vendor: str) -> Iterator[tuple[str, str, int]]:
    """Every (rounding, overflow, sat_bits) that a type of the vendor may have."""
    for rounding in AP_ROUNDINGS if vendor == "ap" else AC_ROUNDINGS:
        for overflow in ("SAT", "SAT_ZERO", "SAT_SYM"):
            yield rounding, overflow, 0
        if vendor == "ac":
            yield rounding, "WRAP", 0
            continue
        for overflow in ("WRAP", "WRAP_SM") if signed else ("WRAP",):
            for sat_bits in range(min(3, width) + 1):
                yield rounding, overflow, sat_bits


def spell(
    vendor: str, width: int, integer: int, signed: bool, mode: tuple[str, str, int] | None = None
) -> str:
    """The vendor's C++ text of a type."""
    if vendor == "ac":
        head = f"ac_fixed<{width},{integer},{str(signed).lower()}"
        return head + (f",AC_{mode[0]},AC_{mode[1]}>" if mode else ">")
    head = f"{'ap_fixed' if signed else 'ap_ufixed'}<{width},{integer}"
    return head + (f",AP_{mode[0]},AP_{mode[1]},{mode[2]}>" if mode else ">")


def destinations(width: int, signed: bool, *, vendor: str, integer: int | None = None) -> list[str]:
    """Every destination of this width and sign; integer bits as given, or spread over ``SPREAD``.

    Neighbours have the same integer bits, hence the same sources: a translation unit is cheaper.
    """
    found = list(modes(width, signed, vendor=vendor))
    part = -(-len(found) // len(SPREAD))
    return [
        spell(vendor, width, SPREAD[k // part] if integer is None else integer, signed, mode)
        for k, mode in enumerate(found)
    ]


def sources(target_frac: int, *, vendor: str, width: int = 8) -> list[str]:
    """Sources of ``width`` bits, both signs, for each shift to a target with that fraction."""
    return [
        spell(vendor, width, width - (target_frac + shift), signed)
        for shift in SHIFTS
        for signed in (True, False)
    ]


def codes(width: int, signed: bool) -> np.ndarray:
    """Every raw value of the width, in order of the unsigned code."""
    code = np.arange(2**width)
    return np.where(code >= 2 ** (width - 1), code - 2**width, code) if signed else code


PROGRAM = """#include <cstdio>
#include <{header}>
template <class D, class S> void all() {{
  static long long out[{count}];
  for (int k = 0; k < {count}; k++) {{
    S s;
    {set};
    D d(s);
    out[k] = {get};
  }}
  fwrite(out, sizeof out[0], {count}, stdout);
}}
int main() {{
{calls}
}}
"""
ACCESS = {
    "ap": ("ap_fixed.h", "s.V = k", "(long long)(int)d.V"),
    "ac": (
        "ac_fixed.h",
        "s.set_slc(0, ac_int<{width}, false>(k))",
        "d.template slc<D::width>(0).to_int()",
    ),
}


def program(pairs: list[tuple[str, str]], *, vendor: str, width: int = 8) -> str:
    """C++ that writes, as int64, the raw result of each cast (source, target) of every source code."""
    header, put, get = ACCESS[vendor]
    return PROGRAM.format(
        header=header,
        count=2**width,
        set=put.format(width=width),
        get=get,
        calls="\n".join(f"  all<{target}, {source}>();" for source, target in pairs),
    )
