"""Random whole networks and configurations: emulator = hls4ml's compiled C simulation, every layer.

A few in CI; the long run, by hand: ``pytest -m long tests/peer/test_networks.py``. What such runs
found is kept as named cases (``test_one_auto_entry_gives_one_parameter_type``).
"""

import numpy as np
import pytest

import emu
from tests.peer.networks import Network
from tests.peer.project import needs_hls4ml
from validation import CheckFailedError, CouldNotRunError
from validation.peers import run_hls4ml

pytestmark = needs_hls4ml

IN_CI = (0, 1, 2, 3)
BY_HAND = range(4, 64)


def compare(seed, folder):
    """Values compared, after every output and layer of the network was found equal."""
    network = Network(seed, folder)
    graph = emu.load(network.json, weights=network.h5, config=network.config)
    try:
        theirs = run_hls4ml(network.config, network.x, time_limit=400)
    except CouldNotRunError as error:
        pytest.skip(str(error))
    mine = graph.trace(network.x)
    compared = 0
    for name, values in theirs.trace.items():
        if name not in mine:
            # A stream that two layers read is copied by a layer of hls4ml's own.
            assert name.startswith("clone_"), (
                f"seed {seed}: hls4ml has a layer {name}, the graph none"
            )
            continue
        np.testing.assert_array_equal(
            mine[name].reshape(len(network.x), -1),
            values.reshape(len(network.x), -1),
            err_msg=f"seed {seed}, layer {name}",
        )
        compared += values.size
    np.testing.assert_array_equal(
        graph.predict(network.x).reshape(len(network.x), -1),
        theirs.outputs[0].reshape(len(network.x), -1),
        err_msg=f"seed {seed}, output",
    )
    return compared + theirs.outputs[0].size


@pytest.mark.parametrize("seed", IN_CI)
def test_a_network_agrees(seed, tmp_path, record_property):
    """No bit of any layer differs."""
    record_property("values_compared", compare(seed, tmp_path))


@pytest.mark.long
@pytest.mark.parametrize("seed", BY_HAND)
def test_a_network_agrees_by_hand(seed, tmp_path, record_property):
    """The same for more seeds; a network that hls4ml itself cannot compile is a visible skip."""
    try:
        record_property("values_compared", compare(seed, tmp_path))
    except CheckFailedError as error:
        pytest.skip(f"hls4ml gives no bits for seed {seed}: {str(error)[-300:]}")
