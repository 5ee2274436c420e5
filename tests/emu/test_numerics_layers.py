"""``Numerics: corrected``, continued: layers that combine, pool, sum, normalise and move."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from emu.frontends.config import ConfigError
from emu.frontends.files import ModelFileError
from tests import oracle, oracle_layers
from tests.emu.numerics import (
    PICTURE,
    WIDE,
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

# ---- two tensors ------------------------------------------------------------------------------


def merge(kind, *shapes, **keras):
    names = [f"x{k}" for k in range(len(shapes))]
    inputs = [source(shape, name) for shape, name in zip(shapes, names, strict=True)]
    return [*inputs, layer(kind, "y", names, **keras)]


def test_merge_broadcast(tmp_path):
    """(2, 1) and (2, 3): element by element it is x[0] x[1] x[0], x[1] x[0] x[1]."""
    copied, right = both(tmp_path, "merge_broadcast", merge("Add", (2, 1), (2, 3)))
    x = [grid(5, 2, 1), grid(5, 2, 3)[:, ::-1]]
    turned = x[0].reshape(5, 2)[:, [0, 1, 0, 1, 0, 1]].reshape(5, 2, 3)
    same(copied.predict(x), turned + x[1])
    same(right.predict(x), x[0] + x[1])


def test_broadcasting_that_hls4ml_refuses(tmp_path):
    """Both tensors grow; and streams."""
    grown = merge("Multiply", (3, 1), (1, 4))
    with pytest.raises(ModelFileError, match=r"set Numerics: corrected$"):
        load(tmp_path, grown)
    x = [grid(5, 3, 1), grid(5, 1, 4)]
    graph = corrected(tmp_path, grown)
    lists(graph, "merge_broadcast", "corrected here: ")
    same(graph.predict(x), np.floor(x[0] * x[1] * 1024) / 1024)
    rows = merge("Add", (3, 4), (1, 4))
    with pytest.raises(ValueError, match=r"use io_parallel or Numerics: corrected$"):
        load(tmp_path, rows, io="io_stream")
    x = [grid(5, 3, 4), grid(5, 1, 4)]
    same(corrected(tmp_path, rows, io="io_stream").predict(x), x[0] + x[1])


def test_ternary_minus_two(tmp_path):
    """-2 of an int<2> weight, or tensor, multiplies as 1."""
    entry, weights = dense([[-2.0, -1.0, 0.0, 1.0]])
    names = {"y": {"Precision": {"weight": "int<2>", "result": WIDE, "accum": WIDE}}}
    copied, right = both(tmp_path, "ternary_minus_two", [source((1,)), entry], weights, names=names)
    x = grid(20, 1)
    same(copied.predict(x), x * [1, -1, 0, 1])
    same(right.predict(x), x * [-2, -1, 0, 1])
    names = {"x1": "int<2>", "y": {"Precision": {"result": WIDE, "accum": WIDE}}}
    copied, right = both(
        tmp_path, "ternary_minus_two", merge("Dot", (4,), (4,), axes=1), names=names
    )
    x = [grid(20, 4), np.resize([-2, -1, 0, 1, -2], (20, 4))]
    t = oracle.read(WIDE)
    for graph, ternary in ((copied, True), (right, False)):
        expected = [
            oracle_layers.dot(
                [Fraction(v) for v in a], [Fraction(int(v)) for v in b], t, t, ternary
            )
            for a, b in zip(*x, strict=True)
        ]
        same(graph.predict(x, raw=True)[:, 0], expected)


def test_binary_product(tmp_path):
    """hls4ml would compute twice the equal bits less n_in; they are numbers here."""
    entry, weights = dense([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    names = {"x": "uint<1>", "y": {"Precision": {"weight": "uint<1>", "result": "int<8>"}}}
    with pytest.raises(ValueError, match=r"must not both be uint<1>: .* with Numerics: corrected$"):
        load(tmp_path, [source((3,)), entry], weights, names=names)
    graph = corrected(tmp_path, [source((3,)), entry], weights, names=names)
    lists(graph, "binary_product", "corrected here: ")
    x = np.array(list(product((0, 1), repeat=3)))
    same(graph.predict(x), x @ weights["y"]["kernel"])


# ---- pooling ----------------------------------------------------------------------------------


def pooled(kind, shape, **keras):
    return [source(shape), layer(kind, "y", ["x"], **{**PICTURE, **keras})]


def windows(x, size, stride, before, places):
    """Cells inside the image of every window, by place; one spatial axis."""
    for i in range(places):
        cells = range(i * stride - before, i * stride - before + size)
        yield [x[:, c] if 0 <= c < x.shape[1] else None for c in cells]


def test_max_padding(tmp_path):
    """Half the range of ufixed<8,4> is 8; padding never wins instead."""
    layers = pooled("MaxPooling1D", (5, 1), pool_size=3, strides=1, padding="same")
    copied, right = both(
        tmp_path, "max_padding", layers, names={"x": "ufixed<8,4>", "y": "fixed<16,6>"}
    )
    x = np.abs(grid(40, 5, 1)) * 2 % 16
    for graph, top_bit in ((copied, True), (right, False)):
        types = (oracle.read("ufixed<8,4>"), *(oracle.read("fixed<16,6>"),) * 2)
        for i, cells in enumerate(windows(x[:, :, 0], 3, 1, 1, 5)):
            expected = [
                oracle_layers.pool(
                    "max",
                    [None if c is None else Fraction(c[n]) for c in cells],
                    types,
                    top_bit=top_bit,
                )
                for n in range(40)
            ]
            same(graph.predict(x, raw=True)[:, i, 0], expected)
    best = [max(c[0] for c in cells if c is not None) for cells in windows(x[:1, :, 0], 3, 1, 1, 5)]
    same(right.predict(x[:1])[0, :, 0], best)


def test_pooling_order(tmp_path):
    """A stream rounds cells before it adds; io_parallel rounds sums, and ties go elsewhere."""
    layers = pooled("AveragePooling1D", (4, 1), pool_size=2, strides=2, padding="valid")
    names = {
        "x": "fixed<8,4>",
        "y": {"Precision": {"accum": "fixed<9,7,RND_CONV>", "result": WIDE}},
    }
    copied, right = both(tmp_path, "pooling_order", layers, names=names, io="io_stream")
    x = np.floor(grid(40, 4, 1) * 16) / 16
    types = tuple(oracle.read(text) for text in ("fixed<8,4>", "fixed<9,7,RND_CONV>", WIDE))
    for graph, order in ((copied, "tree"), (right, "cells")):
        for i in range(2):
            expected = [
                oracle_layers.pool("average", [Fraction(v) for v in pair], types, order=order)
                for pair in x[:, 2 * i : 2 * i + 2, 0]
            ]
            same(graph.predict(x, raw=True)[:, i, 0], expected)
    assert (copied.predict(x) != right.predict(x)).any()
    padded = pooled("MaxPooling1D", (5, 1), pool_size=3, strides=1, padding="same")
    with pytest.raises(ValueError, match="padding must be valid in io_stream"):
        load(tmp_path, padded, io="io_stream")
    found = corrected(tmp_path, padded, io="io_stream").predict(grid(9, 5, 1))
    same(found, corrected(tmp_path, padded).predict(grid(9, 5, 1)))


def test_pooling_auto(tmp_path):
    """The sum of 100 values of 30 wraps in fixed<16,6>; an automatic accum has 7 bits more."""
    names = {"y": {"Precision": {"accum": "auto", "result": "auto"}}}
    layers = pooled("GlobalAveragePooling1D", (100, 1))
    copied, right = both(tmp_path, "pooling_auto", layers, names=names)
    assert str(copied.nodes[1].op.accum) == "ap_fixed<16,6>"
    assert str(right.nodes[1].op.accum) == "ap_fixed<30,13>"
    x = np.full((1, 100, 1), 30.0)
    types = tuple(oracle.read(t) for t in ("fixed<16,6>", "fixed<16,6>", "fixed<16,6>"))
    same(
        copied.predict(x, raw=True)[0],
        [oracle_layers.pool("average", [Fraction(30)] * 100, types)],
    )
    same(right.predict(x), [[30.0]])


def test_keepdims(tmp_path):
    """The shape (1, 1, C) that Keras gives."""
    layers = pooled("GlobalMaxPooling2D", (2, 3, 2), keepdims=True)
    copied, right = both(tmp_path, "keepdims", layers)
    x = grid(7, 2, 3, 2)
    same(copied.predict(x), x.max(axis=(1, 2)))
    same(right.predict(x), x.max(axis=(1, 2), keepdims=True))


# ---- layer normalisation ----------------------------------------------------------------------


def normalized(epsilon):
    entry = layer("LayerNormalization", "y", ["x"], axis=[2], epsilon=epsilon)
    scale = {"gamma": np.ones(4, np.float32), "beta": np.zeros(4, np.float32)}
    return [source((2, 4)), entry], {"y": scale}


def by_definition(graph, x, epsilon, size, reach):
    """Roots computed from their definition at the positions that variances of x address."""
    op = graph.nodes[1].op
    accum, result = (oracle.read(str(t).replace("AP_", "")) for t in (op.accum, op.result))
    text = str(op.table.format).replace("AP_", "")
    t = oracle.read(text)
    low = Fraction(repr(epsilon))
    table = []
    for i in range(size):
        root = 1 / np.sqrt(float(low + Fraction(i) * reach / size))
        table.append(oracle.value(oracle.cast_raw(Fraction(root), t), t))
    ones, zeros = [Fraction(1)] * 4, [Fraction(0)] * 4
    # the oracle's index is int(variance * len(table) * span), span = 1 / reach
    span = 1 / Fraction(reach)
    return [
        oracle_layers.layer_normalization(
            [Fraction(v) for v in row], ones, zeros, table, span, accum, result
        )
        for row in x.reshape(-1, 4)
    ]


def test_layer_normalization_epsilon(tmp_path):
    """0.004 becomes 0.01 in hls4ml."""
    layers, weights = normalized(0.004)
    names = {"y": {"table_t": "ufixed<20,5,RND,SAT>", "TableSize": 512, "TableRangePower2": 0}}
    copied, right = both(tmp_path, "layer_normalization_epsilon", layers, weights, names=names)
    x = grid(20, 2, 4) / 16
    own = oracle_layers.inverse_root_table(512, 2, 0, oracle.read("ufixed<20,5,RND,SAT>"))
    same(copied.nodes[1].op.table.raw, own)
    same(
        right.predict(x, raw=True).reshape(-1, 4),
        by_definition(right, np.floor(x * 1024) / 1024, 0.004, 512, 1),
    )
    assert (right.predict(x) != copied.predict(x)).any()
    assert right.nodes[1].op.epsilon == 0.004


def test_layer_normalization_range(tmp_path):
    """Variances of 1 and more all get 1 / sqrt(1.001); the corrected table reaches accum's 32."""
    layers, weights = normalized(0.001)
    names = {"y": {"table_t": "ufixed<20,5,RND,SAT>", "TableSize": 512}}
    copied, right = both(tmp_path, "layer_normalization_range", layers, weights, names=names)
    assert (right.nodes[1].op.reach, right.nodes[1].op.span) == (32, 1)
    x = grid(20, 2, 4)
    expected = by_definition(right, x, 0.001, 512, 32)
    same(right.predict(x, raw=True).reshape(-1, 4), expected)
    same(
        copied.predict(x, raw=True).reshape(-1, 4),
        by_definition(copied, x, 0.001, 512, 1),
    )
    assert any("covers variances below 32" in note for note in right.notes)
    names["y"]["TableRangePower2"] = -3
    given = corrected(tmp_path, layers, weights, names=names)
    assert given.nodes[1].op.reach == 8
    assert any("variances of 8 and more take the last entry" in note for note in given.notes)


# ---- convolutions -----------------------------------------------------------------------------


def convolution(kind, shape, kernel, *, keras=2, **settings):
    kernel = np.asarray(kernel, np.float32)
    name = "depthwise_kernel" if kind.startswith("Depthwise") and keras == 2 else "kernel"
    entry = layer(kind, "y", ["x"], use_bias=False, activation="linear", **PICTURE, **settings)
    return [source(shape), entry], {"y": {name: kernel}}


def slid(x, kernel, stride, dilation, before, after):
    """Keras's convolution of one spatial axis, in floats that are exact here."""
    padded = np.pad(x, ((0, 0), (before, after), (0, 0)))
    reach = (len(kernel) - 1) * dilation + 1
    places = (padded.shape[1] - reach) // stride + 1
    return np.stack(
        [
            sum(padded[:, i * stride + k * dilation] @ kernel[k] for k in range(len(kernel)))
            for i in range(places)
        ],
        axis=1,
    )


KERNEL = np.array([1.0, -0.5, 0.25]).reshape(3, 1, 1)


@pytest.mark.parametrize("keras", [2, 3])
def test_dilation(keras, tmp_path):
    """Cells two apart; with same padding Keras pads for that reach."""
    layers, weights = convolution(
        "Conv1D", (7, 1), KERNEL, padding="same", strides=[1], dilation_rate=[2]
    )
    names = {"y": {"Precision": {"result": WIDE, "accum": WIDE}}}
    copied, right = both(tmp_path, "dilation", layers, weights, names=names, keras=keras)
    x = grid(9, 7, 1)
    same(copied.predict(x), slid(x, KERNEL, 1, 1, 1, 1))
    same(right.predict(x), slid(x, KERNEL, 1, 2, 2, 2))
    layers, weights = convolution(
        "Conv1D", (7, 1), KERNEL, padding="valid", strides=[1], dilation_rate=[3]
    )
    if keras == 3:
        with pytest.raises(ModelFileError, match=r"or set Numerics: corrected$"):
            load(tmp_path, layers, weights, keras=3)
    found = corrected(tmp_path, layers, weights, names=names, keras=keras)
    same(found.predict(x), slid(x, KERNEL, 1, 3, 0, 0))


def test_stream_rows(tmp_path):
    """A kernel of one row that steps by two rows: rows 0 and 1, or 0 and 2."""
    kernel = np.array([1.0, -0.5]).reshape(1, 2, 1, 1)
    layers, weights = convolution("Conv2D", (3, 4, 1), kernel, padding="valid", strides=[2, 1])
    names = {"y": {"Precision": {"result": WIDE, "accum": WIDE}}}
    options = {"names": names, "io": "io_stream"}
    copied, right = both(tmp_path, "stream_rows", layers, weights, **options)
    x = grid(9, 3, 4, 1)
    every = x[:, :, :3] - x[:, :, 1:] / 2
    same(copied.predict(x), every[:, :2])
    same(right.predict(x), every[:, ::2])


def test_causal_stride(tmp_path):
    """Keras pads 2 cells before a causal convolution of 3 cells, whatever its stride."""
    layers, weights = convolution("Conv1D", (6, 1), KERNEL, padding="causal", strides=[2])
    names = {"y": {"Precision": {"result": WIDE, "accum": WIDE}}}
    copied, right = both(tmp_path, "causal_stride", layers, weights, names=names)
    x = grid(9, 6, 1)
    same(copied.predict(x), slid(x, KERNEL, 2, 1, 1, 0))
    same(right.predict(x), slid(x, KERNEL, 2, 1, 2, 0))


def test_depthwise_fold(tmp_path):
    """Channels scaled by 1, 2 and 4; hls4ml reads the first values of an outer product."""
    kernel = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 0.25]]).reshape(2, 3, 1)
    layers, weights = convolution("DepthwiseConv1D", (4, 3), kernel, padding="valid", strides=[1])
    norm, more = batch_norm("bn", "y", [1.0, 2.0, 4.0], [0.5, 0.0, -0.5])
    names = {"y": {"Precision": {"result": "auto", "accum": WIDE}}}
    copied, right = both(tmp_path, "depthwise_fold", [*layers, norm], weights | more, names=names)
    x = grid(9, 4, 3)
    first = (np.array([1.0, 2.0, 4.0]) * kernel).reshape(-1)[:6].reshape(2, 3)
    summed = lambda k: x[:, :3] * k[0] + x[:, 1:] * k[1]  # noqa: E731
    beta = [0.5, 0.0, -0.5]
    same(copied.predict(x), summed(first) + beta)
    same(right.predict(x), summed(kernel[:, :, 0]) * [1.0, 2.0, 4.0] + beta)


def test_lost_batch_normalization(tmp_path):
    """Keras 3: Dense on a tensor forgets what was folded into it."""
    kernel = np.array([[1.0, -1.0], [0.5, 2.0]], np.float32)
    entry, weights = dense(kernel)
    norm, more = batch_norm("bn", "y", [2.0, 0.5], [0.25, -1.0])
    names = {"y": {"Precision": {"result": "auto", "accum": WIDE}}}
    layers = [source((3, 2)), entry, norm]
    copied, right = both(
        tmp_path, "lost_batch_normalization", layers, weights | more, names=names, keras=3
    )
    x = grid(9, 3, 2)
    same(copied.predict(x), x @ kernel)
    same(right.predict(x), (x @ kernel) * [2.0, 0.5] + [0.25, -1.0])


def test_convolution_reuse(tmp_path):
    """A reuse factor above the inputs of a window: an error, or the order of the latency one."""
    kernel = np.random.default_rng(11).normal(0, 1, (2, 2, 4))
    layers, weights = convolution("Conv1D", (5, 2), kernel, padding="valid", strides=[1])
    entry = {"Precision": {"accum": "fixed<9,3,RND,SAT>"}}
    hard = {"y": {**entry, "Strategy": "Resource", "ReuseFactor": 16}}
    with pytest.raises(ValueError, match="ReuseFactor of a convolution must be at most 4"):
        load(tmp_path, layers, weights, names=hard)
    graph = corrected(tmp_path, layers, weights, names=hard)
    lists(graph, "convolution_reuse", "corrected here: ")
    x = grid(50, 5, 2)
    latency = corrected(tmp_path, layers, weights, names={"y": entry})
    same(graph.predict(x, raw=True), latency.predict(x, raw=True))


def test_compression(tmp_path):
    """An error with hls4ml's numerics; otherwise the bits of the layer without it."""
    entry, weights = dense([[0.5, 0.0], [0.0, -1.25]])
    layers = [source((2,)), entry]
    with pytest.raises(ConfigError, match="with Numerics: corrected it is accepted"):
        load(tmp_path, layers, weights, model={"Compression": True})
    plain = corrected(tmp_path, layers, weights)
    for options in ({"model": {"Compression": True}}, {"names": {"y": {"Compression": True}}}):
        graph = corrected(tmp_path, layers, weights, **options)
        lists(graph, "compression", "corrected here: ")
        same(graph.predict(grid(9, 2), raw=True), plain.predict(grid(9, 2), raw=True))


# ---- types that vanish ------------------------------------------------------------------------


def test_linear_merged(tmp_path):
    """A linear activation of fixed<8,5> behind an automatic Dense."""
    entry, weights = dense([[0.5]])
    layers = [source((1,)), entry, layer("Activation", "z", ["y"], activation="linear")]
    names = {"y": {"Precision": {"result": "auto", "accum": WIDE}}, "z": "fixed<8,5>"}
    names["y_linear"] = {"Precision": {"result": "auto"}}
    copied, right = both(tmp_path, "linear_merged", layers, weights, names=names)
    x = grid(30, 1)
    same(copied.predict(x), x / 2)
    same(right.predict(x), np.floor(x / 2 * 8) / 8)


def test_dense_layer_type(tmp_path):
    """LayerType: Dense acts on a Dense layer, of a tensor too; LayerName comes before it."""
    entry, weights = dense([[0.5], [0.25]])
    layers = [source((3, 2)), entry]
    types = {"Dense": {"Precision": {"result": "fixed<8,6>", "accum": WIDE}}}
    copied, right = both(tmp_path, "dense_layer_type", layers, weights, types=types)
    x = grid(9, 3, 2)
    exact = x @ [[0.5], [0.25]]
    same(copied.predict(x), exact)
    same(right.predict(x), np.floor(exact * 4) / 4)
    names = {"y": "fixed<8,5>"}
    named = corrected(tmp_path, layers, weights, types=types, names=names)
    same(named.predict(x), np.floor(exact * 8) / 8)
    assert str(named.nodes[1].op.accum) == "ap_fixed<32,16>"


def test_flatten_stream(tmp_path):
    """Said, in both numerics; the values are the elements in order."""
    layers = [source((2, 3)), layer("Flatten", "f", ["x"])]
    layers.append(layer("Activation", "y", ["f"], activation="relu"))
    x = grid(9, 2, 3)
    for found in (load, corrected):
        graph = found(tmp_path, layers, io="io_stream")
        lists(graph, "flatten_stream", "not corrected: ")
        same(graph.predict(x), np.maximum(x.reshape(9, 6), 0))


def test_mask_zero(tmp_path):
    """Said, in both numerics."""
    settings = {"input_dim": 4, "output_dim": 2, "mask_zero": True}
    layers = [source((3,)), layer("Embedding", "y", ["x"], **settings)]
    for found in (load, corrected):
        graph = found(tmp_path, layers, {"y": {"embeddings": np.ones((4, 2))}})
        lists(graph, "mask_zero", "not corrected: ")


def test_reshape_type(tmp_path):
    """A Flatten of fixed<6,2> casts nothing, but the automatic type behind it has no room."""
    entry, weights = dense(np.full((4, 1), 1.0), before="f")
    layers = [source((2, 2)), layer("Flatten", "f", ["x"]), entry]
    names = {"f": "fixed<6,2>", "y": {"Precision": {"result": "auto", "accum": "auto"}}}
    copied, right = both(tmp_path, "reshape_type", layers, weights, names=names)
    # W = Ww + Wx + ceil(log2 4) and one for the bias, I likewise; weights of fixed<16,6>
    assert str(copied.formats["y"]) == "ap_fixed<25,11>"
    assert str(right.formats["y"]) == "ap_fixed<35,15>"
    x = grid(20, 2, 2) * 7.75
    same(right.predict(x), x.reshape(20, 4).sum(axis=1, keepdims=True))
    streamed = [source((2, 2)), layer("Reshape", "f", ["x"], target_shape=[4, 1])]
    names = {"f": "fixed<6,4>"}
    copied, right = both(tmp_path, "reshape_type", streamed, names=names, io="io_stream")
    same(copied.predict(x), ((np.floor(x * 4) + 32) % 64 - 32).reshape(20, 4, 1) / 4)
    same(right.predict(x), x.reshape(20, 4, 1))


def test_final_reshape(tmp_path):
    """The output's shape is that of the model."""
    layers = [source((2, 3)), layer("Activation", "a", ["x"], activation="relu")]
    layers.append(layer("Reshape", "y", ["a"], target_shape=[3, 2]))
    copied, right = both(tmp_path, "final_reshape", layers)
    x = grid(5, 2, 3)
    same(copied.predict(x), np.maximum(x, 0))
    same(right.predict(x), np.maximum(x, 0).reshape(5, 3, 2))


def test_transpose_flatten(tmp_path):
    """The order (1, 2, 0) of three axes is not channels first."""
    shape = (2, 3, 2)
    kernel = np.random.default_rng(11).integers(-8, 8, (12, 2)) / 8
    entry, weights = dense(kernel, before="f")
    layers = [source(shape), layer("Permute", "p", ["x"], dims=[2, 3, 1])]
    layers += [layer("Flatten", "f", ["p"]), entry]
    names = {"y": {"Precision": {"result": WIDE, "accum": WIDE}}}
    copied, right = both(tmp_path, "transpose_flatten", layers, weights, names=names)
    x = grid(9, *shape)
    turned = kernel.reshape(3, 2, 2, -1).transpose(1, 2, 0, 3).reshape(12, -1)
    same(copied.predict(x), x.reshape(9, 12) @ turned)
    same(right.predict(x), x.transpose(0, 2, 3, 1).reshape(9, 12) @ kernel)


def test_transpose_one_channel(tmp_path):
    """(1, 2, 3) to (3, 2, 1): the last two axes change places."""
    layers = [source((1, 2, 3)), layer("Permute", "y", ["x"], dims=[3, 2, 1])]
    layers.append(layer("Activation", "z", ["y"], activation="relu"))
    copied, right = both(tmp_path, "transpose_one_channel", layers)
    x = grid(9, 1, 2, 3)
    same(copied.predict(x).reshape(9, 6), np.maximum(x, 0).reshape(9, 6))
    same(right.predict(x), np.maximum(x, 0).transpose(0, 3, 2, 1))


def test_embedding_fraction(tmp_path):
    """0.75 moves the position by floor(0.75 * 2) in hls4ml."""
    table = np.arange(8).reshape(4, 2) / 4
    layers = [source((3,)), layer("Embedding", "y", ["x"], input_dim=4, output_dim=2)]
    names = {"x": "ufixed<4,2>"}
    copied, right = both(
        tmp_path, "embedding_fraction", layers, {"y": {"embeddings": table}}, names=names
    )
    x = np.abs(grid(20, 3)) % 4
    t, rows = oracle.read("fixed<16,6>"), [Fraction(v) for v in table.reshape(-1)]
    exact = [Fraction(int(v * 4), 4) for v in x.reshape(-1)]
    own = [oracle_layers.embedding(v, i, rows, 2, t) for v in exact for i in range(2)]
    same(copied.predict(x, raw=True).reshape(-1), own)
    same(right.predict(x), table[np.floor(x).astype(int)])


# ---- thresholds -------------------------------------------------------------------------------


def quantised(function, gamma, beta, *more):
    norm, weights = batch_norm("bn", "x", gamma, beta)
    last = layer("Activation", "y", ["bn"], activation=function)
    return [source((len(gamma),)), norm, last, *more], weights


@pytest.mark.parametrize("function", ["binary_tanh", "ternary_tanh"])
def test_quantized_tanh(function, tmp_path):
    """Between two values of x's type a threshold of >= must be rounded up."""
    gamma, beta = [1.0, 3.0, 0.5, 1.0], [0.3, -0.5, 0.25, -40.0]
    layers, weights = quantised(function, gamma, beta)
    copied, right = both(tmp_path, "quantized_tanh", layers, weights, names={"x": "fixed<6,3>"})
    x = np.resize(np.arange(-32, 32) / 8, (64, 1)) * np.ones(4)
    z = x * np.float32(gamma).astype(float) + np.float32(beta).astype(float)
    if function == "binary_tanh":
        same(right.predict(x), z >= 0)
        limits = np.floor(-np.float32(beta) / np.float32(gamma) * 8) / 8
        wrapped = (limits + 4) % 8 - 4  # 40 becomes 0 in fixed<6,3>
        same(copied.predict(x), x >= wrapped)
    else:
        same(right.predict(x), np.where(z > 0.5, 1, np.where(z > -0.5, 0, -1)))
        assert (copied.predict(x) != right.predict(x)).any()


def test_negative_scales_stay_a_batch_norm(tmp_path):
    """hls4ml compares the wrong way round."""
    layers, weights = quantised("binary_tanh", [-1.0, 2.0], [0.25, 0.5])
    copied, right = both(tmp_path, "quantized_tanh", layers, weights)
    x = grid(30, 2)
    same(copied.predict(x), x >= [0.25, -0.25])
    same(right.predict(x), np.where(x * [-1.0, 2.0] + [0.25, 0.5] >= 0, 1, -1))
    assert [node.name for node in right.nodes] == ["x", "bn", "y"]


def test_other_readers_of_a_batch_norm(tmp_path):
    """hls4ml gives them its input instead."""
    other = layer("Activation", "z", ["bn"], activation="relu")
    layers, weights = quantised("binary_tanh", [2.0], [0.5], other)
    copied, right = both(tmp_path, "quantized_tanh", layers, weights)
    x = grid(30, 1)
    same(copied.predict(x)[1], np.maximum(x, 0))
    same(right.predict(x)[1], np.maximum(x * 2 + 0.5, 0))
    same(right.predict(x)[0], np.where(x * 2 + 0.5 >= 0, 1, -1))
