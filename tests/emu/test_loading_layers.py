"""emu.load of merges, pooling, moves and look-ups: types, notes, chains and what is refused."""

import numpy as np
import pytest

import emu
from emu.frontends.files import ModelFileError
from emu.ops import Merge
from fxp import Format
from tests.emu.models import functional, layer, write

PICTURE = {"data_format": "channels_last"}
WINDOW = {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid", **PICTURE}


def load(folder, kind, shapes, config=None, weights=None, names=None, io="io_parallel", **keras):
    """A model of one layer ``y`` on inputs ``x0, x1 ...``."""
    inputs = [
        layer("InputLayer", f"x{k}", batch_input_shape=[None, *shape], dtype="float32")
        for k, shape in enumerate(shapes)
    ]
    sources = [item["name"] for item in inputs]
    model = functional([*inputs, layer(kind, "y", sources, **keras)], sources, ["y"])
    path, h5 = write(folder, model, {"y": weights} if weights else {})
    hls = {"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1, **(config or {})}}
    hls["LayerName"] = names or {}
    return emu.load(path, weights=h5, config={"IOType": io, "HLSConfig": hls})


def precision(**types):
    return {name: {"Precision": {"result": text}} for name, text in types.items()}


# ---- merges -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Add", "Multiply", "Maximum", "Minimum", "Average"])
def test_more_than_two_tensors_are_cast_once(kind, tmp_path):
    """The inner links lose nothing; hls4ml has no such layer."""
    rng = np.random.default_rng(1)
    names = precision(x0="fixed<8,3>", x1="ufixed<7,2>", x2="fixed<6,6>", y="fixed<6,3,RND,SAT>")
    graph = load(tmp_path, kind, [(5,)] * 3, names=names)
    x = [rng.normal(0, 4, (40, 5)) for _ in range(3)]
    traced = graph.trace(x)
    assert [node.name for node in graph.nodes][3:] == ["y_1", "y"]
    a, b, c = (traced[f"x{k}"] for k in range(3))
    exact = {
        "Add": a + b + c,
        "Multiply": a * b * c,
        "Maximum": np.maximum(a, np.maximum(b, c)),
        "Minimum": np.minimum(a, np.minimum(b, c)),
        "Average": (a + b + c) / 3,
    }[kind]
    wanted = np.clip(np.floor(exact * 8 + 0.5), -32, 31) / 8
    np.testing.assert_array_equal(traced["y"], wanted)
    assert any("hls4ml merges two tensors only" in note for note in graph.notes)


def test_inner_links_take_no_type_from_the_configuration(tmp_path):
    """A Precision of the model or of Merge acts on the last link alone; maximum on none."""
    config = {"Precision": {"default": "fixed<4,2>", "maximum": "fixed<5,3>"}}
    names = precision(x0="fixed<8,3>", x1="fixed<8,3>", x2="fixed<8,3>")
    graph = load(tmp_path, "Add", [(5,)] * 3, config, names=names)
    assert [str(graph.formats[name]) for name in ("y_1", "y")] == ["ap_fixed<9,4>", "ap_fixed<4,2>"]


@pytest.mark.parametrize(
    ("kind", "types", "result"),
    [
        ("Add", ("fixed<8,3>", "ufixed<8,3>"), "ap_fixed<10,5>"),
        ("Subtract", ("ufixed<8,3>", "ufixed<6,3>"), "ap_fixed<9,4>"),
        ("Multiply", ("fixed<8,3>", "ufixed<8,3>"), "ap_fixed<16,6>"),
        ("Maximum", ("fixed<8,3,RND,SAT>", "fixed<8,3,RND,SAT>"), "ap_fixed<8,3,AP_RND,AP_SAT>"),
        ("Minimum", ("fixed<8,3>", "ufixed<8,3>"), "ap_fixed<9,4>"),
        ("Average", ("int<4>", "int<4>"), "ap_fixed<5,5>"),
    ],
)
def test_automatic_types_of_merges(kind, types, result, tmp_path):
    """hls4ml's rules; a difference is signed, an extremum of equal types keeps them."""
    names = precision(x0=types[0], x1=types[1], y="auto")
    assert str(load(tmp_path, kind, [(3,)] * 2, names=names).formats["y"]) == result


def test_automatic_type_of_a_concatenation(tmp_path):
    """The union, with the modes of whichever input has any; saturated bits only where it wraps."""
    names = precision(x0="fixed<8,3,TRN,SAT>", x1="ufixed<8,2,RND,WRAP,2>", y="auto")
    graph = load(tmp_path, "Concatenate", [(3,)] * 2, names=names, axis=-1)
    assert str(graph.formats["y"]) == "ap_fixed<9,3,AP_RND,AP_SAT>"


def test_automatic_accumulator_of_a_dot_product(tmp_path):
    """hls4ml stops there; here it holds the whole sum, and a note says so."""
    names = precision(x0="fixed<8,3>", x1="fixed<8,3>", y="auto")
    names["y"]["Precision"]["accum"] = "auto"
    graph = load(tmp_path, "Dot", [(3,)] * 2, names=names, axes=1)
    assert str(graph.formats["y"]) == "ap_fixed<18,8>"
    assert any("accum is auto, for which hls4ml has no rule" in note for note in graph.notes)


def test_a_ternary_dot_product_is_noted(tmp_path):
    """-2 of an int<2> multiplies as 1."""
    graph = load(tmp_path, "Dot", [(3,)] * 2, names=precision(x1="int<2>"), axes=1)
    assert any("-2 of the int<2> x1 multiplies as 1" in note for note in graph.notes)


@pytest.mark.parametrize(
    ("shapes", "noted", "undefined"),
    [
        (((3, 4), (1, 4)), False, None),
        (((3, 3), (3, 1)), True, None),
        (((3, 8), (1, 8)), False, 8),
        (((1, 9), (2, 9)), False, 9),
    ],
)
def test_what_hls4mls_broadcasting_does_is_noted(shapes, noted, undefined, tmp_path):
    """Other elements than numpy's, or only some of them, because sizes are compared as text."""
    graph = load(tmp_path, "Add", shapes)
    notes = " ".join(graph.notes)
    assert ("which is not how shapes broadcast" in notes) == noted
    assert (f"hls4ml computes only the first {undefined} of" in notes) == (undefined is not None)


# ---- pooling and moves ------------------------------------------------------------------------


def test_padded_maximum_of_an_unsigned_type_is_noted(tmp_path):
    """hls4ml pads with half the range, which wins over smaller values."""
    same = {**WINDOW, "padding": "same"}
    names = precision(x0="ufixed<8,3>")
    graph = load(tmp_path, "MaxPooling2D", [(3, 3, 1)], names=names, **same)
    assert any("pads a maximum of the unsigned ap_ufixed<8,3>" in note for note in graph.notes)
    y = graph.predict(np.full((1, 3, 3, 1), 0.5))
    np.testing.assert_array_equal(y[0, :, :, 0], [[0.5, 4], [4, 4]])
    signed = load(tmp_path, "MaxPooling2D", [(3, 3, 1)], **same)
    np.testing.assert_array_equal(signed.predict(np.full((1, 3, 3, 1), 0.5)), 0.5)


def test_automatic_types_of_pooling(tmp_path):
    """An average has room for its sum and its quotient; global pooling takes the default."""
    names = {"y": {"Precision": {"result": "auto", "accum": "auto"}}, **precision(x0="ufixed<8,3>")}
    for kind, accum, result in (
        ("MaxPooling2D", "ap_ufixed<8,3>", "ap_ufixed<8,3>"),
        ("AveragePooling2D", "ap_ufixed<12,5>", "ap_ufixed<8,3>"),
        ("GlobalAveragePooling2D", "ap_fixed<16,6>", "ap_fixed<16,6>"),
    ):
        graph = load(tmp_path, kind, [(4, 4, 1)], names=names, **WINDOW)
        assert (str(graph.nodes[-1].op.accum), str(graph.formats["y"])) == (accum, result)


def test_streams_cast_cells_before_they_are_pooled(tmp_path):
    """hls4ml's stream kernels; windows are summed in a tree, whole pictures as they come."""
    for kind, order in (("AveragePooling2D", "tree"), ("GlobalMaxPooling2D", "casts")):
        graph = load(tmp_path, kind, [(4, 4, 1)], io="io_stream", **WINDOW)
        assert graph.nodes[-1].op.order == order
        assert any("before they are pooled in io_stream" in note for note in graph.notes)


def test_global_pooling_has_no_spatial_axes(tmp_path):
    """keepdims has no effect in hls4ml."""
    graph = load(tmp_path, "GlobalMaxPooling2D", [(4, 4, 3)], keepdims=True, **PICTURE)
    assert graph.outputs[0].shape == (3,)
    assert any("keepdims has no effect" in note for note in graph.notes)


@pytest.mark.parametrize(
    ("kind", "shape", "keras"),
    [
        ("ZeroPadding2D", (2, 2, 1), {"padding": [[1, 0], [0, 1]], **PICTURE}),
        ("Cropping1D", (3, 2), {"cropping": [1, 0]}),
        ("UpSampling2D", (2, 2, 1), {"size": [2, 1], "interpolation": "nearest", **PICTURE}),
        ("Permute", (2, 3), {"dims": [2, 1]}),
        ("RepeatVector", (3,), {"n": 2}),
    ],
)
def test_moves_keep_the_type_of_their_input(kind, shape, keras, tmp_path):
    """Whatever the configuration says of them."""
    names = precision(x0="fixed<9,4,RND,SAT>", y="fixed<3,1>")
    graph = load(tmp_path, kind, [shape], names=names, **keras)
    assert str(graph.formats["y"]) == "ap_fixed<9,4,AP_RND,AP_SAT>"


def test_repeated_vector(tmp_path):
    """Rows, all alike; hls4ml has no such layer."""
    graph = load(tmp_path, "RepeatVector", [(3,)], n=2)
    np.testing.assert_array_equal(graph.predict([[1, 2, 3]]), [[[1, 2, 3], [1, 2, 3]]])
    assert "layer y: hls4ml has no RepeatVector; here it keeps its input's type" in graph.notes


def dense_behind_a_transpose(folder, shape, dims):
    n = int(np.prod(shape))
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, *shape], dtype="float32"),
        layer("Permute", "turn", ["x"], dims=dims),
        layer("Flatten", "flat", ["turn"]),
        layer("Dense", "fc", ["flat"], units=n, activation="linear", use_bias=False),
    ]
    weights = {"fc": {"kernel": np.eye(n, dtype=np.float32)}}
    path, h5 = write(folder, functional(layers, ["x"], ["fc"]), weights)
    return emu.load(path, weights=h5)


def test_a_transpose_before_a_dense_layer_moves_into_its_weights(tmp_path):
    """Right for channels first; for another order hls4ml's network is another one, and noted."""
    x = np.arange(12.0).reshape(1, 2, 3, 2)
    graph = dense_behind_a_transpose(tmp_path, (2, 3, 2), [3, 1, 2])
    assert [node.name for node in graph.nodes] == ["x", "flat", "fc"]
    np.testing.assert_array_equal(graph.predict(x)[0], x.transpose(0, 3, 1, 2).reshape(-1))
    assert not any("multiplies other elements" in note for note in graph.notes)
    other = dense_behind_a_transpose(tmp_path, (2, 3, 2), [3, 2, 1])
    assert (other.predict(x)[0] != x.transpose(0, 3, 2, 1).reshape(-1)).any()
    assert any("so that fc multiplies other elements" in note for note in other.notes)


def test_a_transpose_of_an_input_with_one_channel_is_a_reshape(tmp_path):
    """Also where it would have moved elements, which is noted."""
    graph = load(tmp_path, "Permute", [(1, 2, 3)], dims=[2, 3, 1])
    assert not any("its others keep their order" in note for note in graph.notes)
    wrong = load(tmp_path, "Permute", [(1, 2, 3)], dims=[3, 2, 1])
    assert any("its others keep their order" in note for note in wrong.notes)
    assert wrong.predict(np.zeros((1, 1, 2, 3))).shape == (1, 1, 2, 3)  # a last reshape is dropped


def test_streams_turn_every_matrix(tmp_path):
    """Also where Permute keeps the order of its axes; corrected, it keeps it."""
    x = np.arange(9.0).reshape(1, 3, 3)
    given = {"io": "io_stream", "dims": [1, 2]}
    graph = load(tmp_path, "Permute", [(3, 3)], **given)
    np.testing.assert_array_equal(graph.predict(x), x.transpose(0, 2, 1))
    assert [met.name for met in graph.defects] == ["transpose_stream"]
    right = load(tmp_path, "Permute", [(3, 3)], {"Numerics": "corrected"}, **given)
    np.testing.assert_array_equal(right.predict(x), x)


# ---- look-ups ---------------------------------------------------------------------------------


def test_embedding_notes_and_types(tmp_path):
    """Numbers outside the table, and fractions, are said."""
    table = {"embeddings": np.arange(12, dtype=np.float32).reshape(4, 3)}
    graph = load(tmp_path, "Embedding", [(2,)], weights=table, names=precision(x0="uint<2>"))
    assert not any("outside the 4 rows" in note for note in graph.notes)
    np.testing.assert_array_equal(graph.predict([[3, 0]]), [[[9, 10, 11], [0, 1, 2]]])
    graph = load(tmp_path, "Embedding", [(2,)], weights=table)
    notes = " ".join(graph.notes)
    assert "outside the 4 rows" in notes and "the fraction of ap_fixed<16,6> moves" in notes


def test_layer_normalization_types_and_notes(tmp_path):
    """Its own accumulator only by name; epsilon as a power of ten."""
    weights = {"gamma": np.ones(4, np.float32), "beta": np.zeros(4, np.float32)}
    graph = load(tmp_path, "LayerNormalization", [(3, 4)], weights=weights, axis=[2], epsilon=0.002)
    op = graph.nodes[-1].op
    assert (str(op.accum), str(op.table.format)) == (
        "ap_fixed<16,6>",
        "ap_ufixed<8,5,AP_RND_CONV,AP_SAT>",
    )
    assert any("epsilon 0.002 is 1e-3" in note for note in graph.notes)
    keys = {"y": {"table_range_power2": 3, "TableSize": 64, "table_t": "ufixed<10,6>"}}
    graph = load(
        tmp_path, "LayerNormalization", [(3, 4)], weights=weights, names=keys, axis=-1, epsilon=1e-3
    )
    op = graph.nodes[-1].op
    assert (op.span, op.table.size, op.table.format) == (8, 64, Format(10, 6, False))
    bare = load(tmp_path, "LayerNormalization", [(3, 4)], scale=False, center=False)
    assert any("they are 1 and 0" in note for note in bare.notes)


def test_bits_of_a_merged_binary_tanh_multiply_as_signs(tmp_path):
    """A Dense layer behind them sees -1 and 1; the notes name what hls4ml gets wrong."""
    ones = np.ones(2, np.float32)
    norm = {"gamma": np.array([1, -1], np.float32), "beta": 0 * ones, "moving_mean": 0 * ones}
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, 2], dtype="float32"),
        layer("BatchNormalization", "bn", ["x"], axis=[1], epsilon=0, scale=True, center=True),
        layer("Activation", "tanh", ["bn"], activation="binary_tanh"),
        layer("Dense", "fc", ["tanh"], units=1, activation="linear", use_bias=False),
    ]
    weights = {"bn": {**norm, "moving_variance": ones}, "fc": {"kernel": np.full((2, 1), 0.5)}}
    path, h5 = write(tmp_path, functional(layers, ["x"], ["fc"]), weights)
    graph = emu.load(path, weights=h5)
    names = [node.name for node in graph.nodes]
    assert names == ["x", "bnbt_bn", "bnbt_bn_sign", "fc"]
    # The negative scale does not turn the comparison: 3 and -3 give 1 and -1 in both columns.
    np.testing.assert_array_equal(graph.predict([[3, 3], [3, -3], [-3, -3]])[:, 0], [1, 0, -1])
    assert any("compare the wrong way round" in note for note in graph.notes)
    weights["bn"]["gamma"] = np.array([1, 0], np.float32)
    path, h5 = write(tmp_path, functional(layers, ["x"], ["fc"]), weights)
    with pytest.raises(
        ValueError, match=r"^scale of bn must not be 0 before binary_tanh tanh: hls4"
    ):
        emu.load(path, weights=h5)


def test_bits_of_a_merged_binary_tanh_in_other_products_are_refused(tmp_path):
    """hls4ml takes them for signs there too, by rules that do not exist here."""
    ones = np.ones(2, np.float32)
    keras = {"axis": [1], "epsilon": 1e-3, "scale": False, "center": False}
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, 2], dtype="float32"),
        layer("BatchNormalization", "bn", ["x"], **keras),
        layer("Activation", "tanh", ["bn"], activation="binary_tanh"),
        layer("Dot", "dot", ["x", "tanh"], axes=1),
    ]
    weights = {"bn": {"moving_mean": ones, "moving_variance": ones}}
    path, h5 = write(tmp_path, functional(layers, ["x"], ["dot"]), weights)
    message = r"^layer dot must not multiply the bits of bnbt_bn: hls4ml takes them for signs"
    with pytest.raises(ValueError, match=message):
        emu.load(path, weights=h5)


MASKS = {
    "keep_negative": np.array([[1, 0, 1]], np.int8),
    "bits": np.array([[4, 3, 0]], np.int8),
    "integers": np.array([[2, 1, 0]], np.int8),
}
QUANTIZER = {"fusible": False, "RND": "RND", "SAT": "SAT", "overrides": {}}


def test_quantisers_need_types_of_the_configuration(tmp_path):
    """Without BitExact: false hls4ml derives all types from them, which does not exist here yet."""
    graph = load(tmp_path, "FixedPointQuantizer", [(3,)], {"BitExact": False}, MASKS, **QUANTIZER)
    np.testing.assert_array_equal(graph.predict([[-9, 5, 3]]), [[-2, 1.75, 0]])
    message = r"^Model: BitExact must be false for FixedPointQuantizer y, not None: otherwise"
    with pytest.raises(ModelFileError, match=message):
        load(tmp_path, "FixedPointQuantizer", [(3,)], None, MASKS, **QUANTIZER)


# ---- what is refused --------------------------------------------------------------------------

REFUSED = [
    ("Add", [(3,)], {}, r"Add y must have 2 or more inputs, not 1"),
    ("Subtract", [(3,)] * 3, {}, r"Subtract y must have 2 inputs, not 3"),
    (
        "Add",
        [(4, 1), (1, 3)],
        {},
        r"one input of Add y must have the shape of the result, not \(4, 1\) and \(1, 3\): hls4ml",
    ),
    (
        "Concatenate",
        [(3,)] * 2,
        {"axis": 0},
        r"axis of Concatenate y must be 1 to 1 or -1 to -1, not 0",
    ),
    (
        "Concatenate",
        [(2, 3), (3, 3)],
        {"axis": 2},
        r"inputs of Concatenate y must agree but for axis 2, not \(2, 3\), \(3, 3\)",
    ),
    ("Dot", [(2, 3)] * 2, {}, r"inputs of Dot y must be two vectors of one length, as in hls4ml"),
    (
        "Dot",
        [(3,)] * 2,
        {"normalize": True},
        r"normalize of Dot y must be False: hls4ml ignores it",
    ),
    (
        "MaxPooling2D",
        [(4, 4)],
        WINDOW,
        r"input of MaxPooling2D y must have 3 axes, not shape \(4, 4\)",
    ),
    (
        "MaxPooling1D",
        [(4, 4)],
        {"data_format": "channels_first"},
        r"data_format of y must be channels_last, not 'channels_first'",
    ),
    (
        "AveragePooling1D",
        [(4, 4)],
        {"pool_size": [0]},
        r"pool_size of y must be 1 positive integers, not \[0\]",
    ),
    (
        "MaxPooling1D",
        [(4, 4)],
        {"padding": "full"},
        r"padding of y must be valid or same, not 'full'",
    ),
    (
        "MaxPooling1D",
        [(4, 4)],
        {"pool_size": [5]},
        r"pool_size of y must fit into \(4, 4\), not \(5,\)",
    ),
    (
        "ZeroPadding2D",
        [(4, 4, 1)],
        {"padding": [[1, -1], [0, 0]]},
        r"padding of y must be numbers from 0 for 2 axes, not \[\[1, -1\], \[0, 0\]\]",
    ),
    (
        "Cropping1D",
        [(4, 4)],
        {"cropping": [2, 2]},
        r"cropping of y must leave something of \(4, 4\), not \(\(2, 2\),\)",
    ),
    (
        "UpSampling2D",
        [(2, 2, 1)],
        {"size": [2, 2], "interpolation": "lanczos3"},
        "interpolation of y must be nearest or bilinear, not 'lanczos3'$",
    ),
    (
        "UpSampling1D",
        [(8, 1)],
        {"size": 128},
        r"size of y must give at most 65536 / size elements an axis, not 128 times 8: hls4ml reads",
    ),
    ("RepeatVector", [(2, 2)], {"n": 2}, r"input of RepeatVector y must be a vector, not of shape"),
    (
        "Permute",
        [(2, 2)],
        {"dims": [1, 1]},
        r"dims of Permute y must be an order of 1 to 2, not \[1, 1\]",
    ),
    ("Embedding", [(2, 2)], {}, r"input of Embedding y must be a vector of numbers, not of shape"),
    (
        "LayerNormalization",
        [(3,)],
        {},
        r"input of LayerNormalization y must have 2 axes, as in hls4ml, not shape \(3,\)",
    ),
    (
        "LayerNormalization",
        [(2, 3)],
        {"axis": [1]},
        r"axis of y must be the last one, not \[1\]",
    ),
    (
        "LayerNormalization",
        [(2, 3)],
        {"epsilon": 0.5},
        r"epsilon of y must be positive and at most 0.3, not 0.5",
    ),
]


@pytest.mark.parametrize(("kind", "shapes", "keras", "message"), REFUSED, ids=str)
def test_what_is_refused(kind, shapes, keras, message, tmp_path):
    """Each message names the layer, the rule and the value."""
    with pytest.raises(ModelFileError, match=f"^{message}"):
        load(tmp_path, kind, shapes, **keras)


@pytest.mark.parametrize(
    ("masks", "keras", "message"),
    [
        (
            {"bits": np.array([[4, -3, 0]], np.int8)},
            {},
            r"bits of y must be from 0, not -3",
        ),
        (
            {},
            {"overrides": {"layers": {"fc": {}}}},
            r"overrides of y must name no layers, not \['fc'\]: put what they set into the config",
        ),
    ],
)
def test_what_a_quantiser_refuses(masks, keras, message, tmp_path):
    """Each message names the layer, the rule and the value."""
    with pytest.raises(ModelFileError, match=f"^{message}"):
        load(
            tmp_path,
            "FixedPointQuantizer",
            [(3,)],
            {"BitExact": False},
            {**MASKS, **masks},
            **{**QUANTIZER, **keras},
        )


def test_what_the_lowering_refuses(tmp_path):
    """Streams that hls4ml stops at, ternary scales, ranges of tables."""
    for kind, shapes, keras, message in (
        (
            "MaxPooling2D",
            [(3, 3, 1)],
            {**WINDOW, "padding": "same"},
            "padding must be valid in io_",
        ),
        (
            "MaxPooling2D",
            [(3, 3, 1)],
            {**WINDOW, "strides": [1, 1]},
            "strides must be the pool_size",
        ),
        ("Add", [(2, 3), (1, 3)], {}, "inputs must have one shape in io_stream, not"),
        ("Dot", [(3,), (3,)], {"axes": 1}, "Dot must be in io_parallel, not io_stream: hls4ml has"),
        ("Permute", [(2, 3)], {"dims": [1, 2]}, r"dims must not be \[1, 2\] in io_stream: hls4ml"),
    ):
        with pytest.raises(ValueError, match=f"^layer y: {message}"):
            load(tmp_path, kind, shapes, io="io_stream", **keras)
    weights = {"gamma": np.ones(3, np.float32), "beta": np.zeros(3, np.float32)}
    message = (
        "^layer y: LayerNormalization must be in io_parallel, not io_stream: hls4ml has no str"
    )
    with pytest.raises(ValueError, match=message):
        load(tmp_path, "LayerNormalization", [(2, 3)], weights=weights, io="io_stream")
    for entry, message in (
        ({"Precision": {"scale": "int<2>"}}, r"^layer y: scale must not be int<2>: hls4ml"),
        ({"table_range_power2": 21}, r"^layer y: table_range_power2 must be an integer from 0 to"),
    ):
        with pytest.raises(ValueError, match=message):
            load(tmp_path, "LayerNormalization", [(2, 3)], weights=weights, names={"y": entry})


def test_a_merge_is_what_the_graph_says(tmp_path):
    """The operator in the graph keeps hls4ml's broadcasting rule."""
    graph = load(tmp_path, "Add", [(2, 3), (1, 3)])
    op = graph.nodes[-1].op
    assert isinstance(op, Merge) and op.cyclic and op.name == "add"
