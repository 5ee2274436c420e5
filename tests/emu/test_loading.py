"""emu.load: names, passes, notes and errors of the Keras front end and hls4ml's configuration."""

import json
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import emu
from emu.ops import Dense
from fxp import Format, cast, from_float
from tests.emu.models import functional, layer, mlp, write

DIGITS = Path(emu.__file__).parents[1] / "bitwright" / "data" / "digits"


def names(graph):
    return [node.name for node in graph.nodes]


def hls(default="fixed<16,6>", **more):
    return {"Model": {"Precision": default, "ReuseFactor": 1}, **more}


# ---- names and passes --------------------------------------------------------------------------


def test_keras2_activation_arguments_become_layers(tmp_path):
    """``fc1`` with relu is ``fc1`` and ``fc1_relu``; a linear one of the same type is dropped."""
    path, weights = mlp(tmp_path, (4, 3))
    assert names(emu.load(path, weights=weights)) == ["x", "fc1", "fc1_relu"]
    path, weights = mlp(tmp_path, (4, 3), activation="linear")
    graph = emu.load(path, weights=weights)
    assert names(graph) == ["x", "fc1"]
    assert "layer fc1_linear: removed: linear, with the type of fc1" in graph.notes


def test_linear_with_its_own_type_stays_unless_the_parent_is_auto(tmp_path):
    """hls4ml casts twice where the types differ, and drops the activation's type after auto."""
    path, weights = mlp(tmp_path, (4, 3), activation="linear")
    own = {"fc1_linear": {"Precision": "fixed<8,4>"}}
    graph = emu.load(path, weights=weights, config=hls(LayerName=own))
    assert names(graph) == ["x", "fc1", "fc1_linear"]
    assert str(graph.formats["fc1_linear"]) == "ap_fixed<8,4>"
    own["fc1"] = {"Precision": {"result": "auto"}}
    graph = emu.load(path, weights=weights, config=hls(LayerName=own))
    assert names(graph) == ["x", "fc1"]
    assert graph.formats["fc1"].width > 16
    assert any("merged into fc1" in note for note in graph.notes)


def test_sequential_without_input_layer_gets_input1(tmp_path):
    """hls4ml's own name for the input that the file does not have."""
    architecture = {
        "class_name": "Sequential",
        "config": [
            {
                "class_name": "Dense",
                "config": {"name": "fc", "activation": "relu", "batch_input_shape": [None, 3]},
            }
        ],
    }
    arrays = {"fc": {"kernel": np.ones((3, 2), np.float32), "bias": np.zeros(2, np.float32)}}
    path, weights = write(tmp_path, architecture, arrays)
    graph = emu.load(path, weights=weights)
    assert names(graph) == ["input1", "fc", "fc_relu"]
    np.testing.assert_array_equal(graph.predict([[1.0, 2.0, 3.0]]), [[6.0, 6.0]])


def test_batch_norm_folds_only_into_an_automatic_dense(tmp_path):
    """In float32: scale = gamma / sqrt(var + eps), w' = scale * w, b' = scale * b + bias."""
    path, weights = mlp(tmp_path, (5, 4), batch_norm=True)
    assert names(emu.load(path, weights=weights)) == ["x", "fc1", "bn1", "act1"]
    auto = {"fc1": {"Precision": {"result": "auto"}}}
    graph = emu.load(path, weights=weights, config=hls(LayerName=auto))
    assert names(graph) == ["x", "fc1", "act1"]
    assert "layer bn1: its scale and bias are folded into fc1" in graph.notes
    with h5py.File(weights) as file:
        read = {key.split(":")[0]: file["bn1/bn1"][key][()] for key in file["bn1/bn1"]}
        kernel, bias = file["fc1/fc1/kernel:0"][()], file["fc1/fc1/bias:0"][()]
    scale = read["gamma"] / np.sqrt(read["moving_variance"] + np.float32(1e-3))
    folded = scale * kernel
    assert folded.dtype == np.float32
    op = next(node.op for node in graph.nodes if isinstance(node.op, Dense))
    np.testing.assert_array_equal(op.weight.value, folded)
    np.testing.assert_array_equal(
        op.bias.value, scale * bias + (read["beta"] - scale * read["moving_mean"])
    )


def test_two_branches_keep_the_batch_norm(tmp_path):
    """A Dense with two consumers is not folded into."""
    rng = np.random.default_rng(0)
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, 3]),
        layer("Dense", "fc", ["x"], activation="linear", use_bias=True),
        layer("BatchNormalization", "bn", ["fc"], axis=[-1], epsilon=1e-3, scale=True, center=True),
        layer("Activation", "a", ["fc"], activation="relu"),
    ]
    arrays = {
        "fc": {"kernel": rng.normal(size=(3, 2)).astype("f4"), "bias": np.ones(2, "f4")},
        "bn": {
            key: np.full(2, 0.5, "f4")
            for key in ("gamma", "beta", "moving_mean", "moving_variance")
        },
    }
    path, weights = write(tmp_path, functional(layers, ["x"], ["bn", "a"]), arrays)
    config = hls(LayerName={"fc": {"Precision": {"result": "auto", "accum": "auto"}}})
    graph = emu.load(path, weights=weights, config=config)
    assert "bn" in names(graph)
    first, second = graph.predict(np.ones((4, 3)))
    assert first.shape == second.shape == (4, 2)
    assert [value.name for value in graph.outputs] == ["bn", "a"]


def test_inputs_follow_the_models_order(tmp_path):
    """Several inputs: a list in model order or a dict by name."""
    layers = [
        layer("InputLayer", "second", batch_input_shape=[None, 2]),
        layer("InputLayer", "first", batch_input_shape=[None, 3]),
        layer("Activation", "a", ["second"], activation="relu"),
        layer("Activation", "b", ["first"], activation="relu"),
    ]
    path, weights = write(tmp_path, functional(layers, ["first", "second"], ["a", "b"]), {})
    graph = emu.load(path, weights=weights)
    assert [value.name for value in graph.inputs] == ["first", "second"]
    one, two = np.ones((2, 3)), np.full((2, 2), 2.0)
    a, b = graph.predict([one, two])
    np.testing.assert_array_equal(a, two)
    np.testing.assert_array_equal(b, one)
    np.testing.assert_array_equal(graph.predict({"second": two, "first": one})[0], two)
    with pytest.raises(
        ValueError, match=r"^x must have the inputs \['first', 'second'\], not \['first'\]$"
    ):
        graph.predict({"first": one})
    with pytest.raises(
        ValueError,
        match=r"^inputs must have one number of samples, not \{'first': 2, 'second': 1\}$",
    ):
        graph.predict([one, two[:1]])


def test_flatten_takes_the_type_of_its_input(tmp_path):
    """A Flatten's own result type has no effect, and the note says so; a last one disappears."""
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, 2, 2]),
        layer("Flatten", "flat", ["x"]),
        layer("Activation", "a", ["flat"], activation="relu"),
        layer("Reshape", "back", ["a"], target_shape=[2, -1]),
    ]
    path, weights = write(tmp_path, functional(layers, ["x"], ["back"]), {})
    config = hls(
        LayerName={
            "x": {"Precision": "fixed<8,4>"},
            "flat": {"Precision": {"result": "fixed<4,2>"}},
        }
    )
    graph = emu.load(path, weights=weights, config=config)
    assert str(graph.formats["flat"]) == "ap_fixed<8,4>"
    assert graph.output_names == ("a",)
    assert "Precision: result has no effect here: flat" in graph.notes
    assert graph.predict(np.ones((3, 2, 2))).shape == (3, 4)


def test_skip_removes_the_softmax(tmp_path):
    """``Skip: true`` gives logits; the note says where the layer went."""
    path, weights = mlp(tmp_path, (4, 3), activation="softmax")
    graph = emu.load(path, weights=weights, config=hls(LayerName={"fc1_softmax": {"Skip": True}}))
    assert graph.output_names == ("fc1",)
    assert "layer fc1_softmax: removed: Skip is set, the model gives logits" in graph.notes


def test_narrow_inputs_shrink_the_softmax_table(tmp_path):
    """table_size <= 2**width of what addresses it; said in a note."""
    path, weights = mlp(tmp_path, (4, 3), activation="softmax")
    config = hls(LayerName={"fc1": {"Precision": {"result": "fixed<7,3>"}}})
    graph = emu.load(path, weights=weights, config=config)
    assert {name: table.size for name, table in graph.tables().items()} == {
        "fc1_softmax.exponential": 64,
        "fc1_softmax.inverse": 128,
    }
    assert "layer fc1_softmax: table_size 1024 becomes 128: its index has 7 bits" in graph.notes


@pytest.mark.parametrize(
    ("strategy", "wanted", "found", "interleave"),
    [
        ("Latency", 4, 4, 1),
        ("Resource", 4, 5, 5),
        ("Resource", 15, 10, 1),
        ("Resource", 320, 320, 1),
        ("resource_unrolled", 320, 160, 1),
        ("resource_unrolled", 1, 1, 1),
    ],
)
def test_reuse_factors_become_legal(tmp_path, strategy, wanted, found, interleave):
    """10 inputs, 32 outputs: hls4ml's nearest legal factor, and the order that goes with it."""
    path, weights = mlp(tmp_path, (10, 32))
    model = {"Precision": "fixed<14,5,RND,SAT>", "ReuseFactor": wanted, "Strategy": strategy}
    graph = emu.load(path, weights=weights, config={"Model": model})
    resolved = graph.config["HLSConfig"]["LayerName"]["fc1"]
    assert resolved["ReuseFactor"] == found
    op = next(node.op for node in graph.nodes if node.name == "fc1")
    assert op.interleave == interleave
    if wanted != found:
        assert f"layer fc1: ReuseFactor {wanted} is not legal for 10 x 32: {found}" in graph.notes


def test_target_cycles_choose_the_reuse_factor(tmp_path):
    """rf = (cycles - 6 n_out) / n_out, then the nearest legal one."""
    path, weights = mlp(tmp_path, (10, 4))
    config = {
        "Model": {
            "Precision": "fixed<16,6>",
            "ReuseFactor": 1,
            "Strategy": "Resource",
            "TargetCycles": 44,
        }
    }
    graph = emu.load(path, weights=weights, config=config)
    assert graph.config["HLSConfig"]["LayerName"]["fc1"]["ReuseFactor"] == 5


# ---- configuration -----------------------------------------------------------------------------


def test_look_up_order(tmp_path):
    """Name beats its default, then type, its default, model variable, model default."""
    path, weights = mlp(tmp_path, (4, 3))

    def accum(**more):
        graph = emu.load(
            path,
            weights=weights,
            config=hls({"default": "fixed<10,4>", "accum": "fixed<11,4>"}, **more),
        )
        return str(next(node.op.accum for node in graph.nodes if node.name == "fc1"))

    assert accum() == "ap_fixed<11,4>"
    by_type = {"Dense": {"Precision": "fixed<12,4>"}}
    assert accum(LayerType=by_type) == "ap_fixed<12,4>"
    by_type = {"Dense": {"Precision": {"default": "fixed<12,4>", "accum": "fixed<13,4>"}}}
    assert accum(LayerType=by_type) == "ap_fixed<13,4>"
    assert (
        accum(LayerType=by_type, LayerName={"FC1": {"Precision": "fixed<14,4>"}})
        == "ap_fixed<14,4>"
    )
    by_name = {"fc1": {"Precision": {"accum": "fixed<15,4>"}}}
    assert accum(LayerType=by_type, LayerName=by_name) == "ap_fixed<15,4>"


def test_defaults_without_a_configuration(tmp_path):
    """fixed<16,6>, ReuseFactor 1, Latency, io_parallel, Vitis; nothing to note."""
    path, weights = mlp(tmp_path, (4, 3))
    graph = emu.load(path, weights=weights)
    assert {str(f) for f in graph.formats.values()} == {"ap_fixed<16,6>"}
    assert (graph.config["Backend"], graph.config["IOType"]) == ("Vitis", "io_parallel")
    assert graph.config["HLSConfig"]["LayerName"]["fc1"] == {
        "ReuseFactor": 1,
        "Strategy": "latency",
    }
    assert graph.notes == ()


def test_yaml_beside_its_model(tmp_path):
    """Paths are relative to the YAML; a missing IOType is noted; !keras_model is read as text."""
    mlp(tmp_path, (4, 3))
    text = "KerasJson: model.json\nKerasH5: model.h5\nHLSConfig:\n  Model:\n    Precision: fixed<8,4>\n"
    (tmp_path / "c.yml").write_text(text)
    graph = emu.load(str(tmp_path / "c.yml"))
    assert "IOType is not set: io_parallel" in graph.notes
    assert str(graph.formats["fc1"]) == "ap_fixed<8,4>"
    shutil.copy(DIGITS / "digits.keras", tmp_path / "m.keras")
    (tmp_path / "k.yml").write_text("KerasModel: !keras_model m.keras\nIOType: io_parallel\n")
    assert names(emu.load(tmp_path / "k.yml"))[0] == "pixels"
    (tmp_path / "w.yml").write_text("KerasModel: !keras_model my-hls-test/m.keras\n")
    graph = emu.load(tmp_path / "w.yml")
    assert (
        "KerasModel my-hls-test/m.keras is not there: m.keras beside w.yml is read" in graph.notes
    )
    (tmp_path / "bad.yml").write_text("KerasModel: !!python/object/apply:os.system [echo]\n")
    with pytest.raises(
        ValueError,
        match=r"^configuration .*bad.yml must be YAML: could not determine a constructor",
    ):
        emu.load(tmp_path / "bad.yml")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"Modell": {}, "HLSConfig": {}},
            r"^key of the configuration must be one that hls4ml knows, not 'Modell'",
        ),
        (hls(LayerNames={}), r"^key of the configuration must be .* not 'Model'"),
        (
            {"Model": {"ReuseFaktor": 2}},
            r"^key of HLSConfig: Model must .* not 'ReuseFaktor'; did you mean 'ReuseFactor'\?$",
        ),
        (
            {"Model": {"ReuseFactor": 0}},
            r"^HLSConfig: Model: ReuseFactor must be a positive integer, not 0$",
        ),
        (
            {"Model": {"ReuseFactor": "auto"}},
            r"^HLSConfig: Model: ReuseFactor must be a positive integer, not 'auto'$",
        ),
        (
            {"Model": {"Strategy": "Latencyy"}},
            r"Strategy must be one of latency, resource, resource_unrolled,"
            r" distributed_arithmetic, not 'Latencyy'; did you mean 'latency'",
        ),
        (
            {"Model": {"Precision": "auto"}},
            r"^HLSConfig: Model: Precision: default must be a type, not 'auto'$",
        ),
        (
            {"Model": {"Precision": {"defualt": "fixed<8,4>"}}},
            r"not 'defualt'; did you mean 'default'\?$",
        ),
        (
            {"Model": {"Precision": "fixed<8>"}},
            r"^HLSConfig: Model: Precision: default: fixed must have 2 to 5 arguments, not 'fixed<8>'$",
        ),
        (
            {"Model": {"Precision": "float"}},
            r"format must be written like \"fixed<16,6,RND,SAT>\", not 'float'$",
        ),
        (
            {"Model": {"Compression": True}},
            r"^HLSConfig: Model: Compression must be false, not True",
        ),
        (
            {"Model": {"PipelineStyle": "flow"}},
            r"PipelineStyle must be auto, pipeline or dataflow, not 'flow'$",
        ),
        (
            {"Model": {"Numerics": "correct"}},
            r"Numerics must be hls4ml or corrected, not 'correct'; did you mean 'corrected'\?$",
        ),
        ({"Model": []}, r"^HLSConfig: Model must be a mapping, not \[\]$"),
        (
            hls(LayerName={"fc2": {}}),
            r"^HLSConfig: LayerName must name a layer of the model, not 'fc2'; did you mean 'fc1'\?$",
        ),
        (
            hls(LayerName={"fc1": {"Precission": "fixed<8,4>"}}),
            r"not 'Precission'; did you mean 'Precision'\?$",
        ),
        (
            hls(LayerName={"fc1": {"Precision": {"weights": "fixed<8,4>"}}}),
            r"not 'weights'; did you mean 'weight'\?$",
        ),
        (
            hls(LayerName={"fc1_relu": {"TableSize": 0}}),
            r"^HLSConfig: LayerName: fc1_relu: TableSize must be a positive integer, not 0$",
        ),
        (
            hls(LayerType={"Dens": {}}),
            r"^HLSConfig: LayerType must name a layer class of hls4ml, not 'Dens'; did you mean 'Dense'\?$",
        ),
        (
            {"Backend": "Quartus", "HLSConfig": {}},
            r"^Backend must be Vitis or Vivado, not 'Quartus'",
        ),
        (
            {"IOType": "io_strem", "HLSConfig": {}},
            r"^IOType must be io_parallel or io_stream, not 'io_strem'; did you mean 'io_stream'\?$",
        ),
    ],
)
def test_illegal_configurations(tmp_path, config, message):
    """Where, the value, the rule, and the nearest valid word."""
    path, weights = mlp(tmp_path, (4, 3))
    with pytest.raises(ValueError, match=message):
        emu.load(path, weights=weights, config=config)


def test_idle_keys_are_noted_once(tmp_path):
    """What hls4ml knows and ignores: each key once, with the layers."""
    path, weights = mlp(tmp_path, (4, 3, 2), activation="softmax")
    entry = {
        "Precision": {"table": "fixed<18,8>", "exp_table": "fixed<18,8>", "inv_inp": "fixed<18,8>"},
        "Strategy": "Stable",
        "Trace": True,
    }
    config = {
        "TraceOutput": True,
        "IOType": "io_parallel",
        "Backend": "Vitis",
        "HLSConfig": hls(
            LayerName={"fc1_softmax": entry, "fc2_softmax": entry},
            LayerType={"ELU": {"Precision": "fixed<8,4>"}, "Conv2D": {"ReuseFactor": 2}},
        ),
    }
    config["HLSConfig"]["Model"] |= {"BramFactor": 1000, "TraceOutput": False}
    both = "fc1_softmax, fc2_softmax"
    graph = emu.load(path, weights=weights, config=config)
    met = [defect.name for defect in graph.defects]
    assert met == ["table_precision", "softmax_accum", "softmax_difference"]
    assert graph.notes == (
        "LayerType: ELU has no effect: hls4ml matches its internal class ParametrizedActivation",
        "LayerType: Conv2D has no effect: the model has no such layer",
        "Model: BramFactor has no effect: all weights are in the firmware",
        f"Precision: table; the effective key is table_t, or Numerics: corrected has no effect here: {both}",
        f"Precision: exp_table; the effective key is exp_table_t, or Numerics: corrected has no effect here: {both}",
        f"Precision: inv_inp; the effective key is inv_inp_t, or Numerics: corrected has no effect here: {both}",
        f"Strategy; the effective key is Implementation, or Numerics: corrected has no effect here: {both}",
        f"Trace has no effect here: {both}",
        "TraceOutput has no effect on bits and is not used",
        *map(str, graph.defects),
    )


def test_automatic_types_beyond_62_bits_keep_every_bit(tmp_path):
    """Granularity name: the third layer has more than 62 bits; the result is the exact product."""
    path, weights = mlp(tmp_path, (4, 4, 4, 4), activation="linear")
    graph = emu.load(path, weights=weights, config=emu.config(path, "name", weights=weights))
    width = graph.outputs[0].format.width
    assert width > 62
    assert any(f"output fc3 has {width} bits: float64 rounds it" in note for note in graph.notes)
    x = np.random.default_rng(0).integers(-(2**15), 2**15, (20, 4))
    raw = graph.predict(np.ldexp(x, -10), raw=True)
    exact, frac = x.astype(object), 10
    for node in graph.nodes[1:]:
        exact = exact @ node.op.weight.raw.astype(object)
        frac += node.op.weight.format.frac
        exact = exact + node.op.bias.raw.astype(object) * 2 ** (frac - node.op.bias.format.frac)
    assert raw.dtype == object and frac == graph.outputs[0].format.frac
    np.testing.assert_array_equal(raw, exact)
    assert int(np.abs(raw).max()) > 2**40
    np.testing.assert_array_equal(
        graph.predict(np.ldexp(x, -10)), [[float(int(v)) / 2**frac for v in row] for row in exact]
    )


def test_no_format_is_wider_than_1024_bits(tmp_path):
    """The message names the layer."""
    path, weights = mlp(tmp_path, (4, 3), activation="linear")
    config = hls("fixed<600,300>")
    with pytest.raises(ValueError, match=r"^layer fc1: width must be 1 to 1024 bits, not 1200$"):
        emu.load(path, weights=weights, config=config)


# ---- model files -------------------------------------------------------------------------------


def test_bad_model_files(tmp_path):
    """Missing, truncated, pickled or foreign files: a clear error each."""
    path, weights = mlp(tmp_path, (4, 3))

    def refused(message, model, **more):
        with pytest.raises(ValueError, match=message):
            emu.load(model, **more)

    refused(r"^model file must exist, not '.*none.keras'$", tmp_path / "none.keras")
    refused(r"holds no weights: name the H5 file as weights= or KerasH5$", path)
    refused(r"^weights file must exist", path, weights=tmp_path / "none.h5")
    (tmp_path / "cut.h5").write_bytes(weights.read_bytes()[:600])
    refused(r"cut.h5 must be a whole HDF5 file", path, weights=tmp_path / "cut.h5")
    refused(r"must hold a whole model, not weights alone", weights)
    (tmp_path / "cut.json").write_text(path.read_text()[:100])
    refused(r"^architecture in .*cut.json must be JSON", tmp_path / "cut.json", weights=weights)
    (tmp_path / "m.pt").write_bytes(b"\x80\x02}q\x00.")
    refused(r"not 'm.pt' \(a pickle, which is never loaded: export to ONNX\)$", tmp_path / "m.pt")
    (tmp_path / "cut.keras").write_bytes((DIGITS / "digits.keras").read_bytes()[:2000])
    refused(r"cut.keras must be a whole .keras archive", tmp_path / "cut.keras")
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    refused(r"must be a (whole .keras archive|Keras model)", tmp_path / "empty.keras")


def test_unsupported_layers_and_activations_are_named(tmp_path):
    """The class or function, and the ones there are."""
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, 4]),
        layer("ConvLSTM2D", "rnn", ["x"]),
    ]
    path, weights = write(tmp_path, functional(layers, ["x"], ["rnn"]), {})
    with pytest.raises(
        ValueError,
        match=r"^layer rnn must be of a supported class, not 'ConvLSTM2D'.*supported: InputLayer",
    ):
        emu.load(path, weights=weights)
    layers[1] = layer("Activation", "a", ["x"], activation="sigmod")
    path, weights = write(tmp_path, functional(layers, ["x"], ["a"]), {})
    with pytest.raises(
        ValueError,
        match=r"^activation of a must be one that hls4ml has, not 'sigmod'; did you mean 'sigmoid'\?",
    ):
        emu.load(path, weights=weights)


def test_weights_must_be_finite_and_of_the_right_shape(tmp_path):
    """NaN in a file is refused with its index."""
    path, weights = mlp(tmp_path, (4, 3))
    with h5py.File(weights, "r+") as file:
        file["fc1/fc1/kernel:0"][1, 2] = np.nan
    with pytest.raises(
        ValueError,
        match=r"^weight 'kernel' of layer 'fc1' must be finite, not nan at index \(1, 2\)$",
    ):
        emu.load(path, weights=weights)
    with h5py.File(weights, "r+") as file:
        del file["fc1/fc1/bias:0"]
        file["fc1/fc1/kernel:0"][1, 2] = 0
    with pytest.raises(ValueError, match=r"must have 'bias' of layer 'fc1': not found$"):
        emu.load(path, weights=weights)


# ---- inputs and outputs ------------------------------------------------------------------------


def cast_of_input(tmp_path, precision):
    layers = [layer("InputLayer", "x", batch_input_shape=[None, 3])]
    layers.append(layer("Activation", "a", ["x"], activation="linear"))
    path, weights = write(tmp_path, functional(layers, ["x"], ["a"]), {})
    return emu.load(path, weights=weights, config=hls(precision))


def test_the_input_cast_wraps_saturates_and_breaks_ties(tmp_path):
    """fixed<4,2>: range [-2, 1.75], ties by the mode, -0.0 is 0."""
    x = [[2.0, -2.25, 100.0], [0.125, -0.125, -0.0], [0.375, -0.375, 1e-30]]
    wrap = cast_of_input(tmp_path, "fixed<4,2>").predict(x, raw=True)
    np.testing.assert_array_equal(wrap, [[-8, 7, 0], [0, -1, 0], [1, -2, 0]])
    sat = cast_of_input(tmp_path, "fixed<4,2,RND_CONV,SAT>").predict(x, raw=True)
    np.testing.assert_array_equal(sat, [[7, -8, 7], [0, 0, 0], [2, -2, 0]])


def test_integer_results_truncate_toward_zero_then_wrap(tmp_path):
    """``result: int<5>`` gives -1 for -1.125, as hls4ml's C simulation; not the -2 of fixed<5,5>."""
    layers = [layer("InputLayer", "x", batch_input_shape=[None, 3])]
    layers.append(layer("Activation", "a", ["x"], activation="linear"))
    path, weights = write(tmp_path, functional(layers, ["x"], ["a"]), {})
    config = hls(LayerName={"a": {"Precision": {"result": "int<5>"}}})
    graph = emu.load(path, weights=weights, config=config)
    np.testing.assert_array_equal(graph.predict([[-1.125, 3.75, 17.5]]), [[-1, 3, -15]])


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[0.0, np.nan, 0.0]], r"^input x must be finite, not nan at index \(0, 1\)$"),
        ([[0.0] * 3, [0.0, 0.0, -np.inf]], r"^input x must be finite, not -inf at index \(1, 2\)$"),
        (np.zeros((2, 4)), r"^input x must have shape \(N, 3\), not \(2, 4\)$"),
        (np.zeros(3), r"^input x must have shape \(N, 3\), not \(3,\)$"),
        (np.zeros((2, 3), complex), r"^input x must be real numbers, not dtype complex128$"),
        ([["a", "b", "c"]], r"^input x must be real numbers, not dtype <U1$"),
        ([[1.0], [1.0, 2.0]], r"^input x must be a rectangular array, not ragged lists$"),
        (
            [[2**53 + 1, 0, 0]],
            r"^input x must be exact in float64, not 9007199254740993 at index \(0, 0\)$",
        ),
    ],
)
def test_illegal_inputs(tmp_path, x, message):
    """The input's name and the first offending index."""
    with pytest.raises(ValueError, match=message):
        cast_of_input(tmp_path, "fixed<16,6>").predict(x)


def test_no_samples_give_no_outputs(tmp_path):
    """N = 0 is legal."""
    assert cast_of_input(tmp_path, "fixed<16,6>").predict(np.zeros((0, 3))).shape == (0, 3)


def test_raw_values_read_by_the_output_format(tmp_path):
    """raw * 2**-frac is the float output; many samples cross several batches."""
    path, weights = mlp(tmp_path, (6, 5, 4))
    graph = emu.load(path, weights=weights)
    x = np.random.default_rng(0).normal(size=(5000, 6))
    raw = graph.predict(x, raw=True)
    assert raw.dtype == np.int64
    np.testing.assert_array_equal(np.ldexp(raw, -graph.outputs[0].format.frac), graph.predict(x))
    trace = graph.trace(x, raw=True)
    np.testing.assert_array_equal(trace[graph.output_names[0]], raw)
    np.testing.assert_array_equal(trace["x"], from_float(x, Format.parse("fixed<16,6>")))
    np.testing.assert_array_equal(
        trace["fc1_relu"],
        cast(np.maximum(trace["fc1"], 0), graph.formats["fc1"], graph.formats["fc1_relu"]),
    )


# ---- text --------------------------------------------------------------------------------------


def test_json_round_trip_keeps_every_bit(tmp_path):
    """to_json -> from_json predicts the same; a changed table entry is noticed."""
    from emu.text import from_json, to_json

    path, weights = mlp(tmp_path, (6, 5, 4), activation="softmax", batch_norm=True)
    graph = emu.load(path, weights=weights)
    text = to_json(graph)
    again = from_json(text)
    assert to_json(again) == text
    x = np.random.default_rng(1).normal(size=(50, 6))
    np.testing.assert_array_equal(again.predict(x, raw=True), graph.predict(x, raw=True))
    np.testing.assert_array_equal(again.reference(x), graph.reference(x))
    document = json.loads(text)
    assert document["libm"]
    table = next(n for n in document["nodes"] if n["operator"] == "Softmax")["fields"][
        "exponential"
    ]
    table["table"][3] += 1
    with pytest.raises(ValueError, match=r"^table \w+.exponential must have the SHA-256"):
        from_json(json.dumps(document))
    with pytest.raises(ValueError, match=r"^graph version must be 1, not 7$"):
        from_json('{"bitwright_graph": 7}')


def test_one_auto_entry_gives_one_parameter_type(tmp_path):
    """hls4ml names the type after its LayerType entry, so the first layer's inferred type serves all."""
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, 3]),
        layer("LeakyReLU", "one", ["x"], alpha=-0.11),
        layer("LeakyReLU", "two", ["one"], alpha=0.792),
    ]
    path, weights = write(tmp_path, functional(layers, ["x"], ["two"]), {})

    def types(**config):
        graph = emu.load(path, weights=weights, config=hls(**config))
        return graph, [str(node.op.parameters[0].format) for node in graph.nodes[1:]]

    auto = {"Precision": {"param": "auto"}}
    graph, found = types(LayerType={"ParametrizedActivation": auto})
    assert found == ["ap_fixed<9,-2>", "ap_fixed<9,-2>"]
    assert any(
        note.startswith("layer two: param has the type ap_fixed<9,-2> of one")
        for note in graph.notes
    )
    assert types(LayerName={"one": auto, "two": auto})[1] == ["ap_fixed<9,-2>", "ap_ufixed<8,0>"]


def test_weights_go_through_decimal_text():
    """F digits, rounded half to even, then one cast: noise off a grid point disappears."""
    from emu.decimal import from_weights

    weights = np.array([-1e-12, -1e-3, 0.25, 0.2499999999, 0.03125], np.float64)
    # fixed<8,4>: four digits; -1e-12 prints as -0.0000; 0.03125 prints as 0.0312, below the tie.
    np.testing.assert_array_equal(
        from_weights(weights, Format.parse("fixed<8,4>")), [0, -1, 4, 4, 0]
    )
    np.testing.assert_array_equal(
        from_weights(weights, Format.parse("fixed<8,4,RND>")), [0, 0, 4, 4, 0]
    )
    np.testing.assert_array_equal(
        from_weights(np.array([2.5, -1.5, 0.4]), Format.parse("int<4>")), [2, -2, 0]
    )


@pytest.mark.parametrize(
    ("function", "format"), [("binary_tanh", "ap_uint<1>"), ("ternary_tanh", "ap_int<2>")]
)
def test_thresholds_behind_a_batch_norm_are_merged(tmp_path, function, format):
    """hls4ml merges the two into another layer; folded into the Dense layer, nothing is merged."""
    path, weights = mlp(tmp_path, (4, 3), activation=function, batch_norm=True)
    graph = emu.load(path, weights=weights)
    assert names(graph) == ["x", "fc1", "bnbt_bn1"]
    assert str(graph.outputs[0].format) == format
    assert "layer act1: merged with bn1 into bnbt_bn1" in graph.notes
    auto = {"fc1": {"Precision": {"result": "auto"}}}
    assert names(emu.load(path, weights=weights, config=hls(LayerName=auto))) == [
        "x",
        "fc1",
        "act1",
    ]
