"""C++ of embeddings, tables, thresholds, signs and layer normalisation gives the emulator's bits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from emu.ops import Embedding, Sign, Thresholds, UnaryLUT
from fxp import Format
from tests.emu import grid
from tests.emu.test_grid_dense import vectors
from tests.emu.test_grid_layer_normalization import SHORT, normalization
from tests.emu.test_grid_lookup import quantizer, table
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp


def case(op, text, raw):
    return sweep.Case(op, text, raw, f"{op.function} {text} -> {op.result}")


def lookups(step=1):
    """Every input format, each operator, many results."""
    rng, cases = np.random.default_rng(1), []
    for k, (text, result) in enumerate(itertools.product(grid.INPUTS, grid.RESULTS)):
        raw, f = grid.codes(text)[:, None], Format.parse(result)
        entries = ("fixed<9,4>", "ufixed<7,2>", "fixed<60,30>")[k % 3]
        rows = np.repeat(raw, 6, axis=1)
        high, low = table(rng, entries, 6), table(rng, text, 2)
        made = (
            (Embedding(result=f, table=table(rng, entries, 5, 3)), raw),
            (UnaryLUT(result=f, table=table(rng, entries, 2 ** Format.parse(text).width)), raw),
            (Thresholds(result=f, high=high), rows),
            (Thresholds(result=f, high=high, low=low), rows),
            (Sign(result=f), rows),
            (quantizer(result, (0, 1, -1, 2, 3, 0)), rows),
        )
        op, given = made[k % len(made)]
        cases.append(case(op, text, given))
    return cases[::step]


def quantizers():
    """Both casts of a format for every element."""
    cases = []
    for text, result in (("fixed<8,4>", "fixed<16,6>"), ("int<6>", "fixed<5,2,RND,SAT>")):
        raw = np.repeat(grid.codes(text)[:, None], 6, axis=1)
        cases.append(case(quantizer(result, (0, 1, -1, 2, 3, 0)), text, raw))
    return cases


def normalizations(step=1):
    """Accumulators in every mode; kinds of inputs, results and tables."""
    cases = []
    for k, accum in enumerate((*grid.MODES, "int<6>", "fixed<6,7>", "fixed<5,0>", "fixed<62,31>")):
        text, n = SHORT[k % len(SHORT)], (1, 3, 4)[k % 3]
        raw = vectors(text, n, 60)
        op = normalization(n, accum, grid.RESULTS[k % 16], seed=k, span=(1, 4)[k % 2])
        cases.append(case(op, text, raw))
        if k % 5 == 0:
            raw = np.random.default_rng(k).integers(-8, 8, size=(8, 2, 3))
            op = normalization(3, accum, "fixed<9,4,RND,SAT>", text="fixed<18,8>", size=100)
            cases.append(case(op, "fixed<4,2>", raw))
    return cases[::step]


@pytest.mark.long
@pytest.mark.parametrize(
    "family", [lookups, quantizers, normalizations], ids=lambda family: family.__name__
)
def test_the_whole_grid_of_lookups_in_cpp(family, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(family(), tmp_path))
