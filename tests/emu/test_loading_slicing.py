"""Slices, splits and bilinear up-sampling of Keras files: read, typed, noted, and what is refused.

The entries are those that tf_keras 2.21 and Keras 3.15 write; tests/emu/test_against_keras.py asks Keras.
"""

import json
import zipfile

import h5py
import numpy as np
import pytest

import emu
from emu.frontends.files import ModelFileError
from tests.emu import models

SHAPE = (6, 4)
X = np.arange(48.0).reshape(2, *SHAPE) / 2
ALL = slice(None)
INDICES = (
    (ALL, slice(1, 5, 2), ALL),
    (ALL, slice(None, None, -1), 1),
    (..., slice(1, 3)),
    (ALL, slice(-3, None), None, 0),
    (ALL, -1),
    (ALL, slice(4, 0, -2), slice(0, 99)),
    (ALL, ..., None),
    (slice(0, None, 1), 2, ...),
)
SPLITS = (
    (3, 1, [0, 2, 4, 6]),
    ([1, 2, 3], 1, [0, 1, 3, 6]),
    ([1, -1], -1, [0, 1, 4]),
    (1, 2, [0, 4]),
)
"""Number or sizes of the parts, axis, where they begin and end."""


def spelled(item, generation):
    """As the file has it."""
    if item is ...:
        return {"class_name": "__ellipsis__", **({"config": {}} if generation == 3 else {})}
    if isinstance(item, slice):
        ends = {"start": item.start, "stop": item.stop, "step": item.step}
        return ends if generation == 2 else {"class_name": "__slice__", "config": ends}
    return item


def operation(generation, kind, name, call, config=None):
    """A layer entry of either generation: ``call`` are its arguments besides the tensor."""
    entry = {"class_name": kind, "name": name, "config": {"name": name, **(config or {})}}
    if generation == 2:
        return {**entry, "inbound_nodes": [["x", 0, 0, call]]}
    history = {"shape": [None, *SHAPE], "dtype": "float32", "keras_history": ["x", 0, 0]}
    tensor = {"class_name": "__keras_tensor__", "config": history}
    return {**entry, "inbound_nodes": [{"args": [tensor, *call.values()], "kwargs": {}}]}


def taken(index, generation):
    """``x[index]``."""
    given = [spelled(item, generation) for item in index]
    if generation == 3:
        return operation(3, "GetItem", "y", {"key": given})
    function = {"function": "__operators__.getitem"}
    return operation(2, "SlicingOpLambda", "y", {"slice_spec": given}, function)


def cut(given, axis, generation):
    """``split(x, given, axis)``."""
    if generation == 2:
        call = {"num_or_size_splits": given, "axis": axis}
        return operation(2, "TFOpLambda", "y", call, {"function": "split"})
    if isinstance(given, list):
        sizes = [SHAPE[axis % 3 - 1] - sum(given) - 1 if n == -1 else n for n in given]
        given = np.cumsum(sizes)[:-1].tolist()
    return operation(3, "Split", "y", {}, {"indices_or_sections": given, "axis": axis})


def load(folder, entry, generation, outputs=(0,), *, shape=SHAPE, more=(), last="y", **config):
    """A model of one layer ``y`` on ``x``, and ``more`` behind it."""
    first = models.layer("InputLayer", "x", batch_input_shape=[None, *shape], dtype="float32")
    whole = models.functional([first, entry, *more], ["x"], [])
    whole["config"]["output_layers"] = [[last, 0, k] for k in outputs]
    if generation == 2:
        path, h5 = models.write(folder, whole, {})
        return emu.load(path, weights=h5, config=config or None)
    with h5py.File(folder / "w.h5", "w") as file:
        file.create_group("layers")
    with zipfile.ZipFile(folder / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(whole))
        archive.write(folder / "w.h5", "model.weights.h5")
    return emu.load(folder / "m.keras", config=config or None)


@pytest.mark.parametrize("generation", [2, 3])
@pytest.mark.parametrize("index", INDICES, ids=str)
def test_slices_are_those_of_numpy(index, generation, tmp_path):
    """Integers drop their axis, None puts one in; the last layer keeps its shape."""
    graph = load(tmp_path, taken(index, generation), generation)
    np.testing.assert_array_equal(graph.predict(X), X[index])
    np.testing.assert_array_equal(graph.reference(X), X[index])
    assert [node.name for node in graph.nodes] == ["x", "y"]
    assert "hls4ml has no slices and splits; here each keeps the type of its input" in graph.notes


@pytest.mark.parametrize("generation", [2, 3])
@pytest.mark.parametrize(("given", "axis", "ends"), SPLITS, ids=str)
def test_splits_are_several_slices(given, axis, ends, generation, tmp_path):
    """One layer a part, in order."""
    count = len(ends) - 1
    graph = load(tmp_path, cut(given, axis, generation), generation, range(count))
    found = graph.predict(X) if count > 1 else [graph.predict(X)]
    assert list(graph.output_names) == [f"y_part_{k}" for k in range(count)]
    for part, expected in zip(found, np.split(X, ends[1:-1], axis), strict=True):
        np.testing.assert_array_equal(part, expected)


@pytest.mark.parametrize("generation", [2, 3])
def test_a_part_that_nobody_reads_is_left_out(generation, tmp_path):
    """Outputs in any order; a name that is gone may stay in the configuration."""
    names = {"y_part_1": {"Precision": {"result": "fixed<3,1>"}}}
    entry = cut(3, 1, generation)
    graph = load(tmp_path, entry, generation, (2, 0), HLSConfig={"LayerName": names})
    assert [node.name for node in graph.nodes] == ["x", "y_part_0", "y_part_2"]
    for part, expected in zip(graph.predict(X), (X[:, 4:], X[:, :2]), strict=True):
        np.testing.assert_array_equal(part, expected)
    assert any("y_part_1" in note and "nobody reads this part" in note for note in graph.notes)


def test_parts_keep_the_type_of_their_input(tmp_path):
    """Whatever the configuration says of them; both parts meet again in a sum."""
    entry = cut(2, 1, 2)
    add = models.layer("Add", "sum")
    add["inbound_nodes"] = [[["y", 0, 1, {}], ["y", 0, 0, {}]]]
    names = {"x": "ufixed<9,5>", "y_part_0": "fixed<3,1>", "sum": "auto"}
    config = {name: {"Precision": {"result": text}} for name, text in names.items()}
    hls = {"LayerName": config}
    graph = load(tmp_path, entry, 2, more=[add], last="sum", HLSConfig=hls)
    assert [str(graph.formats[f"y_part_{k}"]) for k in (0, 1)] == ["ap_ufixed<9,5>"] * 2
    assert str(graph.formats["sum"]) == "ap_ufixed<10,6>"
    np.testing.assert_array_equal(graph.predict(X / 4), (X[:, 3:] + X[:, :3]) / 4)


def test_their_starting_configuration(tmp_path):
    """As of other moves."""
    models_path, _ = models.write(
        tmp_path,
        models.functional(
            [
                models.layer("InputLayer", "x", batch_input_shape=[None, *SHAPE], dtype="float32"),
                taken((ALL, 1), 2),
            ],
            ["x"],
            ["y"],
        ),
        {},
    )
    entry = emu.config(models_path, weights=tmp_path / "model.h5")["LayerName"]["y"]
    assert entry == {"Trace": False, "Precision": {"result": "auto"}}


REFUSED = [
    (taken((1,), 2), "slice y must begin with ':', the whole batch, not 1$"),
    (taken((slice(0, 1),), 2), "slice y must begin with ':', the whole batch, not 0:1$"),
    (taken((slice(None, None, 2),), 2), "slice y must begin with ':', the whole batch, not ::2$"),
    (taken((None, ALL), 2), "slice y must begin with ':', the whole batch, not None$"),
    (taken((ALL, 1, 0), 2), "slice y must leave an axis besides the batch: 0:1 keeps the one that"),
    (taken((ALL, 6), 2), "slice y must take something of an axis of 6, not 6$"),
    (taken((ALL, -7), 2), "slice y must take something of an axis of 6, not -7$"),
    (taken((ALL, slice(3, 1)), 2), "slice y must take something of an axis of 6, not 3:1$"),
    (taken((ALL, ALL, ALL, 0), 2), "slice y must have at most 3 axes, the batch one of them, and"),
    (taken((..., 0, ...), 2), r"slice y must have at most 3 axes, .* not \.\.\., 0, \.\.\.$"),
    (taken((ALL, True), 2), r"slice y must have integers, .* not True$"),
    (taken((ALL, slice(None, None, 0)), 2), "slice y must have integers, slices of integers, "),
    (taken((ALL, slice("os", None)), 2), "slice y must have integers, slices of integers, "),
    (cut(4, 1, 2), "split y must cut 6 elements into parts that are not empty, not by 4$"),
    (cut([2, 3], 1, 2), r"split y must cut 6 elements into .* not by \[2, 3\]$"),
    (cut([6, 0], 1, 2), r"split y must cut 6 elements into .* not by \[6, 0\]$"),
    (cut([], 1, 2), r"split y must cut 6 elements into .* not by \[\]$"),
    (cut([-1, -1], 1, 2), r"split y must cut 6 elements into .* not by \[-1, -1\]$"),
    (cut(2, 0, 2), "axis of split y must be 1 to 2 or -2 to -1, not 0$"),
    (cut(2, -3, 2), "axis of split y must be 1 to 2 or -2 to -1, not -3$"),
    (
        operation(2, "TFOpLambda", "y", {}, {"function": "math.exp"}),
        "function of TFOpLambda y must be 'split', not 'math.exp'",
    ),
    (
        operation(2, "SlicingOpLambda", "y", {}, {"function": "exec"}),
        "function of SlicingOpLambda y must be '__operators__.getitem', not 'exec'",
    ),
    (
        operation(2, "Softmax", "y", {"mask": [[True] * 4] * 6}),
        "call of Softmax y must have no mask: masks are not supported$",
    ),
]


@pytest.mark.parametrize(("entry", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_is_refused(entry, message, tmp_path):
    """Each message names the layer, the rule and the value; nothing of the file is run."""
    with pytest.raises(ModelFileError, match=f"^{message}"):
        load(tmp_path, entry, 2)


def test_tensors_and_masks_of_keras_3_are_refused(tmp_path):
    """An end that is a tensor, and a mask by place or by keyword."""
    index = operation(3, "GetItem", "y", {"key": [spelled(ALL, 3), 0]})
    node = index["inbound_nodes"][0]
    node["args"][1][1] = node["args"][0]
    with pytest.raises(ModelFileError, match=r"^slice y must have constant ends, not tensors: it"):
        load(tmp_path, index, 3)
    by_place = operation(3, "Softmax", "y", {"mask": {"class_name": "__numpy__", "config": {}}})
    by_name = operation(3, "Softmax", "y", {})
    by_name["inbound_nodes"][0]["kwargs"] = {"mask": by_name["inbound_nodes"][0]["args"][0]}
    for entry in (by_place, by_name):
        with pytest.raises(ModelFileError, match=r"^call of Softmax y must have no mask: masks are"):
            load(tmp_path, entry, 3)


def test_an_output_that_a_layer_does_not_have(tmp_path):
    """Of layers with several outputs, splits are read."""
    with pytest.raises(ModelFileError, match="must read the one output of y, not number 2"):
        load(tmp_path, cut(2, 1, 2), 2, (2,))


def test_training_of_a_call_is_noted(tmp_path):
    """hls4ml drops it."""
    graph = load(tmp_path, operation(2, "Dropout", "y", {"training": True}, {"rate": 0.5}), 2)
    assert any("layer y: training=True of its call has no effect" in note for note in graph.notes)


# ---- bilinear up-sampling ----------------------------------------------------------------------


def upsampled(folder, size, types=None, **keys):
    picture = {"size": size, "interpolation": "bilinear", "data_format": "channels_last"}
    entry = models.layer("UpSampling2D", "y", ["x"], **picture)
    hls = {"LayerName": {"y": {"Precision": types}}} if types else {"LayerName": {}}
    hls["LayerName"]["x"] = {"Precision": {"result": "fixed<9,4,RND,SAT>"}}
    return load(folder, entry, 2, shape=(2, 3, 1), HLSConfig={**hls, **keys})


def test_coefficients_are_exact_for_powers_of_two(tmp_path):
    """The result has the type of the input unless its layer names one; both are noted."""
    graph = upsampled(tmp_path, [2, 4])
    op = graph.nodes[-1].op
    assert (str(op.rows.format), str(op.result)) == (
        "ap_ufixed<4,1>",
        "ap_fixed<9,4,AP_RND,AP_SAT>",
    )
    assert (op.rows.raw / 8).tolist() == [3 / 4, 1 / 4]
    assert (op.columns.raw / 8).tolist() == [5 / 8, 7 / 8, 1 / 8, 3 / 8]
    x = np.zeros((1, 2, 3, 1))
    x[0, 0, 0] = 4
    up = np.outer([1, 0.75, 0.25, 0], [4, 4, 3.5, 2.5, 1.5, 0.5, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(graph.predict(x)[0, :, :, 0], np.floor(up * 32 + 0.5) / 32)
    np.testing.assert_array_equal(graph.reference(x)[0, :, :, 0], up)
    assert any("coefficients in ap_ufixed<4,1> (exact)" in note for note in graph.notes)


def test_other_factors_round_their_coefficients(tmp_path):
    """To 17 fraction bits, or to the type that is given; which is noted."""
    op = upsampled(tmp_path, [3, 1]).nodes[-1].op
    assert str(op.rows.format) == "ap_ufixed<18,1,AP_RND>"
    assert op.rows.raw.tolist() == [round(2 * 2**17 / 3), 0, round(2**17 / 3)]
    assert op.columns.raw.tolist() == [0]
    graph = upsampled(tmp_path, [3, 1], {"result": "fixed<5,2>", "weight": "fixed<5,2>"})
    op = graph.nodes[-1].op
    assert (str(op.result), op.rows.raw.tolist()) == ("ap_fixed<5,2>", [5, 0, 2])
    note = "coefficients in ap_fixed<5,2> (rounded, Precision: weight sets another type)"
    assert any(note in text for text in graph.notes)


def test_types_of_the_model_and_auto_leave_both_to_the_rule(tmp_path):
    """As of other moves; LayerType names hls4ml's class."""
    auto = {"result": "auto", "weight": "auto"}
    for graph in (
        upsampled(tmp_path, [2, 2], auto),
        upsampled(tmp_path, [2, 2], Model={"Precision": "fixed<6,2>"}),
    ):
        assert str(graph.formats["y"]) == "ap_fixed<9,4,AP_RND,AP_SAT>"
        assert str(graph.nodes[-1].op.rows.format) == "ap_ufixed<3,1>"
    kind = {"Resize": {"Precision": {"result": "fixed<7,3>", "weight": "fixed<8,2>"}}}
    op = upsampled(tmp_path, [2, 2], LayerType=kind).nodes[-1].op
    assert (str(op.result), str(op.columns.format)) == ("ap_fixed<7,3>", "ap_fixed<8,2>")


def test_a_weight_type_that_holds_no_coefficients(tmp_path):
    """It wraps; the message names the types that do not."""
    with pytest.raises(
        ValueError,
        match=r"^layer y: weight must be a type that holds coefficients from 0 to 1, not"
        r" ap_fixed<4,0>; ufixed<W,1> does$",
    ):
        upsampled(tmp_path, [2, 2], {"weight": "fixed<4,0>"})


def test_the_starting_configuration_of_bilinear(tmp_path):
    """hls4ml's entry with its Algorithm, and the type of the coefficients."""
    upsampled(tmp_path, [2, 2])
    entry = emu.config(tmp_path / "model.json", weights=tmp_path / "model.h5")["LayerName"]["y"]
    types = {"result": "auto", "weight": "auto"}
    assert entry == {"Trace": False, "Precision": types, "Algorithm": "bilinear"}
    upsampled(tmp_path, [2, 2], types)
