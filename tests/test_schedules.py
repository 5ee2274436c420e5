"""C++ = emulator in every layer, for every recorded model under several schedules.

Each io_parallel case is loaded anew with Strategy Latency and Resource, ReuseFactor 1 and 4, and
compared on at least 1000 vectors, corners among them. CI builds one schedule per case; the whole
matrix: ``pytest -m long tests/test_schedules.py``.
"""

import copy

import numpy as np
import pytest

import emu
import generator
import validation
from emu.frontends.config import read_yaml
from tests.emu.test_golden import MODELS, ROOT

SCHEDULES = [(strategy, reuse) for strategy in ("Latency", "Resource") for reuse in (1, 4)]
VARIANTS = ("default", "auto", "resource_rf4", "mixed")
CASES = [f"{model}__{variant}" for model in MODELS for variant in VARIANTS]
# One schedule per case in CI, all four of them in turn; of binary and ternary models one variant.
SMALL = ("KERAS_3layer_binary_smaller__mixed", "KERAS_3layer_ternary_small__mixed")
IN_CI = {
    case: SCHEDULES[(i + i // 4) % 4]
    for i, case in enumerate(CASES)
    if case in SMALL or not any(word in case for word in ("binary", "ternary"))
}

pytestmark = [
    pytest.mark.cpp,
    pytest.mark.skipif(
        not ROOT.is_dir(), reason=f"hls4ml's recorded bits are not at {ROOT} (set BITWRIGHT_GOLDEN)"
    ),
]


def matrix():
    for case in CASES:
        for schedule in SCHEDULES:
            marks = () if IN_CI.get(case) == schedule else (pytest.mark.long,)
            yield pytest.param(
                case, *schedule, marks=marks, id=f"{case}-{schedule[0]}-{schedule[1]}"
            )


def load(case, strategy, reuse):
    """The case's configuration with another Model: Strategy and ReuseFactor."""
    folder = ROOT / case
    document = copy.deepcopy(read_yaml(folder / "config.yml"))
    document["HLSConfig"]["Model"] |= {"Strategy": strategy, "ReuseFactor": reuse}
    model, weights = folder / document.pop("KerasJson"), folder / document.pop("KerasH5")
    return emu.load(model, weights=weights, config=document)


@pytest.mark.parametrize(("case", "strategy", "reuse"), list(matrix()))
def test_every_layer_agrees(case, strategy, reuse, tmp_path, record_property):
    """No bit of any layer differs; an illegal reuse factor is hls4ml's nearest, and noted."""
    graph = load(case, strategy, reuse)
    project = generator.generate(graph, tmp_path / "firmware")
    user = np.load(ROOT / case / "io.npz")["x_0"].astype(np.float64)
    vectors = validation.stimuli(graph, user, random=1000, seed=4)
    assert vectors.samples >= 1000
    try:
        run = validation.cosim(project, vectors)
    except validation.CouldNotRunError as error:
        pytest.skip(str(error))
    compared = validation.compare(graph, graph.trace(vectors.reals(graph), raw=True), run.tensors)
    assert compared.agrees, str(compared.first)
    record_property("values_compared", compared.compared)
    if strategy == "Resource" and reuse == 4 and case.startswith("KERAS_1layer"):
        assert any("ReuseFactor 4 is not legal for 10 x 32: 5" in note for note in graph.notes)


def test_the_matrix_is_whole():
    """40 cases, 4 schedules, every schedule in CI for some case."""
    assert (len(CASES), len(list(matrix()))) == (40, 160)
    assert set(IN_CI.values()) == set(SCHEDULES)
