"""C++ of bilinear up-sampling gives the emulator's bits; test_layers.py has a share of it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.emu import grid
from tests.emu.test_grid_bilinear import CASES, operator
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp


def case(shape, factors, weight, text, result):
    rng = np.random.default_rng(len(shape))
    raw = rng.choice(grid.corners(text, rng, 60), size=(30, *shape))
    label = f"bilinear {shape} {factors} {weight} {text} -> {result}"
    return sweep.Case(operator(factors, weight, result), text, raw, label)


def places(step=1):
    """Every geometry, in one type and from one into another."""
    cases = [case(*each, "fixed<6,3>", "fixed<6,3>") for each in CASES]
    cases += [case(*each, "ufixed<5,7>", "ufixed<9,6,RND,SAT>") for each in CASES]
    cases += [case(*each, "int<7>", "fixed<30,9>") for each in CASES]
    cases += [case(*each, "fixed<61,30>", "int<20>") for each in CASES]
    return cases[::step]


def modes(step=1):
    """Each rounding with each overflow, each kind of result."""
    return [
        case((2, 2, 1), (2, 1), "ufixed<3,1>", "fixed<7,4>", result)
        for result in (*grid.MODES, *grid.RESULTS)
    ][::step]


@pytest.mark.long
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
@pytest.mark.parametrize("family", [places, modes], ids=lambda family: family.__name__)
def test_the_whole_grid_of_up_sampling_in_cpp(family, io_type, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(family(), tmp_path, io_type))
