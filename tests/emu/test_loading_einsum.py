"""EinsumDense of ``.keras`` archives: read, typed, and what is refused."""

import json
import zipfile

import h5py
import numpy as np
import pytest

import emu
from emu.frontends.files import ModelFileError
from tests.emu import models

KERNEL = np.array([[0.5, -1.0], [0.25, 2.0], [1.5, -0.75]], dtype=np.float32)
BIAS = np.array([0.5, -0.25], dtype=np.float32)
X = np.arange(-6, 6).reshape(2, 2, 3) / 4


def archive(folder, equation="abc,cd->abd", kernel=KERNEL, bias=BIAS):
    layers = [
        models.layer("InputLayer", "x", batch_input_shape=[None, 2, 3], dtype="float32"),
        models.layer(
            "EinsumDense", "e", ["x"], equation=equation, bias_axes=None if bias is None else "d"
        ),
    ]
    with h5py.File(folder / "w.h5", "w") as file:
        file["layers/einsum_dense/vars/0"] = kernel
        if bias is not None:
            file["layers/einsum_dense/vars/1"] = bias
    with zipfile.ZipFile(folder / "m.keras", "w") as whole:
        whole.writestr("config.json", json.dumps(models.functional(layers, ["x"], ["e"])))
        whole.write(folder / "w.h5", "model.weights.h5")
    return folder / "m.keras"


@pytest.mark.parametrize("equation", ["abc,cd->abd", "...c,cd->...d", "abc, cd -> abd"])
def test_it_computes_what_keras_does(equation, tmp_path):
    """On values that fit; the bias belongs to the last axis."""
    graph = emu.load(archive(tmp_path, equation))
    np.testing.assert_array_equal(graph.predict(X), X @ KERNEL + BIAS)
    np.testing.assert_array_equal(graph.reference(X), X @ KERNEL + BIAS)
    assert graph.multiplications() == 12


def test_without_a_bias(tmp_path):
    """The sum begins at 0."""
    graph = emu.load(archive(tmp_path, bias=None))
    np.testing.assert_array_equal(graph.predict(X), X @ KERNEL)


def test_its_types(tmp_path):
    """Precision acts on result, weight, bias and accum; each product is cast to accum."""
    precision = {
        "result": "fixed<9,5>",
        "weight": "fixed<5,3>",
        "bias": "fixed<4,2>",
        "accum": "fixed<7,5,RND,SAT>",
    }
    config = {"LayerName": {"e": {"Precision": precision}}}
    op = emu.load(archive(tmp_path), config=config).nodes[1].op
    found = [op.result, op.weight.format, op.bias.format, op.accum]
    assert [f"ap_{t}" for t in ("fixed<9,5>", "fixed<5,3>", "fixed<4,2>")] == list(
        map(str, found[:3])
    )
    assert str(found[3]) == "ap_fixed<7,5,AP_RND,AP_SAT>"
    assert op.weight.raw.tolist() == (KERNEL * 4).astype(int).tolist()


def test_its_starting_configuration(tmp_path):
    """The keys that hls4ml's Vitis back end has for it."""
    entry = emu.config(archive(tmp_path))["LayerName"]["e"]
    types = dict.fromkeys(("result", "weight", "bias", "accum"), "auto")
    assert entry == {"Trace": False, "Precision": types}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"equation": "abc,cd->bad"},
            "equation of EinsumDense e must be of the form 'abc,cd->abd', the batch first in the"
            " tensor and in the result, not 'abc,cd->bad'$",
        ),
        ({"equation": "abc,ca->abd"}, "equation of EinsumDense e must be of the form"),
        ({"equation": "abc->abd"}, "equation of EinsumDense e must be of the form"),
        ({"equation": "abc,bd->abd"}, "EinsumDense e: axis 'b' .* one length, not 2 and 3$"),
        ({"equation": "abc,ce->abd"}, "EinsumDense e: result of equation .* axes of the tensors"),
    ],
)
def test_what_is_refused(changes, message, tmp_path):
    """Each message names the layer, the rule and the equation."""
    with pytest.raises(ModelFileError, match=f"^{message}"):
        emu.load(archive(tmp_path, **changes))


def test_streams_are_refused(tmp_path):
    """hls4ml has no kernel, so there are no bits to follow; the way out is named."""
    with pytest.raises(ValueError, match=r"^layer e: IOType must be io_parallel for EinsumDense"):
        emu.load(archive(tmp_path), config={"IOType": "io_stream"})


def tensor(name):
    """How Keras 3 writes a tensor of a call."""
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


def attention(folder, *, private="", kwargs=None, args=("x", "z"), shape=(3, 4), use_bias=True):
    """An archive of one attention layer, and its weights."""
    rng = np.random.default_rng(0)
    layers = [
        models.layer("InputLayer", name, batch_input_shape=[None, *own], dtype="float32")
        for name, own in (("x", shape), ("z", (2, 4)))
    ]
    mha = models.layer("MultiHeadAttention", "mha", num_heads=2, key_dim=3, use_bias=use_bias)
    mha["inbound_nodes"] = [{"args": [tensor(name) for name in args], "kwargs": kwargs or {}}]
    shapes = {"query": (4, 2, 3), "key": (4, 2, 3), "value": (4, 2, 5), "output": (2, 5, 4)}
    weights = {}
    with h5py.File(folder / "w.h5", "w") as file:
        for part, own in shapes.items():
            bias = own[-1:] if part == "output" else own[1:]
            weights[part] = [rng.normal(0, 0.5, s).astype(np.float32) for s in (own, bias)]
            for i, array in enumerate(weights[part][: 1 + use_bias]):
                where = f"{private}{part}_dense/vars/{i}"
                file[f"layers/multi_head_attention/{where}"] = array
    with zipfile.ZipFile(folder / "m.keras", "w") as whole:
        architecture = models.functional([*layers, mha], ["x", "z"], ["mha"])
        whole.writestr("config.json", json.dumps(architecture))
        whole.write(folder / "w.h5", "model.weights.h5")
    return folder / "m.keras", weights


def by_hand(x, z, key, weights, use_bias=True):
    """Attention in numpy, head by head."""
    kernels = {part: pair[0] for part, pair in weights.items()}
    biases = {part: pair[1] * use_bias for part, pair in weights.items()}
    out = biases["output"]
    for head in range(2):
        given = {"query": x, "key": key, "value": z}
        q, k, v = (
            given[part] @ kernels[part][:, head] + biases[part][head]
            for part in ("query", "key", "value")
        )
        score = np.exp(q @ k.swapaxes(1, 2) / np.sqrt(3))
        out = out + (score / score.sum(axis=2, keepdims=True)) @ v @ kernels["output"][head]
    return out


class TestAttention:
    """MultiHeadAttention of Keras 3 as its projections, products and softmax."""

    @pytest.mark.parametrize("private", ["", "_"])
    @pytest.mark.parametrize("key", [None, "z"])
    @pytest.mark.parametrize("use_bias", [True, False])
    def test_it_computes_what_keras_does(self, private, key, use_bias, tmp_path):
        """In float64; its bits are compared with hls4ml in tests/peer/test_einsum.py."""
        kwargs = {"key": tensor(key), "training": False} if key else {"use_causal_mask": False}
        made = attention(tmp_path, private=private, kwargs=kwargs, use_bias=use_bias)
        graph = emu.load(made[0])
        rng = np.random.default_rng(1)
        x, z = rng.normal(size=(5, 3, 4)), rng.normal(size=(5, 2, 4))
        expected = by_hand(x, z, z, made[1], use_bias)
        np.testing.assert_allclose(graph.reference([x, z]), expected, rtol=1e-6, atol=1e-7)

    def test_its_layers(self, tmp_path):
        """Each has a name that the configuration can use."""
        graph = emu.load(attention(tmp_path)[0])
        names = [node.name for node in graph.nodes]
        parts = ["mha_query", "mha_key", "mha_value", "mha_QK", "mha_softmax", "mha_aV", "mha"]
        assert names == ["x", "z", *parts]
        assert graph.nodes[5].inputs == ("mha_key", "mha_query")

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            (
                {"kwargs": {"use_causal_mask": True}},
                "call of MultiHeadAttention mha must have query, value and key alone, not use_cau",
            ),
            (
                {"kwargs": {"attention_mask": tensor("z")}},
                "call of MultiHeadAttention mha must have query, value and key alone, not attent",
            ),
            (
                {"args": ("x",), "kwargs": {"value": tensor("z")}},
                r"call of MultiHeadAttention mha must be \(query, value\) or \(query, value, key\)",
            ),
            ({"args": ("x",)}, r"call of MultiHeadAttention mha must be \(query, value\)"),
            ({"shape": (2, 2, 4)}, "inputs of MultiHeadAttention mha must have 2 axes, steps and"),
            ({"shape": (3, 5)}, "query of MultiHeadAttention mha: axis 'b' of equation"),
        ],
    )
    def test_what_is_refused(self, changes, message, tmp_path):
        """Masks above all: leaving one out would give other numbers in silence."""
        path, _ = attention(tmp_path, **changes)
        with pytest.raises(ModelFileError, match=f"^{message}"):
            emu.load(path)
