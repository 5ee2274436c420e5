"""C++ of Einsum and EinsumDense gives the emulator's bits."""

from __future__ import annotations

import pytest

from emu.einsum import einsum_recipe
from emu.ops import Einsum, EinsumDense
from fxp import Format
from tests.emu import grid
from tests.emu.test_grid_einsum import cases, draw
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp


def both(step=1):
    """Every equation; accumulators in every mode; of tensors, and of a tensor and weights."""
    found = []
    for k, (equation, a, b, text_a, text_b, accum, result) in enumerate(list(cases())[::step]):
        types = {"result": Format.parse(result), "accum": Format.parse(accum)}
        label = f"{equation} {text_a} {text_b} {accum} -> {result}"
        first, second = draw(text_a, a, k, 40), draw(text_b, b, k + 1, 40)
        op = Einsum(equation=equation, **types)
        found.append(sweep.Case(op, text_a, first, label, more=((text_b, second),)))
        shape = einsum_recipe(equation, a, b).shape
        dense = EinsumDense(
            equation=equation,
            weight=grid.constant(text_b, second[0]),
            bias=grid.constant("fixed<6,3>", draw("fixed<6,3>", shape, k)[0]),
            **types,
        )
        found.append(sweep.Case(dense, text_a, first, f"dense {label}"))
    ternary = Einsum(equation="ab,cb->ac", accum=Format(9, 6), result=Format(9, 6), ternary=True)
    more = (("int<2>", draw("int<2>", (2, 3), 1, 40)),)
    found.append(
        sweep.Case(ternary, "fixed<5,3>", draw("fixed<5,3>", (2, 3), 0, 40), "-2", more=more)
    )
    return found


def test_sums_in_cpp(tmp_path, record_property):
    """A share of them; ``pytest -m long`` leaves nothing out."""
    compiled.require()
    made = both(5)
    record_property("values_compared", count := sweep.agree(made, tmp_path))
    assert count > 1000


@pytest.mark.long
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_all_sums_in_cpp(io_type, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(both(), tmp_path, io_type))
