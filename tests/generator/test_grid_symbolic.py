"""C++ of symbolic expressions gives the emulator's bits, in both io styles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fxp import Format
from generator import cxx
from tests.emu import grid
from tests.emu.test_grid_symbolic import (
    ARGUMENTS,
    COEFFICIENTS,
    EXPRESSIONS,
    INPUTS,
    LOOK_UPS,
    inputs,
    symbolic,
)
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp


def cases(step):
    """Arithmetic and look-ups of every type; wide ones, where quotients exceed 64 bits."""
    rng, found = np.random.default_rng(2), []
    results = ("fixed<24,12>", *grid.RESULTS, *grid.MODES[::5])
    for k in range(len(INPUTS) * len(COEFFICIENTS)):
        text, coefficient = INPUTS[k % len(INPUTS)], COEFFICIENTS[k // len(INPUTS)]
        for j, (texts, argument) in enumerate([(EXPRESSIONS, None), (LOOK_UPS, ARGUMENTS[k % 4])]):
            result = results[(2 * k + j) % len(results)]
            names = ("f", "g") if argument else ()
            op = symbolic(rng, result, texts, coefficient, argument or "fixed<6,3>", names)
            found.append(sweep.Case(op, text, inputs(text), f"{text} {coefficient} {op}"))
    return found[::step]


def wide(texts=(*EXPRESSIONS, *LOOK_UPS)):
    """Operands at their bounds and around powers of two."""
    rng, found = np.random.default_rng(4), []
    for text in ("fixed<40,12>", "fixed<61,30,RND,SAT>", "ufixed<33,1>"):
        column = grid.corners(text, rng, 40)[::2]
        raw = np.stack([rng.permutation(column), column], axis=1)
        op = symbolic(rng, "fixed<62,20,RND,SAT>", texts, "int<3>")
        found.append(sweep.Case(op, text, raw, f"{text} {op}"))
    return found


def far():
    """Indices beyond 32 bits."""
    text = "fixed<40,36>"
    rng = np.random.default_rng(3)
    op = symbolic(rng, text, ("f(x0)", "g(x1)"), "int<3>", text)
    op = replace(op, scales=grid.constant("fixed<20,16>", [16, -(2**19)]))
    raw = np.stack([grid.corners(text, rng, 100)] * 2, axis=1)
    return [sweep.Case(op, text, raw, "far")]


@pytest.mark.parametrize(
    "io_type", ["io_parallel", pytest.param("io_stream", marks=pytest.mark.long)]
)
def test_expressions_in_cpp(io_type, tmp_path, record_property):
    """A share of every sweep."""
    compiled.require()
    count = sweep.agree(
        cases(11) + wide((EXPRESSIONS[2], LOOK_UPS[3]))[1:2] + far(), tmp_path, io_type
    )
    record_property("values_compared", count)
    assert count > 2_000


@pytest.mark.long
def test_the_whole_grid_of_expressions_in_cpp(tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(cases(1) + wide() + far(), tmp_path))


def test_what_no_expression_reads_has_no_name():
    """A compiler with warnings as errors would refuse it."""
    op = symbolic(np.random.default_rng(0), "fixed<8,4>", ("c1", "f(c0)"), "int<3>")
    value = sweep.graph_of([sweep.Case(op, "int<4>", inputs("int<4>"), "")]).values["x0"]
    text = cxx.structure("own", op.configuration(value))
    assert "const x_t *, y_t *y, const coefficients_raw_t *coefficients," in text
    assert "const samples_0_raw_t *samples_0, const samples_1_raw_t *)" in text
    assert op.result == Format.parse("fixed<8,4>")
