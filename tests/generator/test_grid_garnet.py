"""C++ of GarNet gives the emulator's bits."""

from __future__ import annotations

import itertools

import pytest

from tests.emu.test_grid_garnet import cases as grid_cases
from tests.emu.test_grid_garnet import garnet, samples
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp


def cases(step=1):
    """Modes of every kind in each of the types; blocks, ends and means of each kind."""
    found = []
    for op, raw, n, text, count in list(grid_cases())[::step]:
        label = f"{op.function} {text} {count} {raw.shape[1:]} / {op.blocks} -> {op.result}"
        found.append(sweep.Case(op, text, raw, label, more=((count, n),)))
    return found


def plain():
    """Wide types, where no cast hides an error; each way to end, vertices that do not count."""
    found = []
    for k, (collapse, by_count) in enumerate(itertools.product((False, True), repeat=2)):
        types = {"result": "fixed<16,8>", "aggr": "fixed<20,8>", "edge_sum": "ufixed<12,4>"}
        op = garnet(4, 2, 2, seed=k, blocks=2, collapse=collapse, by_count=by_count, **types)
        raw, n = samples("fixed<6,3>", (4, 2), "uint<3>", 24, k)
        label = f"{op.function}, by_count {by_count}"
        found.append(sweep.Case(op, "fixed<6,3>", raw, label, more=(("uint<3>", n),)))
    return found


def test_garnets_in_cpp(tmp_path, record_property):
    """A share of them; ``pytest -m long`` leaves nothing out."""
    compiled.require()
    made = plain() + cases(25)
    record_property("values_compared", count := sweep.agree(made, tmp_path))
    assert count > 50


@pytest.mark.long
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_all_garnets_in_cpp(io_type, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(plain() + cases(), tmp_path, io_type))
