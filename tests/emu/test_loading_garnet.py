"""emu.load of GarNet and GarNetStack: types, contracted weights, notes, schedules, refusals."""

from fractions import Fraction

import numpy as np
import pytest

import emu
from emu.frontends.files import ModelFileError
from emu.ops import GarNet
from generator import Schedule
from tests import oracle
from tests.emu.models import functional, layer, write

OWN = {"simplified": True, "collapse": "mean", "input_format": "xn", "output_activation": None}
OWN |= {"mean_by_nvert": False, "quantize_transforms": False}


def arrays(rng, sizes, part="", scale=0.7):
    """Trained arrays of one layer of ``features, aggregators, propagate, filters``."""
    features, aggregators, propagate, filters = sizes
    shapes = {"FLR": (features, propagate), "S": (features, aggregators)}
    shapes["Fout"] = (aggregators * propagate, filters)
    found = {}
    for name, shape in shapes.items():
        found[f"{name}{part}_kernel"] = rng.normal(0, scale, shape).astype(np.float32)
        found[f"{name}{part}_bias"] = rng.normal(0, scale, shape[1]).astype(np.float32)
    return found


def load(folder, names=None, *, stack=False, vertices=8, weights=None, shapes=None, **given):
    """A model of one layer ``g`` on ``x`` (vertices, 3) and ``n``; given: keys of the layer.

    ``types``, ``model``, ``io`` and ``generation`` are those of the configuration and the file.
    """
    types, model, io = (
        given.pop("types", {}),
        given.pop("model", {}),
        given.pop("io", "io_parallel"),
    )
    rng = np.random.default_rng(4)
    if stack:
        sizes = {"n_aggregators": [2, 1, 2], "n_propagate": [2, 3, 1], "n_filters": [2, 3, 4]}
        own = [(3, 2, 2, 2), (2, 1, 3, 3), (3, 2, 1, 4)]
        made = {k: v for i, part in enumerate(own) for k, v in arrays(rng, part, str(i)).items()}
    else:
        sizes, made = {"n_aggregators": 2, "n_propagate": 4, "n_filters": 3}, {}
        made = arrays(rng, (3, 2, 4, 3))
    shapes = shapes or ((vertices, 3), (1,))
    inputs = [
        layer("InputLayer", name, batch_input_shape=[None, *shape], dtype="float32")
        for name, shape in zip("xn", shapes, strict=False)
    ]
    kind = "GarNetStack" if stack else "GarNet"
    sources = [item["name"] for item in inputs]
    net = functional([*inputs, layer(kind, "g", sources, **(OWN | sizes | given))], sources, ["g"])
    path, h5 = write(folder, net, {"g": made | (weights or {})})
    hls = {"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1, **model}}
    hls |= {"LayerType": types, "LayerName": {"n": {"Precision": "uint<5>"}, **(names or {})}}
    return emu.load(path, weights=h5, config={"IOType": io, "HLSConfig": hls})


def garnet(graph, name="g"):
    """The operator of a node."""
    return next(node.op for node in graph.nodes if node.name == name)


def types(op):
    """The four types that a configuration can set."""
    return [str(f) for f in (op.table.format, op.edge_sum, op.aggr, op.norm)]


def test_types_inside_come_from_vertices_and_blocks(tmp_path):
    """10 fraction bits; room for the sum of a block or of blocks, whichever is longer."""
    plain = ["ap_ufixed<10,0>", "ap_ufixed<13,3>", "ap_fixed<16,6>", "ap_ufixed<14,4>"]
    op = garnet(load(tmp_path))
    assert types(op) == plain
    assert str(op.distance) == "ap_fixed<12,4,AP_TRN,AP_SAT>"
    assert (op.blocks, op.collapse, op.by_count, op.fraction) == (1, True, False, 0)
    narrow = ["ap_ufixed<10,0>", "ap_ufixed<12,2>", "ap_fixed<15,5>", "ap_ufixed<14,4>"]
    for reuse in (2, 4):
        op = garnet(load(tmp_path, {"g": {"ReuseFactor": reuse}}))
        assert (types(op), op.blocks) == (narrow, reuse)


@pytest.mark.parametrize("key", ["types", "names"])
def test_which_entries_set_them(key, tmp_path):
    """LayerName by name or default; LayerType by name only; Model never."""
    where = "GarNet" if key == "types" else "g"
    entry = {"Precision": {"default": "fixed<9,2>", "aggr": "fixed<11,4,RND,SAT>"}}
    graph = load(tmp_path, **{key: {where: entry}})
    aggr, default = "ap_fixed<11,4,AP_RND,AP_SAT>", "ap_fixed<9,2>"
    plain = ["ap_ufixed<10,0>", "ap_ufixed<13,3>", aggr, "ap_ufixed<14,4>"]
    assert types(garnet(graph)) == (plain if key == "types" else [default, default, aggr, default])
    assert str(garnet(graph).result) == default
    given = {"Precision": {"default": "fixed<16,6>", "norm": "ufixed<8,3>"}}
    graph = load(tmp_path, model=given)
    assert types(garnet(graph))[3] == "ap_ufixed<14,4>"
    assert any(note.startswith("Model: Precision: norm has no effect on") for note in graph.notes)


def test_auto_is_hls4mls_own_type(tmp_path):
    """Which hls4ml stops at; the result is the model's default."""
    graph = load(tmp_path, {"g": {"Precision": {"aggr": "auto", "result": "auto"}}})
    op = garnet(graph)
    assert (str(op.aggr), str(op.result)) == ("ap_fixed<16,6>", "ap_fixed<16,6>")
    assert [note for note in graph.notes if "aggr is auto" in note]


def test_weights_are_contracted(tmp_path):
    """Both transforms are one; types hold the greatest weight with 10 fraction bits."""
    rng = np.random.default_rng(4)
    made = {name: array.astype(float) for name, array in arrays(rng, (3, 2, 4, 3)).items()}
    op = garnet(load(tmp_path))
    out = made["Fout_kernel"].reshape(2, 4, 3)
    products = {
        "weight": np.einsum("ip,apo->oai", made["FLR_kernel"], out),
        "bias": np.einsum("p,apo->oa", made["FLR_bias"], out),
        "distance_weight": made["S_kernel"].T,
        "distance_bias": made["S_bias"],
        "output_bias": made["Fout_bias"],
    }
    for name, exact in products.items():
        item = getattr(op, name)
        t = oracle.read(str(item.format))
        assert (t.frac, t.rounding, t.overflow) == (10, "RND", "SAT")
        assert t.signed == bool(exact.min() < 0)
        assert t.integer - t.signed == int(np.abs(exact).max()).bit_length()
        wanted = [oracle.cast_raw(Fraction(float(f"{v:.10f}")), t) for v in exact.reshape(-1)]
        np.testing.assert_array_equal(item.raw.reshape(-1), wanted)


def test_ternary_transforms(tmp_path):
    """1 above 0.5, -1 up to -0.5; their products are integers, in a type without a fraction."""
    graph = load(tmp_path, quantize_transforms=True)
    op, made = garnet(graph), arrays(np.random.default_rng(4), (3, 2, 4, 3))
    kernel, out = (
        (made[name] > 0.5).astype(int) - (made[name] <= -0.5)
        for name in ("FLR_kernel", "Fout_kernel")
    )
    wanted = np.einsum("ip,apo->oai", kernel, out.reshape(2, 4, 3))
    np.testing.assert_array_equal(op.weight.raw, wanted)
    assert op.weight.format.is_integer
    assert op.bias.format.is_integer
    assert not op.output_bias.format.is_integer
    assert [met.name for met in graph.defects] == ["garnet_transforms"]
    graph = load(tmp_path, quantize_transforms=True, weights={"FLR_bias": np.full(4, 0.5, "f4")})
    assert str(garnet(graph).bias.format) == "ap_uint<1>"  # all 0


def test_a_stack_is_a_chain_on_one_number(tmp_path):
    """Every layer reads n; only the last collapses; each has the ReuseFactor's blocks."""
    graph = load(tmp_path, {"g": {"ReuseFactor": 4}}, stack=True)
    nodes = [node for node in graph.nodes if isinstance(node.op, GarNet)]
    assert [(node.name, node.inputs) for node in nodes] == [
        ("g_0", ("x", "n")),
        ("g_1", ("g_0", "n")),
        ("g", ("g_1", "n")),
    ]
    assert [graph.values[node.name].shape for node in nodes] == [(8, 2), (8, 3), (4,)]
    assert {node.op.blocks for node in nodes} == {4}
    schedule = Schedule.from_config(graph.config)
    schedule.check(graph)
    assert [schedule.of(node.name).reuse_factor for node in nodes] == [4, 4, 4]
    graph = load(tmp_path, stack=True, collapse=None)
    assert graph.outputs[0].shape == (8, 4)
    assert any("does not compile a GarNetStack without collapse" in note for note in graph.notes)


def test_vertices_that_do_not_count(tmp_path):
    """hls4ml leaves them undefined, here they are 0; with collapse there are none."""
    graph = load(tmp_path, collapse=None)
    x, n = np.full((2, 8, 3), 0.5), np.array([[3.0], [8.0]])
    found = graph.predict([x, n])
    assert found.any(axis=2).tolist() == [[True] * 3 + [False] * 5, [True] * 8]
    assert any("leaves vertices that do not count undefined" in note for note in graph.notes)
    assert not any("do not count" in note for note in load(tmp_path).notes)


def test_a_mean_by_number(tmp_path):
    """hls4ml's quotient is whole: 0 above n_vertices / ReuseFactor; corrected it has norm's bits."""
    x = np.full((3, 8, 3), 0.5)
    n = np.array([[1.0], [2.0], [3.0]])
    names, model = {"g": {"ReuseFactor": 4}}, {"Numerics": "corrected"}
    graph = load(tmp_path, names, mean_by_nvert=True)
    found = graph.predict([x, n], raw=True)
    assert [met.name for met in graph.defects] == ["garnet_share"]
    op = garnet(graph)
    exact = load(tmp_path, names, mean_by_nvert=True, model=model)
    assert (op.fraction, garnet(exact).fraction) == (0, 10)
    bias = np.floor(op.output_bias.raw / 2 ** (op.output_bias.format.frac - op.result.frac))
    np.testing.assert_array_equal(found[2], bias)
    assert (exact.predict([x, n], raw=True)[2] != bias).all()
    np.testing.assert_array_equal(exact.predict([x, n], raw=True)[:2], found[:2])


def test_vertices_that_are_no_power_of_two(tmp_path):
    """Means divide by the one below; blocks that reach beyond the vertices are noted."""
    graph = load(tmp_path, {"g": {"ReuseFactor": 3}}, vertices=12)
    assert [met.name for met in graph.defects] == ["garnet_vertices"]
    assert any("ap_uint<5> has numbers above 12 vertices" in note for note in graph.notes)
    narrow = {"g": {"ReuseFactor": 3}, "n": {"Precision": "uint<3>"}}
    assert not any("above 12" in note for note in load(tmp_path, narrow, vertices=12).notes)
    assert load(tmp_path).defects == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"simplified": False}, "simplified of GarNet g must be true, not False: hls4ml has no"),
        (
            {"output_activation": "tanh"},
            "output_activation of GarNet g must be linear, not 'tanh', as in hls4ml; put an",
        ),
        (
            {"input_format": "xen"},
            "input_format of GarNet g must be 'xn', not 'xen', as in hls4ml:",
        ),
        (
            {"collapse": "max"},
            "collapse of GarNet g must be 'mean' or null, not 'max': hls4ml's kernel for it does"
            " not compile$",
        ),
        ({"collapse": "sum"}, ".* not 'sum': .* writes behind the end of its result$"),
        ({"collapse": "min"}, ".* not 'min': hls4ml's kernel for it does not exist$"),
        (
            {"shapes": ((8, 3), (2,))},
            r"inputs of GarNet g must be \(vertices, features\) and \(1,\), not of shapes \(8, 3\),"
            r" \(2,\)$",
        ),
        (
            {"weights": {"S_bias": np.zeros(3, "f4")}},
            r"S_bias of g must have shape \(2,\), not \(3,\)$",
        ),
        (
            {"stack": True, "n_filters": [2, 3]},
            "GarNetStack g must have two sublayers or more, with n_aggregators, n_propagate and"
            " n_filters for each, not 2, 3: hls4ml runs a single one twice; GarNet is that$",
        ),
        (
            {"stack": True, "n_filters": [2], "n_propagate": [2], "n_aggregators": [2]},
            "GarNetStack g must have two sublayers or more, .*, not 1: hls4ml runs a single one",
        ),
    ],
)
def test_what_hls4ml_does_not_convert(given, message, tmp_path):
    """Each message names the rule, the value and the way out."""
    with pytest.raises(ModelFileError, match=f"^{message}"):
        load(tmp_path, **given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"names": {"g": {"ReuseFactor": 3}}},
            "layer g: ReuseFactor must divide the 8 vertices, not 3, as in hls4ml: vertices are",
        ),
        ({"io": "io_stream"}, "layer g: IOType must be io_parallel for GarNet, not 'io_stream':"),
    ],
)
def test_what_cannot_be_scheduled(given, message, tmp_path):
    """Each message names the rule and the value."""
    with pytest.raises(ValueError, match=f"^{message}"):
        load(tmp_path, **given)
