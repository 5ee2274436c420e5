"""C++ of spiking neurons and readouts gives the emulator's bits, in both io styles."""

from __future__ import annotations

import re

import numpy as np
import pytest

from emu import Graph, Node
from emu.op import Constant
from emu.ops import RESETS, Input, Reshape, SpikingNeuron, SpikingReadout
from fxp import Format
from generator import LayerSchedule, Schedule, generate
from tests.emu import grid
from tests.emu.test_grid_spiking import CASES, INPUTS, neuron, reader, several
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp


def neurons(step):
    """All combinations of types, resets, and constants for all neurons or one each."""
    found = []
    for k in range(28 * len(INPUTS)):
        text = INPUTS[k // 28]
        op = neuron(k % 28, result=grid.RESULTS[k % len(grid.RESULTS)])
        if op.threshold.format.width > 62:
            continue
        schedule = LayerSchedule(1 + k % 3)
        found.append(sweep.Case(op, text, several(text, 4, 2)[:80], f"{text} {k}", schedule))
    return share(found, step)


def readouts(step):
    """Every rule, on counts and on potentials."""
    found = []
    for k, (rule, _, _) in enumerate(CASES):
        text, n = INPUTS[k % len(INPUTS)], 2 if rule == "binary_logit" else 3
        found.append(sweep.Case(reader(k, n), text, several(text, 5, n)[:80], f"{text} {k} {rule}"))
    return share(found, step)


def share(cases, step):
    """Every so many'th, in an order that no cycle of types or rules follows."""
    return [cases[k] for k in np.random.default_rng(0).permutation(len(cases))[::step]]


def named():
    """Spikes come and go, by thresholds of each neuron's own; classes that reach theirs late."""
    text, fields = "fixed<3,1>", {"membrane": Format.parse("fixed<8,3>")}
    thresholds = Constant.of([0.5, 1.25], "fixed<6,2>")
    ops = [
        SpikingNeuron(result=Format.parse("uint<1>"), threshold=thresholds, reset=reset, **fields)
        for reset in RESETS
    ]
    ops += [
        SpikingReadout(result=Format.parse("uint<3>"), rule="first_to_threshold", class_threshold=k)
        for k in (2, 4)
    ]
    return [
        sweep.Case(op, text, several(text, 6, 2 if k < 2 else 3)[:80], f"named {k}")
        for k, op in enumerate(ops)
    ]


@pytest.mark.parametrize(
    "io_type", [pytest.param("io_parallel", marks=pytest.mark.long), "io_stream"]
)
def test_spiking_layers_in_cpp(io_type, tmp_path, record_property):
    """A share of both sweeps."""
    compiled.require()
    count = sweep.agree(named() + neurons(14) + readouts(4), tmp_path, io_type)
    record_property("values_compared", count)
    assert count > 4_000


@pytest.mark.long
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_the_whole_grid_of_spiking_layers_in_cpp(io_type, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property(
        "values_compared", sweep.agree(named() + neurons(1) + readouts(1), tmp_path, io_type)
    )


def network():
    """Flattened, so that the first layer's beats are narrower than its rows."""
    f = Format.parse
    fields = {"membrane": f("fixed<8,3,RND,SAT>"), "threshold": Constant.of(1, "fixed<6,3>")}
    return Graph(
        (
            Node("x", Input(result=f("fixed<5,2>"), dimensions=(4, 3, 2))),
            Node("rows", Reshape(result=f("fixed<5,2>"), target=(4, 6)), ("x",)),
            Node("spikes", SpikingNeuron(result=f("uint<1>"), **fields), ("rows",)),
            Node("class", SpikingReadout(result=f("uint<3>")), ("spikes",)),
        ),
        ("class",),
    )


def test_a_beat_a_step(tmp_path):
    """Neurons read and write one step at a time, with the interval that the schedule says."""
    graph = network()
    schedule = Schedule({"spikes": LayerSchedule(3)}, "io_stream")
    project = generate(graph, tmp_path / "project", schedule=schedule)
    layers = (project.path / "firmware" / "layers.h").read_text()
    (own,) = re.findall(r"inline void spikes_layer\((.*?)\n}", layers, re.S)
    assert "bw::stream<bw::beat<spikes_t, 6>> &into" in own
    loop = own[own.index("for (int step = 0; step < 4; step++)") :]
    assert loop.splitlines()[1] == "#pragma HLS PIPELINE II=3"
    assert (
        loop.index("bw::read<6>") < loop.index("spiking_neuron_step") < loop.index("bw::write<6>")
    )


@pytest.mark.long
def test_a_window_leaves_nothing_behind(tmp_path):
    """One call after the other: every window starts at potentials of 0."""
    compiled.require()
    graph = network()
    project = generate(graph, tmp_path / "project", schedule=Schedule({}, "io_stream"))
    program = compiled.harness(project, trace=True)
    raw = np.random.default_rng(1).integers(-16, 16, (40, 4, 3, 2))
    raw = np.concatenate([raw, raw[::-1]])
    found = compiled.run(project, program, {"x": raw}, ("spikes", "class"))
    for name, array in found.items():
        np.testing.assert_array_equal(array[40:], array[:40][::-1], err_msg=name)
        expected = graph.trace(np.ldexp(raw.astype(np.float64), -3), raw=True)[name]
        np.testing.assert_array_equal(array, expected)
