"""Casts of SystemC's sc_fixed against fxp, apart from three differences, which are counted.

SystemC is where the modes of ap_fixed come from; its code is independent of AMD's and Siemens'.
``sc_fix`` and ``sc_ufix``, the bases of ``sc_fixed`` and ``sc_ufixed``, take their format at run
time: one small program makes every cast. Needs: apt-get install libsystemc-dev.
"""

from __future__ import annotations

import numpy as np
import pytest

from fxp import Format, cast
from tests.fxp import grid, headers, oracle

PROGRAM = """#include <cmath>
#include <cstdio>
#include <systemc>
using namespace sc_dt;
int sc_main(int, char **) { return 0; }
template <class S, class D> void all(int w, int i, int v, int j, sc_q_mode q, sc_o_mode o, int n) {
  long long out[256];
  for (int k = 0; k < 1 << v; k++) {
    S s(v, j);
    D d(w, i, q, o, n);
    s = std::ldexp(double(k), j - v);  // an unsigned value in the range: exact; signed: it wraps
    d = s;
    out[k] = (long long)std::ldexp(d.to_double(), w - i);
  }
  fwrite(out, sizeof out[0], 1 << v, stdout);
}
int main() {
  int w, i, s, v, j, t, q, o, n;
  while (scanf("%d %d %d %d %d %d %d %d %d", &w, &i, &s, &v, &j, &t, &q, &o, &n) == 9) {
    auto run = t ? (s ? all<sc_fix, sc_fix> : all<sc_fix, sc_ufix>)
                 : (s ? all<sc_ufix, sc_fix> : all<sc_ufix, sc_ufix>);
    run(w, i, v, j, sc_q_mode(q), sc_o_mode(o), n);
  }
}
"""
ROUNDINGS = ["RND", "RND_ZERO", "RND_MIN_INF", "RND_INF", "RND_CONV", "TRN", "TRN_ZERO"]
OVERFLOWS = ["SAT", "SAT_ZERO", "SAT_SYM", "WRAP", "WRAP_SM"]
"""Modes in the order of SystemC's sc_q_mode and sc_o_mode (IEEE 1666, 7.10)."""


def ask_systemc(pairs: list[tuple[Format, Format]]) -> list[np.ndarray]:
    """The raw results of every source code, for each (source, target)."""
    lines = [
        f"{g.width} {g.integer} {g.signed:d} {f.width} {f.integer} {f.signed:d}"
        f" {ROUNDINGS.index(g.rounding.name)} {OVERFLOWS.index(g.overflow.name)} {g.sat_bits}\n"
        for f, g in pairs
    ]
    answer = headers.run(PROGRAM, kind="sc", data="".join(lines).encode())
    found = np.frombuffer(answer, dtype=np.int64)
    assert found.size == sum(2**f.width for f, _ in pairs)
    parts = np.cumsum([2**f.width for f, _ in pairs])
    return np.split(found, parts[:-1])


def difference(raw: np.ndarray, source: str, target: str) -> tuple[str, np.ndarray]:
    """The name of the difference that a target shows, and the values that show it."""
    s, t = oracle.read(source), oracle.read(target)
    one_bit = t.overflow == "SAT_SYM" and t.signed and t.width == 1
    unsigned = t.overflow == "WRAP" and t.sat_bits > 0 and not t.signed
    magnitude = t.overflow == "WRAP_SM" and t.sat_bits == 0
    if not (one_bit or unsigned or magnitude):
        return "", np.zeros(raw.shape, dtype=bool)
    scale = oracle.Fraction(2) ** t.frac
    rounded = np.array([oracle.quantise(s.value(int(m)) * scale, t.rounding) for m in raw])
    if one_bit:
        return "SAT_SYM of one bit: -1, SystemC 0", rounded < 0
    if unsigned:
        return "unsigned WRAP with sat_bits below zero: ones, SystemC zeros", rounded < 0
    # AMD's header reads the deleted bit of the unrounded source, SystemC that of the rounded value.
    place = t.width + s.frac - t.frac
    deleted = raw >> place & 1 if 0 <= place < s.width else 0 * raw
    outside = (rounded < -(2 ** (t.width - 1))) | (rounded >= 2 ** (t.width - 1))
    return "WRAP_SM after a rounding carry", outside & ((rounded >> t.width & 1) != deleted)


def compare(targets: list[str]) -> tuple[int, dict[str, int]]:
    """Compare every cast; how many agree, and how many show each difference."""
    pairs = [
        (source, target)
        for target in targets
        for source in grid.sources(Format.parse(target).frac, vendor="ap")
    ]
    formats = [(Format.parse(source), Format.parse(target)) for source, target in pairs]
    agree: int = 0
    differ: dict[str, int] = {}
    for (source, target), (f, g), theirs in zip(pairs, formats, ask_systemc(formats), strict=True):
        raw = grid.codes(f.width, f.signed)
        name, unlike = difference(raw, source, target)
        np.testing.assert_array_equal(
            cast(raw, f, g) != theirs, unlike, err_msg=f"{source} -> {target}"
        )
        agree += int((~unlike).sum())
        if name:
            differ[name] = differ.get(name, 0) + int(unlike.sum())
    return agree, differ


@pytest.mark.cpp
def test_systemc_agrees_on_every_small_cast():
    """The grid of AMD's casts, every mode: 20 790 pairs of formats; only the three differences."""
    headers.require("sc")
    targets = [
        target
        for width in grid.WIDTHS
        for signed in (True, False)
        for target in grid.destinations(width, signed, vendor="ap")
    ]
    agree, differ = compare(targets)
    print(f"SystemC: {len(targets) * 30} pairs, {agree} casts agree, {differ}")
    assert agree + sum(differ.values()) == 30 * 256 * len(targets)
    assert len(differ) == 3
    assert all(differ.values())
