"""C++ of convolutions gives the emulator's bits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from generator import LayerSchedule, Schedule
from tests.emu import grid
from tests.emu.test_grid_convolution import (
    GEOMETRIES,
    SATURATING,
    TRANSPOSED,
    convolution,
    images,
)
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp

PLAIN = LayerSchedule()
LINE = ((4, 2), (3,), 2, (1,), ((1, 1),), (1,))


def case(geometry, accum, result, text, *, schedule=PLAIN, count=60, **more):
    op = convolution(geometry, accum, result, **more)
    raw = images(text, geometry[0], count, seed=more.get("seed", 0))
    label = f"{text} accum {accum} -> {result} {geometry} {more} {schedule}"
    return sweep.Case(op, text, raw, label, schedule)


def at_once(one, k):
    """The case with all positions computed at once, or the most that divide them."""
    places = int(np.prod(one.op.places(one.raw.shape[1:-1])))
    parallel = [n for n in range(1, places + 1) if places % n == 0][-1 - k % 2]
    return one._replace(schedule=LayerSchedule(1 + k % 3, parallelization_factor=parallel))


def geometries(step=1):
    """Every geometry with a saturating and a wrapping accumulator, some positions at once."""
    cases = []
    every = [(geometry, False) for geometry in GEOMETRIES]
    every += [(geometry, True) for geometry in TRANSPOSED]
    for k, (geometry, transposed) in enumerate(every):
        for accum in (SATURATING[k % 5], "fixed<12,6>"):
            more = {"transposed": transposed, "seed": k, "w": "fixed<4,1>"}
            one = case(geometry, accum, "fixed<8,4,RND,SAT>", "fixed<5,2>", **more)
            cases.append(at_once(one, k))
    return cases[::step]


def groups(step=1):
    """Depthwise with and without a multiplier, groups of channels, transposed too."""
    cases = []
    shapes = ((3, 3, 3), (3, 6, 3), (4, 2, 2), (2, 6, 2))
    for k, ((channels, filters, number), transposed) in enumerate(
        itertools.product(shapes, (False, True))
    ):
        line = ((5, channels), (3,), filters, (2,), ((1, 1),), (1,))
        image = ((3, 4, channels), (2, 3), filters, (1, 2), ((0, 1), (1, 1)), (1, 1))
        for geometry in (line, image):
            more = {"groups": number, "transposed": transposed, "seed": k}
            one = case(geometry, SATURATING[k % 5], "fixed<9,4>", "ufixed<4,2>", **more)
            cases.append(at_once(one, 2 * k))
    return cases[::step]


def orders(step=1):
    """Saturating sums in each order, by strategy, reuse factor and positions at once."""
    geometry = ((2, 3, 3), (2, 2), 2, (1, 1), ((0, 1), (1, 0)), (1, 1))
    cases = []
    for k, (reuse, accum, parallel) in enumerate(
        itertools.product((1, 2, 3, 4, 6, 12), SATURATING, (1, 3))
    ):
        strategy = ("resource", "resource_unrolled")[(k + reuse) % 2]
        schedule = LayerSchedule(reuse, strategy, parallelization_factor=parallel)
        interleave = reuse if reuse < 12 else 0
        more = {"reuse": interleave, "seed": k, "w": "fixed<4,1>", "schedule": schedule}
        cases.append(case(geometry, accum, "fixed<8,4>", "fixed<4,2>", **more))
    return cases[::step]


def formats(step=1):
    """Each rounding with each overflow and each kind of format, of accumulator and result."""
    cases = []
    for k, mode in enumerate((*grid.MODES, *grid.RESULTS)):
        text = ("fixed<3,2>", "ufixed<3,2>", "fixed<3,0>", *grid.INPUTS)[k % 18]
        w = grid.INPUTS[k % 15] if k % 2 else "fixed<4,2>"
        cases.append(case(LINE, mode, "fixed<12,6>", text, w=w, seed=k))
        cases.append(case(LINE, "fixed<9,4>", mode, text, seed=k))
    for text, w, accum in (
        ("fixed<31,10>", "fixed<31,5>", "fixed<62,14,RND,SAT>"),
        ("fixed<30,30>", "fixed<32,32>", "fixed<62,62,TRN,WRAP,3>"),
        ("fixed<40,10>", "fixed<30,4>", "fixed<75,20,TRN,SAT>"),
    ):
        cases.append(case(LINE, accum, "fixed<62,31,RND,SAT>", text, w=w, b="fixed<20,8>"))
    return cases[::step]


def test_convolutions_in_cpp(tmp_path, record_property):
    """A share of every sweep; ``pytest -m long`` leaves nothing out."""
    compiled.require()
    cases = geometries(2) + groups(3) + orders(7) + formats(19)
    count = sweep.agree(cases, tmp_path)
    record_property("values_compared", count)
    assert count > 10_000


@pytest.mark.long
@pytest.mark.parametrize(
    "family", [geometries, groups, orders, formats], ids=lambda family: family.__name__
)
def test_the_whole_grid_of_convolutions_in_cpp(family, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(family(), tmp_path))


@pytest.mark.parametrize(
    ("schedule", "groups", "message"),
    [
        (LayerSchedule(parallelization_factor=3), 1, "parallelization factor must divide its 4"),
        (LayerSchedule(1, "resource"), 2, "strategy of a convolution with 2 groups must be"),
        (LayerSchedule(4, "resource"), 1, "reuse factor of 6 x 2 must be one of 1, 2, 3, 6, 12"),
        (LayerSchedule(2, "resource"), 1, "its accumulator .* can saturate, so the order"),
    ],
)
def test_schedules_that_are_refused(schedule, groups, message):
    """By name, with the rule and the value."""
    graph = sweep.graph_of([case(LINE, SATURATING[0], "int<9>", "fixed<5,2>", groups=groups)])
    with pytest.raises(ValueError, match=f"^layer y0: {message}"):
        Schedule({"y0": schedule}).check(graph)


def test_parallelization_factors():
    """Positive integers."""
    with pytest.raises(ValueError, match=r"^parallelization factor must be at least 1, not 0$"):
        LayerSchedule(parallelization_factor=0)
    with pytest.raises(ValueError, match=r"^parallelization factor must be an integer, not 1\.5$"):
        LayerSchedule(parallelization_factor=1.5)
