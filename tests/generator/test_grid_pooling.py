"""C++ of maximum and average pooling gives the emulator's bits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.emu import grid
from tests.emu.test_grid_dense import vectors
from tests.emu.test_grid_pooling import GEOMETRIES, SHORT, pooling
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp

ACCUMS = ("fixed<9,5>", "fixed<5,3,RND,SAT>", "ufixed<5,2>", "int<4>", "fixed<16,6>")
LINE = ((5, 1), (3,), (2,), ((0, 1),))


def case(name, geometry, accum, result, text, raw, **more):
    label = f"{name} {text} accum {accum} -> {result} {geometry} {more}"
    return sweep.Case(pooling(name, geometry, accum, result, **more), text, raw, label)


def kinds(step=1):
    """Every kind of input, accumulator and result, with every meaning of padding."""
    every = itertools.product(SHORT, ACCUMS, ("max", "average"), (False, True), (False, True))
    return [
        case(
            name,
            LINE,
            accum,
            grid.RESULTS[k % len(grid.RESULTS)],
            text,
            vectors(text, 5, 200)[..., None],
            count_pad=count_pad,
            top_bit=top_bit,
        )
        for k, (text, accum, name, count_pad, top_bit) in list(enumerate(every))[::step]
    ]


def modes(step=1):
    """Each rounding with each overflow, of the result and of the accumulator."""
    raw = vectors("fixed<4,1>", 5, 200)[..., None]
    cases = []
    for k, mode in list(enumerate(grid.MODES))[::step]:
        name = ("average", "average", "max")[k % 3]
        cases.append(case(name, LINE, mode, "fixed<12,6>", "fixed<4,1>", raw))
        cases.append(case(name, LINE, "fixed<9,5>", mode, "fixed<4,1>", raw))
        order = ("casts", "tree")[k // 3 % 2]
        six = ((6, 1), (6,), (1,), ((0, 0),))
        more = vectors("fixed<4,1>", 6, 200)[..., None]
        cases.append(case(name, six, mode, "fixed<12,6>", "fixed<4,1>", more, order=order))
    return cases


def shapes(step=1):
    """Every geometry; no axis left; wide values."""
    rng = np.random.default_rng(3)
    cases = []
    for k, geometry in enumerate(GEOMETRIES):
        text = ("fixed<5,2>", "ufixed<5,2>")[k % 2]
        raw = rng.choice(grid.codes(text), size=(8, *geometry[0]))
        for name in ("max", "average"):
            cases.append(case(name, geometry, "fixed<10,6>", "fixed<8,4,RND,SAT>", text, raw))
    whole = ((2, 3, 4), (2, 3), (2, 3), ((0, 0), (0, 0)))
    raw = rng.integers(-8, 8, size=(8, 2, 3, 4))
    cases.append(case("average", whole, "fixed<9,6>", "fixed<8,4>", "fixed<4,2>", raw, flat=True))
    for name, text in itertools.product(("max", "average"), ("fixed<61,30>", "ufixed<62,20>")):
        raw = rng.choice(grid.corners(text, rng, 30), size=(40, 5, 1))
        cases.append(case(name, LINE, "fixed<70,40,TRN,SAT>", "fixed<62,31,RND,SAT>", text, raw))
    return cases[::step]


def padded_unsigned():
    """Maxima whose padding may show: of unsigned values it is not the least one."""
    return [
        case
        for case in shapes()
        if case.op.name == "max" and case.text.startswith("u") and any(map(any, case.op.padding))
    ]


@pytest.mark.long
@pytest.mark.parametrize("family", [kinds, modes, shapes], ids=lambda family: family.__name__)
def test_the_whole_grid_of_pooling_in_cpp(family, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(family(), tmp_path))
