"""io_stream: layers between streams of beats give the emulator's bits, and lose no beat."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest

import generator
from emu import Graph, Node
from emu.ops import (
    BatchNormalization,
    Concatenate,
    Cropping,
    Input,
    Merge,
    Reshape,
    Resize,
    Slice,
    ZeroPadding,
)
from fxp import Format
from generator import LayerSchedule, Schedule
from tests.emu.test_grid_bilinear import operator as bilinear
from tests.emu.test_grid_convolution import convolution
from tests.emu.test_grid_pooling import pooling
from tests.generator import (
    compiled,
    nets,
    sweep,
    test_grid_bilinear,
    test_grid_convolution,
    test_grid_pooling,
    test_grid_recurrent,
    test_grid_reshaping,
)
from tests.generator.test_firmware import SCHEDULES, samples

F = Format.parse


def picture():
    """Pixels of 3 channels: windows, beats, vectors that keep narrow beats, repacking, clones."""
    given, plain = F("fixed<6,3>"), F("fixed<9,4,RND,SAT>")

    def add(a, b):
        return Node(f"{a}_and_{b}", Merge(result=F("fixed<10,5>"), name="add"), (a, b))

    def scaled(n, seed):
        return BatchNormalization(
            result=plain,
            scale=nets.constant("fixed<8,2>", n, seed=seed),
            bias=nets.constant("fixed<8,3>", n, seed=seed + 1),
        )

    same = ((4, 5, 3), (3, 2), 3, (1, 1), ((1, 1), (0, 1)), (1, 1))
    wide = ((4, 5, 3), (2, 2), 2, (2, 1), ((1, 0), (2, 1)), (2, 3))
    part = ((4, 5, 3), (1, 2), 2, (1, 1), ((0, -2), (1, -1)), (1, 1))
    small = ((4, 5, 3), (2, 3), (1, 2), ((0, 0), (0, 0)))
    slopes = nets.activation("prelu", n=60)
    border = ((4, 5, 3), (2, 2), (2, 2), ((1, 1), (0, 1)))
    every_other = ((1, 2, 2), (1, 2, 3), (2, 2, -1))
    nodes = (
        Node("x", Input(result=given, dimensions=(4, 5, 3))),
        Node("unread", Input(result=given, dimensions=(2, 2))),
        Node("conv", convolution(same, "fixed<12,6>", "fixed<9,4,RND,SAT>"), ("x",)),
        Node("skip", nets.activation("relu", "fixed<9,4,RND,SAT>"), ("x",)),
        add("conv", "skip"),
        add("skip", "skip"),
        Node("joined", Concatenate(result=plain, axis=2), ("conv", "skip")),
        Node("far", convolution(wide, "fixed<9,5,RND,SAT>", "fixed<9,4,RND,SAT>"), ("x",)),
        Node("part", convolution(part, "fixed<9,5,RND,SAT>", "fixed<9,4,RND,SAT>"), ("x",)),
        Node("max", pooling("max", small, "fixed<9,4>", "fixed<8,4>"), ("conv",)),
        Node("padded", pooling("max", border, "fixed<9,4>", "fixed<8,4>"), ("conv",)),
        Node("scaled", scaled(6, 3), ("joined",)),
        Node("slopes", slopes, ("conv",)),
        Node("pixels", nets.softmax("stable", 3, "fixed<9,4,RND,SAT>", outer=20), ("conv",)),
        Node("flat", Reshape(result=plain, target=(60,)), ("conv",)),
        Node("each", scaled(60, 5), ("flat",)),
        Node("best", nets.softmax("argmax", 6, outer=10), ("flat",)),
        Node("curves", nets.activation("prelu", n=60), ("flat",)),
        Node("rows", Reshape(result=plain, target=(15, 4)), ("flat",)),
        Node("squares", nets.activation("tanh", "fixed<8,2>"), ("rows",)),
        Node("same_beats", Reshape(result=plain, target=(2, 10, 3)), ("each",)),
        Node("vector", Reshape(result=F("fixed<8,4>"), target=(18,)), ("max",)),
        Node("fc", nets.dense(18, 4), ("vector",)),
        Node("framed", ZeroPadding(result=plain, padding=((1, 0), (0, 2), (0, 0))), ("x",)),
        Node("cropped", Cropping(result=plain, cropping=((1, 0), (1, 2), (0, 0))), ("framed",)),
        Node("larger", Resize(result=plain, factors=(2, 3, 1)), ("cropped",)),
        Node("sliced", Slice(result=plain, slices=every_other, target=(2, 2, 2)), ("framed",)),
        Node("blended", bilinear((2, 3), "ufixed<4,1>", "fixed<9,4>"), ("sliced",)),
    )
    read = {name for node in nodes for name in node.inputs}
    ends = [node.name for node in nodes if node.name not in read | {"unread"}]
    return Graph(nodes, ("conv", "flat", "rows", *ends), (), nets.config(ProjectName="picture"))


def streamed(graph, folder, **changes):
    """The project of ``graph`` with streams, whatever its configuration says."""
    schedule = replace(Schedule.from_config(graph.config), io_type="io_stream", **changes)
    return generator.generate(graph, folder / "firmware", schedule=schedule)


def agrees(graph, folder, *, trace=True, flags=()):
    """C++ with streams against the emulator, every layer or, without trace, every output."""
    project = streamed(graph, folder)
    expected = graph.trace(samples(graph), raw=True)
    given = {value.name: expected[value.name] for value in graph.inputs}
    program = compiled.harness(project, trace=trace, flags=[*compiled.STRICT, *flags])
    names = list(graph.values) if trace else list(graph.output_names)
    found = compiled.run(project, program, given, names)
    for name in names:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
        assert len(np.unique(found[name])) > 1, f"{name} does not move"
    return project


@pytest.mark.cpp
class TestBits:
    """What lies between the layers changes no bit."""

    @pytest.fixture(autouse=True)
    def _compiler(self):
        compiled.require()

    def test_every_kind_of_layer_on_a_picture(self, tmp_path):
        """Line buffers, one beat after the other, whole tensors; every layer."""
        project = agrees(picture(), tmp_path)
        text = (project.path / "firmware" / "layers.h").read_text()
        assert text.count("bw::window_cells<") == 4 and text.count("bw::frame_pixel<") == 3
        # A turn takes its own share of constants that belong to an element each.
        assert "prelu<slopes_config>(x0, y, slopes_alpha + turn * 3)" in text
        assert "(x0, y, each_scale + turn * 3, each_bias + turn * 3)" in text
        assert "(x0, y, scaled_scale, scaled_bias)" in text

    @pytest.mark.long
    def test_every_operator_on_vectors(self, tmp_path):
        """As it ships, without trace; two inputs, over twenty outputs, some of them read on."""
        agrees(nets.everything(), tmp_path, trace=False)

    @pytest.mark.parametrize(
        ("name", "standard"),
        [
            ("resource", "-std=c++11"),
            pytest.param("reuse", "-std=c++17", marks=pytest.mark.long),
            pytest.param("unrolled", "-std=c++14", marks=pytest.mark.long),
        ],
    )
    def test_schedules(self, name, standard, tmp_path):
        """As Vivado's synthesis sees it: its directives, constants of their own width, C++11."""
        flags = ["-DBITWRIGHT_EXACT_CONSTANTS", "-DBITWRIGHT_VIVADO", standard]
        agrees(nets.mlp(SCHEDULES[name]), tmp_path, flags=flags)

    @pytest.mark.long
    def test_names_and_ports(self, tmp_path):
        """Odd names; outputs that are an input, its reshape, a stream read on."""
        for make in (nets.odd_names, nets.passed_on, nets.two_inputs):
            agrees(make(), tmp_path / make.__name__)

    def test_the_grids_through_streams(self, tmp_path, record_property):
        """Windows of every shape, recurrent layers, moves: a share of the grids of each."""
        cases = [
            *test_grid_convolution.geometries(9),
            *test_grid_convolution.groups(9),
            *test_grid_convolution.orders(17),
            *test_grid_pooling.shapes(4),
            *test_grid_reshaping.places(7),
            *test_grid_bilinear.places(7),
            *test_grid_recurrent.modes(97),
        ]
        count = sweep.agree(cases, tmp_path, "io_stream")
        record_property("values_compared", count)
        assert count > 5000

    @pytest.mark.long
    @pytest.mark.parametrize(
        "family",
        [
            test_grid_convolution.geometries,
            test_grid_convolution.groups,
            test_grid_convolution.orders,
            test_grid_pooling.shapes,
            test_grid_reshaping.places,
            lambda: test_grid_recurrent.shapes(True),
        ],
        ids=["convolutions", "groups", "orders", "pooling", "moves", "recurrent"],
    )
    def test_whole_grids_through_streams(self, family, tmp_path, record_property):
        """Without leaving any out."""
        record_property("values_compared", sweep.agree(family(), tmp_path, "io_stream"))


def beats():
    """Two beats of three: relu, then a dense layer on all of them."""
    nodes = (
        Node("x", Input(result=F("fixed<6,3>"), dimensions=(2, 3))),
        Node("relu", nets.activation("relu", "fixed<6,3>"), ("x",)),
        Node("flat", Reshape(result=F("fixed<6,3>"), target=(6,)), ("relu",)),
        Node("fc", nets.dense(6, 2), ("flat",)),
    )
    return Graph(nodes, ("fc",), (), nets.config(ProjectName="beats"))


@pytest.fixture(scope="class")
def broken(tmp_path_factory):
    """A project whose layers run as often and write as much as the environment says."""
    compiled.require()
    project = streamed(beats(), tmp_path_factory.mktemp("broken"))
    path = project.path / "firmware" / "layers.h"
    text = path.read_text()
    for old, new in (
        ("turn < 2;", 'turn < knob("TURNS", 2);'),
        (
            "bw::write<3>(y, into);",
            'for (int k = 0; k < knob("PIXELS", 1); k++) bw::write<3>(y, into);',
        ),
        (
            "bw::write<2>(y, into);",
            'for (int k = 0; k < knob("RESULTS", 1); k++) bw::write<2>(y, into);',
        ),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    knob = "inline int knob(const char *name, int usual)"
    knob += " { const char *set = std::getenv(name); return set ? std::atoi(set) : usual; }"
    path.write_text(f"#include <cstdlib>\n{knob}\n{text}")
    return project


FAULTS = [
    ({}, ""),
    ({"TURNS": "1"}, "stream relu_out must hold 2 beats, not 1"),
    ({"TURNS": "3"}, "layer relu must not read more beats than it is given"),
    ({"PIXELS": "2"}, "stream relu_out must hold 2 beats, not 4"),
    ({"RESULTS": "0"}, "stream fc_out must hold 1 beats, not 0"),
    ({"RESULTS": "2"}, "stream fc_out must hold 1 beats, not 2"),
    ({"TURNS": "1", "PIXELS": "2"}, "stream x must hold 0 beats, not 1"),
]


@pytest.mark.cpp
class TestFaults:
    """A beat too few or too many is an error that names the stream, even where no bit differs."""

    def test_the_harness_names_the_stream(self, broken, tmp_path):
        program = compiled.harness(broken, flags=compiled.STRICT)
        (tmp_path / "out").mkdir()
        np.zeros(12, "<i8").tofile(tmp_path / "x.bin")
        for environment, message in FAULTS:
            done = subprocess.run(
                [program, tmp_path, tmp_path / "out"],
                capture_output=True,
                text=True,
                timeout=60,
                env={**os.environ, **environment},
            )
            assert done.stderr == message + "\n" * bool(message)
            assert done.returncode == (2 if message else 0)

    def test_the_testbench_names_the_stream(self, broken):
        bench = compiled.testbench(broken, flags=compiled.STRICT)
        assert (bench.returncode, bench.stdout) == (0, "32 samples agree in every bit\n")
        for environment, message in FAULTS[1:]:
            done = subprocess.run(
                [broken.path / "bench"],
                cwd=broken.path,
                capture_output=True,
                text=True,
                timeout=60,
                env={**os.environ, **environment},
            )
            assert done.returncode == 1 and message in done.stdout.splitlines()


def text_of(project, name):
    return (project.path / "firmware" / name).read_text()


class TestTop:
    """Streams, their depths and who reads them, as text."""

    def test_ports_and_directives(self, tmp_path):
        """One beat a pixel; a FIFO holds a sample; every stream has one reader."""
        project = streamed(picture(), tmp_path)
        top, header = text_of(project, "picture.cpp"), text_of(project, "picture.h")
        assert "    bw::stream<bw::beat<x_t, 3>> &x,\n" in header
        # The flattened output has one beat, though the layers that read it see pixels.
        assert "    bw::stream<bw::beat<conv_t, 60>> &flat_copy,\n" in header
        assert "#pragma HLS DATAFLOW\n" in top
        assert re.search(r"#pragma HLS INTERFACE axis port=x,unread,conv_copy,flat_copy,", top)
        assert "> conv_beats" not in top and '> conv_out("conv_out");\n' in top
        assert "#pragma HLS STREAM variable=conv_out depth=20\n" in top
        assert "    bw::clone<2>(unread); // unread\n" in top
        assert re.search(r"bw::repack<60>\(conv_to_rows_\d, rows_out\); // rows", top)

    def test_every_stream_has_one_writer_and_one_reader(self, tmp_path):
        for make in (picture, nets.everything, nets.passed_on, nets.odd_names):
            project = streamed(make(), tmp_path / make.__name__)
            top = text_of(project, f"{project.name}.cpp")
            inner = re.findall(r"^    bw::stream<.*> (\w+)\(\"", top, re.MULTILINE)
            calls = [
                call.split(", ")
                for call in re.findall(r"^    [\w:<>]+\((.*)\); // ", top, re.MULTILINE)
            ]
            used = [word for call in calls for word in call]
            assert inner and len(set(inner)) == len(inner)
            for name in inner:
                assert used.count(name) == 2, name
            ports = re.search(r"axis port=(\S+)", top)[1].split(",")
            assert sorted(used) == sorted([*inner, *inner, *ports])

    def test_depths(self, tmp_path):
        """A layer's own depth holds for its stream and for the clones of it."""
        schedule = Schedule({"conv": LayerSchedule(fifo_depth=7)}, "io_stream")
        project = generator.generate(picture(), tmp_path / "p", schedule=schedule)
        top = text_of(project, "picture.cpp")
        depths = dict(re.findall(r"STREAM variable=(\w+) depth=(\d+)", top))
        own = {
            name: depth
            for name, depth in depths.items()
            if name.startswith("conv_") and "_and_" not in name
        }
        assert len(own) > 5 and set(own.values()) == {"7"}
        assert depths["skip_out"] == "20"

    def test_pipelines(self, tmp_path):
        """Turns overlap at the reuse factor; a kernel with loops of its own is not pipelined."""
        project = streamed(nets.mlp(SCHEDULES["resource"]), tmp_path)
        layers = text_of(project, "layers.h")
        own = dict(re.findall(r"inline void (\w+)_layer\(.*?\n\) {\n(.*?)\n}\n", layers, re.DOTALL))
        assert "PIPELINE" not in own["fc1"] and "bw::dense_resource<fc1_config>" in own["fc1"]
        assert own["bn1"].startswith("#pragma HLS PIPELINE II=1\n")
        project = streamed(picture(), tmp_path / "b", layers={"conv": LayerSchedule(3)})
        assert "#pragma HLS PIPELINE II=3\n" in text_of(project, "layers.h")

    def test_the_headers_of_streams_are_there_only_with_streams(self, tmp_path):
        project = streamed(nets.mlp(), tmp_path)
        names = {path.name for path in (project.path / "firmware" / "bitwright").rglob("*.hpp")}
        assert {"stream.hpp", "ap_stream.hpp"} <= names and "window.hpp" not in names
        project = generator.generate(nets.mlp(), tmp_path / "parallel")
        names = {path.name for path in (project.path / "firmware" / "bitwright").rglob("*.hpp")}
        assert "stream.hpp" not in names and "ap_stream.hpp" not in names
