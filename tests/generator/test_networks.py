"""Random whole networks and configurations: C++ = emulator in every layer, for both io styles.

A few in CI; the long run, by hand: ``pytest -m long tests/generator/test_networks.py``.
"""

from dataclasses import replace

import numpy as np
import pytest

import emu
import generator
from generator import Schedule
from tests.emu.test_golden import CASES, MODELS, ROOT
from tests.generator import compiled
from tests.peer.networks import Network

pytestmark = pytest.mark.cpp

IN_CI = {(0, "io_stream"), (4, "io_parallel")}
SEEDS = range(40)
IO_TYPES = ("io_parallel", "io_stream")
GOLDEN_IN_CI = ("KERAS_3layer", "KERAS_3layer_batch_norm")


@pytest.fixture(autouse=True)
def _compiler():
    compiled.require()


def by_hand(wanted):
    return () if wanted else (pytest.mark.long,)


def agree(graph, x, io_type, folder, record_property):
    """Every layer of the C++, in a project of this io style; how many values were compared."""
    schedule = replace(Schedule.from_config(graph.config), io_type=io_type, pipeline_style="auto")
    project = generator.generate(graph, folder / "firmware", schedule=schedule)
    expected = graph.trace(x, raw=True)
    given = {value.name: expected[value.name] for value in graph.inputs}
    program = compiled.harness(project, trace=True)
    found = compiled.run(project, program, given, list(graph.values))
    for name, raw in found.items():
        np.testing.assert_array_equal(raw, expected[name], err_msg=name)
    count = sum(raw.size for raw in found.values())
    record_property("values_compared", count)
    return count


@pytest.mark.parametrize(
    ("seed", "io_type"),
    [
        pytest.param(seed, io_type, marks=by_hand((seed, io_type) in IN_CI))
        for seed in SEEDS
        for io_type in IO_TYPES
    ],
)
def test_a_network_agrees(seed, io_type, tmp_path, record_property):
    """Whatever io style the network was loaded for, the schedule's changes no bit of its graph."""
    network = Network(seed, tmp_path)
    try:
        graph = emu.load(network.json, weights=network.h5, config=network.config)
    except ValueError as error:
        pytest.skip(f"the emulator refuses it: {error}")
    x = dict(zip(network.inputs, network.x, strict=True))
    agree(graph, x, io_type, tmp_path, record_property)


@pytest.mark.skipif(
    not ROOT.is_dir(), reason=f"hls4ml's recorded bits are not at {ROOT} (set BITWRIGHT_GOLDEN)"
)
@pytest.mark.parametrize(
    "model",
    [pytest.param(m, marks=by_hand(m in GOLDEN_IN_CI)) for m in MODELS if f"{m}__stream" in CASES],
)
def test_recorded_streams_agree(model, tmp_path, record_property):
    """The models whose bits hls4ml's io_stream simulation gave, through our streams."""
    folder = ROOT / f"{model}__stream"
    graph = emu.load(folder / "config.yml")
    assert Schedule.from_config(graph.config).io_type == "io_stream"
    x = np.load(folder / "io.npz")["x_0"].astype(np.float64)
    agree(graph, x, "io_stream", tmp_path, record_property)
