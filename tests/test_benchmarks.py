"""The benchmark command: it runs, writes what it measured, and fails where bits differ."""

import json

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import networks, throughput
from benchmarks.result import Context, NotMeasuredError, Result
from benchmarks.rows import QUICK, ROWS
from tests.peer.project import needs_hls4ml

TINY = "tiny MLP / hand-written trial, fixed<16,6>"


def test_row_names_are_unique(capsys):
    """``--rows`` selects by name."""
    names = [row.name for row in (*QUICK, *ROWS)]
    assert len(set(names)) == len(names)
    assert command.main(["--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [row.name for row in ROWS]


def test_unknown_rows_are_named():
    """Nothing measured is an error, not an empty table."""
    with pytest.raises(SystemExit, match=r"^--rows must match rows, not \['jat'\]:\n  jet MLP"):
        command.main(["--rows", "jat"])


def test_quick_run_writes_json_table_and_page(tmp_path, capsys):
    """One tiny row, every bit of it compared."""
    files = tmp_path / "r.json", tmp_path / "r.md"
    arguments = ["--quick", "--rows", TINY, "--json", files[0], "--table", files[1]]
    assert command.main([*map(str, arguments), "--docs", str(tmp_path)]) == 0
    document = json.loads(files[0].read_text())
    (row,) = document["rows"]
    assert row["row"] == TINY and row["equal"] is True and row["ratio"] > 0
    assert row["multiply_adds"] == 8 * 8 + 8 * 4 + 4  # the softmax multiplies too
    assert row["precision"] == "fixed<16,6>" and 0 <= row["zero_weights"] < 1
    assert min(row["distinct"]) > 100
    assert row["details"]["compared samples"] == row["details"]["samples"] == 500
    assert document["machine"]["cores"] >= 1 and document["machine"]["versions"]["numpy"]
    table = files[1].read_text()
    assert TINY in table and table.splitlines()[-1].endswith("| equal |")
    assert capsys.readouterr().out == table
    page = (tmp_path / "benchmarks.md").read_text()
    assert table in page and "benchmarks.png" not in page


def test_different_bits_fail_the_command(monkeypatch, capsys):
    """One LSB of one sample."""

    class Wrong(throughput.Trial):
        def __call__(self, x):
            y = super().__call__(x)
            y[-1, -1] += 2.0**-10
            return y

    monkeypatch.setattr(throughput, "Trial", Wrong)
    assert command.main(["--quick", "--rows", TINY]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].endswith("| DIFFER |")
    assert err.splitlines()[-1] == f"bits differ: {TINY}"


def test_saturating_trial_gives_the_emulators_bits(tmp_path, monkeypatch):
    """The limit of the saturating rows: every product and every sum rounded and clipped."""

    def large(draw, fan_in, *shape):
        return draw.rng.normal(0, 3, shape).astype(np.float32)

    monkeypatch.setattr(networks._Draw, "array", large)
    context = Context(tmp_path, tmp_path)
    _, graph, _ = context.load("tiny MLP", Result(""), "fixed<16,6,RND,SAT>")
    trial, x = throughput._trial(graph), networks.inputs((8,), 3000)
    assert trial.saturate
    hidden = graph.trace(x, raw=True)["fc1"]
    assert np.isin(hidden, (-(2**15), 2**15 - 1)).sum() > 500, "too few saturate"
    np.testing.assert_array_equal(trial(x), throughput._without_softmax(graph).predict(x))


def test_missing_peers_and_models_are_said(monkeypatch, capsys, tmp_path):
    """The row stays in the table with the reason; no figure stands in for it."""

    def missing(*arguments, **options):
        raise NotMeasuredError("g++ was not found: install it")

    monkeypatch.setattr(throughput, "hls4ml_simulation", missing)
    assert command.main(["--quick", "--rows", "tiny MLP / hls4ml*", "jet CNN*"]) == 0
    lines = capsys.readouterr().out.splitlines()[2:]
    assert "not measured: g++ was not found: install it" in lines[0]
    assert "not measured: the trained model is not there: --models FOLDER" in lines[1]


def test_a_failing_row_is_reported_and_the_others_measured(monkeypatch, capsys):
    """Exit code 1, the traceback on stderr."""

    def broken(*arguments, **options):
        raise RuntimeError("a defect")

    monkeypatch.setattr(throughput, "hls4ml_simulation", broken)
    assert command.main(["--quick", "--rows", "tiny MLP / h*"]) == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()[2:]
    assert lines[0].endswith("| equal |")
    assert "not measured: failed: RuntimeError: a defect" in lines[1]
    assert err.splitlines()[-1] == "failed: tiny MLP / hls4ml, fixed<16,6>"


class TestPeer:
    """Needs hls4ml and g++."""

    pytestmark = needs_hls4ml

    def test_peer_is_compiled_once_and_its_bits_compared(self, tmp_path, capsys):
        """The second run finds the library; a failure before is said again."""
        arguments = ["--quick", "--rows", "tiny MLP / hls4ml*", "--peers", str(tmp_path)]
        assert command.main(arguments) == 0
        assert "| equal |" in capsys.readouterr().out
        assert command.main([*arguments, "--no-build"]) == 0
        assert "| equal |" in capsys.readouterr().out
        (outcome,) = tmp_path.glob("*/outcome.json")
        outcome.write_text('{"failed": "hls4ml\'s project did not compile in 1 s"}')
        assert command.main(arguments) == 0
        assert "not measured: hls4ml's project did not compile in 1 s" in capsys.readouterr().out
