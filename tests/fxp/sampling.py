"""Random formats and raw values, edges and ties over-weighted, from a seed; C++ that reads them.

The C++ side sees raw values as 32-bit words, least significant first, so any width will do.
"""

from __future__ import annotations

import random

import numpy as np

from fxp import Format
from tests.fxp import grid

WIDTHS = (
    1,
    2,
    3,
    7,
    8,
    9,
    15,
    16,
    17,
    31,
    32,
    33,
    53,
    54,
    61,
    62,
    63,
    64,
    65,
    100,
    127,
    128,
    129,
    200,
)


def format_text(rng: random.Random, vendor: str, *, largest: int = 200, modes: bool = True) -> str:
    """A random type of the vendor."""
    width = rng.choice([w for w in WIDTHS if w <= largest])
    if rng.random() < 0.5:
        width = rng.randint(1, largest)
    if rng.random() < 0.15:
        sign = rng.random() < 0.5
        if vendor == "ac":
            return f"ac_int<{width},{str(sign).lower()}>"
        return f"ap_{'' if sign else 'u'}int<{width}>"
    integer = rng.randint(-12, width + 12) if rng.random() < 0.7 else rng.choice([0, 1, width])
    signed = rng.random() < 0.6
    if not modes:
        return grid.spell(vendor, width, integer, signed)
    chosen = rng.choice(list(grid.modes(width, signed, vendor=vendor)))
    if vendor == "ap" and chosen[1].startswith("WRAP") and rng.random() < 0.3:
        chosen = (chosen[0], chosen[1], rng.randint(0, width))
    return grid.spell(vendor, width, integer, signed, chosen)


def near(rng: random.Random, source: str, target: Format) -> str:
    """The type ``source`` moved so that casts to ``target`` meet its bounds and its ties."""
    f = Format.parse(source)
    if f.is_integer or rng.random() < 0.3:
        return source
    frac = target.frac + rng.randint(-4, 8)
    vendor = f.family[:2]
    return grid.spell(vendor, f.width, f.width - frac, f.signed)


def raws(rng: random.Random, f: Format, count: int, *, shift: int = 0) -> list[int]:
    """Raw values of ``f``: bounds, powers of two and their neighbours, ties of ``shift``, random."""
    edges = {f.raw_min, f.raw_min + 1, f.raw_max, f.raw_max - 1, 0, 1, -1, -2}
    for k in range(f.width + 1):
        edges |= {s * (1 << k) + d for s in (1, -1) for d in (-1, 0, 1)}
    if shift > 0:
        for _ in range(16):
            at = rng.randint(-8, 8) << shift
            edges |= {at + d + h for h in (0, 1 << (shift - 1)) for d in (-1, 0, 1)}
    usable = [e for e in edges if f.raw_min <= e <= f.raw_max]
    found = []
    for _ in range(count):
        draw = rng.random()
        if draw < 0.3:
            found.append(rng.choice(usable))
        elif draw < 0.6:
            value = rng.getrandbits(rng.randint(1, f.width))
            found.append(max(f.raw_min, -value) if f.signed and rng.random() < 0.5 else value)
        else:
            found.append(rng.getrandbits(f.width) + f.raw_min)
    return [max(f.raw_min, min(f.raw_max, v)) for v in found]


def words(width: int) -> int:
    """32-bit words of a raw value."""
    return -(-width // 32)


def pack(values: list[int], f: Format) -> bytes:
    """The raw values as words, for the C++ side."""
    size = 4 * words(f.width)
    mask = (1 << f.width) - 1
    return b"".join((int(v) & mask).to_bytes(size, "little") for v in values)


def unpack(data: bytes, f: Format) -> np.ndarray:
    """Raw values from the words that the C++ side wrote."""
    size = 4 * words(f.width)
    found = np.empty(len(data) // size, dtype=object)
    for k in range(len(found)):
        code = int.from_bytes(data[k * size : (k + 1) * size], "little") & ((1 << f.width) - 1)
        found[k] = code - (1 << f.width) if code > f.raw_max else code
    return found


PRELUDE = {
    "ap": """#include <cstdio>
#include <cstdint>
#include <cstdlib>
#include <ap_fixed.h>
#include <ap_int.h>
template <class T> struct width_of { enum { value = T::width }; };
template <class T> void get(T &x) {
  enum { W = width_of<T>::value };
  for (int k = 0; k < W; k += 32) {
    uint32_t w;
    if (fread(&w, 4, 1, stdin) != 1) abort();
    x.range(k + 31 < W ? k + 31 : W - 1, k) = w;
  }
}
template <class T> void put(const T &x) {
  enum { W = width_of<T>::value };
  for (int k = 0; k < W; k += 32) {
    uint32_t w = x.range(k + 31 < W ? k + 31 : W - 1, k).to_uint();
    fwrite(&w, 4, 1, stdout);
  }
}
""",
    "ac": """#include <cstdio>
#include <cstdint>
#include <cstdlib>
#include <ac_fixed.h>
#include <ac_int.h>
template <class T> struct width_of { enum { value = T::width }; };
template <int W> void get_bits(ac_int<W, false> &v) {
  v = 0;
  for (int k = 0; k < W; k += 32) {
    uint32_t w;
    if (fread(&w, 4, 1, stdin) != 1) abort();
    ac_int<W, false> part = w;
    v |= part << k;
  }
}
template <class T> void get(T &x) {
  ac_int<T::width, false> v;
  get_bits(v);
  x.set_slc(0, v);
}
template <class T> void put(const T &x) {
  ac_int<T::width, false> v = x.template slc<T::width>(0);
  for (int k = 0; k < T::width; k += 32) {
    uint32_t w = v.to_uint();
    fwrite(&w, 4, 1, stdout);
    v >>= 16;
    v >>= 16;
  }
}
""",
}
