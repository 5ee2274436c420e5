"""C++ of padding, cropping, slices, up-sampling and transposes gives the emulator's bits."""

from __future__ import annotations

import numpy as np
import pytest

from tests.emu import grid
from tests.emu.test_grid_reshaping import CASES, OPERATORS, operator
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp


def case(kind, shape, given, text, result):
    rng = np.random.default_rng(len(shape))
    raw = rng.choice(grid.corners(text, rng, 60), size=(20, *shape))
    label = f"{kind} {shape} {given} {text} -> {result}"
    return sweep.Case(operator(kind, given, result), text, raw, label)


def places(step=1):
    """Every geometry, in one type and from one into another."""
    cases = [case(*each, "fixed<6,3>", "fixed<6,3>") for each in CASES]
    cases += [case(*each, "fixed<62,30>", "ufixed<55,22,RND,SAT>") for each in CASES]
    return cases[::step]


def modes(step=1):
    """Each rounding with each overflow, each kind of result."""
    first = {kind: next(c[1:] for c in CASES if c[0] == kind) for kind in OPERATORS}
    return [
        case(kind, *first[kind], "fixed<7,4>", result)
        for kind in OPERATORS
        for result in (*grid.MODES, *grid.RESULTS)
    ][::step]


@pytest.mark.long
@pytest.mark.parametrize("family", [places, modes], ids=lambda family: family.__name__)
def test_the_whole_grid_of_moves_in_cpp(family, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(family(), tmp_path))
