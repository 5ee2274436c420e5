"""hls4ml's own C simulation, in a process of its own: its bits, its deaths, its time limit."""

import importlib.util

import numpy as np
import pytest

import emu
from tests.emu import models
from validation import CheckFailedError, CouldNotRunError
from validation.peers import run_hls4ml

from .conftest import needs_cpp

HLS = {"Model": {"Precision": "fixed<12,5,RND,SAT>", "ReuseFactor": 1, "Strategy": "Latency"}}


@pytest.fixture
def config(tmp_path):
    json_path, h5_path = models.mlp(tmp_path, (4, 3))
    return {
        "KerasJson": str(json_path),
        "KerasH5": str(h5_path),
        "OutputDir": "unused",
        "ProjectName": "peer",
        "Backend": "Vitis",
        "Part": "xcvu13p-flga2577-2-e",
        "ClockPeriod": 5,
        "IOType": "io_parallel",
        "HLSConfig": HLS,
    }


@pytest.mark.peer
@needs_cpp[1]
@needs_cpp[2]
def test_outputs_and_layers_are_the_emulators(config, tmp_path):
    """The same configuration gives the same bits on both sides; nothing is left in the folder."""
    x = np.random.default_rng(0).normal(0, 2, (40, 4))
    found = run_hls4ml(config, x)
    graph = emu.load(config["KerasJson"], weights=config["KerasH5"], config={"HLSConfig": HLS})
    np.testing.assert_array_equal(found.outputs[0], graph.predict(x))
    mine = graph.trace(x)
    assert set(found.trace) == set(mine) - {"x"}
    for name, values in found.trace.items():
        np.testing.assert_array_equal(values, mine[name], err_msg=name)
    assert found.version == "1.3.0"
    assert len(np.unique(found.outputs[0])) > 10
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.h5", "model.json"]


def test_a_failure_keeps_the_callers_process(config, tmp_path):
    """The last lines of its log are the message."""
    pytest.importorskip("hls4ml", reason="needs hls4ml: pip install 'bitwright[cosim]'")
    config["KerasH5"] = str(tmp_path / "gone.h5")
    message = r"(?s)^hls4ml's C simulation ended with status 1:\n.*gone\.h5"
    with pytest.raises(CheckFailedError, match=message):
        run_hls4ml(config, np.zeros((2, 4)))


def test_its_asserts_end_another_process(config, tmp_path, monkeypatch):
    """A signal is told as such."""
    worker = tmp_path / "worker.py"
    worker.write_text("import os, sys; print('Assertion failed', flush=True); os.abort()")
    monkeypatch.setattr("validation.peers._WORKER", worker)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with pytest.raises(CheckFailedError) as error:
        run_hls4ml(config, np.zeros((2, 4)))
    assert str(error.value) == "hls4ml's C simulation died of signal 6:\nAssertion failed"


def test_a_limit(config, tmp_path, monkeypatch):
    """It could not run; the way out is to allow more."""
    worker = tmp_path / "worker.py"
    worker.write_text("import time; time.sleep(60)")
    monkeypatch.setattr("validation.peers._WORKER", worker)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with pytest.raises(CouldNotRunError) as error:
        run_hls4ml(config, np.zeros((2, 4)), time_limit=0.5)
    assert str(error.value) == (
        "hls4ml's C simulation took longer than 0.5 s: allow more with --time-limit"
    )


def test_hls4ml_is_missing(config, monkeypatch):
    """The way out is the extra."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CouldNotRunError) as error:
        run_hls4ml(config, np.zeros((2, 4)))
    assert str(error.value) == "hls4ml 1.3.0 was not found: pip install 'bitwright[cosim]'"


def test_corrected_numerics_are_not_hls4mls():
    """Its simulation would disagree wherever the model meets a defect."""
    config = {"HLSConfig": {"Model": {"Numerics": "corrected"}}}
    with pytest.raises(ValueError, match=r"^Numerics of config must be hls4ml, not 'corrected'"):
        run_hls4ml(config, [[0.0]])
