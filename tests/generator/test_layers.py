"""C++ of merges, pooling, moves and look-ups gives the emulator's bits: a share of every sweep.

``pytest -m long tests/generator/test_grid_*.py`` leaves nothing out.
"""

from __future__ import annotations

import pytest

from tests.generator import compiled, sweep
from tests.generator import test_grid_bilinear as bilinear
from tests.generator import test_grid_lookup as lookup
from tests.generator import test_grid_merge as merge
from tests.generator import test_grid_pooling as pooling
from tests.generator import test_grid_reshaping as reshaping

pytestmark = pytest.mark.cpp


FAMILIES = {
    "merges": lambda: merge.rare() + merge.kinds(131) + merge.modes(151) + merge.shapes()[::5],
    "pooling": lambda: (
        pooling.padded_unsigned()[:3] + pooling.kinds(43) + pooling.modes(43) + pooling.shapes(5)
    ),
    "moves": lambda: reshaping.places(9) + reshaping.modes(101) + bilinear.places(7),
    "lookups": lambda: lookup.lookups(31) + lookup.quantizers(),
    "normalizations": lambda: lookup.normalizations(37),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_in_cpp(family, tmp_path, record_property):
    """One project of many branches, each an operator with types of its own."""
    compiled.require()
    count = sweep.agree(FAMILIES[family](), tmp_path)
    record_property("values_compared", count)
    assert count > 400
