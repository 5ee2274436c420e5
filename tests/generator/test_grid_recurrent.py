"""C++ of recurrent layers gives the emulator's bits, cell by cell and mode by mode."""

from __future__ import annotations

import numpy as np
import pytest

from emu.ops import CELLS
from generator import LayerSchedule
from tests.emu import grid
from tests.emu.test_grid_recurrent import CELL_NAMES, PAIRS, TIGHT, cell, sequences
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp


def case(
    name, text, *, steps=2, limit=64, reuse=1, strategy="latency", state_reuse=None, **options
):
    options.setdefault("return_sequences", True)
    n_in, units = options.get("n_in", 1), options.get("units", 2)
    orders = [
        factor if strategy != "latency" and factor < length else 1
        for factor, length in ((reuse, n_in), (state_reuse or reuse, units))
    ]
    op, _ = cell(name, orders=orders, **options)
    label = f"{name} {text} {strategy} {reuse} {state_reuse} {options}"
    schedule = LayerSchedule(reuse, strategy, state_reuse)
    return sweep.Case(op, text, sequences(text, steps, n_in, limit), label, schedule)


def modes(step):
    """Each rounding and overflow as accumulator and as state."""
    cases = []
    for k, mode in enumerate(TIGHT):
        name, other = CELL_NAMES[k % 4], TIGHT[(7 * k + 3) % len(TIGHT)]
        options = {"names": PAIRS[k % 3], "seed": k, "sizes": (8, 16)}
        cases.append(case(name, "fixed<3,2>", accum=mode, result="fixed<7,2>", **options))
        cases.append(case(name, "ufixed<3,1>", accum=other, result=mode, **options))
    return cases[::step]


def kinds(step):
    """Integers, negative integer bits, I > W and wide types in each place."""
    known = [t for t in grid.RESULTS if t not in ("uint<1>", "int<1>", "int<2>")]
    cases = []
    for k in range(4 * len(known)):
        name, kind = CELL_NAMES[k % 4], known[k // 4]
        other = known[(5 * k + 2) % len(known)]
        options = {"seed": k, "names": PAIRS[k // 4 % 4], "w": "fixed<5,3>", "sizes": (7, 33)}
        text = grid.INPUTS[k % len(grid.INPUTS)]
        cases.append(case(name, text, accum=kind, **options))
        cases.append(case(name, text, result=kind, table=other, **options))
    for k, name in enumerate(CELL_NAMES):
        wide = {
            "accum": "fixed<40,12,RND,SAT>",
            "result": "fixed<30,8,RND_CONV,SAT>",
            "w": "fixed<16,4>",
        }
        cases.append(case(name, "fixed<30,6>", names=PAIRS[k % 2], table="fixed<18,8>", **wide))
    return cases[::step]


ORDERS = ((2, None), (4, 2), (8, 2), (1, 4), (2, 8))
"""Reuse factors of both products of a layer with 4 inputs and 4 units."""


def shapes(whole):
    """Directions, lengths, activations, the orders of both products, initial states."""
    cases = []
    for j, name in enumerate(CELL_NAMES):
        # Of every run an LSTM whose gates are no sigmoids; a simple cell has no gates.
        for k, names in enumerate(PAIRS if whole else PAIRS[3 - j : 4 - j]):
            options = {"steps": 4, "n_in": 2, "units": 3, "names": names, "seed": k}
            cases.append(case(name, "fixed<4,2>", return_sequences=(j + k) % 2 == 0, **options))
        for aligned in (False, True) if whole else (j % 2 == 0,):
            options = {"steps": 3, "go_backwards": True, "aligned": aligned}
            cases.append(case(name, "fixed<4,2>", **options))
        for k, (reuse, state_reuse) in enumerate(ORDERS if whole else ORDERS[j % 3 : j % 3 + 1]):
            options = {"reuse": reuse, "state_reuse": state_reuse, "n_in": 4, "units": 4}
            options |= {"w": "fixed<4,3>", "wr": "fixed<4,3>", "result": "fixed<7,3>", "steps": 3}
            options["strategy"] = ("resource", "resource_unrolled")[(j + k) % 2]
            cases.append(case(name, "fixed<4,2>", accum="fixed<6,3,TRN,SAT>", **options))
        cases.append(case(name, "fixed<4,2>", steps=1, units=1, return_sequences=False))
    return cases + [from_state(name) for name in CELL_NAMES]


def from_state(name):
    """States come as further inputs, each in a type of its own."""
    rng = np.random.default_rng(4)
    options = {"initial_state": True, "accum": "fixed<9,4>", "names": PAIRS[len(name) % 2]}
    found = case(name, "fixed<4,2>", **options)
    more = tuple(
        (text, rng.choice(grid.codes(text), size=(len(found.raw), 2)))
        for text in ("fixed<9,4>", "ufixed<5,1>")[: CELLS[name].states]
    )
    return found._replace(more=more)


def test_recurrent_layers_in_cpp(tmp_path, record_property):
    """A share of every sweep."""
    compiled.require()
    count = sweep.agree(modes(17) + kinds(11) + shapes(False), tmp_path)
    record_property("values_compared", count)
    assert count > 5_000


@pytest.mark.long
@pytest.mark.parametrize("family", [modes, kinds, shapes], ids=lambda family: family.__name__)
def test_the_whole_grid_of_recurrent_layers_in_cpp(family, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(family(1), tmp_path))
