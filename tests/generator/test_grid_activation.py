"""C++ of every activation gives the emulator's bits on every input of small formats."""

from __future__ import annotations

import numpy as np
import pytest

from emu.ops import FUNCTIONS, Activation
from fxp import Format
from tests.emu import grid
from tests.emu.test_grid_activation import (
    HARD,
    LOOKUPS,
    NARROWER,
    SIZES,
    WIDE,
    parameter_sets,
    scrambled,
)
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp

TABLES = ("fixed<18,8>", "ufixed<5,0>", "fixed<4,7,RND,SAT>", "fixed<6,-1>", "int<4>")


def case(name, text, result, parameters, size=64, table="fixed<9,4>", raw=None):
    lookup = name in LOOKUPS
    op = Activation(
        result=Format.parse(result),
        name=name,
        parameters=tuple(grid.constant(*pair) for pair in parameters),
        table=grid.table(table, scrambled(size, table)) if lookup else None,
    )
    raw = grid.codes(text) if raw is None else raw
    label = f"{name} {text} -> {result}, {parameters}, {size if lookup else ''}"
    return sweep.Case(op, text, raw.reshape(-1, 1), label)


def small(name, step):
    """Inputs of every kind, results of every kind, modes of the result in turn."""
    cases, turn = [], 0
    for text in grid.INPUTS:
        for parameters in parameter_sets(name, text):
            for result in grid.RESULTS:
                if turn % step == 0:
                    size = SIZES[turn // step % len(SIZES)]
                    cases.append(
                        case(name, text, result, parameters, size, TABLES[turn // step % 5])
                    )
                turn += 1
    return cases


def modes(name, start=0, step=1):
    """Each rounding and each overflow mode of the result."""
    cases = []
    for k, result in list(enumerate(grid.MODES))[start::step]:
        text = ("fixed<6,3>", "fixed<7,2>", "ufixed<6,3>")[k % 3]
        sets = parameter_sets(name, text)
        cases.append(case(name, text, result, sets[k % len(sets)], 32))
    return cases


def wide(name):
    """Inputs beyond 32 bits, where a table index wraps, and up to 62."""
    cases = []
    for k, text in enumerate(NARROWER if name == "selu_stream" else WIDE):
        raw = grid.corners(text, np.random.default_rng(k), 60)
        result = ("fixed<50,20,RND_CONV,SAT>", "ufixed<16,40>", "fixed<62,30>")[k % 3]
        cases.append(case(name, text, result, parameter_sets(name, text)[0], 1000, raw=raw))
    return cases


def limits():
    """62 bits in and out, and 2 * x that overflows in every mode of the input."""
    cases = []
    names = ("linear", "relu", "relu1", "relu6", "binary_tanh", "ternary_tanh_stream")
    for k, shape in enumerate(("62,30", "62,62", "62,-4", "62,70")):
        for j, sign in enumerate(("", "u")):
            text = f"{sign}fixed<{shape}>"
            raw = grid.corners(text, np.random.default_rng(1), 100)
            result = ("fixed<62,31,RND,SAT>", "fixed<8,4,RND_INF>", "int<60>")[(k + j) % 3]
            cases += [case(name, text, result, (), raw=raw) for name in names]
    for limit in (*grid.LIMITS, *grid.SIGN_MAGNITUDE):
        cases.append(case("ternary_tanh", f"fixed<5,1,RND,{limit}>", "int<2>", ()))
        if "SM" not in limit:
            cases.append(case("ternary_tanh", f"ufixed<5,2,TRN,{limit}>", "fixed<4,2>", ()))
    return cases


def coarse(name):
    """Hard functions whose line has no bit for 1."""
    if not name.startswith("hard_"):
        return []
    return [case(name, "fixed<5,9>", "fixed<9,4>", HARD[3])]


def per_element():
    """``alpha[i]`` belongs to element i of the flattened tensor."""
    raw = np.random.default_rng(2).integers(-32, 32, size=(200, 2, 3))
    alpha = grid.constant("fixed<6,2>", np.array([3, -5, 0, 31, -32, 7]).reshape(2, 3))
    op = Activation(result=Format.parse("fixed<9,4,RND>"), name="prelu", parameters=(alpha,))
    return sweep.Case(op, "fixed<6,3>", raw, "prelu with six slopes")


def groups():
    """The rows of FUNCTIONS in lists of about equal work."""
    names = list(FUNCTIONS)
    return [names[k::4] for k in range(4)]


def step_of(name, wanted):
    """Such a step through the whole grid that about ``wanted`` cases remain; coprime with it."""
    whole = sum(len(parameter_sets(name, text)) for text in grid.INPUTS) * len(grid.RESULTS)
    step = max(1, whole // wanted)
    while step > 1 and any(step % prime == 0 for prime in (2, 3, 5)):
        step += 1
    return step


@pytest.mark.parametrize("names", groups(), ids=lambda names: names[0])
def test_activations_in_cpp(names, tmp_path, record_property):
    """A share of the grid; together they have every format, mode and table size."""
    compiled.require()
    cases = limits() if "linear" in names else []
    cases += [per_element()] if "prelu" in names else []
    for name in names:
        start = list(FUNCTIONS).index(name)
        cases += small(name, step_of(name, 10)) + modes(name, start % 12, 12) + wide(name)[::4]
        cases += coarse(name)
    count = sweep.agree(cases, tmp_path)
    record_property("values_compared", count)
    assert count > 5000


@pytest.mark.long
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_whole_grid_of_an_activation_in_cpp(name, tmp_path, record_property):
    """Every input format x parameter x result format, every mode, every wide input."""
    compiled.require()
    record_property(
        "values_compared",
        sweep.agree(small(name, 1) + modes(name) + wide(name), tmp_path),
    )
