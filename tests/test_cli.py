"""The command line: its answers, its exit codes, and every message of its own."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import emu
from bitwright import cli
from tests.emu import models
from tests.validation.conftest import needs_cpp

ROOT = Path(__file__).parents[1]
DIGITS = Path(cli.__file__).parent / "data" / "digits"


@pytest.fixture
def run(capsys):
    """``run(*arguments)`` -> (exit code, stdout, stderr)."""

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return call


@pytest.fixture
def small(tmp_path):
    """A folder with model files, config.yml and x.npy."""
    models.mlp(tmp_path, (6, 5, 4))
    document = {
        "KerasJson": "model.json",
        "KerasH5": "model.h5",
        "ProjectName": "small",
        "Backend": "Vitis",
        "IOType": "io_parallel",
        "HLSConfig": {"Model": {"Precision": "fixed<12,5,RND,SAT>", "ReuseFactor": 1}},
    }
    (tmp_path / "config.yml").write_text(yaml.safe_dump(document))
    np.save(tmp_path / "x.npy", np.random.default_rng(3).normal(0, 1, (50, 6)))
    return tmp_path


@pytest.fixture
def empty_path(monkeypatch, tmp_path):
    """A PATH without any program."""
    folder = tmp_path / "nothing"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))


# ---- help and start-up -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["config", "info", "predict", "generate", "signoff", "demo"])
def test_help_explains_with_an_example(run, name):
    """Each command shows how it is typed."""
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"  bitwright {name}" in out and "Example" in out


def test_help_tells_the_exit_codes(run):
    """What a script may rely on."""
    code, out, _ = run("--help")
    assert code == 0
    assert "Exit codes: 0 all agreed; 1 bits or files differ; 2 bad input or" in out
    assert "configuration; 3 a required check could not run (no g++, no headers)." in out


def test_version(run):
    """Installed or not, no traceback."""
    code, out, _ = run("--version")
    assert code == 0 and out.startswith("bitwright")


def test_help_loads_nothing_heavy():
    """numpy, rich and the packages come with the command that needs them."""
    code = (
        "import sys\nfrom bitwright import cli\n"
        "try:\n    cli.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('numpy', 'emu', 'generator', 'validation', 'rich', 'yaml')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


# ---- config ----------------------------------------------------------------------------------


def test_config_writes_a_file_that_loads(run, small):
    """Paths are relative to the file; the layers have their entries."""
    folder = small / "deep"
    folder.mkdir()
    code, out, err = run(
        "config", small / "model.json", "-w", small / "model.h5", "-o", folder / "c.yml"
    )
    assert (code, out) == (0, "")
    assert err == f"wrote {folder / 'c.yml'}; next: bitwright info {folder / 'c.yml'}\n"
    document = yaml.safe_load((folder / "c.yml").read_text())
    assert (document["KerasJson"], document["KerasH5"]) == ("../model.json", "../model.h5")
    expected = emu.config(small / "model.json", weights=small / "model.h5")
    assert document["HLSConfig"] == expected
    assert emu.load(folder / "c.yml").output_names == ("fc2_relu",)


def test_config_prints_without_a_file(run):
    """YAML on stdout, the options in it."""
    code, out, _ = run(
        "config",
        DIGITS / "digits.keras",
        "-g",
        "model",
        "-p",
        "fixed<12,4>",
        "--max-precision",
        "fixed<20,8>",
        "--reuse-factor",
        4,
        "--backend",
        "Vivado",
        "--project",
        "mine",
    )
    document = yaml.safe_load(out)
    assert code == 0
    assert document["KerasModel"] == os.path.relpath(DIGITS / "digits.keras")
    assert (document["ProjectName"], document["Backend"]) == ("mine", "Vivado")
    model = document["HLSConfig"]["Model"]
    assert model["Precision"] == {"default": "fixed<12,4>", "maximum": "fixed<20,8>"}
    assert model["ReuseFactor"] == 4


def test_config_keeps_an_existing_file(run, tmp_path):
    """A configuration is edited by hand; --force overwrites it."""
    file = tmp_path / "config.yml"
    file.write_text("mine")
    code, _, err = run("config", DIGITS / "digits.keras", "-o", file)
    assert (code, file.read_text()) == (2, "mine")
    assert err == f"Error: {file} exists: --force overwrites it, or name another with -o\n"
    assert run("config", DIGITS / "digits.keras", "-o", file, "--force")[0] == 0
    assert file.read_text() != "mine"


# ---- info, predict ---------------------------------------------------------------------------


def test_info(run):
    """Layers, types and notes, for people and for programs."""
    graph = emu.load(DIGITS / "config.yml")
    code, out, _ = run("info", DIGITS / "config.yml")
    assert code == 0
    assert graph.summary() in out
    for note in graph.notes:
        assert f"  - {note}" in out
    code, out, _ = run("info", DIGITS / "config.yml", "--json")
    document = json.loads(out)
    assert document["outputs"] == [
        {"name": "softmax", "shape": [10], "format": str(graph.formats["softmax"])}
    ]
    assert [layer["name"] for layer in document["layers"]] == list(graph.values)
    assert document["notes"] == list(graph.notes)
    met = [(defect["name"], defect["layers"], defect["way_out"]) for defect in document["defects"]]
    assert met == [(own.name, list(own.layers), own.way_out) for own in graph.defects] != []


def test_predict_writes_what_the_graph_predicts(run, tmp_path):
    """Reals or raw integers into .npy."""
    graph, x = emu.load(DIGITS / "config.yml"), np.load(DIGITS / "x.npy")
    code, out, err = run(
        "predict", DIGITS / "config.yml", DIGITS / "x.npy", "-o", tmp_path / "y.npy"
    )
    assert code == 0
    assert out == "softmax: 360 samples, shape [10], ap_fixed<16,6>\n"
    assert err.splitlines()[-1] == f"wrote {tmp_path / 'y.npy'}"
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), graph.predict(x))
    run("predict", DIGITS / "config.yml", DIGITS / "x.npy", "-o", tmp_path / "r.npy", "--raw")
    raw = np.load(tmp_path / "r.npy")
    assert raw.dtype == np.int64
    np.testing.assert_array_equal(raw, graph.predict(x, raw=True))


def test_predict_prints(run, small):
    """Without a file: three samples for people, all as JSON for programs."""
    graph, x = emu.load(small / "config.yml"), np.load(small / "x.npy")
    code, out, err = run("predict", small / "config.yml", small / "x.npy")
    assert code == 0 and len(out.splitlines()) == 4
    assert err.splitlines()[-1] == "first three samples shown: -o writes all, --json prints all"
    code, out, err = run("predict", small / "config.yml", small / "x.npy", "--json", "--raw")
    document = json.loads(out)
    assert (code, err, document["samples"]) == (0, "", 50)
    np.testing.assert_array_equal(document["outputs"][0]["raw"], graph.predict(x, raw=True))
    document = json.loads(run("predict", small / "config.yml", small / "x.npy", "--json")[1])
    np.testing.assert_array_equal(document["outputs"][0]["values"], graph.predict(x))


def test_several_inputs_and_outputs(run, tmp_path):
    """Both by name in .npz."""
    layers = [
        models.layer("InputLayer", "a", batch_input_shape=[None, 3], dtype="float32"),
        models.layer("InputLayer", "b", batch_input_shape=[None, 2], dtype="float32"),
        models.layer("Activation", "ya", ["a"], activation="relu"),
        models.layer("Activation", "yb", ["b"], activation="relu"),
    ]
    models.write(tmp_path, models.functional(layers, ["a", "b"], ["ya", "yb"]), {})
    config = tmp_path / "config.yml"
    config.write_text("{KerasJson: model.json, KerasH5: model.h5, IOType: io_parallel}")
    x = {"b": np.full((4, 2), -1.5), "a": np.full((4, 3), 0.75)}
    np.savez(tmp_path / "x.npz", **x)
    code, out, _ = run("predict", config, tmp_path / "x.npz", "-o", tmp_path / "y.npz")
    assert code == 0 and len(out.splitlines()) == 2
    with np.load(tmp_path / "y.npz") as found:
        np.testing.assert_array_equal(found["ya"], x["a"])
        np.testing.assert_array_equal(found["yb"], 0 * x["b"])
    code, _, err = run("predict", config, tmp_path / "x.npz", "-o", tmp_path / "y.npy")
    assert code == 2
    assert err == "Error: output must be a .npz or .dat file, not 'y.npy': the model gives ya, yb\n"


# ---- bad input: exit code 2, one line, no traceback -------------------------------------------


def test_bad_files(run, small):
    """Each message; nothing is unpickled."""
    good, x = small / "config.yml", small / "x.npy"
    np.save(small / "object.npy", np.array([{}], dtype=object), allow_pickle=True)
    (small / "cut.npy").write_bytes(x.read_bytes()[:60])
    (small / "cut.npz").write_bytes(b"PK\x03\x04 and no more")
    np.savez(small / "inside.npz", x=np.array([{}], dtype=object))
    (small / "text.npy").write_text("1 2 3")
    (small / "empty.npy").write_bytes(b"")
    np.save(small / "wrong.npy", np.zeros((3, 5)))
    (small / "list.yml").write_text("[1, 2]")
    (small / "typo.yml").write_text(good.read_text().replace("ReuseFactor", "ReuseFaktor"))
    cases = [
        (
            (small / "none.yml", x),
            f"configuration must be an existing file, not '{small}/none.yml'",
        ),
        ((good, small / "none.npy"), f"samples must be an existing file, not '{small}/none.npy'"),
        ((good, small / "object.npy"), "samples must be a whole .npy file: "),
        ((good, small / "cut.npy"), "samples must be a whole .npy file: "),
        ((good, small / "cut.npz"), "samples must be a whole .npz file: "),
        ((good, small / "inside.npz"), "samples must be a whole .npz file: "),
        ((good, small / "text.npy"), "samples must be a whole .npy file: "),
        ((good, small / "empty.npy"), "samples must be a whole .npy file: "),
        ((good, small / "wrong.npy"), "input x must have shape (N, 6), not (3, 5)"),
        ((small / "list.yml", x), f"configuration {small}/list.yml must be a mapping, not list"),
        ((small / "typo.yml", x), "key of HLSConfig: Model must be one that hls4ml knows, not "),
    ]
    for arguments, message in cases:
        code, out, err = run("predict", *arguments)
        assert (code, out) == (2, ""), arguments
        assert err.splitlines()[-1].startswith(f"Error: {message}"), err
        assert "Traceback" not in err


def test_unknown_options_are_usage_errors(run, small):
    """click's own messages, exit code 2."""
    code, _, err = run("predict", small / "config.yml", small / "x.npy", "--rau")
    assert code == 2 and "No such option" in err
    assert run("foresee")[0] == 2
    assert run("config", DIGITS / "digits.keras", "-g", "layer")[0] == 2


def test_traceback_on_request(small):
    """--traceback shows where an error arose."""
    with pytest.raises(ValueError, match=r"^configuration must be an existing file"):
        cli.main(["--traceback", "info", str(small / "none.yml")])


def test_generate_writes_a_project_and_keeps_other_folders(run, small):
    """Files listed as JSON; a folder with other things is refused."""
    code, out, _ = run("generate", small / "config.yml", "-o", small / "fw", "--json")
    document = json.loads(out)
    assert (code, document["project"], document["folder"]) == (0, "small", str(small / "fw"))
    assert "firmware/small.cpp" in document["files"]
    for name in document["files"]:
        assert (small / "fw" / name).is_file()
    code, out, err = run("generate", small / "config.yml", "-o", small / "fw")
    assert out == f"{small / 'fw'}: {len(document['files'])} files, top function small\n"
    assert err.splitlines()[-1] == (
        f"next: bitwright signoff {small / 'config.yml'} {small / 'fw'} X.npy -o report/"
    )
    code, _, err = run("generate", small / "config.yml", "-o", small)
    assert code == 2 and "directory must be new, empty or a Bitwright project" in err


# ---- signoff ---------------------------------------------------------------------------------


@pytest.fixture
def project(run, small):
    """The arguments of a sign-off of the small network."""
    run("generate", small / "config.yml", "-o", small / "fw")
    return small / "config.yml", small / "fw", small / "x.npy", "-o", small / "report"


class TestCompiled:
    """Needs g++ and the headers."""

    pytestmark = needs_cpp

    def test_agreed_is_0(self, run, project, small):
        """The report lies in its folder; the terminal shows levels and layers."""
        code, out, err = run("signoff", *project, "--random", 100)
        assert code == 0, out + err
        for text in ("passed   csim-g++", "small: signed off at level csim-g++", "fc1_relu"):
            assert text in out
        assert "ap_fixed<12,5,AP_RND,AP_SAT>" in out
        assert out.splitlines()[-1] == f"report: {small / 'report' / 'report.html'}"
        sources = json.loads((small / "report" / "report.json").read_text())["model"]["sources"]
        assert {role: item["name"] for role, item in sources.items()} == {
            "configuration": "config.yml",
            "model": "model.json",
            "weights": "model.h5",
            "samples": "x.npy",
        }

    def test_differing_bits_are_1(self, run, project, small):
        """The layer is named; files are reported apart; stdout is JSON and nothing else."""
        path = small / "fw" / "firmware" / "weights" / "fc1_weight.h"
        head, _, tail = path.read_text().partition("{")
        first, comma, rest = tail.partition(",")
        path.write_text(f"{head}{{{int(first) ^ 1}{comma}{rest}")
        code, out, err = run("signoff", *project, "--json")
        report = json.loads(out)
        assert (code, err, report["exit_code"]) == (1, "", 1)
        assert report["first_divergence"]["layer"] == "fc1"
        assert report["files"]["headline"] == "files differ"

    def test_differing_files_are_1(self, run, project, small):
        """A comment that no vector can show."""
        path = small / "fw" / "firmware" / "small.h"
        path.write_text(path.read_text() + "// seen\n")
        code, out, _ = run("signoff", *project, "--random", 100)
        assert code == 1
        assert "small: not signed off: files differ, no vector shows it" in out

    def test_demo(self, run, tmp_path):
        """The whole way, kept in a folder."""
        code, out, err = run("demo", "-o", tmp_path / "demo")
        assert code == 0, out + err
        for text in (
            "Float    99.44% (358 of 360 held-back digits) right",
            "Fixed    99.44% (358 of 360 held-back digits) right",
            "digits: signed off at level csim-g++",
            "softmax",
            "samples/s, compiled C++",
        ):
            assert text in out, out
        report = json.loads((tmp_path / "demo" / "report" / "report.json").read_text())
        assert report["ok"] and all(layer["counts"] for layer in report["layers"])
        assert (tmp_path / "demo" / "firmware" / "manifest.json").is_file()


def test_no_compiler_is_3(run, project, small, empty_path):
    """Said with the way out, in the report too."""
    code, out, _ = run("signoff", *project, "--random", 5)
    assert code == 3
    assert "not run  csim-g++" in out
    assert "g++ was not found: install it (Debian: apt-get install g++)" in out
    assert json.loads((small / "report" / "report.json").read_text())["exit_code"] == 3


def test_the_terminal_names_changed_files(run, project, small, empty_path):
    """One line each; 1 although nothing could run."""
    path = small / "fw" / "firmware" / "weights" / "fc1_weight.h"
    path.write_text(path.read_text() + "\n")
    code, out, _ = run("signoff", *project, "--random", 5)
    assert code == 1
    assert "files differ, no vector was run" in out
    assert "firmware/weights/fc1_weight.h: changed since it was generated" in out


def test_no_headers_is_3(run, project, monkeypatch):
    """The wheel is absent, no vendor tool is there."""
    real = importlib.util.find_spec
    hidden = lambda name, *rest: None if name == "hls4ml" else real(name, *rest)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", hidden)
    monkeypatch.delenv("XILINX_HLS", raising=False)
    code, out, _ = run("signoff", *project, "--random", 5)
    assert code == 3
    assert "pip install 'bitwright[cosim]', or name their folder with --headers" in out


def test_demo_without_a_compiler_shows_the_bits_and_is_3(run, empty_path):
    """Emulation needs no compiler."""
    code, out, _ = run("demo")
    assert code == 3
    assert "Fixed    99.44%" in out and "digits: not signed off: csim-g++ did not run" in out
    assert "Speed" not in out


def test_signoff_checks_its_arguments_first(run, project, small):
    """Before anything is emulated or compiled."""
    config, folder, x, _, report = project
    (small / "notes.txt").write_text("mine")
    cases = [
        ((config, small / "gone", x, "-o", report), "project must be a folder that generate wrote"),
        (
            (config, folder, x, "-o", small),
            "report folder must be new, empty, or an earlier report",
        ),
        ((*project, "--time-limit", 0), "time limit must be more than 0 s, not 0"),
        ((*project, "--headers", small), "headers must be a folder with ap_fixed.h and ap_int.h"),
        ((*project, "--random", -1), "random must be a number of vectors, 0 or more, not -1"),
    ]
    for arguments, message in cases:
        code, _, err = run("signoff", *arguments)
        assert code == 2, arguments
        assert err.splitlines()[-1].startswith(f"Error: {message}"), err
        assert "emulating" not in err
    assert not report.exists()


def test_a_closed_pipe_is_quiet(small):
    """``bitwright info ... | head -1``."""
    command = f"{sys.executable} -m bitwright info {small / 'config.yml'} --json | head -1"
    done = subprocess.run(
        command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "{\n" and done.stderr == ""


def test_the_bundled_example_is_whole():
    """Four data files and their description; nothing else."""
    assert sorted(p.name for p in DIGITS.iterdir()) == [
        "README.md",
        "config.yml",
        "digits.keras",
        "x.npy",
        "y.npy",
    ]
