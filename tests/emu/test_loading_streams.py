"""emu.load in io_stream: a reshape into other beats is a copy in a type of its own."""

import numpy as np

import emu
from tests.emu.models import functional, layer, write

KEPT = "in io_parallel a reshape keeps the type of its input"


def reshaped(folder, shape, target, io_type, precision=None):
    """``x``, its reshape ``r``, and a relu of that."""
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, *shape], dtype="float32"),
        layer("Reshape", "r", ["x"], target_shape=target),
        layer("Activation", "relu", ["r"], activation="relu"),
    ]
    path, weights = write(folder, functional(layers, ["x"], ["relu"]), {})
    names = {"x": {"Precision": {"result": "fixed<8,4>"}}}
    if precision:
        names["r"] = {"Precision": {"result": precision}}
    hls = {"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1}, "LayerName": names}
    return emu.load(path, weights=weights, config={"IOType": io_type, "HLSConfig": hls})


def test_a_repacked_reshape_casts_to_its_own_type(tmp_path):
    graph = reshaped(tmp_path, (2, 6), (4, 3), "io_stream", "fixed<6,4>")
    assert [node.name for node in graph.nodes] == ["x", "repack_r", "r", "relu"]
    assert str(graph.formats["r"]) == "ap_fixed<6,4>"
    note = "layer r: its own type ap_fixed<6,4> is cast to in io_stream, as in hls4ml; " + KEPT
    assert note in graph.notes
    assert not any("no effect" in text for text in graph.notes)
    x = np.full((1, 2, 6), 0.9375)
    assert (graph.predict(x) == 0.75).all() and graph.predict(x).shape == (1, 4, 3)


def test_other_reshapes_keep_the_type_of_their_input(tmp_path):
    """A vector inside the model in io_stream, every reshape in io_parallel; said where it is set."""
    for k, (target, io_type) in enumerate((((12,), "io_stream"), ((4, 3), "io_parallel"))):
        folder = tmp_path / str(k)
        folder.mkdir()
        graph = reshaped(folder, (2, 6), target, io_type, "fixed<6,4>")
        assert [node.name for node in graph.nodes] == ["x", "r", "relu"]
        assert str(graph.formats["r"]) == "ap_fixed<8,4>"
        assert "Precision: result has no effect here: r" in graph.notes


def test_beats_that_hls4ml_cannot_repack(tmp_path):
    """6 channels to 4: hls4ml loses elements; here they keep their order, and that is said."""
    graph = reshaped(tmp_path, (2, 6), (3, 4), "io_stream", "fixed<8,4>")
    note = (
        "layer r: hls4ml's io_stream cannot reshape (2, 6) to (3, 4): it loses elements where"
        " neither of 4 and 6 divides the other; here they keep their order"
    )
    assert note in graph.notes
    x = np.arange(12.0).reshape(1, 2, 6) / 2
    np.testing.assert_array_equal(graph.predict(x), x.reshape(1, 3, 4))
