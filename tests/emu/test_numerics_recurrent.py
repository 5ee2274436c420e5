"""``Numerics: corrected``, continued: recurrent layers, TimeDistributed, binary layers."""

from fractions import Fraction

import numpy as np
import pytest

from tests import oracle, oracle_recurrent
from tests.emu.numerics import (
    batch_norm,
    both,
    corrected,
    dense,
    grid,
    layer,
    lists,
    load,
    same,
    source,
)

GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}


def cell(kind, units=2, n_in=3, *, bias=True, seed=5, **settings):
    rng = np.random.default_rng(seed)
    gates = GATES[kind] * units
    config = {"activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": True}
    config = {"units": units, "use_bias": bias, **config, **settings}
    arrays = {
        "kernel": rng.normal(0, 0.7, (n_in, gates)).astype(np.float32),
        "recurrent_kernel": rng.normal(0, 0.7, (units, gates)).astype(np.float32),
    }
    if bias:
        rows = (2, gates) if kind == "GRU" and config["reset_after"] else (gates,)
        arrays["bias"] = rng.normal(0, 0.5, rows).astype(np.float32)
    return config, arrays


def recurrent(kind, **settings):
    config, arrays = cell(kind, **settings)
    return [source((4, 3)), layer(kind, "y", ["x"], **config)], {"y": arrays}


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("sequences", [False, True])
def test_go_backwards(kind, sequences, tmp_path):
    """The layer on the reversed input; with sequences the last step's result comes first."""
    layers, weights = recurrent(kind, return_sequences=sequences, go_backwards=True)
    copied, right = both(tmp_path, "go_backwards", layers, weights)
    layers[1]["config"]["go_backwards"] = False
    forward = load(tmp_path, layers, weights)
    x = grid(9, 4, 3)
    same(copied.predict(x, raw=True), forward.predict(x, raw=True))
    same(right.predict(x, raw=True), forward.predict(x[:, ::-1], raw=True))
    assert (right.predict(x) != copied.predict(x)).any()


def test_reset_after(tmp_path):
    """Keras 3, no bias: the reset gate acts before the product, as of a Keras 2 model."""
    layers, weights = recurrent("GRU", bias=False, reset_after=False)
    copied, right = both(tmp_path, "reset_after", layers, weights, keras=3)
    x = grid(9, 4, 3)
    same(right.predict(x, raw=True), load(tmp_path, layers, weights).predict(x, raw=True))
    layers[1]["config"]["reset_after"] = True
    after = load(tmp_path, layers, weights, keras=3)
    same(copied.predict(x, raw=True), after.predict(x, raw=True))
    assert (right.predict(x) != copied.predict(x)).any()
    # and close to Keras's own formula, in doubles
    w, u = weights["y"]["kernel"].astype(float), weights["y"]["recurrent_kernel"].astype(float)
    h = np.zeros((9, 2))
    for t in range(4):
        p = x[:, t] @ w
        z, r = (1 / (1 + np.exp(-(p[:, k : k + 2] + h @ u[:, k : k + 2]))) for k in (0, 2))
        g = np.tanh(p[:, 4:] + (r * h) @ u[:, 4:])
        h = z * h + (1 - z) * g
    assert np.abs(right.predict(x) - h).max() < 0.05 < np.abs(copied.predict(x) - h).max()


def test_initial_state(tmp_path):
    """Two steps are one step, and one more from its state."""
    layers, weights = recurrent("LSTM")
    state = [source((2,), "h"), source((2,), "c")]
    given = layer("LSTM", "y", ["x", "h", "c"], **{
        key: value for key, value in layers[1]["config"].items() if key != "name"
    })  # fmt: skip
    copied, right = both(tmp_path, "initial_state", [layers[0], *state, given], weights)
    plain = load(tmp_path, layers, weights)
    x, h, c = grid(9, 4, 3), grid(9, 2) / 4, grid(9, 2) / 4
    same(copied.predict([x, h, c], raw=True), plain.predict(x, raw=True))
    zero = np.zeros((9, 2))
    same(right.predict([x, zero, zero], raw=True), plain.predict(x, raw=True))
    expected = [
        oracle_recurrent.recurrent(
            by_oracle(right.nodes[-1].op),
            [[Fraction(v) for v in step] for step in steps],
            initial=[[Fraction(v) for v in state] for state in states],
        )[-1]
        for steps, *states in zip(x, h, c, strict=True)
    ]
    same(right.predict([x, h, c], raw=True), expected)
    assert (right.predict([x, h, c]) != plain.predict(x)).any()


def by_oracle(op):
    """An LSTM of the graph as the oracle's, from its bits."""
    text = lambda format: str(format).replace("AP_", "")  # noqa: E731

    def exact(constant):
        t = oracle.read(text(constant.format))
        return np.array([oracle.value(int(r), t) for r in constant.raw.reshape(-1)]).reshape(
            constant.raw.shape
        )

    return oracle_recurrent.Layer(
        "lstm",
        oracle_recurrent.Weights(
            exact(op.weight), exact(op.recurrent_weight), exact(op.bias), exact(op.recurrent_bias)
        ),
        oracle.read(text(op.accum)),
        oracle.read(text(op.result)),
        oracle_recurrent.Gate("tanh", exact(op.table)),
        oracle_recurrent.Gate("sigmoid", exact(op.recurrent_table)),
        oracle.latency_terms,
        oracle.latency_terms,
    )


def bidirectional(reuse=1, first=None, **settings):
    forward, arrays = cell("LSTM", **settings)
    backward, more = cell("LSTM", seed=6, **settings)
    forward = {"name": "f", **forward, **(first or {})}
    config = {
        "layer": {"class_name": "LSTM", "config": forward},
        "merge_mode": "concat",
    }
    if first:
        config["backward_layer"] = {"class_name": "LSTM", "config": {"name": "b", **backward}}
    entry = layer("Bidirectional", "y", ["x"], **config)
    names = ("forward_f", "backward_b" if first else "backward_f")
    own = {
        f"{n}/{key}": a for n, s in zip(names, (arrays, more), strict=True) for key, a in s.items()
    }
    return [source((4, 3)), entry], {"y": own}


def test_bidirectional_reuse(tmp_path):
    """6 is legal for 3 x 8 and for 2 x 8 it is not; hls4ml asks about 3 x 6 and 2 x 6."""
    layers, weights = bidirectional()
    accum = {"accum": "fixed<8,3,TRN,SAT>"}
    names = {"y": {"Strategy": "Resource", "ReuseFactor": 6, "Precision": accum}}
    copied, right = both(tmp_path, "bidirectional_reuse", layers, weights, names=names)
    factors = [
        {
            k: graph.config["HLSConfig"]["LayerName"]["y_forward"][k]
            for k in ("ReuseFactor", "RecurrentReuseFactor")
        }
        for graph in (copied, right)
    ]
    from emu.passes.legal import closest, legal_reuse_factors

    assert factors[1] == {
        "ReuseFactor": closest(legal_reuse_factors(3, 8), 6),
        "RecurrentReuseFactor": closest(legal_reuse_factors(2, 8), 6),
    }


def test_recurrent_reuse(tmp_path):
    """The order in which a saturating accumulator takes the state's products."""
    layers, weights = recurrent("LSTM", units=4)
    weights["y"]["recurrent_kernel"] *= 8
    entry = {"Strategy": "Resource", "ReuseFactor": 1, "RecurrentReuseFactor": 2}
    names = {"y": {**entry, "Precision": {"accum": "fixed<8,3,TRN,SAT>", "result": "fixed<8,3>"}}}
    copied, right = both(tmp_path, "recurrent_reuse", layers, weights, names=names)
    assert copied.nodes[1].op.recurrent_interleave == 1
    assert right.nodes[1].op.recurrent_interleave == 2
    assert right.nodes[1].op.interleave == 1
    own = right.config["HLSConfig"]["LayerName"]["y"]
    assert (own["ReuseFactor"], own["RecurrentReuseFactor"]) == (1, 2)
    assert any("RecurrentReuseFactor has no effect" in note for note in copied.notes)
    assert not any("RecurrentReuseFactor has no effect" in note for note in right.notes)
    x = grid(60, 4, 3)
    assert (copied.predict(x) != right.predict(x)).any()


def test_bidirectional_places(tmp_path):
    """Said, in both numerics; the bits are hls4ml's."""
    layers, weights = bidirectional(first={"go_backwards": True})
    x = grid(5, 4, 3)
    graphs = [found(tmp_path, layers, weights) for found in (load, corrected)]
    for graph in graphs:
        lists(graph, "bidirectional_places", "not corrected: ")
    same(graphs[0].predict(x, raw=True), graphs[1].predict(x, raw=True))


def test_stateful_and_automatic_types(tmp_path):
    """Said, in both numerics."""
    layers, weights = recurrent("GRU", stateful=True)
    names = {"y": {"Precision": {"result": "auto"}}}
    for found in (load, corrected):
        graph = found(tmp_path, layers, weights, names=names)
        lists(graph, "stateful", "not corrected: ")
        lists(graph, "recurrent_auto", "not corrected: ")


def test_time_distributed_activation(tmp_path):
    """The relu of a wrapped Dense."""
    kernel = np.random.default_rng(5).integers(-8, 8, (3, 2)) / 8
    inner = {"name": "d", "units": 2, "activation": "relu", "use_bias": False}
    entry = layer("TimeDistributed", "y", ["x"], layer={"class_name": "Dense", "config": inner})
    layers, weights = [source((4, 3)), entry], {"y": {"kernel": kernel}}
    copied, right = both(tmp_path, "time_distributed_activation", layers, weights)
    x = grid(9, 4, 3)
    exact = sum(np.floor(x[..., i, None] * kernel[i] * 1024) for i in range(3)) / 1024
    same(copied.predict(x), exact)
    same(right.predict(x), np.maximum(exact, 0))


# ---- layers of binary weights ----------------------------------------------------------------


def binary(name, before, kernel, bias=None):
    """BinaryDense; its weights are the signs of the trained ones."""
    entry, weights = dense(kernel, bias, name, before)
    return {**entry, "class_name": "BinaryDense"}, weights


def signs(function="binary_tanh", shape=(3,)):
    norm, weights = batch_norm("bn", "x", np.full(shape[-1], 2.0))
    return [source(shape), norm, layer("Activation", "s", ["bn"], activation=function)], weights


def test_quantized_bias(tmp_path):
    """A batch norm that does nothing turns a bias of 0 into 1 when it is folded."""
    kernel = np.where(np.random.default_rng(5).random((3, 2)) < 0.5, -1.0, 1.0)
    entry, weights = binary("y", "x", kernel)
    norm, more = batch_norm("bn", "y", [1.0, 1.0])
    names = {"y": {"Precision": {"result": "auto"}}}
    layers = [source((3,)), entry, norm]
    copied, right = both(tmp_path, "quantized_bias", layers, weights | more, names=names)
    x = grid(20, 3)
    same(copied.predict(x), x @ kernel + 1)
    same(right.predict(x), x @ kernel)


def test_binary_bias(tmp_path):
    """A bias behind thresholds."""
    kernel = np.where(np.random.default_rng(5).random((3, 2)) < 0.5, -1.0, 1.0)
    before, weights = signs()
    entry, more = binary("y", "s", kernel, [1.0, -1.0])
    copied, right = both(tmp_path, "binary_bias", [*before, entry], weights | more)
    x = grid(20, 3)
    of_x = np.where(x >= 0, 1, -1)
    same(copied.predict(x), of_x @ kernel)
    same(right.predict(x), of_x @ kernel + [1.0, -1.0])


def test_unrolled_bits(tmp_path):
    """resource_unrolled leaves out weights of -1: each counts as an unequal bit."""
    kernel = np.array([[-1.0, 1.0], [-1.0, -1.0], [1.0, 1.0]])
    before, weights = signs()
    entry, more = binary("y", "s", kernel)
    names = {"y": {"Strategy": "resource_unrolled", "ReuseFactor": 3}}
    copied, right = both(tmp_path, "unrolled_bits", [*before, entry], weights | more, names=names)
    x = grid(20, 3)
    of_x = np.where(x >= 0, 1, -1)
    same(copied.predict(x), of_x @ np.maximum(kernel, 0) - (kernel < 0).sum(axis=0))
    same(right.predict(x), of_x @ kernel)


def test_binary_twice(tmp_path):
    """Where bits are pooled elsewhere in the model, hls4ml takes every weight for 1."""
    kernel = np.array([[-1.0, 1.0], [-1.0, -1.0], [1.0, 1.0]])
    before, weights = signs()
    entry, more = binary("y", "s", kernel)
    norm, own = batch_norm("zn", "z", [2.0, 2.0])
    pooled = [
        source((3, 2), "z"),
        norm,
        layer("Activation", "zs", ["zn"], activation="binary_tanh"),
        layer("GlobalMaxPooling1D", "m", ["zs"], data_format="channels_last"),
    ]
    layers = [before[0], pooled[0], *before[1:], entry, *pooled[1:]]
    copied, right = both(tmp_path, "binary_twice", layers, weights | more | own)
    x, z = grid(20, 3), grid(20, 3, 2)
    of_x = np.where(x >= 0, 1, -1)
    same(copied.predict([x, z])[0], of_x.sum(axis=1, keepdims=True) * [1, 1])
    same(right.predict([x, z])[0], of_x @ kernel)


def test_quantizer_on_tensor(tmp_path):
    """The weights of a BinaryDense are signs, on a tensor too."""
    kernel = np.array([[-0.25, 0.5], [0.75, -1.5], [0.125, 0.0]])
    entry, weights = binary("y", "x", kernel)
    layers = [source((2, 3)), entry]
    copied, right = both(tmp_path, "quantizer_on_tensor", layers, weights)
    x = grid(20, 2, 3)
    same(copied.predict(x), x @ kernel)
    same(right.predict(x), x @ np.where(kernel >= 0, 1, -1))
