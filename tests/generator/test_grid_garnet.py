"""C++ of GarNet gives the emulator's bits."""

from __future__ import annotations

import pytest

from tests.emu.test_grid_garnet import cases as grid_cases
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp


def cases(step=1):
    """Modes of every kind in each of the types; blocks, ends and means of each kind."""
    found = []
    for op, raw, n, text, count in list(grid_cases())[::step]:
        label = f"{op.function} {text} {count} {raw.shape[1:]} / {op.blocks} -> {op.result}"
        found.append(sweep.Case(op, text, raw, label, more=((count, n),)))
    return found


def test_garnets_in_cpp(tmp_path, record_property):
    """A share of them; ``pytest -m long`` leaves nothing out."""
    compiled.require()
    made = cases(10)
    assert {case.op.collapse for case in made} == {False, True}
    record_property("values_compared", count := sweep.agree(made, tmp_path))
    assert count > 50


@pytest.mark.long
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_all_garnets_in_cpp(io_type, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(cases(), tmp_path, io_type))
