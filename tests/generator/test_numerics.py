"""C++ of a model with ``Numerics: corrected`` gives the emulator's bits, in both io styles."""

import numpy as np
import pytest

from tests.emu.numerics import corrected, layer, source
from tests.generator import compiled
from tests.generator.test_networks import agree

PICTURE = {"data_format": "channels_last"}
MET = {
    "merge_broadcast",
    "relu_arguments",
    "ternary_tanh",
    "max_padding",
    "dilation",
    "causal_stride",
    "table_index_wrap",
    "softmax_difference",
    "softmax_axis",
    "layer_normalization_range",
    "embedding_fraction",
    "binary_product",
    "go_backwards",
    "initial_state",
    "libm_tables",
    "keepdims",
    "quantized_tanh",
}


def model(folder):
    """One layer of every kind that a corrected graph gives fields of its own, side by side."""
    layers, weights, names = [], {}, {}
    rng = np.random.default_rng(3)

    def add(kind, name, shapes, text="fixed<16,6>", arrays=None, entry=None, **keras):
        sources = [f"{name}_x{k}" for k in range(len(shapes))]
        for own, shape in zip(sources, shapes, strict=True):
            layers.append(source(shape, own))
            names[own] = text
        layers.append(layer(kind, name, sources, **keras))
        names[name] = entry or {}
        if arrays:
            weights[name] = {key: np.asarray(array) for key, array in arrays.items()}

    add("Add", "grown", [(2, 1, 2), (1, 3, 2)])
    add("Multiply", "rows", [(2, 1), (2, 3)])
    add("ReLU", "relu", [(5,)], max_value=2.5, threshold=0.5, negative_slope=0.25)
    add("Activation", "ternary", [(5,)], "fixed<7,3>", activation="ternary_tanh")
    pool = {"pool_size": 3, "strides": 1, "padding": "same", **PICTURE}
    add("MaxPooling1D", "most", [(5, 2)], "ufixed<8,4>", **pool)
    add("GlobalAveragePooling1D", "mean", [(5, 2)], keepdims=True, **PICTURE)
    kernel = rng.normal(0, 1, (3, 2, 2))
    conv = {"use_bias": False, "activation": "linear", **PICTURE}
    add("Conv1D", "dilated", [(7, 2)], arrays={"kernel": kernel}, **conv,
        padding="same", strides=[1], dilation_rate=[2])  # fmt: skip
    add("Conv1D", "causal", [(6, 2)], arrays={"kernel": kernel}, **conv,
        padding="causal", strides=[2])  # fmt: skip
    add("Activation", "far", [(5,)], "fixed<40,34>", activation="sigmoid")
    narrow = {"table_t": "fixed<30,4>", "TableSize": 64, "Precision": {"result": "fixed<30,4>"}}
    add("Activation", "exact", [(5,)], entry=narrow, activation="tanh")
    add("Activation", "shares", [(2, 3)], "fixed<12,4>", activation="softmax")
    ones = {"gamma": np.ones(4), "beta": np.zeros(4)}
    small = {"TableSize": 256}
    add("LayerNormalization", "norm", [(2, 4)], arrays=ones, entry=small, axis=[2], epsilon=0.004)
    add("Embedding", "rows_of", [(3,)], "ufixed<4,2>",
        arrays={"embeddings": rng.normal(0, 1, (4, 2))}, input_dim=4, output_dim=2)  # fmt: skip
    bits = {"Precision": {"weight": "uint<1>", "result": "int<8>"}}
    add("Dense", "bits", [(3,)], "uint<1>", arrays={"kernel": rng.integers(0, 2, (3, 2))},
        entry=bits, units=2, use_bias=False, activation="linear")  # fmt: skip
    lstm = {
        "kernel": rng.normal(0, 0.7, (2, 8)),
        "recurrent_kernel": rng.normal(0, 0.7, (2, 8)),
        "bias": rng.normal(0, 0.7, 8),
    }
    add("LSTM", "cell", [(3, 2), (2,), (2,)], arrays=lstm, units=2, activation="tanh",
        recurrent_activation="sigmoid", go_backwards=True)  # fmt: skip
    bn = {"gamma": [3.0, 0.5], "beta": [0.3, 9.0], "moving_mean": [0, 0], "moving_variance": [1, 1]}
    add("BatchNormalization", "bn", [(2,)], "fixed<6,3>",
        arrays={k: np.asarray(v, np.float32) for k, v in bn.items()},
        axis=[-1], epsilon=0.0, scale=True, center=True)  # fmt: skip
    layers.append(layer("Activation", "sign", ["bn"], activation="ternary_tanh"))
    return corrected(folder, layers, weights, names=names)


@pytest.mark.cpp
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_a_corrected_model_in_cpp(io_type, tmp_path, record_property):
    """Every tensor; the schedule's io style changes no bit."""
    compiled.require()
    graph = model(tmp_path)
    assert {defect.name for defect in graph.defects} >= MET
    x, rng = {}, np.random.default_rng(4)
    for value in graph.inputs:
        f = value.format
        raw = rng.integers(f.raw_min, f.raw_max, (60, *value.shape), endpoint=True)
        raw >>= rng.integers(0, f.width, raw.shape)
        raw[:2] = np.array([f.raw_min, f.raw_max]).reshape(2, *([1] * len(value.shape)))
        x[value.name] = np.ldexp(raw.astype(np.float64), -f.frac)
    assert agree(graph, x, io_type, tmp_path, record_property) > 5000
