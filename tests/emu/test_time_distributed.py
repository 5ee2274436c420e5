"""TimeDistributed: each step as the wrapped operator alone; Keras files; JSON."""

import h5py
import numpy as np
import pytest

import emu
from emu.frontends.files import ModelFileError
from emu.op import Value
from emu.ops import Activation, Dense, Merge, TimeDistributed
from emu.text import from_json
from fxp import Format
from tests import oracle
from tests.emu import grid
from tests.emu.models import functional, layer, write

INPUT = {"batch_input_shape": [None, 4, 3], "dtype": "float32"}


def dense(result="fixed<9,4>"):
    rng = np.random.default_rng(3)
    return Dense(
        result=Format.parse(result),
        weight=grid.constant("fixed<4,2>", rng.choice(grid.codes("fixed<4,2>"), size=(3, 2))),
        bias=grid.constant("fixed<5,2>", rng.choice(grid.codes("fixed<5,2>"), size=2)),
        accum=Format.parse("fixed<7,3,RND,SAT>"),
    )


def test_every_step_is_the_operator_alone():
    """Against the oracle's dense layer, step by step."""
    inner = dense()
    op = TimeDistributed(result=inner.result, op=inner)
    raw = np.random.default_rng(0).integers(-8, 8, (60, 4, 3))
    found = grid.run(op, raw, "fixed<4,2>")
    weight = [grid.values(row, "fixed<4,2>") for row in inner.weight.raw]
    bias, order = grid.values(inner.bias.raw, "fixed<5,2>"), list(oracle.latency_terms(3, 2))
    accum, result = oracle.read("fixed<7,3,RND,SAT>"), oracle.read("fixed<9,4>")
    expected = [
        [
            oracle.dense(grid.values(step, "fixed<4,2>"), weight, bias, accum, result, order)
            for step in sample
        ]
        for sample in raw
    ]
    grid.agree(found, expected, lambda: "dense of every step")
    assert op.multiplications((4, 3)) == 4 * 6
    x = raw / 4
    np.testing.assert_array_equal(op.reference(x)[:, 2], inner.reference(x[:, 2]))


def test_wide_values_and_several_axes():
    """Python integers stay; axes behind the time are the operator's own."""
    op = TimeDistributed(
        result=Format.parse("fixed<80,20>"),
        op=Activation(result=Format.parse("fixed<80,20>"), name="relu"),
    )
    raw = np.random.default_rng(0).integers(-8, 8, (5, 2, 3, 2)).astype(object)
    found = op.evaluate(raw, values=(Value("x", (2, 3, 2), Format.parse("fixed<70,10>")),))
    np.testing.assert_array_equal(found, np.maximum(raw, 0))
    assert found.dtype == object


def test_what_check_refuses():
    """Operators of two inputs, other results, inputs without time."""
    given = Format.parse("fixed<9,4>")
    x = Value("x", (4, 3), Format.parse("fixed<4,2>"))
    with pytest.raises(ValueError, match="op must have one input, not 2"):
        TimeDistributed(result=given, op=Merge(result=given, name="add")).check(x)
    with pytest.raises(ValueError, match="result must be that of op, ap_fixed<9,4>, not"):
        TimeDistributed(result=Format.parse("fixed<8,4>"), op=dense()).check(x)
    with pytest.raises(ValueError, match=r"input must have a time axis .* not \(3,\)"):
        TimeDistributed(result=given, op=dense()).check(x._replace(shape=(3,)))
    with pytest.raises(ValueError, match=r"input of a dense layer must have shape \(3,\)"):
        TimeDistributed(result=given, op=dense()).check(x._replace(shape=(4, 2)))


def model(folder, wrapped, weights=None, after=()):
    layers = [
        layer("InputLayer", "x", **INPUT),
        layer("TimeDistributed", "td", ["x"], layer=wrapped),
    ]
    layers += after
    arrays = {"td": weights or {}}
    return write(folder, functional(layers, ["x"], [layers[-1]["name"]]), arrays)


def fully(activation="linear", name="fc"):
    config = {"name": name, "units": 2, "activation": activation, "use_bias": True}
    return {"class_name": "Dense", "config": config}


KERNEL = np.random.default_rng(1).normal(0, 1, (3, 2)).astype(np.float32)
WEIGHTS = {"kernel": KERNEL, "bias": np.array([0.5, -1], np.float32)}


def load(files, hls=None):
    return emu.load(files[0], weights=files[1], config={"HLSConfig": hls or {"Model": {}}})


def test_a_wrapped_layer(tmp_path):
    """The layer keeps its name and its configuration; views stand before and behind it."""
    types = {"weight": "fixed<9,3>", "accum": "fixed<20,8>"}
    hls = {"Model": {}, "LayerName": {"fc": {"Precision": types}}}
    graph = load(model(tmp_path, fully(), WEIGHTS), hls)
    assert [node.name for node in graph.nodes] == ["x", "td", "fc", "td_end"]
    op = graph.nodes[2].op
    assert isinstance(op, TimeDistributed) and str(op.op.weight.format) == "ap_fixed<9,3>"
    assert graph.outputs[0].shape == (4, 2)
    x = np.random.default_rng(0).normal(0, 1, (20, 4, 3))
    np.testing.assert_allclose(graph.predict(x), graph.reference(x), atol=0.2)
    copy = from_json(graph.to_json())
    np.testing.assert_array_equal(copy.predict(x), graph.predict(x))


def test_tables_of_a_wrapped_layer_are_checked_when_read(tmp_path):
    """As those of any layer, with their hash."""
    wrapped = {"class_name": "Activation", "config": {"name": "act", "activation": "tanh"}}
    graph = load(model(tmp_path, wrapped))
    assert list(graph.tables()) == ["act.table"]
    text = graph.to_json()
    assert from_json(text).tables()["act.table"].sha256 == graph.tables()["act.table"].sha256
    entry = str(graph.tables()["act.table"].raw[5])
    broken = text.replace(f"       {entry},\n", f"       {int(entry) + 1},\n", 1)
    assert broken != text
    with pytest.raises(ValueError, match=r"table act\.table must have the SHA-256"):
        from_json(broken)


def test_the_activation_of_a_wrapped_layer_is_dropped(tmp_path):
    """As hls4ml does; said once."""
    plain = load(model(tmp_path, fully(), WEIGHTS))
    graph = load(model(tmp_path, fully("relu"), WEIGHTS))
    x = np.random.default_rng(0).normal(0, 1, (20, 4, 3))
    np.testing.assert_array_equal(graph.predict(x), plain.predict(x))
    assert sum("activation relu of fc has no effect, as in hls4ml" in n for n in graph.notes) == 1
    assert not any("has no effect, as in hls4ml" in note for note in plain.notes)


def test_a_wrapped_model(tmp_path):
    """Each of its layers acts on every step, activations too."""
    inner = [
        layer("InputLayer", "i", batch_input_shape=[None, 3], dtype="float32"),
        layer("Dense", "fc", ["i"], units=2, activation="relu", use_bias=True),
        layer("Reshape", "square", ["fc"], target_shape=[1, 2]),
        layer("Flatten", "flat", ["square"]),
    ]
    wrapped = functional(inner, ["i"], ["flat"])
    wrapped["config"]["name"] = "inside"
    arrays = {f"fc/{name}": array for name, array in WEIGHTS.items()}
    graph = load(model(tmp_path, wrapped, arrays))
    assert any("hls4ml converts few wrapped models" in n for n in graph.notes)
    assert [node.name for node in graph.nodes] == [
        *("x", "td", "fc", "fc_relu", "square", "flat", "td_end")
    ]
    x = np.random.default_rng(0).normal(0, 1, (20, 4, 3))
    np.testing.assert_allclose(graph.predict(x), np.maximum(x @ KERNEL + [0.5, -1], 0), atol=0.02)


def test_types_that_differ_are_noted(tmp_path):
    """hls4ml does not compile them."""
    files = model(tmp_path, fully(), WEIGHTS)
    hls = {"Model": {}, "LayerName": {"fc": {"Precision": {"result": "fixed<12,4>"}}}}
    found = [note for note in load(files, hls).notes if "compiles TimeDistributed only" in note]
    assert len(found) == 1 and "ap_fixed<12,4> goes through" in found[0]
    assert not [note for note in load(files).notes if "compiles TimeDistributed only" in note]


def test_streams_are_noted(tmp_path):
    """hls4ml does not compile them; the bits are the parallel ones."""
    files = model(tmp_path, fully(), WEIGHTS)
    graphs = [
        emu.load(files[0], weights=files[1], config={"IOType": io_type, "Backend": "Vitis"})
        for io_type in ("io_parallel", "io_stream")
    ]
    text = "hls4ml does not compile TimeDistributed in io_stream"
    assert [sum(text in note for note in graph.notes) for graph in graphs] == [0, 1]
    x = np.random.default_rng(0).normal(0, 1, (20, 4, 3))
    np.testing.assert_array_equal(*(graph.predict(x) for graph in graphs))


def test_what_is_refused(tmp_path):
    """No time axis, unknown layers, models of several outputs."""
    nested = {"class_name": "TimeDistributed", "config": {"name": "again", "layer": fully()}}
    with pytest.raises(ModelFileError, match="layer again inside td must be of a supported class"):
        load(model(tmp_path, nested, WEIGHTS))
    inner = [
        layer("InputLayer", "i", batch_input_shape=[None, 3], dtype="float32"),
        layer("Activation", "a", ["i"], activation="relu"),
        layer("Activation", "b", ["i"], activation="tanh"),
    ]
    with pytest.raises(ModelFileError, match="model inside td must have one input and one output"):
        load(model(tmp_path, functional(inner, ["i"], ["a", "b"])))
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, 3], dtype="float32"),
        layer("TimeDistributed", "td", ["x"], layer=fully()),
    ]
    files = write(tmp_path, functional(layers, ["x"], ["td"]), {"td": WEIGHTS})
    with pytest.raises(ModelFileError, match=r"must have a time axis .* not \(3,\)"):
        load(files)


def test_whole_models_in_one_file(tmp_path):
    """H5 files of hls4ml's users hold the arrays under model_weights."""
    json_path, h5_path = model(tmp_path, fully(), WEIGHTS)
    expected = load((json_path, h5_path)).predict(np.ones((1, 4, 3)))
    with h5py.File(h5_path, "a") as file:
        file.move("td", "model_weights/td")
    np.testing.assert_array_equal(load((json_path, h5_path)).predict(np.ones((1, 4, 3))), expected)
