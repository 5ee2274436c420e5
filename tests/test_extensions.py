"""Layers of the user's own: examples/own_layer from file to sign-off, and every message."""

import json
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import h5py
import numpy as np
import pytest

import emu
import validation
from emu.op import Op, Value
from emu.text import from_json
from fxp import Format
from generator import ProjectError, Schedule, generate
from tests.emu import models
from tests.generator import compiled

EXAMPLE = Path(__file__).parents[1] / "examples" / "own_layer"
GAIN = np.array([0.5, -1.25, 0.75], dtype=np.float32)
CONFIG = {
    "Model": {"Precision": "fixed<16,6>"},
    "LayerType": {"Quadratic": {"ReuseFactor": 2}},
    "LayerName": {"q": {"Precision": {"weight": "fixed<5,2>", "result": "fixed<12,5,RND,SAT>"}}},
}


@pytest.fixture
def quadratic(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    import quadratic

    return quadratic


def files(folder, kind="own>Quadratic"):
    layers = [
        models.layer("InputLayer", "x", batch_input_shape=[None, 3], dtype="float32"),
        models.layer(kind, "q", ["x"]),
        models.layer("Dense", "fc", ["q"], units=2, activation="relu", use_bias=False),
    ]
    weights = {"q": {"gain": GAIN}, "fc": {"kernel": np.eye(3, 2, dtype=np.float32)}}
    return models.write(folder, models.functional(layers, ["x"], ["fc"]), weights)


def load(folder, quadratic, **more):
    model, weights = files(folder)
    given = {"config": CONFIG, "extensions": [quadratic.EXTENSION], **more}
    return emu.load(model, weights=weights, **given)


def test_the_property_test_of_the_example_runs(quadratic):
    """examples/own_layer as it stands."""
    import test_quadratic

    test_quadratic.test_quadratic_gives_the_bits_of_its_formula()


def test_it_is_read_typed_and_emulated(tmp_path, quadratic):
    """The configuration's types act on it; the bits are those of exact arithmetic."""
    graph = load(tmp_path, quadratic)
    op = graph.nodes[1].op
    assert str(op.result) == "ap_fixed<12,5,AP_RND,AP_SAT>"
    assert op.gain.raw.tolist() == [4, -10, 6]
    assert not graph.notes
    x = np.array([[0.5, -1.5, 2.0], [31.0, -31.0, 0.015625]])
    # exact values, then RND and SAT at 7 fraction bits
    exact = x + x * x * GAIN
    expected = np.clip(np.floor(exact * 128 + 0.5), -2048, 2047)
    np.testing.assert_array_equal(graph.trace(x, raw=True)["q"], expected)
    np.testing.assert_allclose(graph.reference(x), np.maximum(exact[:, :2], 0), rtol=1e-12)


def test_a_keras_archive_gives_its_arrays_by_their_order(tmp_path, quadratic):
    """``.keras`` files name no arrays; ``weights`` of the extension does."""
    model, _ = files(tmp_path, kind="Quadratic")
    architecture = json.loads(model.read_text())
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["layers/quadratic/vars/0"] = GAIN
        file["layers/dense/vars/0"] = np.eye(3, 2, dtype=np.float32)
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(architecture))
        archive.write(tmp_path / "w.h5", "model.weights.h5")
    graph = emu.load(tmp_path / "m.keras", config=CONFIG, extensions=[quadratic.EXTENSION])
    assert graph.nodes[1].op.gain.raw.tolist() == [4, -10, 6]


def test_json_brings_it_back_with_its_extension(tmp_path, quadratic):
    """The same text again; without the extension an error that says what is missing."""
    graph = load(tmp_path, quadratic)
    text = graph.to_json()
    again = from_json(text, extensions=[quadratic.EXTENSION])
    assert again.to_json() == text and type(again.nodes[1].op) is quadratic.Quadratic
    message = r"operator of q must be one of .*, not 'Quadratic'; an own operator needs its ext"
    with pytest.raises(ValueError, match=message):
        from_json(text)


@pytest.mark.cpp
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_firmware_carries_its_header_and_gives_its_bits(tmp_path, quadratic, io_type):
    """The header goes into the project, clean under every warning; sign-off covers it."""
    compiled.require()
    graph = load(tmp_path, quadratic)
    schedule = replace(Schedule.from_config(graph.config), io_type=io_type)
    project = generate(graph, tmp_path / "firmware", schedule=schedule)
    copy = project.path / "firmware" / "bitwright" / "quadratic.hpp"
    assert copy.read_text() == (EXAMPLE / "quadratic.hpp").read_text()
    if io_type == "io_parallel":
        x = np.random.default_rng(0).normal(0, 4, (50, 3))
        report = validation.signoff(graph, project, x)
        assert report.ok
        return
    raw = np.random.default_rng(0).integers(-(2**15), 2**15, (200, 3))
    program = compiled.harness(project, flags=compiled.STRICT)
    found = compiled.run(project, program, {"x": raw}, ["fc_relu"])["fc_relu"]
    np.testing.assert_array_equal(found, graph.predict(raw / 1024, raw=True))


def test_without_the_extension_the_class_is_unknown(tmp_path):
    """As for every class that emu does not read."""
    model, weights = files(tmp_path)
    with pytest.raises(ValueError, match="layer q must be of a supported class, not 'own>Quadr"):
        emu.load(model, weights=weights)


@dataclass(frozen=True, eq=False, kw_only=True)
class Dense(Op):
    """An operator of the user's, named as one of ours."""


def test_what_an_extension_must_be(quadratic):
    """Each message names the rule and the value."""
    good = quadratic.EXTENSION
    for changes, error, message in (
        ({"keras_class": "my layer"}, ValueError, "keras_class must be a class name, not 'my lay"),
        ({"keras_class": "Dense"}, ValueError, "keras_class must not be a class of hls4ml, as 'D"),
        ({"operator": int}, TypeError, "operator must be a subclass of emu.op.Op, not <class 'i"),
        ({"operator": Dense}, ValueError, "operator must have a name of its own, not 'Dense'"),
        ({"precisions": ("result", "gain")}, ValueError, "precisions must have result and be of "),
        ({"precisions": ("weight",)}, ValueError, "precisions must have result and be of "),
    ):
        with pytest.raises(error, match=f"^{message}"):
            replace(good, **changes)


def test_what_a_list_of_extensions_must_be(tmp_path, quadratic):
    """No class twice, none that emu reads, no operator name twice."""
    good = quadratic.EXTENSION
    for given, error, message in (
        ([good, good], ValueError, "must be its own, not 'Quadratic': two extensions have it$"),
        ([replace(good, keras_class="Flatten")], ValueError, "not 'Flatten': emu reads it itself$"),
        ([good, replace(good, keras_class="Q2")], ValueError, "names, not 'Quadratic' twice$"),
        (["Quadratic"], TypeError, "extensions must be emu.Extension, not 'Quadratic'$"),
    ):
        with pytest.raises(error, match=message):
            load(tmp_path, quadratic, extensions=given)


def with_header(quadratic, name, folder):
    @dataclass(frozen=True, eq=False, kw_only=True)
    class Other(quadratic.Quadratic):
        """The example with another header."""

        header: ClassVar[str] = name
        header_folder: ClassVar[Path] = folder

    return Other


def test_what_a_header_must_be(tmp_path, quadratic):
    """Its own name, a file, and includes that are there."""
    graph = load(tmp_path, quadratic)
    own = graph.nodes[1]
    (tmp_path / "far.hpp").write_text('#include "../secret.hpp"\n')
    for name, message in (
        ("dense", "header of Other must have a name of its own .*, not 'dense.hpp'$"),
        ("../dense", r"header of Other must have a name of its own .*, not '\.\./dense.hpp'$"),
        ("missing", "header missing.hpp must be a text file in .*: "),
        ("far", r"header far.hpp must include headers of hls_lib or files beside it, not '\.\./s"),
    ):
        op = with_header(quadratic, name, tmp_path)(**own.op.fields())
        nodes = (graph.nodes[0], emu.Node("q", op, ("x",)))
        with pytest.raises(ProjectError, match=f"^{message}"):
            generate(emu.Graph(nodes, ("q",)), tmp_path / "firmware")
    two = with_header(quadratic, "quadratic", tmp_path)(**own.op.fields())
    nodes = (*graph.nodes[:2], emu.Node("r", two, ("x",)))
    with pytest.raises(ProjectError, match=r"different names, not 'quadratic.hpp' in two folders$"):
        generate(emu.Graph(nodes, ("q", "r")), tmp_path / "firmware")


def test_headers_beside_the_header_go_along(tmp_path, quadratic):
    """An own header may include others of its folder, and those of hls_lib."""
    (tmp_path / "outer.hpp").write_text('#include "inner.hpp"\n#include "dense.hpp"\n')
    (tmp_path / "inner.hpp").write_text('#include "platform.hpp"\n')
    graph = load(tmp_path, quadratic)
    op = with_header(quadratic, "outer", tmp_path)(**graph.nodes[1].op.fields())
    nodes = (graph.nodes[0], emu.Node("q", op, ("x",)))
    project = generate(emu.Graph(nodes, ("q",)), tmp_path / "firmware")
    copied = {path.name for path in (project.path / "firmware" / "bitwright").glob("*.hpp")}
    assert copied >= {"outer.hpp", "inner.hpp", "dense.hpp", "platform.hpp"}


def test_arrays_of_own_fields_collide_with_no_layer(tmp_path, quadratic):
    """Layer ``q`` has an array ``q_gain``; a layer of that name gets another identifier."""
    graph = load(tmp_path, quadratic)
    named = emu.Node("q_gain", graph.nodes[1].op, ("q",))
    wide = replace(graph.nodes[1].op, result=Format(12, 5))
    nodes = (graph.nodes[0], emu.Node("q", wide, ("x",)), named)
    project = generate(emu.Graph(nodes, ("q_gain",)), tmp_path / "firmware")
    weights = {path.name for path in (project.path / "firmware" / "weights").glob("*.h")}
    assert weights == {"q_gain.h", "q_gain_2_gain.h"}


def test_the_example_refuses_gains_of_another_length(quadratic, tmp_path):
    """As documented."""
    op = load(tmp_path, quadratic).nodes[1].op
    with pytest.raises(ValueError, match=r"^gain must have shape \(4,\), not \(3,\)$"):
        op.check(Value("x", (4,), Format(8, 4)))
