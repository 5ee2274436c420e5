"""Every small cast of the vendors' own headers, raw integer by raw integer."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

from fxp import Format, cast
from tests.fxp import grid, headers, oracle

SIDES = [(width, signed) for width in grid.WIDTHS for signed in (True, False)]


def compare(vendor: str, targets: list[str], *, width: int = 8) -> int:
    """Compare every cast into ``targets`` at every shift with the header; return their number."""
    step = grid.PER_UNIT // (2 * len(grid.SHIFTS))
    parts = []
    for _, group in groupby(targets, key=lambda target: Format.parse(target).frac):
        alike = list(group)
        parts += [alike[start : start + step] for start in range(0, len(alike), step)]
    units = [
        [
            (source, target)
            for target in part
            for source in grid.sources(Format.parse(target).frac, vendor=vendor, width=width)
        ]
        for part in parts
    ]
    texts = [grid.program(unit, vendor=vendor, width=width) for unit in units]
    count = 0
    for unit, answer in zip(units, headers.run_all(texts, kind=vendor), strict=True):
        expected = np.frombuffer(answer, dtype=np.int64).reshape(len(unit), 2**width)
        for (source, target), row in zip(unit, expected, strict=True):
            f, g = Format.parse(source), Format.parse(target)
            raw = grid.codes(width, f.signed)
            np.testing.assert_array_equal(cast(raw, f, g), row, err_msg=f"{source} -> {target}")
            count += 1
    return count


@pytest.mark.cpp
@pytest.mark.parametrize(("width", "signed"), SIDES)
def test_amd_header_agrees_on_every_small_cast(width, signed):
    """Each destination and shift, from every value of an 8-bit source of either sign."""
    headers.require("ap")
    targets = grid.destinations(width, signed, vendor="ap")
    assert compare("ap", targets) == 30 * len(targets)


@pytest.mark.cpp
@pytest.mark.parametrize(("width", "signed"), SIDES)
def test_siemens_header_agrees_on_every_small_cast(width, signed):
    """As for AMD, with ac_fixed's modes, RND_CONV_ODD among them."""
    headers.require("ac")
    targets = grid.destinations(width, signed, vendor="ac")
    assert compare("ac", targets) == 30 * len(targets)


@pytest.mark.cpp
@pytest.mark.parametrize("width", [3, 4, 6, 10])
def test_amd_header_agrees_on_sign_magnitude_wrap_from_other_source_widths(width):
    """WRAP_SM without sat_bits looks at a bit of the unrounded source: its width is varied too."""
    headers.require("ap")
    targets = [
        grid.spell("ap", w, w - 1, True, (rounding, "WRAP_SM", 0))
        for w in (1, 2, 3, 5)
        for rounding in grid.AP_ROUNDINGS
    ]
    assert compare("ap", targets, width=width) == 30 * len(targets)


@pytest.mark.cpp
@pytest.mark.long
@pytest.mark.parametrize("integer", grid.INTEGERS)
@pytest.mark.parametrize("vendor", ["ap", "ac"])
def test_headers_agree_on_every_literal_pair(vendor, integer):
    """Every destination with its integer bits spelt out: -4 to 11."""
    headers.require(vendor)
    targets = [t for w, s in SIDES for t in grid.destinations(w, s, vendor=vendor, integer=integer)]
    print(f"{vendor} I={integer}: {compare(vendor, targets)} format pairs, 256 values each")


@pytest.mark.parametrize(("width", "signed"), [side for side in SIDES if side[0] in (1, 2, 4)])
@pytest.mark.parametrize("vendor", ["ap", "ac"])
def test_oracle_agrees_on_small_casts(vendor, width, signed):
    """The same grid against exact rationals, from 5-bit sources."""
    for target in grid.destinations(width, signed, vendor=vendor):
        g, t = Format.parse(target), oracle.read(target)
        for source in grid.sources(g.frac, vendor=vendor, width=5):
            f, s = Format.parse(source), oracle.read(source)
            raw = grid.codes(5, f.signed)
            expected = [oracle.cast(int(m), s, t) for m in raw]
            np.testing.assert_array_equal(
                cast(raw, f, g), expected, err_msg=f"{source} -> {target}"
            )
