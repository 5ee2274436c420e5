"""Random whole networks and configurations on three sides, every layer, every bit.

hls4ml's compiled C simulation = emulator = our generated C++. 30 networks of Keras 2 in CI, some of
Keras 3 where Keras is installed. Hundreds by hand, which goes on where it was ended:

    python -m tests.peer.differential RECORD 0 299
    BITWRIGHT_DIFFERENTIAL=RECORD pytest -m long tests/peer/test_networks.py

What such runs found is kept as a named case.
"""

import importlib.util
import os

import pytest

from tests.peer import differential
from tests.peer.networks import Network
from tests.peer.project import needs_hls4ml

pytestmark = needs_hls4ml

IN_CI = (
    *(*range(9), 10, 14, *range(16, 19), *range(20, 23), 25, 26, 28, *range(31, 36), 39),
    *(152, 153, 154, 156),
)
"""Small ones that together have most kinds of layers, in both io styles."""
IN_CI_KERAS3 = (1, 3)
BY_HAND = range(300)
NO_KERAS = importlib.util.find_spec("keras") is None

FOUND = {
    "batch norm behind a flattened stream": (29, 2, differential.UNDEFINED),
    "relu behind a flattened stream": (217, 2, differential.UNDEFINED),
    "pointwise convolution whose reuse factor exceeds its inputs": (186, 2, differential.NO_RUN),
    "depthwise convolution with Strategy Resource": (15, 2, differential.NO_RUN),
}
"""Where hls4ml gives no bits: seed, generation, what must be recognised."""
MENDED = {
    "resource strategy of a depthwise convolution on streams": (196, 2),
    "the same, of two axes": (268, 2),
    "-0.5 < x < 0 into an integer input": (84, 3),
}
"""What was refused, or differed, once: seed, generation."""
REFUSED = {
    "a Permute that leaves two axes of a stream": (74, 2, "hls4ml's stream kernel turns every"),
    "a reuse factor beyond the inputs, in two axes": (58, 2, "reads the windows of other"),
}
"""What hls4ml runs and the emulator does not copy: seed, generation, words of the reason."""


@pytest.fixture(scope="module")
def worker():
    found = differential.Worker(keras=not NO_KERAS)
    yield found
    found.close()


def agrees(seed, folder, worker, record_property, generation=2):
    if generation == 3 and NO_KERAS:
        pytest.skip("needs Keras 3: pip install keras tensorflow-cpu")
    outcome = differential.examine(Network(seed, folder, generation), folder, worker)
    assert outcome.peer == differential.AGREES, outcome
    assert outcome.values > 0 and outcome.cpp > 0 and not outcome.cpp_failure, outcome
    record_property("values_compared", outcome.values + outcome.cpp)


@pytest.mark.parametrize("seed", IN_CI)
def test_a_network_agrees(seed, tmp_path, worker, record_property):
    """No bit of any layer differs on any side."""
    agrees(seed, tmp_path, worker, record_property)


@pytest.mark.parametrize("seed", IN_CI_KERAS3)
def test_a_network_of_keras_3_agrees(seed, tmp_path, worker, record_property):
    """The same by way of hls4ml's Keras 3 converter."""
    agrees(seed, tmp_path, worker, record_property, generation=3)


@pytest.mark.long
@pytest.mark.parametrize("name", FOUND)
def test_what_hls4ml_does_not_define(name, tmp_path, worker):
    """It is recognised, and our C++ gives the emulator's bits where the emulator gives any."""
    seed, generation, peer = FOUND[name]
    outcome = differential.examine(Network(seed, tmp_path, generation), tmp_path, worker)
    assert (outcome.peer, outcome.cpp_failure) == (peer, ""), outcome


@pytest.mark.long
@pytest.mark.parametrize("name", MENDED)
def test_what_was_mended(name, tmp_path, worker, record_property):
    """It agrees now."""
    seed, generation = MENDED[name]
    agrees(seed, tmp_path, worker, record_property, generation)


@pytest.mark.long
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_copied(name, tmp_path, worker):
    """An error that says why."""
    seed, generation, words = REFUSED[name]
    outcome = differential.examine(Network(seed, tmp_path, generation), tmp_path, worker)
    assert outcome.peer == differential.REFUSED and words in outcome.detail, outcome


class Broadcast(Network):
    """hls4ml compares the sizes '5' and '3*5' as text, so that it computes 5 of 15 sums."""

    def _draw(self):
        self.stream, self.grain = False, "model"
        self._input((3, 5))
        self._plain("plain")
        self._input((5,))
        self._push("Add", "sum", (3, 5), sources=["plain", "x1"])


class WithoutIntegerBits(Network):
    """AMD's simulation header converts such values wrongly to an integer type."""

    def _draw(self):
        self.stream, self.grain = False, "name"
        self._input((6,))
        self._push("ThresholdedReLU", "integer", (6,), theta=-1.0)

    def _hls(self):
        types = {"x0": "fixed<8,0>", "integer": "int<4>"}
        entries = {name: {"Precision": {"result": text}} for name, text in types.items()}
        model = {"Precision": "fixed<16,6>", "ReuseFactor": 1, "Strategy": "Latency"}
        return {"Model": model, "LayerName": entries}


class TestTheComparisonItself:
    """Each outcome is reached by what it is meant for."""

    def test_undefined_values_are_not_compared(self, tmp_path, worker):
        """They change with the contents of the memory."""
        outcome = differential.examine(Broadcast(1, tmp_path), tmp_path, worker)
        assert outcome.peer == differential.UNDEFINED, outcome
        assert outcome.detail.startswith("trace/sum") and "800 of 1200" in outcome.detail

    def test_a_defect_of_the_header_is_not_an_agreement(self, tmp_path, worker):
        """The graph notes it; our C++ goes round it."""
        outcome = differential.examine(WithoutIntegerBits(1, tmp_path), tmp_path, worker)
        assert outcome.peer == differential.HEADER, outcome
        assert outcome.values == 0 and outcome.detail.startswith("trace/integer"), outcome

    def test_one_bit_of_one_value(self, tmp_path, worker, monkeypatch):
        """In the middle of the network, in one sample; C++ and hls4ml are both right."""
        network = Network(IN_CI[0], tmp_path)
        trace = differential._trace

        def wrong(graph, network):
            found = trace(graph, network)
            found[graph.nodes[-2].name].reshape(-1)[7] ^= 1
            return found

        monkeypatch.setattr(differential, "_trace", wrong)
        outcome = differential.examine(network, tmp_path, worker)
        assert outcome.peer == differential.DIFFERS, outcome
        assert "; 1 of " in outcome.detail and outcome.cpp == 0, outcome
        assert "emulator" in outcome.cpp_failure, outcome


@pytest.mark.long
@pytest.mark.parametrize("generation", [2, 3])
@pytest.mark.parametrize("seed", BY_HAND)
def test_a_network_agrees_by_hand(seed, generation, tmp_path, worker):
    """No side differs; where hls4ml gives no bits, a visible skip with its words."""
    record = os.environ.get("BITWRIGHT_DIFFERENTIAL", str(tmp_path / "record.jsonl"))
    if generation == 3 and NO_KERAS:
        pytest.skip("needs Keras 3: pip install keras tensorflow-cpu")
    if (seed, generation) not in differential.read(record):
        network = Network(seed, tmp_path, generation)
        differential.add(record, differential.examine(network, tmp_path, worker))
    found = differential.read(record)[seed, generation]
    assert not found["cpp_failure"], found["cpp_failure"]
    assert found["peer"] not in (differential.DIFFERS, differential.REFUSED), found["detail"]
    if found["peer"] != differential.AGREES:
        pytest.skip(f"{found['peer']}: {found['detail']}")
