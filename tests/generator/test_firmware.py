"""Generated projects compile without a warning, agree in every layer, and notice a changed bit."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

import generator
from generator import Schedule
from tests.generator import compiled, nets

pytestmark = pytest.mark.cpp


@pytest.fixture(autouse=True)
def _compiler():
    compiled.require()


def samples(graph, count=300, seed=1):
    """Raw inputs as the first cast leaves them: the ends, zero, random values."""
    rng = np.random.default_rng(seed)
    x = {}
    for value in graph.inputs:
        low, high = value.format.raw_min, value.format.raw_max
        raw = rng.integers(low, high, (count, *value.shape), endpoint=True)
        raw[:3] = np.array([low, high, 0]).reshape(3, *[1] * len(value.shape))
        x[value.name] = np.ldexp(raw.astype(np.float64), -value.format.frac)
    return x


def every_layer_agrees(graph, folder, *, trace=True):
    """C++ with trace against the emulator's trace, or only the outputs without it."""
    project = generator.generate(graph, folder / "firmware")
    expected = graph.trace(samples(graph), raw=True)
    given = {value.name: expected[value.name] for value in graph.inputs}
    program = compiled.harness(project, trace=trace, flags=compiled.STRICT)
    names = list(graph.values) if trace else list(graph.output_names)
    found = compiled.run(project, program, given, names)
    for name in names:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
        assert len(np.unique(found[name])) > 1, f"{name} does not move"
    return project


def calls(project):
    """Kernel calls of the top function."""
    text = (project.path / "firmware" / f"{project.name}.cpp").read_text()
    return re.findall(r"bw::(\w+<\w+>)", text)


SCHEDULES = {
    "latency": {},
    "reuse": {"fc1": ("latency", 4), "fc2": ("latency", 8)},
    "resource": {"fc1": ("resource", 4), "fc2": ("resource", 16)},
    "unrolled": {"fc1": ("resource_unrolled", 8), "fc2": ("resource_unrolled", 2)},
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_layer_under_every_schedule(name, tmp_path):
    """The schedule changes the hardware and no bit."""
    every_layer_agrees(nets.mlp(SCHEDULES[name]), tmp_path)


def test_the_outputs_without_trace(tmp_path):
    """As it ships: nothing is recorded."""
    every_layer_agrees(nets.mlp(), tmp_path, trace=False)


def test_every_operator_with_several_inputs_and_outputs(tmp_path):
    """Reshapes share their source's array; an output that is read on is still an output."""
    graph = nets.everything()
    project = every_layer_agrees(graph, tmp_path)
    assert len(graph.inputs) == 2 and len(graph.outputs) > 20
    assert {call.split("<")[0] for call in calls(project)} >= {"softmax_legacy", "selu", "prelu"}


@pytest.mark.parametrize("trace", [False, True])
def test_outputs_that_are_needed_elsewhere(tmp_path, trace):
    """Each goes into a port of its own, with the same bits."""
    every_layer_agrees(nets.passed_on(), tmp_path, trace=trace)


def test_names_that_are_no_identifiers(tmp_path):
    """Keywords, digits, unicode and clashes with our own suffixes get names of their own."""
    graph = nets.odd_names()
    project = every_layer_agrees(graph, tmp_path)
    stems = list(project.tensor_files.values())
    assert len(set(stems)) == len(stems) == len(graph.values)
    assert all(re.fullmatch(r"[A-Za-z][0-9A-Za-z_]*", stem) for stem in stems)
    bench = compiled.testbench(project, flags=compiled.STRICT)
    assert bench.returncode == 0


@pytest.mark.parametrize("backend", ["vitis", "vivado"])
def test_what_synthesis_sees_gives_the_same_bits(backend, tmp_path):
    """Constants of their own width instead of C integers; Vivado's directives and C++11."""
    graph = nets.mlp(SCHEDULES["resource"])
    project = generator.generate(graph, tmp_path / "firmware", backend=backend)
    extra = ["-DBITWRIGHT_VIVADO", "-std=c++11"] if backend == "vivado" else []
    flags = ["-DBITWRIGHT_EXACT_CONSTANTS", *extra, *compiled.STRICT]
    expected = graph.trace(samples(graph), raw=True)
    program = compiled.harness(project, flags=flags)
    found = compiled.run(project, program, {"x": expected["x"]}, graph.output_names)
    np.testing.assert_array_equal(found["softmax"], expected["softmax"])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    compiled.require()
    return generator.generate(nets.mlp(), tmp_path_factory.mktemp("bench") / "firmware")


class TestTestbench:
    """The self-checking testbench is what vendor C simulation and co-simulation run."""

    @pytest.fixture
    def project(self, made, tmp_path):
        shutil.copytree(made.path, tmp_path / "firmware", dirs_exist_ok=True)
        return replace(made, path=tmp_path / "firmware")

    def edit(self, project, name, pattern, replacement):
        path = project.path / name
        text, count = re.subn(pattern, replacement, path.read_text(), count=1)
        assert count == 1
        path.write_text(text)

    def test_it_passes_as_generated(self, project):
        bench = compiled.testbench(project, flags=compiled.STRICT)
        assert (bench.returncode, bench.stdout) == (0, "32 samples agree in every bit\n")

    def test_one_flipped_bit_of_one_weight(self, project):
        """The highest bit of the first weight: an output differs, the exit code is 1."""
        flip = lambda match: match[1] + str(int(match[2]) ^ 16)  # noqa: E731
        self.edit(project, "firmware/weights/fc1_weight.h", r"(\{\s*)(-?\d+)", flip)
        bench = compiled.testbench(project)
        assert bench.returncode == 1
        assert re.fullmatch(
            r"sample \d+: softmax\[\d\] must be raw \d+, not \d+\n", bench.stdout
        ), bench.stdout

    def test_one_rounding_mode(self, project):
        self.edit(project, "firmware/defines.h", r"AP_RND(?=,AP_SAT> fc2_t)", "AP_TRN")
        assert compiled.testbench(project).returncode == 1

    def test_vectors_that_end_inside_a_sample(self, project):
        path = project.path / "tb_data" / "softmax.dat"
        path.write_text(path.read_text().rsplit(" ", 1)[0])
        bench = compiled.testbench(project)
        assert bench.returncode == 2
        assert bench.stdout == "vectors must be whole: a file in tb_data ends inside sample 31\n"

    def test_vectors_that_are_missing(self, project):
        (project.path / "tb_data" / "x.dat").unlink()
        bench = compiled.testbench(project)
        assert (bench.returncode, bench.stdout) == (2, "x.dat must lie in tb_data\n")

    def test_no_vectors(self, project):
        for file in (project.path / "tb_data").iterdir():
            file.write_text("")
        bench = compiled.testbench(project)
        assert bench.returncode == 2
        assert bench.stdout == "tb_data must hold at least one sample\n"

    def test_the_makefile_runs_it(self, project):
        if shutil.which("make") is None:
            pytest.skip("needs make")
        done = subprocess.run(
            ["make", "test", f"AP_TYPES={compiled.headers()}"],
            cwd=project.path,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("32 samples agree in every bit\n")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    compiled.require()
    project = generator.generate(nets.two_inputs(), tmp_path_factory.mktemp("bulk") / "firmware")
    return compiled.harness(project)


class TestHarness:
    """The bulk harness says what is wrong with its input and returns 2."""

    def ask(self, program, folder, left, right):
        given, found = folder / "in", folder / "out"
        given.mkdir()
        found.mkdir()
        if left is not None:
            (given / "left.bin").write_bytes(left)
        (given / "right.bin").write_bytes(right)
        done = subprocess.run([program, given, found], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr.replace(f"{given}/", ""), list(found.iterdir())

    def whole(self, *values):
        return np.array(values, dtype="<i8").tobytes()

    def test_a_missing_file(self, program, tmp_path):
        assert self.ask(program, tmp_path, None, b"") == (2, "left.bin must exist\n", [])

    def test_a_cut_integer(self, program, tmp_path):
        code, text, files = self.ask(program, tmp_path, self.whole(1)[:5], b"")
        assert (code, text, files) == (2, "left.bin must hold whole 8-byte integers\n", [])

    def test_a_cut_sample(self, program, tmp_path):
        code, text, files = self.ask(program, tmp_path, self.whole(*range(7)), b"")
        assert (code, text, files) == (2, "left.bin must hold 6 values a sample\n", [])

    def test_another_number_of_samples(self, program, tmp_path):
        answer = self.ask(program, tmp_path, self.whole(*range(6)), self.whole(*range(8)))
        assert answer[0] == 2 and answer[2] == []
        assert (
            answer[1]
            == "right.bin must hold 1 samples of 4 values, as left.bin does, not 8 values\n"
        )

    def test_a_value_out_of_range(self, program, tmp_path):
        right = self.whole(0, 1, 128, 3)
        code, text, files = self.ask(program, tmp_path, self.whole(*range(6)), right)
        assert (code, files) == (2, [])
        assert text == "right.bin must hold raw values of ap_ufixed<7,3>, not 128\n"

    def test_wrong_arguments(self, program):
        done = subprocess.run([program], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and done.stderr.endswith("IN_DIR OUT_DIR\n")


def test_another_order_does_not_compile(tmp_path):
    """The kernel refuses what the generator would have refused: an order that changes bits."""
    project = generator.generate(nets.two_inputs(), tmp_path / "firmware")
    path = project.path / "firmware" / "parameters.h"
    text = path.read_text()
    assert text.count("steps = 2;") == 1
    path.write_text(text.replace("steps = 2;", "steps = 4;"))
    with pytest.raises(AssertionError, match="must add in the model's order"):
        compiled.harness(project)


def test_from_config_is_the_default_schedule(tmp_path):
    """What the configuration says, and not latency, where no schedule is given."""
    graph = nets.mlp(SCHEDULES["resource"])
    project = generator.generate(graph, tmp_path / "firmware")
    assert project.schedule == Schedule.from_config(graph.config)
    assert project.schedule.of("fc1").strategy == "resource"
