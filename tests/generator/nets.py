"""Graphs built by hand: every operator, several inputs and outputs, odd names."""

from __future__ import annotations

import numpy as np

from emu import Graph, Node
from emu.op import Constant
from emu.ops import FUNCTIONS, Activation, BatchNormalization, Dense, Input, Reshape, Softmax
from emu.tables import exp_table, function_table, inverse_table, legacy_tables
from fxp import Format


def constant(text, *shape, seed=0):
    """Random weights over the whole range of a format."""
    f = Format.parse(text)
    raw = np.random.default_rng(seed).integers(f.raw_min, f.raw_max, shape, endpoint=True)
    return Constant(raw.astype(np.int64), f, np.ldexp(raw.astype(np.float64), -f.frac))


def dense(n_in, n_out, result="fixed<12,5,RND,SAT>", accum="fixed<18,8>", interleave=1, seed=0):
    return Dense(
        result=Format.parse(result),
        weight=constant("fixed<7,2>", n_in, n_out, seed=seed),
        bias=constant("fixed<6,2>", n_out, seed=seed + 1),
        accum=Format.parse(accum),
        interleave=interleave,
    )


def activation(name, result="fixed<10,4>", n=1):
    row = FUNCTIONS[name]
    kinds = {"shift": "ufixed<2,0>", "slope": "ufixed<8,0>"}
    shape = (n,) if name == "prelu" else ()
    table = function_table(name.removesuffix("_stream"), 64, Format(18, 8)) if row.table else None
    return Activation(
        result=Format.parse(result),
        name=name,
        parameters=tuple(
            constant(kinds.get(key, "fixed<6,2>"), *shape, seed=k)
            for k, key in enumerate(row.parameters)
        ),
        table=table,
    )


def softmax(kind, n, text="fixed<12,5,RND,SAT>", outer=1, inner=1):
    """A softmax with hls4ml's recipes on values of ``text``."""
    wide, data = Format.parse("fixed<18,8,RND,SAT>"), Format.parse(text)
    difference = Format(data.width - 1, data.integer - 1, False)
    fields = {}
    if kind in ("latency", "stable"):
        address = data if kind == "latency" else difference
        fields = {
            "accum": wide,
            "inverse_input": wide,
            "exponential": exp_table(address, 256, wide, 1.0, negative=kind == "stable"),
            "inverse": inverse_table(wide, 256, wide),
        }
    if kind == "stable":
        fields["difference"] = difference
    if kind == "legacy":
        exponential, inverse = legacy_tables(256, 128, Format(18, 8))
        fields = {"exponential": exponential, "inverse": inverse}
    return Softmax(
        result=Format.parse("ufixed<9,1,RND,SAT>"),
        implementation=kind,
        n_outer=outer,
        n_slice=n,
        n_inner=inner,
        **fields,
    )


def config(layers=None, **settings):
    """An inert configuration; ``layers``: name -> (strategy, reuse factor)."""
    model = {key: settings.pop(key) for key in list(settings) if key.startswith("Pipeline")}
    names = {
        name: {"Strategy": strategy, "ReuseFactor": reuse}
        for name, (strategy, reuse) in (layers or {}).items()
    }
    return {**settings, "HLSConfig": {"Model": model, "LayerName": names}}


def mlp(layers=None, **settings):
    """16 -> fc1 8, relu, bn, fc2 4, softmax."""
    given = Format.parse("fixed<8,3,RND,SAT>")
    nodes = (
        Node("x", Input(result=given, dimensions=(16,))),
        Node("fc1", dense(16, 8), ("x",)),
        Node("fc1_relu", activation("relu", "ufixed<9,4,RND,SAT>"), ("fc1",)),
        Node(
            "bn1",
            BatchNormalization(
                result=Format.parse("fixed<12,5>"),
                scale=constant("fixed<8,2>", 8, seed=5),
                bias=constant("fixed<8,3>", 8, seed=6),
            ),
            ("fc1_relu",),
        ),
        Node("fc2", dense(8, 4, seed=7), ("bn1",)),
        Node("softmax", softmax("stable", 4), ("fc2",)),
    )
    return Graph(nodes, ("softmax",), (), config(layers, **settings))


def everything():
    """Every operator and activation; two inputs, many outputs, reshapes, reads of an output."""
    given = Format.parse("fixed<12,5,RND,SAT>")
    nodes = [
        Node("left", Input(result=given, dimensions=(2, 3))),
        Node("right", Input(result=Format.parse("ufixed<7,3>"), dimensions=(4,))),
        Node("flat", Reshape(result=given, target=(6,)), ("left",)),
        Node("fc", dense(6, 6), ("flat",)),
        Node("fc_right", dense(4, 6, accum="fixed<9,4,RND,SAT>", interleave=2), ("right",)),
        Node("grid", Reshape(result=given, target=(3, 2)), ("fc",)),
        Node(
            "bn",
            BatchNormalization(
                result=Format.parse("fixed<11,4,RND_CONV,SAT>"),
                scale=constant("fixed<8,2>", 2, seed=5),
                bias=constant("fixed<8,3>", 2, seed=6),
            ),
            ("grid",),
        ),
    ]
    nodes += [Node(f"a_{name}", activation(name, n=6), ("fc",)) for name in FUNCTIONS]
    nodes += [
        Node("s_latency", softmax("latency", 3, inner=2), ("grid",)),
        Node("s_stable", softmax("stable", 6), ("fc_right",)),
        Node("s_legacy", softmax("legacy", 3, outer=2), ("fc",)),
        Node("s_argmax", softmax("argmax", 6), ("a_tanh",)),
    ]
    read = {name for node in nodes for name in node.inputs}
    ends = [node.name for node in nodes if node.name not in read]
    names = {"fc_right": ("resource", 2)}
    return Graph(tuple(nodes), ("fc", *ends), (), config(names, ProjectName="everything"))


def two_inputs():
    """``left`` (2, 3) and ``right`` (4,), each into a layer of its own."""
    nodes = (
        Node("left", Input(result=Format.parse("fixed<12,5>"), dimensions=(2, 3))),
        Node("right", Input(result=Format.parse("ufixed<7,3>"), dimensions=(4,))),
        Node("left_relu", activation("relu", n=6), ("left",)),
        Node("fc", dense(4, 2, accum="fixed<9,4,RND,SAT>", interleave=2), ("right",)),
    )
    return Graph(nodes, ("left_relu", "fc"), (), config({"fc": ("resource", 2)}))


def passed_on():
    """Outputs that are an input, its reshape, an array read on, and one array under two shapes."""
    given = Format.parse("fixed<8,3>")
    nodes = (
        Node("x", Input(result=given, dimensions=(2, 3))),
        Node("flat", Reshape(result=given, target=(6,)), ("x",)),
        Node("fc", dense(6, 6), ("flat",)),
        Node("relu", activation("relu", n=6), ("fc",)),
        Node("grid", Reshape(result=Format.parse("fixed<10,4>"), target=(3, 2)), ("relu",)),
    )
    return Graph(nodes, ("x", "flat", "fc", "relu", "grid"), (), config())


def odd_names():
    """Words of C++, of hardware languages, of our own texts; digits, slashes, unicode, clashes."""
    given = Format.parse("fixed<8,3>")
    names = ["int", "2nd", "größe/β", "größe?β", "input", "result", "a", "a_out", "a_t", "a_config"]
    names += ["a_weight", "key", "time", "std", "ap_int", "main", "NULL", "_x__y_", "out", "bw"]
    nodes = [Node(name, Input(result=given, dimensions=(2,))) for name in ("signal", "a b")]
    before = "signal"
    for k, name in enumerate(names):
        nodes.append(Node(name, dense(2, 2, "fixed<8,3>", seed=k), (before,)))
        before = name
    nodes.append(Node("a/b", activation("relu"), ("a b",)))
    return Graph(tuple(nodes), (before, "a/b"), (), config(ProjectName="odd"))
