"""Products that hls4ml chooses by the type of the weights: reproduced with a note, or refused."""

import numpy as np
import pytest

import emu
from tests.emu import models


def load(tmp_path, weight, kernel, x="fixed<8,4>"):
    """One Dense layer without bias."""
    n_in, n_out = np.shape(kernel)
    layers = [
        models.layer("InputLayer", "x", batch_input_shape=[None, n_in], dtype="float32"),
        models.layer("Dense", "fc", ["x"], units=n_out, activation="linear", use_bias=False),
    ]
    files = models.write(
        tmp_path,
        models.functional(layers, ["x"], ["fc"]),
        {"fc": {"kernel": np.array(kernel, dtype=np.float32)}},
    )
    names = {"x": {"Precision": x}, "fc": {"Precision": {"weight": weight}}}
    config = {"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1}, "LayerName": names}
    return emu.load(files[0], weights=files[1], config=config)


def test_minus_two_in_int2_acts_as_one(tmp_path):
    """hls4ml's ternary product knows 0, -1 and everything else (tests/peer compares it)."""
    kernel = [[-2.0, -1.0], [1.0, 0.0], [-2.0, 1.0]]
    x = np.array([[1.0, 2.0, 0.5]])
    ternary = load(tmp_path, "int<2>", kernel)
    np.testing.assert_array_equal(ternary.predict(x), [[3.5, -0.5]])
    np.testing.assert_array_equal(load(tmp_path, "fixed<2,2>", kernel).predict(x), [[-1.0, -0.5]])
    note = (
        "layer fc: 2 values of weight are -2 in int<2>, which hls4ml multiplies as 1"
        " (its ternary product); fixed<2,2> multiplies by -2"
    )
    assert ternary.notes.count(note) == 1


def test_binary_times_binary_is_refused(tmp_path):
    """The message says what hls4ml would do and what multiplies instead."""
    message = (
        r"^layer fc: input and weight must not both be uint<1>: hls4ml computes XNOR then, twice the"
        r" sum less n_in, which is not supported yet; ufixed<1,1> multiplies, and so does uint<1> with"
        r" Numerics: corrected$"
    )
    with pytest.raises(ValueError, match=message):
        load(tmp_path, "uint<1>", [[1.0], [0.0]], x="uint<1>")
    graph = load(tmp_path, "uint<1>", [[1.0], [0.0]], x="ufixed<1,1>")
    np.testing.assert_array_equal(graph.predict(np.array([[1.0, 1.0]])), [[1.0]])
