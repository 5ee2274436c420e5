"""A whole recurrent model from a Keras file: C++ gives the emulator's bits in every tensor."""

from __future__ import annotations

import numpy as np
import pytest

import emu
from emu.ops import Activation, Dense, Softmax, TimeDistributed
from fxp import Format
from generator import LayerSchedule, generate
from tests.emu import grid
from tests.emu.models import functional, layer, write
from tests.emu.test_grid_softmax import tables
from tests.emu.test_loading_recurrent import arrays, keras
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp


def fully(name, units):
    config = {"name": name, "units": units, "activation": "linear", "use_bias": True}
    return {"class_name": "Dense", "config": config}


def model(folder):
    """LSTM, Bidirectional, TimeDistributed, SimpleRNN, GRU, Dense."""
    rng = np.random.default_rng(2)
    cell = {"class_name": "GRU", "config": keras("GRU", name="own")}
    wrapped = {"class_name": "Activation", "config": {"name": "act", "activation": "relu"}}
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, 4, 3], dtype="float32"),
        layer("LSTM", "lstm", ["x"], **keras("LSTM", 3)),
        layer("Bidirectional", "bi", ["lstm"], layer=cell, merge_mode="concat"),
        layer("TimeDistributed", "td", ["bi"], layer=fully("fc", 3)),
        layer("TimeDistributed", "each", ["td"], layer=wrapped),
        layer("SimpleRNN", "simple", ["each"], **keras("SimpleRNN", 3)),
        layer("GRU", "gru", ["simple"], **keras("GRU", return_sequences=False)),
        layer("Dense", "out", ["gru"], units=2, activation="softmax", use_bias=True),
    ]
    weights = {
        "lstm": arrays("LSTM", 3, 3),
        "bi": {
            f"{way}_own/gru_cell/{name}": array
            for seed, way in enumerate(("forward", "backward"))
            for name, array in arrays("GRU", 3, 2, seed=seed).items()
        },
        "td": {
            "kernel": rng.normal(0, 1, (4, 3)).astype(np.float32),
            "bias": rng.normal(0, 1, 3).astype(np.float32),
        },
        "simple": arrays("SimpleRNN", 3, 3, bias=(3,)),
        "gru": arrays("GRU", 3, 2),
        "out": {"kernel": np.eye(2, dtype=np.float32), "bias": np.zeros(2, np.float32)},
    }
    return write(folder, functional(layers, ["x"], ["out"]), weights)


@pytest.mark.parametrize(
    "io_type", [pytest.param("io_parallel", marks=pytest.mark.long), "io_stream"]
)
def test_every_tensor_of_a_recurrent_model(io_type, tmp_path):
    """Latency, resource and unrolled layers; types that differ."""
    compiled.require()
    json_path, h5_path = model(tmp_path)
    hls = {
        "Model": {"Precision": "fixed<14,5,RND,SAT>", "Strategy": "Latency", "ReuseFactor": 1},
        "LayerName": {
            "lstm": {"Strategy": "Resource", "ReuseFactor": 3},
            "bi": {"Precision": {"accum": "fixed<18,7>"}},
            "fc": {"Strategy": "Resource", "ReuseFactor": 2},
            "simple": {"Precision": "fixed<20,5>"},
            "gru": {"Precision": {"result": "fixed<20,5>"}, "TableSize": 2048},
        },
    }
    config = {"IOType": io_type, "Backend": "Vitis", "HLSConfig": hls}
    graph = emu.load(json_path, weights=h5_path, config=config)
    project = generate(graph, tmp_path / "project")
    raw = np.random.default_rng(0).integers(-(2**12), 2**12, (100, 4, 3))
    x = np.ldexp(raw.astype(np.float64), -graph.formats["x"].frac)
    expected = graph.trace(x, raw=True)
    program = compiled.harness(project, trace=True, flags=compiled.STRICT)
    names = [name for name in graph.values if name != "x"]
    found = compiled.run(project, program, {"x": raw}, names)
    for name in names:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    told = ("lstm", "bi", "td_end", "each_end", "simple", "gru")
    assert min(np.unique(expected[name]).size for name in told) >= 10


def each_step(inner, text, shape, **schedule):
    """One case of a TimeDistributed operator."""
    op = TimeDistributed(result=inner.result, op=inner)
    raw = np.random.default_rng(1).choice(grid.codes(text), size=(60, *shape))
    label = f"each step of {type(inner).__name__} {text} {shape}"
    return sweep.Case(op, text, raw, label, LayerSchedule(**schedule))


def cases():
    """Sums in two orders, a function with a table, one of each element, whole vectors."""
    rng = np.random.default_rng(0)
    text, result = "fixed<5,2>", Format.parse("fixed<9,4>")
    weight = grid.constant(text, rng.choice(grid.codes(text), size=(4, 3)))
    bias = grid.constant(text, rng.choice(grid.codes(text), size=3))
    accum = Format.parse("fixed<6,3,TRN,SAT>")
    found = []
    for interleave, schedule in ((1, {}), (2, {"strategy": "resource", "reuse_factor": 2})):
        sums = {"weight": weight, "bias": bias, "accum": accum, "interleave": interleave}
        found.append(each_step(Dense(result=result, **sums), text, (3, 4), **schedule))
    table = grid.table("fixed<7,2>", tables(16, "fixed<7,2>", 0))
    found.append(each_step(Activation(result=result, name="tanh", table=table), text, (2, 2, 3)))
    slopes = grid.constant(text, rng.choice(grid.codes(text), size=(2, 3)))
    prelu = Activation(result=result, name="prelu", parameters=(slopes,))
    found.append(each_step(prelu, text, (4, 2, 3)))
    argmax = Softmax(result=result, implementation="argmax", n_slice=5)
    return [*found, each_step(argmax, "fixed<3,2>", (3, 5))]


def test_each_step_in_cpp(tmp_path):
    """The loop over time around kernels of other layers."""
    compiled.require()
    assert sweep.agree(cases(), tmp_path) > 1500
