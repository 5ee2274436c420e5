"""``Numerics: corrected``: each defect of hls4ml on a small model, as copied and as corrected.

The copied bits come from the oracle or from hls4ml's formula written out; the corrected ones from
Keras's definition in exact rationals. tests/peer compares hls4ml's numerics with hls4ml itself.
"""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from emu.defects import DEFECTS
from tests import oracle
from tests.emu.numerics import (
    WIDE,
    both,
    corrected,
    dense,
    layer,
    lists,
    load,
    raws,
    same,
    source,
    values,
)

HERE = Path(__file__).parent


def test_every_defect_is_shown():
    """No row of the list without a test that names it."""
    text = "".join(path.read_text() for path in sorted(HERE.glob("test_*.py")))
    assert [name for name in DEFECTS if not re.search(rf'"{name}["(: ]', text)] == []


# ---- weights and tables -----------------------------------------------------------------------


def test_weight_text(tmp_path):
    """-1e-12 is written as 0; truncated from its double it is the LSB below."""
    kernel = np.array([[-1e-12, 0.7, -0.03125 - 1e-9, 0.31249]])
    entry, weights = dense(kernel)
    text = "fixed<8,4>"
    names = {"x": "fixed<8,4>", "y": {"Precision": {"weight": text, "result": WIDE, "accum": WIDE}}}
    copied, right = both(tmp_path, "weight_text", [source((1,)), entry], weights, names=names)
    written = raws([[Fraction(f"{w:.4f}") for w in kernel[0]]], text)
    direct = raws([[Fraction(w) for w in kernel[0]]], text)
    assert (written != direct).any()
    same(copied.nodes[1].op.weight.raw, written)
    same(right.nodes[1].op.weight.raw, direct)
    same(copied.predict([[1.0]]) * 16, written)
    same(right.predict([[1.0]]) * 16, direct)


def function(name, **keras):
    return [source((1,)), layer("Activation", "y", ["x"], activation=name, **keras)]


def test_libm_tables(tmp_path):
    """In 40 bits expf shows; the corrected entries are checked in test_rounded_tables.py."""
    names = {"x": "fixed<7,5>", "y": {"Precision": {"result": "fixed<40,4>"}}}
    names["y"] |= {"table_t": "fixed<40,4>", "TableSize": 64}
    copied, right = both(tmp_path, "libm_tables", function("sigmoid"), names=names)
    own = oracle.function_table("sigmoid", 64, oracle.read("fixed<40,4>"))
    x = np.arange(-32, 32)[:, None] / 4
    same(copied.predict(x, raw=True)[:, 0], own)
    # 1 / (1 + exp(-x)) to 17 digits, half an LSB of 2**-36 apart at most from its truncation
    exact = np.floor(2.0**36 / (1 + np.exp(-x[:, 0])))
    found = right.predict(x, raw=True)[:, 0]
    same(found, exact.astype(np.int64))
    assert (found != np.array(own)).sum() > 30
    assert found[32] == 2**35


def test_table_index_wrap(tmp_path):
    """2**27 * 1024 / 16 is 2**33, whose low 32 bits are 0: the middle of the table."""
    names = {"x": "fixed<40,34>"}
    copied, right = both(tmp_path, "table_index_wrap", function("sigmoid"), names=names)
    x = np.array([[2.0**27], [-(2.0**27)], [2.0**33 - 1], [0.5], [-7.9], [3 * 2.0**26]])
    t, table = oracle.read("fixed<40,34>"), oracle.read("fixed<18,8>")
    entries = values(oracle.function_table("sigmoid", 1024, table), "fixed<18,8>")
    result = oracle.read("fixed<16,6>")
    exact = [oracle.cast(Fraction(v), t) for v in x[:, 0]]
    same(
        copied.predict(x, raw=True)[:, 0],
        [oracle.activation("sigmoid", v, t, result, table=entries) for v in exact],
    )
    index = [min(max(int(v * 64) + 512, 0), 1023) for v in exact]
    same(right.predict(x, raw=True)[:, 0], [oracle.cast_raw(entries[i], result) for i in index])
    assert right.predict(x)[0] > 0.99 and copied.predict(x)[0] == 0.5


def test_table_index_inner(tmp_path):
    """elu uses its input for more than the index: said, not corrected."""
    names = {"x": "fixed<40,34>"}
    for graph in (load, corrected):
        found = graph(tmp_path, function("elu", alpha=1.0), names=names)
        lists(found, "table_index_inner", "not corrected: ")


def test_table_precision(tmp_path):
    """Precision: table acts on no table of hls4ml's; a look-up shows which type there is."""
    names = {"y": {"Precision": {"table": "fixed<6,2>", "result": "fixed<20,8>"}}}
    copied, right = both(tmp_path, "table_precision", function("tanh"), names=names)
    x = np.linspace(-4, 4, 60)[:, None]
    t, result = oracle.read("fixed<16,6>"), oracle.read("fixed<20,8>")
    for graph, text in ((copied, "fixed<18,8>"), (right, "fixed<6,2>")):
        assert str(graph.nodes[1].op.table.format) == f"ap_{text}"
        entries = values(oracle.function_table("tanh", 1024, oracle.read(text)), text)
        exact = [oracle.cast(Fraction(v), t) for v in x[:, 0]]
        expected = [oracle.activation("tanh", v, t, result, table=entries) for v in exact]
        same(graph.predict(x, raw=True)[:, 0], expected)
    assert any("Precision: table" in note for note in copied.notes)
    assert not any("Precision: table;" in note for note in right.notes)


# ---- softmax ----------------------------------------------------------------------------------


def softmax(n, **keras):
    return [source((n,)), layer("Activation", "y", ["x"], activation="softmax", **keras)]


def by_oracle(graph, x, name="y"):
    """The bits of a graph's softmax by the oracle, from that operator's own types and tables."""
    op, given = next(node.op for node in graph.nodes if node.name == name), graph.formats["x"]
    texts = {
        key: oracle.read(str(getattr(op, key)).replace("AP_", ""))
        for key in ("accum", "inverse_input", "difference", "result")
        if getattr(op, key) is not None
    }
    data = oracle.read(str(given).replace("AP_", ""))
    exponential, inverse = (
        [oracle.value(int(r), oracle.read(str(t.format).replace("AP_", ""))) for r in t.raw]
        for t in (op.exponential, op.inverse)
    )
    types = oracle.SoftmaxTypes(data=data, table=None, **texts)
    return [
        oracle.softmax(
            op.implementation,
            [oracle.cast(Fraction(v), data) for v in row],
            types,
            exponential,
            inverse,
        )
        for row in x
    ]


def test_softmax_accum(tmp_path):
    """64 equal logits sum to 64, which fixed<16,6> holds as 0."""
    names = {"y": "ufixed<16,1>"}
    copied, right = both(tmp_path, "softmax_accum", softmax(64), names=names)
    assert str(copied.nodes[1].op.accum) == "ap_fixed<16,6>"
    assert str(right.nodes[1].op.accum) == "ap_fixed<18,8,AP_RND,AP_SAT>"
    x = np.zeros((1, 64))
    same(copied.predict(x, raw=True), by_oracle(copied, x))
    same(right.predict(x, raw=True), np.full((1, 64), 2**15 // 64))
    assert (copied.predict(x) != 1 / 64).all()
    given = {"y": {"Precision": {"accum": "fixed<20,9>"}}}
    kept = corrected(tmp_path, softmax(4), names=given)
    assert str(kept.nodes[1].op.accum) == "ap_fixed<20,9>"
    assert "softmax_accum" not in [defect.name for defect in kept.defects]


def test_softmax_strategy(tmp_path):
    """Strategy: argmax is stable in hls4ml."""
    names = {"y": {"Strategy": "argmax"}}
    copied, right = both(tmp_path, "softmax_strategy", softmax(4), names=names)
    x = np.random.default_rng(0).normal(0, 2, (20, 4))
    assert copied.nodes[1].op.implementation == "stable"
    same(copied.predict(x, raw=True), by_oracle(copied, x))
    same(right.predict(x), np.eye(4)[np.floor(x * 1024).argmax(axis=1)])
    both_keys = {"y": {"Strategy": "argmax", "Implementation": "latency"}}
    assert corrected(tmp_path, softmax(4), names=both_keys).nodes[1].op.implementation == "latency"


def test_softmax_difference(tmp_path):
    """15 + 1.5 from the maximum wraps to 0.5 from it, which makes the least logit a likely one."""
    names = {"x": "fixed<16,5>", "y": "ufixed<16,1>"}
    copied, right = both(tmp_path, "softmax_difference", softmax(3), names=names)
    x = np.array([[15.0, -1.5, 3.0], [-16.0, 15.75, 15.0], [1.0, 2.0, 3.0]])
    same(copied.predict(x, raw=True), by_oracle(copied, x))
    same(right.predict(x, raw=True), by_oracle(right, x))
    assert str(right.nodes[1].op.difference) == "ap_ufixed<15,4,AP_TRN,AP_SAT>"
    assert copied.predict(x)[0, 1] > 0.3 and right.predict(x)[0, 1] == 0


def test_softmax_table_size(tmp_path):
    """Six bits of input cut both tables to 64 entries; inv_inp has 18 bits."""
    names = {"x": "fixed<6,3>", "y": "ufixed<16,1>"}
    copied, right = both(tmp_path, "softmax_table_size", softmax(3), names=names)
    sizes = [
        (node.op.exponential.size, node.op.inverse.size)
        for node in (copied.nodes[1], right.nodes[1])
    ]
    assert sizes == [(32, 64), (32, 1024)]
    x = np.random.default_rng(1).normal(0, 2, (20, 3))
    for graph in (copied, right):
        same(graph.predict(x, raw=True), by_oracle(graph, x))
    keys = {"Implementation": "legacy", "ExpTableSize": 256, "InvTableSize": 512}
    names = {"y": keys}
    copied, right = both(tmp_path, "softmax_table_size", softmax(3), names=names, io="io_stream")
    assert (copied.nodes[1].op.exponential.size, copied.nodes[1].op.inverse.size) == (1024, 1024)
    assert (right.nodes[1].op.exponential.size, right.nodes[1].op.inverse.size) == (256, 512)
    plain = load(tmp_path, softmax(3), names=names)
    same(right.predict(x, raw=True), plain.predict(x, raw=True))


def test_softmax_axis(tmp_path):
    """Keras 2: the whole tensor, or its rows."""
    layers = [source((2, 3)), layer("Activation", "y", ["x"], activation="softmax")]
    copied, right = both(tmp_path, "softmax_axis", layers)
    x = np.random.default_rng(2).normal(0, 1, (9, 2, 3))
    whole = load(tmp_path, softmax(6))
    same(copied.predict(x, raw=True).reshape(9, 6), whole.predict(x.reshape(9, 6), raw=True))
    rows = corrected(tmp_path, softmax(3))
    same(right.predict(x, raw=True).reshape(18, 3), rows.predict(x.reshape(18, 3), raw=True))


# ---- activations ------------------------------------------------------------------------------


def test_selu_stream(tmp_path):
    """The constant 1.0507 in fixed<6,3> is 1; in ufixed<16,1> it is 34429 / 32768."""
    names = {"x": "fixed<6,3>", "y": "fixed<24,8>"}
    copied, right = both(tmp_path, "selu_stream", function("selu"), names=names, io="io_stream")
    t, result = oracle.read("fixed<6,3>"), oracle.read("fixed<24,8>")
    x = np.arange(-32, 32)[:, None] / 8
    entries = values(oracle.function_table("selu", 1024, oracle.read("fixed<18,8>")), "fixed<18,8>")
    for graph, row, scale in (
        (copied, "selu_stream", Fraction(1)),
        (right, "selu", Fraction(34429, 32768)),
    ):
        exact = [Fraction(v) for v in x[:, 0]]
        expected = [oracle.activation(row, v, t, result, [(scale, None)], entries) for v in exact]
        same(graph.predict(x, raw=True)[:, 0], expected)
    parallel = corrected(tmp_path, function("selu"), names=names)
    same(right.predict(x, raw=True), parallel.predict(x, raw=True))


@pytest.mark.parametrize("io", ["io_parallel", "io_stream"])
def test_ternary_tanh(io, tmp_path):
    """2 x wraps from half the range on, or x itself is compared; it should be 1 above 0.5."""
    names = {"x": "fixed<7,3>", "y": "fixed<4,2>"}
    copied, right = both(tmp_path, "ternary_tanh", function("ternary_tanh"), names=names, io=io)
    x = np.arange(-64, 64)[:, None] / 16
    t, result = oracle.read("fixed<7,3>"), oracle.read("fixed<4,2>")
    row = "ternary_tanh" + "_stream" * (io == "io_stream")
    same(
        copied.predict(x, raw=True)[:, 0],
        [oracle.activation(row, Fraction(v), t, result) for v in x[:, 0]],
    )
    expected = np.where(x > 0.5, 1, np.where(x > -0.5, 0, -1))
    same(right.predict(x), expected)
    assert (copied.predict(x) != expected).any()


def test_relu_stream(tmp_path):
    """hls4ml cannot compile it; the bits are those of io_parallel in both numerics."""
    copied, right = both(tmp_path, "relu_stream", function("relu6"), io="io_stream")
    x = np.linspace(-8, 8, 50)[:, None]
    for graph in (copied, right):
        same(graph.predict(x), np.clip(np.floor(x * 1024) / 1024, 0, 6))


def test_relu_kind(tmp_path):
    """LayerType: Activation acts on a relu, not on a ThresholdedReLU."""
    types = {"Activation": {"Precision": "fixed<8,6>"}}
    layers = [source((1,)), layer("ReLU", "y", ["x"])]
    copied, right = both(tmp_path, "relu_kind", layers, types=types, keras=3)
    x = np.linspace(-8, 8, 50)[:, None]
    grid = np.maximum(np.floor(x * 1024), 0)
    same(copied.predict(x) * 1024, grid)
    same(right.predict(x) * 4, grid // 256)


def relu(x, slope, threshold, limit):
    """Keras's."""
    most = np.inf if limit is None else limit
    return np.where(x > threshold, np.minimum(x, most), slope * (x - threshold))


@pytest.mark.parametrize(
    ("slope", "threshold", "limit"),
    [(0, 0, 6), (0, 0, 1), (0, 0, 2.5), (0.25, 0, None), (0, 1.5, None), (0.5, -1.25, 3.5),
     (0.125, 0.75, None)],
)  # fmt: skip
def test_relu_arguments(slope, threshold, limit, tmp_path):
    """hls4ml's Keras 2 converter makes a relu of each."""
    keras = {"negative_slope": slope, "threshold": threshold, "max_value": limit}
    layers = [source((1,)), layer("ReLU", "y", ["x"], **keras)]
    names = {"x": "fixed<10,4>", "y": "fixed<20,6>"}
    copied, right = both(tmp_path, "relu_arguments", layers, names=names)
    x = np.arange(-512, 512)[:, None] / 64
    same(copied.predict(x), np.maximum(x, 0))
    same(right.predict(x), relu(x, slope, threshold, limit))
    again = corrected(tmp_path, layers, names=names, keras=3)
    same(again.predict(x), relu(x, slope, threshold, limit))
    same(right.reference(x), relu(x, slope, threshold, limit))


def test_hard_sigmoid_slope(tmp_path):
    """Keras 3: relu6(x + 3) / 6."""
    names = {"y": "fixed<24,4>", "x": "fixed<10,5>"}
    copied, right = both(
        tmp_path, "hard_sigmoid_slope", function("hard_sigmoid"), names=names, keras=3
    )
    x = np.arange(-512, 512)[:, None] / 32
    for graph, slope in ((copied, 0.2), (right, 1 / 6)):
        exact = np.floor(slope * 65536) / 65536 * x + 0.5
        same(graph.predict(x, raw=True), np.floor(np.clip(exact, 0, 1) * 2**20))


def test_shared_param(tmp_path):
    """One auto entry under Model: 0.3 and 0.125 in the type of the first."""
    model = {"Precision": {"default": "fixed<16,6>", "param": "auto"}}
    layers = [
        source((1,)),
        layer("LeakyReLU", "a", ["x"], alpha=0.125),
        layer("LeakyReLU", "y", ["a"], alpha=0.3),
    ]
    copied, right = both(tmp_path, "shared_param", layers, model=model)
    assert str(copied.nodes[2].op.parameters[0].format) == "ap_ufixed<1,-2>"
    assert str(right.nodes[2].op.parameters[0].format) == "ap_ufixed<8,-1>"
    x = -np.arange(1, 20)[:, None]
    for graph, text in ((copied, "ufixed<1,-2>"), (right, "ufixed<8,-1>")):
        (slope,) = values(raws([0.3], text), text)
        same(graph.predict(x), np.floor(x * 0.125 * float(slope) * 1024) / 1024)
