"""Recurrent layers of Keras files: what is read, what is noted, what is refused."""

import json

import h5py
import numpy as np
import pytest

import emu
from emu.frontends.files import ModelFileError
from emu.ops import Recurrent
from emu.text import from_json
from tests.emu.models import functional, layer, write

GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
INPUT = {"batch_input_shape": [None, 4, 3], "dtype": "float32"}


def keras(kind, units=2, **fields):
    """Configuration of a Keras layer."""
    found = {"units": units, "activation": "tanh", "use_bias": True, "return_sequences": True}
    if kind != "SimpleRNN":
        found["recurrent_activation"] = "sigmoid"
    if kind == "GRU":
        found["reset_after"] = True
    return found | fields


def arrays(kind, n_in=3, units=2, bias=None, seed=0):
    """Weights of a Keras layer."""
    rng = np.random.default_rng(seed)
    columns = GATES[kind] * units
    bias = ((2, columns) if kind == "GRU" else (columns,)) if bias is None else bias
    shapes = {"kernel": (n_in, columns), "recurrent_kernel": (units, columns), "bias": bias}
    return {name: rng.normal(0, 0.7, shape).astype(np.float32) for name, shape in shapes.items()}


def model(folder, kind, *, weights=None, inputs=("x",), **fields):
    """Files of a model with one recurrent layer ``rnn``."""
    layers = [layer("InputLayer", "x", **INPUT)]
    layers += [
        layer("InputLayer", name, batch_input_shape=[None, 2], dtype="float32")
        for name in inputs[1:]
    ]
    layers.append(layer(kind, "rnn", list(inputs), **keras(kind, **fields)))
    weights = arrays(kind) if weights is None else weights
    return write(folder, functional(layers, list(inputs), ["rnn"]), {"rnn": weights})


def load(files, hls=None):
    return emu.load(files[0], weights=files[1], config={"HLSConfig": hls or {"Model": {}}})


def noted(graph, text):
    return [note for note in graph.notes if text in note]


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("sequences", [True, False])
def test_a_layer_is_read(tmp_path, kind, sequences):
    """Shapes, cell and weights; the float reference agrees within what fixed<32,12> drops."""
    graph = load(
        model(tmp_path, kind, return_sequences=sequences),
        {
            "Model": {"Precision": "fixed<32,12>"},
            "LayerName": {"rnn": {"table_t": "fixed<32,12>", "TableSize": 8192}},
        },
    )
    op = graph.nodes[-1].op
    assert isinstance(op, Recurrent) and op.cell == {"SimpleRNN": "simple_rnn"}.get(
        kind, kind.lower()
    )
    assert graph.outputs[0].shape == ((4, 2) if sequences else (2,))
    assert op.table.size == 8192
    x = np.random.default_rng(0).normal(0, 1, (20, 4, 3))
    np.testing.assert_allclose(graph.predict(x), graph.reference(x), atol=0.01)
    assert from_json(graph.to_json()).predict(x, raw=True).tolist() == (
        graph.predict(x, raw=True).tolist()
    )


def test_types_and_tables_from_the_configuration(tmp_path):
    """Every variable by name; table_t and TableSize act, Precision: table does not."""
    types = {
        "result": "fixed<12,4>",
        "accum": "fixed<20,8,RND,SAT>",
        "weight": "fixed<9,2>",
        "bias": "fixed<8,2>",
        "recurrent_weight": "fixed<7,2>",
        "recurrent_bias": "fixed<6,2>",
        "table": "fixed<5,2>",
    }
    entry = {"Precision": types, "table_t": "fixed<11,3>", "TableSize": 64}
    graph = load(model(tmp_path, "GRU"), {"Model": {}, "LayerName": {"rnn": entry}})
    op = graph.nodes[-1].op
    for variable in ("weight", "bias", "recurrent_weight", "recurrent_bias"):
        assert str(getattr(op, variable).format) == "ap_" + types[variable]
    assert (str(op.result), op.accum.width) == ("ap_fixed<12,4>", 20)
    assert (str(op.table.format), op.recurrent_table.size) == ("ap_fixed<11,3>", 64)
    assert noted(graph, "Precision: table")


def test_auto_is_the_default_type(tmp_path):
    """hls4ml infers nothing for recurrent layers."""
    files = model(tmp_path, "LSTM")
    made = emu.config(files[0], "name", "fixed<14,5>", weights=files[1])
    op = load(files, made).nodes[-1].op
    formats = {op.result, op.accum, op.weight.format, op.recurrent_bias.format}
    assert {str(f) for f in formats} == {"ap_fixed<14,5>"}


@pytest.mark.parametrize(
    ("strategy", "reuse", "factors", "orders"),
    [
        ("Latency", 5, (5, 5), (1, 1)),
        ("Resource", 1, (1, 1), (1, 1)),
        ("Resource", 3, (3, 2), (1, 1)),
        ("Resource", 24, (24, 16), (1, 1)),
        ("resource_unrolled", 24, (12, 8), (1, 1)),
    ],
)
def test_reuse_factors_of_both_products(tmp_path, strategy, reuse, factors, orders):
    """The nearest legal one for 3 x 8 and for 2 x 8."""
    model_section = {"Strategy": strategy, "ReuseFactor": reuse}
    graph = load(model(tmp_path, "LSTM"), {"Model": model_section})
    entry = graph.config["HLSConfig"]["LayerName"]["rnn"]
    assert (entry["ReuseFactor"], entry["RecurrentReuseFactor"]) == factors
    op = graph.nodes[-1].op
    assert (op.interleave, op.recurrent_interleave) == orders


def test_interleaved_orders(tmp_path):
    """A reuse factor below the length interleaves that product alone."""
    files = model(tmp_path, "LSTM", weights=arrays("LSTM", 3, 4), units=4)
    graph = load(files, {"Model": {"Strategy": "Resource", "ReuseFactor": 2}})
    op = graph.nodes[-1].op
    assert (op.interleave, op.recurrent_interleave) == (1, 2)
    graph = load(files, {"Model": {"Strategy": "Resource", "ReuseFactor": 5}})
    entry = graph.config["HLSConfig"]["LayerName"]["rnn"]
    assert (entry["ReuseFactor"], entry["RecurrentReuseFactor"]) == (6, 4)
    assert noted(graph, "C simulation stops with these reuse factors, 6 and 4")


@pytest.mark.parametrize(
    ("kind", "fields", "note"),
    [
        ("LSTM", {"go_backwards": True}, "go_backwards has no effect, as in hls4ml"),
        ("GRU", {"stateful": True}, "stateful has no effect, as in hls4ml"),
        ("SimpleRNN", {}, "have no kernel for SimpleRNN"),
        ("LSTM", {"inputs": ("x", "h", "c")}, "its initial state h, c has no effect"),
        ("GRU", {"inputs": ("x", "h")}, "its initial state h has no effect"),
        ("LSTM", {"use_bias": False}, "at which hls4ml's Keras 2 converter stops"),
        (
            "GRU",
            {"reset_after": False, "weights": arrays("GRU", bias=(6,))},
            "reset_after is false, for which hls4ml has no kernel",
        ),
    ],
)
def test_what_is_noted(tmp_path, kind, fields, note):
    """What has no effect, and what hls4ml has no bits for."""
    graph = load(model(tmp_path, kind, **fields))
    assert len(noted(graph, note)) == 1, graph.notes


def test_an_lstm_of_several_types_is_noted(tmp_path):
    """hls4ml does not compile it."""
    files = model(tmp_path, "LSTM")
    hls = {"Model": {}, "LayerName": {"rnn": {"Precision": {"result": "fixed<12,4>"}}}}
    assert noted(load(files, hls), "have one type")
    assert not noted(load(files), "have one type")


def test_reset_before_the_product(tmp_path):
    """Keras's own cell, where hls4ml has none: the float reference says which it is."""
    files = model(tmp_path, "GRU", reset_after=False, weights=arrays("GRU", bias=(6,)))
    graph = load(files)
    assert graph.nodes[-1].op.cell == "gru_reset_before"
    assert not graph.nodes[-1].op.recurrent_bias.raw.any()


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("LSTM", {"return_state": True}, "return_state of rnn must be false, not True"),
        ("GRU", {"time_major": True}, "time_major of rnn must be false, not True"),
        (
            "LSTM",
            {"recurrent_activation": "hard_sigmoid"},
            "recurrent_activation of rnn must be one of relu, tanh, sigmoid, not 'hard_sigmoid'",
        ),
        ("SimpleRNN", {"activation": "linear"}, "activation of rnn must be one of .*'linear'"),
        (
            "LSTM",
            {"weights": arrays("LSTM", n_in=2)},
            r"kernel of rnn must have shape \(3, 8\), not \(2, 8\)",
        ),
        (
            "GRU",
            {"weights": arrays("GRU", bias=(2, 5))},
            r"bias of rnn must have 6 values a product, not shape \(5,\)",
        ),
    ],
)
def test_what_is_refused(tmp_path, kind, fields, message):
    """With the value seen."""
    with pytest.raises(ModelFileError, match=message):
        load(model(tmp_path, kind, **fields))


def test_the_input_must_be_a_sequence(tmp_path):
    """Two axes, steps and features."""
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, 3], dtype="float32"),
        layer("LSTM", "rnn", ["x"], **keras("LSTM")),
    ]
    files = write(tmp_path, functional(layers, ["x"], ["rnn"]), {"rnn": arrays("LSTM")})
    with pytest.raises(ModelFileError, match=r"must have shape \(steps, features\), not \(3,\)"):
        load(files)


def test_both_uint1_are_refused(tmp_path):
    """hls4ml computes XNOR then."""
    types = {"Precision": {"result": "uint<1>", "recurrent_weight": "uint<1>"}}
    with pytest.raises(ValueError, match="layer rnn: recurrent_weight and what it multiplies"):
        load(model(tmp_path, "GRU"), {"Model": {}, "LayerName": {"rnn": types}})


# ---- Bidirectional -------------------------------------------------------------------------------


def bidirectional(folder, kinds=("LSTM", "GRU"), *, swapped=False, mode="concat", **fields):
    """Files of a model with two cells of 2 and 3 units around one another."""
    cells, weights = [], {}
    for way, kind, units in zip(("forward", "backward"), kinds, (2, 3), strict=True):
        back = (way == "backward") != swapped
        options = keras(kind, units, name=f"own_{units}", go_backwards=back, **fields)
        cells.append({"class_name": kind, "config": options})
        for name, array in arrays(kind, units=units, seed=units).items():
            weights[f"{way}_own_{units}/{kind.lower()}_cell/{name}"] = array
    options = {"layer": cells[0], "backward_layer": cells[1], "merge_mode": mode}
    layers = [layer("InputLayer", "x", **INPUT), layer("Bidirectional", "bi", ["x"], **options)]
    return write(folder, functional(layers, ["x"], ["bi"]), {"bi": weights})


@pytest.mark.parametrize("sequences", [True, False])
def test_a_bidirectional_layer_is_two_and_their_concatenation(tmp_path, sequences):
    """The backward one reads the last step first; its outputs stand where its inputs stood."""
    files = bidirectional(tmp_path, return_sequences=sequences)
    types = {"forward_weight": "fixed<9,2>", "backward_recurrent_bias": "fixed<7,2>"}
    hls = {
        "Model": {"Precision": "fixed<32,12>"},
        "LayerName": {"bi": {"Precision": types, "table_t": "fixed<32,12>", "TableSize": 8192}},
    }
    graph = load(files, hls)
    assert [node.name for node in graph.nodes] == ["x", "bi_forward", "bi_backward", "bi"]
    forward, backward = (graph.nodes[k].op for k in (1, 2))
    assert (forward.cell, backward.cell) == ("lstm", "gru")
    assert (forward.go_backwards, backward.go_backwards) == (False, True)
    assert str(forward.weight.format) == "ap_fixed<9,2>"
    assert str(backward.recurrent_bias.format) == "ap_fixed<7,2>"
    assert graph.outputs[0].shape == ((4, 5) if sequences else (5,))
    x = np.random.default_rng(0).normal(0, 1, (20, 4, 3))
    np.testing.assert_allclose(graph.predict(x), graph.reference(x), atol=0.03)
    np.testing.assert_array_equal(backward.weight.value, arrays("GRU", units=3, seed=3)["kernel"])
    # The last step's backward output has seen the last step alone.
    changed = x.copy()
    changed[:, :3] += 1
    same = graph.predict(changed)[..., 2:] == graph.predict(x)[..., 2:]
    assert not same.all() and (not sequences or same[:, 3].all())


def test_cells_that_change_places(tmp_path):
    """hls4ml puts the one that goes forward first."""
    graph = load(bidirectional(tmp_path, swapped=True))
    assert [graph.nodes[k].op.cell for k in (1, 2)] == ["gru", "lstm"]
    assert noted(graph, "its layers change places, as in hls4ml")
    assert graph.nodes[1].op.units == 3


def test_one_cell_for_both_directions(tmp_path):
    """Keras 2 stores no backward_layer of its own."""
    cell = {"class_name": "LSTM", "config": keras("LSTM", name="own", return_sequences=False)}
    layers = [
        layer("InputLayer", "x", **INPUT),
        layer("Bidirectional", "bi", ["x"], layer=cell, merge_mode="concat"),
    ]
    weights = {
        f"{way}_own/lstm_cell/{name}": array
        for seed, way in enumerate(("forward", "backward"))
        for name, array in arrays("LSTM", seed=seed).items()
    }
    graph = load(write(tmp_path, functional(layers, ["x"], ["bi"]), {"bi": weights}))
    assert graph.outputs[0].shape == (4,)
    expected = arrays("LSTM", seed=1)["kernel"]
    np.testing.assert_array_equal(graph.nodes[2].op.weight.value, expected)


@pytest.mark.parametrize(
    ("strategy", "reuse", "forward", "backward", "stops"),
    [
        ("Latency", 7, (7, 7), (7, 7), 0),
        ("Resource", 3, (3, 2), (3, 3), 1),  # 3 <= 3 inputs, but 2 units, whose factor is 2
        ("Resource", 6, (6, 4), (3, 3), 1),
        ("resource_unrolled", 1, (1, 1), (1, 1), 0),
    ],
)
def test_factors_of_both_directions(tmp_path, strategy, reuse, forward, backward, stops):
    """hls4ml checks them for three gates; where its kernel then stops, that is noted."""
    graph = load(bidirectional(tmp_path), {"Model": {"Strategy": strategy, "ReuseFactor": reuse}})
    entries = graph.config["HLSConfig"]["LayerName"]
    keys = ("ReuseFactor", "RecurrentReuseFactor")
    found = [tuple(entries[f"bi_{way}"][key] for key in keys) for way in ("forward", "backward")]
    assert (found, len(noted(graph, "C simulation stops"))) == ([forward, backward], stops)
    assert noted(graph, "resource_unrolled is resource") or strategy != "resource_unrolled"


def test_a_bidirectional_layer_of_simple_cells(tmp_path):
    """hls4ml has no kernel."""
    graph = load(bidirectional(tmp_path, ("GRU", "SimpleRNN")))
    assert len(noted(graph, "have no kernel for SimpleRNN")) == 1


def test_bidirectional_streams_are_noted(tmp_path):
    """hls4ml refuses them; the bits are the parallel ones."""
    files = bidirectional(tmp_path)
    graphs = [
        emu.load(files[0], weights=files[1], config={"IOType": io_type, "Backend": "Vitis"})
        for io_type in ("io_parallel", "io_stream")
    ]
    text = "hls4ml refuses Bidirectional in io_stream"
    assert [len(noted(graph, text)) for graph in graphs] == [0, 1]
    x = np.random.default_rng(0).normal(0, 1, (20, 4, 3))
    np.testing.assert_array_equal(*(graph.predict(x) for graph in graphs))


def test_what_bidirectional_refuses(tmp_path):
    """Other ways to merge, other layers inside, states returned."""
    message = "merge_mode of bi must be 'concat', not 'sum': hls4ml writes both states"
    with pytest.raises(ModelFileError, match=message):
        load(bidirectional(tmp_path, mode="sum"))
    with pytest.raises(ModelFileError, match="return_state of bi must be false, not True"):
        load(bidirectional(tmp_path, return_state=True))
    inner = {"class_name": "ConvLSTM1D", "config": {"name": "own", "units": 2}}
    layers = [
        layer("InputLayer", "x", **INPUT),
        layer("Bidirectional", "bi", ["x"], layer=inner, merge_mode="concat"),
    ]
    files = write(tmp_path, functional(layers, ["x"], ["bi"]), {})
    message = "layer inside bi must be one of LSTM, GRU, SimpleRNN, not 'ConvLSTM1D'"
    with pytest.raises(ModelFileError, match=message):
        load(files)


@pytest.mark.peer
@pytest.mark.parametrize("backend", ["Vitis", None])
@pytest.mark.parametrize("granularity", ["type", "name"])
def test_starting_configurations(tmp_path, granularity, backend, monkeypatch):
    """hls4ml's dictionary for the same files."""
    hls4ml = pytest.importorskip(
        "hls4ml", reason="needs the cosim extra: pip install 'bitwright[cosim]'"
    )
    from hls4ml.converters.keras_v2_to_hls import KerasFileReader

    layers = [layer("InputLayer", "x", **INPUT)]
    layers += [
        layer(kind, kind.lower(), ["x"], **keras(kind, return_state=False)) for kind in GATES
    ]
    own = {"class_name": "LSTM", "config": keras("LSTM", name="own", return_state=False)}
    layers.append(layer("Bidirectional", "bi", ["x"], layer=own, merge_mode="concat"))
    wrapped = {"class_name": "Activation", "config": {"name": "act", "activation": "tanh"}}
    layers.append(layer("TimeDistributed", "td", ["x"], layer=wrapped))
    architecture = functional(layers, ["x"], [*(kind.lower() for kind in GATES), "bi", "td"])
    weights = {kind.lower(): arrays(kind) for kind in GATES}
    weights["bi"] = {
        f"{way}_own/lstm_cell/{name}": array
        for way in ("forward", "backward")
        for name, array in arrays("LSTM").items()
    }
    json_path, h5_path = write(tmp_path, architecture, weights)
    with h5py.File(h5_path, "a") as file:  # where hls4ml looks for what a layer wraps
        for name in list(file):
            file.move(name, f"model_weights/{name}")
        file.create_group("model_weights/td/td")
    reader = KerasFileReader({"KerasH5": str(h5_path)})
    monkeypatch.setattr(hls4ml.converters, "KerasModelReader", lambda _: reader)
    theirs = hls4ml.utils.config_from_keras_model(
        json.loads(json_path.read_text()), granularity, backend=backend
    )
    assert emu.config(json_path, granularity, weights=h5_path, backend=backend) == theirs
