"""Sign-off passes where it should, and fails where it should: faults put into the C++ by hand."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

import emu
import generator
from emu import Graph, Node
from emu.ops import Activation, Input
from fxp import Format
from tests.emu import models
from validation import Vectors, signoff

from .conftest import CONFIG, needs_cpp

ROOT = Path(__file__).parents[2]


def status(report):
    return {level.name: level.status for level in report.levels}


def edit(project, name, pattern, replacement):
    """Change one place of a project file, by a regular expression that must match."""
    path = project.path / name
    text, count = re.subn(pattern, replacement, path.read_text(), count=1, flags=re.DOTALL)
    assert count == 1, f"{pattern} not in {name}"
    path.write_text(text)


def flip_weight(project):
    """One bit of one weight: the lowest of the first weight of fc1."""
    edit(
        project,
        "firmware/weights/fc1_weight.h",
        r"(\{\s*)(-?\d+)",
        lambda m: m[1] + str(int(m[2]) ^ 1),
    )


@pytest.fixture(scope="module")
def good(small, tmp_path_factory):
    """A report on the project as generated."""
    folder = tmp_path_factory.mktemp("good")
    project = generator.generate(small, folder / "firmware")
    x = np.random.default_rng(3).normal(0, 1, (50, 6))
    said = []
    model = folder / "model.txt"
    model.write_text("m")
    report = signoff(small, project, x, sources={"model": model}, progress=said.append)
    return report, said


# ---- with g++ and AMD's headers --------------------------------------------------------------


class TestCompiled:
    """Needs g++ and the headers."""

    pytestmark = needs_cpp

    def test_an_untouched_project_is_signed_off(self, good, small):
        """Every layer on every vector, user's and generated ones apart, all as evidence."""
        report, said = good
        assert report.ok and report.exit_code == 0
        assert report.title == "small: signed off at level csim-g++"
        assert status(report)["emulator"] == status(report)["csim-g++"] == "passed"
        data = report.to_dict()
        assert [layer["layer"] for layer in data["layers"]] == list(small.values)
        groups = {group["name"]: group["samples"] for group in data["vectors"]["groups"]}
        assert groups["user"] == 50 and groups["random"] == 1000 and groups["corner"] > 20
        for layer in data["layers"]:
            size = small.values[layer["layer"]].size
            assert layer["values"] == {name: n * size for name, n in groups.items()}
            assert layer["counts"], layer
        assert data["compared"] == sum(groups.values()) * sum(
            value.size for value in small.values.values()
        )
        assert said[:2] == [
            f"emulating {sum(groups.values())} vectors",
            "compiling the firmware with g++ and running it",
        ]

    def test_the_record(self, good, small):
        """Hashes of model, graph, configuration, vectors and files; versions; what is missing."""
        data = good[0].to_dict()
        assert data["model"]["sources"]["model"] == {
            "name": "model.txt",
            "sha256": "62c66a7a5dd70c3146618063c344e531e6d4b59e379808443ce962b3abd63c5a",
        }
        for key in ("graph_sha256", "configuration_sha256"):
            assert re.fullmatch("[0-9a-f]{64}", data["model"][key])
        assert data["model"]["libm"] == emu.tables.libm_version()
        assert data["files"]["status"] == "equal"
        assert data["files"]["listed"] == len(data["files"]["sha256"]) > 10
        assert "g++" in data["tools"]["g++"] or "GCC" in data["tools"]["g++"]
        assert "-DNDEBUG" in data["tools"]["command"]
        assert re.match("[0-9a-f]{64} ", data["tools"]["headers sha256"])
        text = "\n".join(data["not_checked"])
        for part in ("shown, not proved", "synthesis, timing", "csim-vendor: ", "rtl-cosim: "):
            assert part in text

    def test_one_flipped_bit_of_one_weight(self, small, project, x):
        """Bits differ in fc1, the layer that has the weight; the manifest says so separately."""
        flip_weight(project)
        report = signoff(small, project, x)
        assert (report.ok, report.exit_code) == (False, 1)
        assert status(report)["csim-g++"] == "failed"
        data = report.to_dict()
        assert data["first_divergence"]["layer"] == "fc1"
        assert "first divergence: fc1[" in report.level("csim-g++").reason
        assert data["files"]["problems"] == [
            "firmware/weights/fc1_weight.h: changed since it was generated"
        ]
        assert data["files"]["headline"] == "files differ"
        assert report.title == "small: not signed off: csim-g++ failed, and files differ"
        by_name = {layer["layer"]: layer for layer in data["layers"]}
        assert by_name["x"]["agrees"] and not by_name["fc1"]["agrees"]

    def test_one_rounding_mode_in_defines(self, small, project, x):
        """RND becomes TRN in the type of fc1_relu: its bits differ, and the file does."""
        edit(project, "firmware/defines.h", r"AP_RND(?=,AP_SAT> fc1_relu_t)", "AP_TRN")
        report = signoff(small, project, x)
        assert report.exit_code == 1
        data = report.to_dict()
        assert data["first_divergence"]["layer"] == "fc1_relu"
        assert data["files"]["problems"] == ["firmware/defines.h: changed since it was generated"]

    def test_a_fault_that_no_vector_shows(self, small, project, x):
        """A constant that C simulation ignores: all bits agree, a file differs, exit code 1."""
        name = "firmware/parameters.h"
        edit(project, name, r"multiplier_limit = \d+", "multiplier_limit = 77")
        report = signoff(small, project, x, random=100)
        assert status(report)["csim-g++"] == "passed"
        assert (report.ok, report.exit_code) == (False, 1)
        assert report.title == "small: not signed off: files differ, no vector shows it"
        assert report.to_dict()["files"]["problems"] == [f"{name}: changed since it was generated"]

    def test_firmware_that_does_not_compile(self, small, project, x):
        """That is a failure, not a check that could not run."""
        edit(project, "firmware/small.cpp", r"\A", "#error broken by hand\n")
        report = signoff(small, project, x, random=10)
        assert report.exit_code == 1 and status(report)["csim-g++"] == "failed"
        assert "the firmware does not compile:" in report.level("csim-g++").reason
        assert "broken by hand" in report.level("csim-g++").reason
        assert report.to_dict()["layers"] == []

    def test_a_fault_only_in_the_build_without_trace(self, small, project, x):
        """The build as it ships is run too."""
        edit(
            project,
            "firmware/weights/fc1_weight.h",
            r"(\{\s*)(-?\d+)",
            lambda m: f"{m[1]}\n#ifdef BITWRIGHT_TRACE\n{m[2]}\n#else\n{int(m[2]) + 64}\n#endif\n",
        )
        report = signoff(small, project, x, random=200)
        assert status(report)["csim-g++"] == "failed"
        assert re.fullmatch(
            r"output \w+ differs where the firmware is compiled without trace",
            report.level("csim-g++").reason,
        )

    def test_a_constant_output_is_no_evidence(self, tmp_path):
        """All weights zero: everything agrees, nothing was shown; not signed off, exit code 3."""
        json_path, h5_path = models.mlp(tmp_path, (4, 2))
        with h5py.File(h5_path, "r+") as file:
            for item in _arrays(file):
                item[...] = 0
        graph = emu.load(json_path, weights=h5_path, config=CONFIG)
        project = generator.generate(graph, tmp_path / "firmware")
        report = signoff(graph, project, np.zeros((3, 4)), random=50)
        assert (report.ok, report.exit_code) == (False, 3)
        output = graph.output_names[0]
        assert report.level("csim-g++").reason == (
            f"no evidence: layer {output} agrees, not counted: 1 distinct value, needs 10,"
            " and no other counts; give samples that move the layers"
        )
        assert f"layer {output}: agrees, not counted" in "\n".join(report.body["not_checked"])

    def test_a_constant_output_behind_moving_layers_is_said(self, tmp_path):
        """Only the last layer's weights are zero: signed off on the layers before, and it says so."""
        json_path, h5_path = models.mlp(tmp_path, (4, 3, 2))
        with h5py.File(h5_path, "r+") as file:
            for item in _arrays(file["fc2"]):
                item[...] = 0
        graph = emu.load(json_path, weights=h5_path, config=CONFIG)
        project = generator.generate(graph, tmp_path / "firmware")
        report = signoff(graph, project, np.zeros((3, 4)), random=50)
        assert (report.ok, report.exit_code) == (True, 0)
        output = graph.output_names[0]
        weak = f"{output} agrees, not counted: 1 distinct value, needs 10"
        assert report.level("csim-g++").reason == f"output {weak}"
        assert any(output in line for line in report.body["not_checked"])


def _arrays(group):
    for item in group.values():
        if hasattr(item, "shape"):
            yield item
        else:
            yield from _arrays(item)


# ---- without -----------------------------------------------------------------------------------


def test_no_compiler_is_not_run(small, project, x, monkeypatch, tmp_path):
    """Level not run with the way out; exit code 3; the emulator's level stands."""
    monkeypatch.setenv("PATH", str(tmp_path))
    report = signoff(small, project, x, random=10)
    assert (report.ok, report.exit_code) == (False, 3)
    assert status(report) == {
        "emulator": "passed",
        "csim-g++": "not run",
        "csim-vendor": "not run",
        "rtl-cosim": "not run",
    }
    assert "g++ was not found: install it" in report.level("csim-g++").reason
    assert report.title == "small: not signed off: csim-g++ did not run"
    assert report.to_dict()["layers"] == []


def test_no_compiler_and_changed_files(small, project, x, monkeypatch, tmp_path):
    """Files are checked all the same."""
    flip_weight(project)
    monkeypatch.setenv("PATH", str(tmp_path))
    report = signoff(small, project, x, random=10)
    assert report.exit_code == 1
    assert report.to_dict()["files"]["headline"] == "files differ, no vector was run"


def test_a_layer_that_the_firmware_does_not_write(small, project, x, fake_headers, fake_compiler):
    """Not compared is not passed."""
    answer = (
        "import glob, shutil\n"
        "for p in glob.glob(sys.argv[1] + '/*.bin'): shutil.copy(p, sys.argv[2])\n"
        "print('samples', os.path.getsize(p) // 48)"
    )
    report = signoff(
        small, project, x, random=5, headers=fake_headers, compiler=fake_compiler(run=answer)
    )
    assert report.exit_code == 1
    assert report.level("csim-g++").reason == (
        "layer fc1: not compared: the C++ did not write this layer"
    )


def test_firmware_that_dies_is_a_failure(small, project, x, fake_headers, fake_compiler):
    """Exit code 1: something is wrong with the C++, not with the machine."""
    compiler = fake_compiler(run="os.abort()")
    report = signoff(small, project, x, random=5, headers=fake_headers, compiler=compiler)
    assert (report.exit_code, status(report)["csim-g++"]) == (1, "failed")
    assert report.level("csim-g++").reason.startswith("the firmware died of SIGABRT")


def test_vendor_tools_run_only_if_wanted(small, project, x, monkeypatch, tmp_path):
    """vendor=False says so."""
    tool = tmp_path / "vitis-run"
    tool.write_text("#!/bin/sh\nexit 9\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    report = signoff(small, project, x, random=5, vendor=False)
    assert report.level("csim-vendor").reason == "not asked for"
    report = signoff(small, project, x, random=5)
    assert report.level("csim-vendor").reason == "the log has no C simulation"


def test_a_folder_instead_of_a_project(small, project, x, monkeypatch, tmp_path):
    """The path that the command line has."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert signoff(small, project.path, x, random=5).exit_code == 3


class TestEmulatorLevel:
    """The emulator's own level: a graph that breaks its word fails."""

    FORMAT = Format.parse("fixed<8,4>")

    def graph(self, op):
        return Graph(
            (
                Node("x", Input(result=self.FORMAT, dimensions=(3,))),
                Node("y", op(name="relu", result=self.FORMAT), ("x",)),
            ),
            ("y",),
        )

    def level(self, graph, tmp_path, monkeypatch):
        project = generator.generate(graph, tmp_path / "firmware")
        monkeypatch.setenv("PATH", str(tmp_path))
        report = signoff(graph, project, None, random=40)
        return report.level("emulator"), report.exit_code

    def test_batches_that_matter(self, tmp_path, monkeypatch):
        """A sample alone must give what it gives among others."""

        class Leaky(Activation):
            pointwise = False  # so that the engine asks evaluate

            def evaluate(self, *inputs, values):
                return super().evaluate(*inputs, values=values) ^ (len(inputs[0]) == 1)

        level, code = self.level(self.graph(Leaky), tmp_path, monkeypatch)
        assert (level.status, code) == ("failed", 1)
        assert level.reason == "output y: sample 0 alone gives other bits than in its batch"

    def test_inputs_that_come_back_otherwise(self, tmp_path, monkeypatch):
        """The raw values given to the C++ must be those that the emulator reads."""
        monkeypatch.setattr(
            Vectors, "reals", lambda self, graph: {"x": self.raw["x"] / 16.0 + 0.0625}
        )
        level, code = self.level(self.graph(Activation), tmp_path, monkeypatch)
        assert (level.status, code) == ("failed", 1)
        assert level.reason == (
            "input x: the emulator does not read back the raw values of the vectors"
        )

    def test_values_outside_their_format(self, tmp_path, monkeypatch):
        """Eight bits hold -128 to 127."""

        class Wide(Activation):
            pointwise = False

            def evaluate(self, *inputs, values):
                return super().evaluate(*inputs, values=values) + 1000

        with pytest.raises(
            ValueError, match=r"layer y: raw values must be -128 to 127 in ap_fixed"
        ):
            self.level(self.graph(Wide), tmp_path, monkeypatch)


def test_interrupted_it_leaves_nothing(small, project, x, tmp_path, fake_headers, fake_compiler):
    """SIGINT while the firmware runs: no report, no unfinished folder, exit code 130."""
    started = tmp_path / "started"
    compiler = fake_compiler(run=f"open({str(started)!r}, 'w').close(); time.sleep(120)")
    np.save(tmp_path / "x.npy", x)
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\n"
        "from emu.text import from_json\n"
        "from bitwright import cli\n"
        "from bitwright.commands import signoff\n"
        f"graph = from_json(open({str(project.path / 'graph.json')!r}).read())\n"
        "signoff.load_graph = lambda config: graph\n"
        "cli.main(sys.argv[1:])\n"
    )
    folder = tmp_path / "out"
    folder.mkdir()
    command = [sys.executable, str(script), "signoff", str(script), str(project.path)]
    command += [str(tmp_path / "x.npy"), "-o", str(folder / "report"), "--random", "5"]
    command += ["--headers", str(fake_headers), "--compiler", str(compiler)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for _ in range(600):
        if started.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.splitlines()[-1] == "interrupted: nothing was finished"
    assert os.listdir(folder) == []
    assert not list(tmp_path.glob("bitwright-*"))
