"""C++ of every operator, as emu.strategies draws them, gives the emulator's bits in both io styles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from emu import strategies
from emu.op import Value
from emu.ops import OPERATORS, Input, TimeDistributed
from fxp import Format
from fxp.strategies import raws
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp

INPUTS = ("fixed<5,3>", "ufixed<6,2>", "fixed<6,-1>")
SHAPES = ((4,), (3, 4), (4, 4, 2))
IO_TYPES = ("io_parallel", "io_stream")


def ascending(op):
    """In the order of the default schedule, which an accumulator that saturates must have."""
    changes = {name: 1 for name in ("interleave", "recurrent_interleave") if hasattr(op, name)}
    if isinstance(op, TimeDistributed):
        changes["op"] = ascending(op.op)
    return replace(op, **changes)


def drawn(operator, count):
    """``count`` cases of an operator: the last of those that are drawn, which are not the least."""
    row, found = strategies._LAYERS[operator], []
    given_inputs = [
        values
        for shape in SHAPES
        for text in INPUTS
        for x, z in [[Value(name, shape, Format.parse(text)) for name in "xz"]]
        for values in ((x,), (x, z))
        if row.fits(*values)
    ]

    @settings(
        max_examples=6 * count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def draw(data):
        values = data.draw(st.sampled_from(given_inputs))
        op = ascending(data.draw(strategies.layers(*values, kinds=(operator,))))
        first, *more = (
            (str(value.format), data.draw(raws(value.format, shape=(16, *value.shape))))
            for value in values
        )
        label = f"{operator.__name__} {op.function} on {first[0]} {values[0].shape} -> {op.result}"
        found.append(sweep.Case(op, *first, label, more=tuple(more)))

    draw()
    return found[-count:]


def cases(count):
    return [
        case for operator in OPERATORS if operator is not Input for case in drawn(operator, count)
    ]


@pytest.mark.parametrize(
    "io_type", [pytest.param("io_parallel", marks=pytest.mark.long), "io_stream"]
)
def test_every_operator_in_cpp(io_type, tmp_path, record_property):
    """One of each; the emulator's plain evaluation is the other side."""
    compiled.require()
    made = cases(1)
    assert {type(case.op) for case in made} == set(OPERATORS) - {Input}
    assert len({case.raw.tobytes() for case in made}) > len(made) // 2
    assert np.mean([np.unique(case.raw).size > 2 for case in made]) > 0.8
    record_property("values_compared", sweep.agree(made, tmp_path, io_type))


@pytest.mark.long
@pytest.mark.parametrize("io_type", IO_TYPES)
def test_many_of_every_operator_in_cpp(io_type, tmp_path, record_property):
    """Twelve of each."""
    compiled.require()
    record_property("values_compared", sweep.agree(cases(12), tmp_path, io_type))
