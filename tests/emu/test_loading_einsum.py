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
