"""What generate writes: layout, directives, scripts, manifest; and what it refuses."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

import generator
from emu import Graph, Node
from emu.ops import Input
from emu.text import from_json
from fxp import Format
from generator import LayerSchedule, ProjectError, Schedule, cxx
from generator import project as project_module
from tests.generator import nets


def text(project, name):
    return (project.path / name).read_text()


def struct(project, name):
    """The fields of a configuration struct."""
    found = re.search(
        rf"struct {name} {{\n(.*?)\n}};", text(project, "firmware/parameters.h"), re.S
    )
    constants = re.findall(r"static const int (\w+) = (-?\d+);", found[1])
    types = re.findall(r"typedef (.*?) (\w+_t);", found[1])
    return {key: int(value) for key, value in constants} | {key: value for value, key in types}


def function(header, name):
    """The text of one function of an hls_lib header, as copied into a project."""
    found = re.search(rf"\nvoid {name}\(.*?\n}}\n", header, re.S)
    assert found, name
    return found[0]


@pytest.fixture(scope="module")
def latency(tmp_path_factory):
    graph = nets.mlp({"fc1": ("latency", 4)}, ProjectName="net")
    return generator.generate(graph, tmp_path_factory.mktemp("latency") / "firmware")


@pytest.fixture(scope="module")
def resource(tmp_path_factory):
    graph = nets.mlp({"fc1": ("resource", 4), "fc2": ("resource", 16)})
    return generator.generate(graph, tmp_path_factory.mktemp("resource") / "firmware")


@pytest.fixture(scope="module")
def unrolled(tmp_path_factory):
    graph = nets.mlp({"fc1": ("resource_unrolled", 8), "softmax": ("latency", 3)})
    return generator.generate(graph, tmp_path_factory.mktemp("unrolled") / "firmware")


class TestLayout:
    """hls4ml's layout and entry, self-contained, without vendor headers."""

    def test_files(self, latency):
        found = {p.relative_to(latency.path).as_posix() for p in latency.path.rglob("*.*")}
        headers = "platform.hpp platform/ap.hpp trace.hpp dense.hpp activation.hpp softmax.hpp"
        assert found == {
            *("firmware/net.cpp", "firmware/net.h", "firmware/defines.h", "firmware/parameters.h"),
            *(f"firmware/bitwright/{name}" for name in headers.split()),
            *("firmware/bitwright/batch_normalization.hpp", "firmware/bitwright/tree_sum.hpp"),
            *(f"firmware/weights/fc{k}_{name}.h" for k in (1, 2) for name in ("weight", "bias")),
            *(f"firmware/weights/bn1_{name}.h" for name in ("scale", "bias")),
            *(f"firmware/weights/softmax_{name}.h" for name in ("exponential", "inverse")),
            *("net_test.cpp", "net_cosim.cpp", "tb_data/x.dat", "tb_data/softmax.dat"),
            *("build.tcl", "graph.json", "manifest.json"),
        }
        assert (latency.path / "Makefile").is_file()

    def test_only_the_headers_used_are_copied(self, tmp_path):
        graph = Graph(
            (
                Node("x", Input(result=Format(8, 4), dimensions=(3,))),
                Node("relu", nets.activation("relu", n=3), ("x",)),
            ),
            ("relu",),
        )
        project = generator.generate(graph, tmp_path / "p")
        found = {p.name for p in (project.path / "firmware" / "bitwright").rglob("*.hpp")}
        assert found == {"platform.hpp", "ap.hpp", "trace.hpp", "activation.hpp"}
        assert project.name == "myproject"

    def test_entry(self, latency):
        """Top function = ProjectName, inputs then outputs, types in defines.h."""
        header = " ".join(text(latency, "firmware/net.h").split())
        assert "void net( x_t x[16], softmax_t softmax_out[4] );" in header
        defines = text(latency, "firmware/defines.h")
        assert "typedef ap_fixed<8,3,AP_RND,AP_SAT> x_t; // x\n" in defines
        assert "typedef ap_ufixed<9,4,AP_RND,AP_SAT> fc1_relu_t; // fc1_relu\n" in defines
        assert "typedef x_t input_t;\ntypedef softmax_t result_t;\n" in defines

    def test_several_inputs_and_outputs_keep_the_models_order(self, tmp_path):
        graph = nets.two_inputs()
        project = generator.generate(graph, tmp_path / "p")
        header = " ".join(text(project, "firmware/myproject.h").split())
        arguments = "left_t left[6], right_t right[4], left_relu_t left_relu_out[6], fc_t fc_out[2]"
        assert f"void myproject( {arguments} );" in header
        swapped = Graph(graph.nodes, tuple(reversed(graph.output_names)), (), graph.config)
        project = generator.generate(swapped, tmp_path / "q")
        header = " ".join(text(project, "firmware/myproject.h").split())
        assert "fc_t fc_out[2], left_relu_t left_relu_out[6] );" in header

    def test_an_array_that_is_needed_is_copied_into_its_port(self, tmp_path):
        """A port is written only: not read by a layer, not an input, not shared by two outputs."""
        graph = nets.passed_on()
        project = generator.generate(graph, tmp_path / "p")
        top = text(project, "firmware/myproject.cpp")
        assert re.findall(r"bw::copy<(\d+)>\((\w+), (\w+)\);", top) == [
            ("6", "x", "x_copy"),
            ("6", "x", "flat_copy"),
            ("6", "fc_out", "fc_copy"),
            ("6", "relu_out", "grid_copy"),
        ]
        header = " ".join(text(project, "firmware/myproject.h").split())
        ports = "x_t x_copy[6], x_t flat_copy[6], fc_t fc_copy[6], relu_t relu_out[6]"
        assert f"void myproject( x_t x[6], {ports}, relu_t grid_copy[6] );" in header
        ports = "x,x_copy,flat_copy,fc_copy,relu_out,grid_copy"
        assert f"#pragma HLS INTERFACE ap_vld port={ports}\n" in top

    def test_types_of_one_name_are_kept_apart(self, tmp_path):
        """A layer called result does not take the type of the output."""
        project = generator.generate(nets.odd_names(), tmp_path / "p")
        defines = text(project, "firmware/defines.h")
        names = re.findall(r"(\w+);", defines)
        assert len(names) == len(set(names))

    def test_no_float_no_file_no_initialiser(self, latency):
        """Constants are integers that the compiler sees; nothing is computed or read at run time."""
        sources = [p for p in (latency.path / "firmware").rglob("*") if p.is_file()]
        assert len(sources) > 15
        for path in sources:
            code = re.sub(r"//.*", "", path.read_text())
            if path.name != "trace.hpp":
                assert not re.search(r"\b(float|double|ifstream|fopen|new|malloc|std::)\b", code), (
                    path
                )
        weight = text(latency, "firmware/weights/fc1_weight.h")
        assert "static const bw::constant<7, true>::type fc1_weight[128] = {\n" in weight
        raw = latency.graph.nodes[1].op.weight.raw
        found = [int(word) for word in re.findall(r"-?\d+", weight.split("{")[1])]
        np.testing.assert_array_equal(found, raw.T.reshape(-1))

    def test_wide_constants_are_literals_of_their_type(self):
        assert cxx.literals([-(2**31), 2**31 - 1, 2**31, -(2**61)]) == (
            "(-2147483648LL), 2147483647, 2147483648LL, (-2305843009213693952LL)"
        )


class TestDirectives:
    """Code that compiles without its pragmas proves nothing about Vitis: each is in the text."""

    def test_top(self, latency):
        top = text(latency, "firmware/net.cpp")
        for line in (
            "#pragma HLS ARRAY_RESHAPE variable=x complete dim=0",
            "#pragma HLS ARRAY_PARTITION variable=softmax_out complete dim=0",
            "#pragma HLS INTERFACE ap_vld port=x,softmax_out",
            "#pragma HLS PIPELINE",
            *(
                f"#pragma HLS ARRAY_PARTITION variable={name}_out complete dim=0"
                for name in ("fc1", "fc1_relu", "bn1", "fc2")
            ),
        ):
            assert top.splitlines().count(line) == 1, line
        assert "DATAFLOW" not in top

    def test_dense_latency(self, latency):
        """One pipeline around the product; ceil(16 * 8 / 4) multipliers."""
        assert "bw::dense_pipelined<fc1_config>(x, fc1_out, fc1_weight, fc1_bias);" in text(
            latency, "firmware/net.cpp"
        )
        fields = struct(latency, "fc1_config")
        assert (fields["reuse_factor"], fields["multiplier_limit"]) == (4, 32)
        assert struct(latency, "fc2_config")["multiplier_limit"] == 32
        body = function(text(latency, "firmware/bitwright/dense.hpp"), "dense_pipelined")
        for line in (
            "#pragma HLS PIPELINE II=CONFIG::reuse_factor",
            "#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit",
            "#pragma HLS ARRAY_PARTITION variable=weight complete",
            "#pragma HLS ARRAY_PARTITION variable=bias complete",
            "#pragma HLS ARRAY_PARTITION variable=accum complete",
        ):
            assert line in body
        assert "ARRAY_RESHAPE" not in body and "BIND_STORAGE" not in body

    def test_dense_resource(self, resource):
        """One step a cycle; block_factor weights in one word of a ROM."""
        top = text(resource, "firmware/myproject.cpp")
        assert "bw::dense_resource<fc1_config>(" in top and "#pragma HLS DATAFLOW\n" in top
        assert "#pragma HLS PIPELINE" not in top
        one, two = struct(resource, "fc1_config"), struct(resource, "fc2_config")
        assert (one["reuse_factor"], one["steps"], one["block_factor"]) == (4, 4, 32)
        assert (two["reuse_factor"], two["steps"], two["block_factor"]) == (16, 16, 2)
        body = function(text(resource, "firmware/bitwright/dense.hpp"), "dense_resource")
        for line in (
            "#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit",
            "#pragma HLS ARRAY_RESHAPE variable=weight block factor=CONFIG::block_factor",
            "#pragma HLS BIND_STORAGE variable=weight type=rom_np impl=bram",
            "#pragma HLS ARRAY_PARTITION variable=bias complete",
            "#pragma HLS PIPELINE II=1",
        ):
            assert line in body
        assert (
            body.index("Steps:")
            < body.index("#pragma HLS PIPELINE II=1")
            < body.index("dense_step")
        )
        vivado = body[body.index("#ifdef BITWRIGHT_VIVADO") : body.index("#else")]
        assert "#pragma HLS RESOURCE variable=weight core=ROM_nP_BRAM" in vivado

    def test_dense_resource_unrolled(self, unrolled):
        """The resource order in one pipeline; the top's interval is the largest reuse factor."""
        top = text(unrolled, "firmware/myproject.cpp")
        assert "bw::dense_pipelined<fc1_config>(" in top
        assert "#pragma HLS PIPELINE II=8\n" in top
        fields = struct(unrolled, "fc1_config")
        assert (fields["steps"], fields["reuse_factor"]) == (8, 8)

    @pytest.mark.parametrize(
        ("header", "name"),
        [
            ("batch_normalization", "batch_normalization"),
            ("softmax", "softmax_slices"),
            ("activation", "apply"),
            ("activation", "leaky_relu"),
            ("activation", "thresholded_relu"),
            ("activation", "hard_sigmoid"),
            ("activation", "hard_tanh"),
            ("activation", "look_up"),
            ("activation", "elu"),
            ("activation", "scaled_elu"),
        ],
    )
    def test_other_kernels(self, latency, header, name):
        """A pipeline that starts every reuse_factor cycles, its loop unrolled."""
        body = function(text(latency, f"firmware/bitwright/{header}.hpp"), name)
        assert "#pragma HLS PIPELINE II=CONFIG::reuse_factor" in body
        assert "#pragma HLS UNROLL" in body

    def test_batch_normalization_limits_its_multipliers(self, latency):
        body = function(
            text(latency, "firmware/bitwright/batch_normalization.hpp"), "batch_normalization"
        )
        line = "#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit"
        assert line in body
        assert struct(latency, "bn1_config")["multiplier_limit"] == 8

    def test_every_loop_of_a_kernel_is_named_and_unrolled_or_pipelined(self, latency):
        """A loop without a directive would run one element after another."""
        for path in (latency.path / "firmware" / "bitwright").glob("*.hpp"):
            if path.name == "trace.hpp":
                continue
            lines = path.read_text().splitlines()
            for k, line in enumerate(lines):
                if re.match(r"\s*for \(", line):
                    assert re.fullmatch(r"\s*\w+:", lines[k - 1]), f"{path.name}:{k}"
                    nested = re.match(r"\s*\w+:", lines[k + 1])
                    assert "#pragma HLS" in lines[k + 1] or nested, f"{path.name}:{k}"


class TestTopStyle:
    """PIPELINE or DATAFLOW at the top, by hls4ml's rule."""

    def style(self, tmp_path, layers=None, **settings):
        project = generator.generate(nets.mlp(layers, **settings), tmp_path / "p")
        found = re.findall(
            r"^#pragma HLS (PIPELINE.*|DATAFLOW.*)$",
            text(project, "firmware/myproject.cpp"),
            re.M,
        )
        assert len(found) == 1
        return found[0]

    def test_latency_is_a_pipeline(self, tmp_path):
        assert self.style(tmp_path) == "PIPELINE"

    def test_an_interval(self, tmp_path):
        assert self.style(tmp_path, PipelineInterval=7) == "PIPELINE II=7"

    def test_one_resource_layer_is_a_dataflow(self, tmp_path):
        layers = {"fc1": ("resource", 4), "fc2": ("resource_unrolled", 2)}
        assert self.style(tmp_path, layers) == "DATAFLOW"

    def test_unrolled_takes_the_largest_reuse_factor(self, tmp_path):
        layers = {"fc1": ("resource_unrolled", 2), "fc2": ("latency", 16)}
        assert self.style(tmp_path, layers) == "PIPELINE II=16"

    def test_a_style_that_is_asked_for_is_taken(self, tmp_path):
        layers = {"fc1": ("resource", 4)}
        settings = {"PipelineStyle": "pipeline", "PipelineInterval": 9}
        assert self.style(tmp_path, layers, **settings) == "PIPELINE II=9"
        assert self.style(tmp_path, PipelineStyle="dataflow") == "DATAFLOW"


STUBS = """
proc record {args} { puts "call: $args" }
foreach command {open_project set_top add_files open_solution set_part create_clock
                 set_clock_uncertainty config_compile csynth_design export_design cosim_design} {
    proc $command {args} "record $command {*}\\$args"
}
proc csim_design {args} {
    if {[info exists ::env(FAIL)]} { error "2 errors" }
    record csim_design {*}$args
}
source [lindex $argv 0]
"""


@pytest.mark.skipif(shutil.which("tclsh") is None, reason="needs tclsh")
class TestBuildScript:
    """build.tcl is real Tcl: run with the vendor's commands replaced by ones that print."""

    def run(self, project, tmp_path, **steps):
        stub = tmp_path / "stub.tcl"
        stub.write_text(STUBS)
        done = subprocess.run(
            ["tclsh", stub, project.path / "build.tcl"],
            env={"PATH": "/usr/bin:/bin", **steps},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stderr == ""
        here = str(project.path.resolve())
        lines = done.stdout.replace(here, "HERE").splitlines()
        calls = [line.removeprefix("call: ") for line in lines if line.startswith("call: ")]
        said = [line for line in lines if not line.startswith("call: ")]
        return calls, said, done.returncode

    def test_vitis(self, latency, tmp_path):
        calls, said, code = self.run(latency, tmp_path)
        flags = "-std=c++14 -DNDEBUG -IHERE/firmware"
        assert calls == [
            "open_project -reset net_prj",
            "set_top net",
            f"add_files firmware/net.cpp -cflags {{{flags}}}",
            f"add_files -tb net_test.cpp -cflags {{{flags} -IHERE}}",
            "add_files -tb tb_data",
            "open_solution -reset solution1 -flow_target vivado",
            "set_part xcvu13p-flga2577-2-e",
            "create_clock -period 5 -name default",
            "set_clock_uncertainty 27% default",
            "config_compile -name_max_length 80",
            "csim_design",
            "csynth_design",
        ]
        assert (said, code) == (["bitwright: CSIM", "bitwright: CSYNTH"], 0)
        first = text(latency, "build.tcl").splitlines()[0]
        assert "vitis-run --mode hls --tcl build.tcl" in first and "vitis_hls -f build.tcl" in first

    def test_vivado(self, tmp_path):
        graph = nets.mlp(Part="xc7z020-clg400-1", ClockPeriod=7.5, ClockUncertainty="1.2")
        project = generator.generate(graph, tmp_path / "p", backend="Vivado")
        calls, _, code = self.run(project, tmp_path)
        assert "open_solution -reset solution1" in calls
        assert (
            "set_part xc7z020-clg400-1" in calls
            and "create_clock -period 7.5 -name default" in calls
        )
        assert "set_clock_uncertainty 1.2 default" in calls and code == 0
        assert "-DBITWRIGHT_VIVADO" in calls[2] and "-std=c++0x" in calls[2]
        default = generator.generate(nets.mlp(), tmp_path / "q", backend="vivado")
        assert "set_clock_uncertainty 12.5% default" in self.run(default, tmp_path)[0]

    def test_steps_are_switched(self, latency, tmp_path):
        steps = {"CSIM": "0", "CSYNTH": "1", "COSIM": "1", "EXPORT": "1"}
        calls, _, code = self.run(latency, tmp_path, **steps)
        assert calls[-3:] == [
            "csynth_design",
            "cosim_design -trace_level none",
            "export_design -format ip_catalog",
        ]
        assert "csim_design" not in calls and code == 0

    def test_a_failing_step_ends_it(self, latency, tmp_path):
        calls, said, code = self.run(latency, tmp_path, FAIL="1")
        assert (said[-1], code) == ("bitwright: CSIM failed: 2 errors", 1)
        assert "csynth_design" not in calls

    def test_a_switch_is_0_or_1(self, latency, tmp_path):
        _, said, code = self.run(latency, tmp_path, COSIM="yes", CSIM="0", CSYNTH="0")
        assert (said[-1], code) == ("bitwright: COSIM must be 0 or 1, not yes", 2)


class TestManifest:
    """Every file by hash, graph and configuration too; the graph comes back from the project."""

    def test_every_file(self, latency):
        manifest = json.loads(text(latency, "manifest.json"))
        assert manifest == latency.manifest
        found = {
            p.relative_to(latency.path).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in latency.path.rglob("*")
            if p.is_file() and p.name != "manifest.json"
        }
        assert found == manifest["files"]
        assert manifest["graph_sha256"] == found["graph.json"]
        assert (manifest["backend"], manifest["bitwright_project"]) == ("Vitis", 1)
        assert re.fullmatch("[0-9a-f]{64}", manifest["configuration_sha256"])

    def test_the_same_graph_gives_the_same_files(self, latency, tmp_path):
        again = generator.generate(latency.graph, tmp_path / "other")
        assert again.manifest == latency.manifest

    def test_another_setting_gives_another_configuration(self, latency, tmp_path):
        graph = nets.mlp({"fc1": ("latency", 4)}, ProjectName="net", ClockPeriod=4)
        other = generator.generate(graph, tmp_path / "other").manifest
        assert other["configuration_sha256"] != latency.manifest["configuration_sha256"]
        changed = {k for k, v in other["files"].items() if v != latency.manifest["files"][k]}
        assert changed == {"build.tcl", "graph.json"}

    def test_the_graph_comes_back(self, latency):
        graph = from_json(text(latency, "graph.json"))
        assert graph.to_json() == latency.graph.to_json()

    def test_vectors(self, latency):
        """Raw integers, one sample a line, what the emulator gives for them."""
        x = np.loadtxt(latency.path / "tb_data" / "x.dat", dtype=np.int64)
        y = np.loadtxt(latency.path / "tb_data" / "softmax.dat", dtype=np.int64)
        np.testing.assert_array_equal(latency.graph.predict(x / 2.0**5, raw=True), y)
        assert (x.min(), x.max()) == (-128, 127) and len(np.unique(y)) > 10


class TestDirectory:
    """Whole or not at all; what is not ours stays."""

    def names(self, folder):
        return sorted(p.name for p in folder.iterdir())

    def test_our_own_project_is_replaced_whole(self, tmp_path):
        generator.generate(nets.mlp(ProjectName="old"), tmp_path / "p")
        (tmp_path / "p" / "left_over.txt").write_text("x")
        generator.generate(nets.mlp(ProjectName="fresh"), tmp_path / "p")
        assert (tmp_path / "p" / "firmware" / "fresh.cpp").is_file()
        assert not (tmp_path / "p" / "firmware" / "old.cpp").exists()
        assert self.names(tmp_path) == ["p"]

    def test_an_empty_folder_is_taken(self, tmp_path):
        (tmp_path / "p").mkdir()
        assert generator.generate(nets.mlp(), tmp_path / "p").path == tmp_path / "p"

    def test_parents_are_made(self, tmp_path):
        assert (generator.generate(nets.mlp(), tmp_path / "a" / "b").path / "build.tcl").is_file()

    @pytest.mark.parametrize("kind", ["folder", "file", "other manifest"])
    def test_what_is_not_ours_is_refused(self, kind, tmp_path):
        target = tmp_path / "p"
        if kind == "file":
            target.write_text("mine")
        else:
            target.mkdir()
            (target / "mine.txt").write_text("mine")
        if kind == "other manifest":
            (target / "manifest.json").write_text('{"name": "an extension"}')
        message = (
            rf"^directory must be new, empty or a Bitwright project, not '{re.escape(str(target))}':"
            r" it holds other files; choose another one$"
        )
        with pytest.raises(ProjectError, match=message):
            generator.generate(nets.mlp(), target)
        assert self.names(tmp_path) == ["p"]
        assert (target if kind == "file" else target / "mine.txt").read_text() == "mine"

    def test_a_failure_leaves_the_old_project(self, tmp_path, monkeypatch):
        """Interrupted while writing: the older project stays, nothing else."""
        old = generator.generate(nets.mlp(ProjectName="old"), tmp_path / "p")

        def interrupted(*arguments):
            raise KeyboardInterrupt

        monkeypatch.setattr(project_module, "_manifest", interrupted)
        with pytest.raises(KeyboardInterrupt):
            generator.generate(nets.mlp(ProjectName="fresh"), tmp_path / "p")
        assert self.names(tmp_path) == ["p"]
        assert json.loads((tmp_path / "p" / "manifest.json").read_text()) == old.manifest

    def test_a_failing_exchange_leaves_the_old_project(self, tmp_path, monkeypatch):
        """The old folder goes back to its place where the new one cannot take it."""
        generator.generate(nets.mlp(ProjectName="old"), tmp_path / "p")
        rename = project_module.Path.rename

        def refuse(self, target):
            if self.parent.name.startswith(".p-") and self.name == "p":
                raise OSError("no")
            return rename(self, target)

        monkeypatch.setattr(project_module.Path, "rename", refuse)
        with pytest.raises(OSError, match=r"^no$"):
            generator.generate(nets.mlp(ProjectName="fresh"), tmp_path / "p")
        assert self.names(tmp_path) == ["p"]
        assert (tmp_path / "p" / "firmware" / "old.cpp").is_file()


def refused(tmp_path, graph, message, kind=ValueError, **options):
    with pytest.raises(kind, match=message):
        generator.generate(graph, tmp_path / "p", **options)
    assert list(tmp_path.iterdir()) == []


class TestErrors:
    """Each says what must be, what was given, and where; nothing is written."""

    def test_back_end(self, tmp_path):
        message = r"^backend must be one of vitis, vivado, not 'quartus'$"
        refused(tmp_path, nets.mlp(), message, ProjectError, backend="quartus")

    def test_io_type(self, tmp_path):
        message = r"^io_type must be io_parallel or io_stream, not 'io_strem'$"
        refused(tmp_path, nets.mlp(IOType="io_strem"), message)

    def test_one_pipeline_between_streams(self, tmp_path):
        message = (
            r"^pipeline style must be auto or dataflow in io_stream, not 'pipeline': layers between"
            r" streams run side by side$"
        )
        refused(tmp_path, nets.mlp(IOType="io_stream", PipelineStyle="pipeline"), message)

    @pytest.mark.parametrize(
        ("depth", "rule"), [(0, "at least 1, not 0"), (1.5, "an integer, not 1.5")]
    )
    def test_fifo_depth(self, depth, rule):
        with pytest.raises(ValueError, match=rf"^FIFO depth must be {re.escape(rule)}$"):
            LayerSchedule(fifo_depth=depth)

    def test_project_name(self, tmp_path):
        message = r"^ProjectName must be a C\+\+ identifier, not '2nd net'; 'n2nd_net' is one$"
        refused(tmp_path, nets.mlp(ProjectName="2nd net"), message, ProjectError)
        message = r"^ProjectName must be a C\+\+ identifier, not 'int'; 'n_int' is one$"
        refused(tmp_path, nets.mlp(ProjectName="int"), message, ProjectError)
        message = r"^ProjectName must not be one of defines, layers, parameters, not 'layers':"
        refused(tmp_path, nets.mlp(ProjectName="layers"), message, ProjectError)

    @pytest.mark.parametrize(
        ("key", "value", "rule"),
        [
            ("Part", "x; exec rm", "a part number"),
            ("ClockPeriod", "[exit]", "a number of ns"),
            ("ClockPeriod", -5, "a number of ns"),
            ("ClockUncertainty", "a lot", "ns or a percentage"),
        ],
    )
    def test_settings_of_the_script(self, tmp_path, key, value, rule):
        message = rf"^{key} must be {rule}, not {re.escape(repr(value))}$"
        refused(tmp_path, nets.mlp(**{key: value}), message, ProjectError)

    def test_strategy(self, tmp_path):
        message = (
            r"^layer fc1: strategy must be one of latency, resource, resource_unrolled,"
            r" not 'compressed'$"
        )
        refused(tmp_path, nets.mlp({"fc1": ("compressed", 1)}), message)

    def test_strategy_of_another_layer(self, tmp_path):
        message = r"^layer softmax: strategy must be latency, not 'resource': only dense, convolutional and recurrent layers have others$"
        refused(tmp_path, nets.mlp({"softmax": ("resource", 1)}), message)

    @pytest.mark.parametrize(
        ("reuse", "message"),
        [
            (0, r"^layer fc1: reuse factor must be at least 1, not 0$"),
            ("4", r"^layer fc1: reuse factor must be an integer, not '4'$"),
            (True, r"^layer fc1: reuse factor must be an integer, not True$"),
        ],
    )
    def test_reuse_factor(self, tmp_path, reuse, message):
        refused(tmp_path, nets.mlp({"fc1": ("latency", reuse)}), message)

    @pytest.mark.parametrize("strategy", ["resource", "resource_unrolled"])
    def test_reuse_factor_that_no_kernel_has(self, tmp_path, strategy):
        legal = "1, 2, 4, 8, 16, 32, 64, 128"
        message = rf"^layer fc1: reuse factor of 16 x 8 must be one of {legal}, not 3$"
        refused(tmp_path, nets.mlp({"fc1": (strategy, 3)}), message)

    def test_unknown_layer(self, tmp_path):
        message = r"^schedule must name layers of the graph, not 'fc_1'; did you mean 'fc1'\?$"
        schedule = Schedule({"fc_1": LayerSchedule(2)})
        refused(tmp_path, nets.mlp(), message, schedule=schedule)

    def test_pipeline(self):
        with pytest.raises(
            ValueError, match=r"^pipeline style must be one of auto, .*, not 'fast'$"
        ):
            Schedule(pipeline_style="fast")
        with pytest.raises(ValueError, match=r"^pipeline interval must be at least 1, not 0$"):
            Schedule(pipeline_interval=0)
        with pytest.raises(ValueError, match=r"^pipeline interval must be an integer, not 1.5$"):
            Schedule(pipeline_interval=1.5)

    def test_one_output_twice(self, tmp_path):
        message = r"^outputs must be different tensors, not 'fc2' twice$"
        refused(tmp_path, Graph(nets.mlp().nodes, ("fc2", "fc2")), message, ProjectError)

    def test_type_of_another_vendor(self, tmp_path):
        given = Format.parse("ac_fixed<8,4,true>")
        nodes = (
            Node("x", Input(result=given, dimensions=(3,))),
            Node("relu", nets.activation("relu", n=3), ("x",)),
        )
        message = (
            r"^layer x: type must be ap_fixed or ap_int for AMD's tools, not ac_fixed<8,4,true>$"
        )
        refused(tmp_path, Graph(nodes, ("relu",)), message, ProjectError)


class TestOrder:
    """Where the accumulator can saturate, the order of additions is the operator's."""

    def graph(self, accum, interleave, strategy="latency", reuse=1):
        nodes = (
            Node("x", Input(result=Format(8, 3), dimensions=(8,))),
            Node("fc", nets.dense(8, 4, accum=accum, interleave=interleave), ("x",)),
        )
        return Graph(nodes, ("fc",), (), nets.config({"fc": (strategy, reuse)}))

    def message(self, own, other):
        return (
            r"^layer fc: its accumulator ap_fixed<18,8,AP_TRN,AP_SAT> can saturate, so the order of"
            rf" additions must be the model's \({own}\), not the schedule's \({other}\); load the"
            r" configuration with this ReuseFactor and Strategy$"
        )

    SAT = "fixed<18,8,TRN,SAT>"

    def test_latency_is_ascending(self, tmp_path):
        graph = self.graph(self.SAT, 4)
        refused(tmp_path, graph, self.message("interleaved by 4", "ascending"))

    @pytest.mark.parametrize("strategy", ["resource", "resource_unrolled"])
    def test_resource_is_interleaved(self, tmp_path, strategy):
        graph = self.graph(self.SAT, 1, strategy, 2)
        refused(tmp_path, graph, self.message("ascending", "interleaved by 2"))
        graph = self.graph(self.SAT, 4, strategy, 2)
        refused(tmp_path, graph, self.message("interleaved by 4", "interleaved by 2"))

    @pytest.mark.parametrize("mode", ["SAT_ZERO", "SAT_SYM", "WRAP_SM", "WRAP,1"])
    def test_every_mode_but_plain_wrapping(self, tmp_path, mode):
        message = r"^layer fc: its accumulator .* can saturate, so the order of additions must be"
        refused(tmp_path, self.graph(f"fixed<18,8,TRN,{mode}>", 4), message)

    @pytest.mark.parametrize(
        ("interleave", "strategy", "reuse"),
        [
            (1, "latency", 3),
            (4, "resource", 4),
            (1, "resource", 8),
            (1, "resource", 16),
            (8, "latency", 1),
        ],
    )
    def test_the_models_order_is_taken(self, tmp_path, interleave, strategy, reuse):
        """Interleaved by n_in is ascending too."""
        generator.generate(self.graph(self.SAT, interleave, strategy, reuse), tmp_path / "p")

    def test_a_wrapping_accumulator_takes_any_order(self, tmp_path):
        for k, (interleave, reuse) in enumerate(((1, 2), (4, 2), (2, 16))):
            graph = self.graph("fixed<18,8>", interleave, "resource", reuse)
            generator.generate(graph, tmp_path / str(k))


class TestSchedule:
    """Read from inert data; without any, hls4ml's defaults."""

    def test_from_an_empty_configuration(self):
        schedule = Schedule.from_config({})
        assert schedule == Schedule()
        assert schedule.of("anything") == LayerSchedule(1, "latency")
        assert schedule.style() == ("PIPELINE", None)

    def test_it_is_frozen(self):
        schedule = Schedule({"fc1": LayerSchedule(2)})
        with pytest.raises(TypeError):
            schedule.layers["fc1"] = LayerSchedule(3)
        with pytest.raises(AttributeError):
            schedule.io_type = "io_stream"

    def test_a_schedule_of_its_own_replaces_the_configurations(self, tmp_path):
        schedule = Schedule({"fc1": LayerSchedule(16, "resource")})
        project = generator.generate(nets.mlp(), tmp_path / "p", schedule=schedule)
        assert struct(project, "fc1_config")["block_factor"] == 8
        assert project.schedule is schedule
