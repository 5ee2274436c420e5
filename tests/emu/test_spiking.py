"""Spiking layers in graphs that are made by hand."""

import numpy as np

from emu import Graph, Node
from emu.op import Constant
from emu.ops import Input, SpikingNeuron, SpikingReadout
from emu.text import from_json
from fxp import Format


def test_a_network_by_hand():
    """Neurons feed neurons and a readout; trace, JSON and the plan are those of any graph."""
    f = Format.parse
    nodes = (
        Node("x", Input(result=f("fixed<6,2>"), dimensions=(5, 3))),
        Node(
            "lif",
            SpikingNeuron(
                result=f("uint<1>"),
                membrane=f("fixed<10,4,RND,SAT>"),
                threshold=Constant.of([1, 0.5, 0.25], "fixed<8,3>"),
                beta=Constant.of(0.875, "ufixed<6,0>"),
            ),
            ("x",),
        ),
        Node("class", SpikingReadout(result=f("uint<2>")), ("lif",)),
    )
    graph = Graph(nodes, ("class",))
    x = np.random.default_rng(0).uniform(-1, 2, (50, 5, 3))
    traced = graph.trace(x)
    assert traced["lif"].shape == (50, 5, 3) and graph.predict(x).shape == (50, 1)
    wanted = traced["lif"].sum(axis=1).argmax(axis=1)
    np.testing.assert_array_equal(graph.predict(x)[:, 0], wanted)
    assert graph.multiplications() == 15
    assert graph.multiplications() == 15
    assert from_json(graph.to_json()).to_json() == graph.to_json()
    wider = graph.with_formats({"lif.membrane": "fixed<20,8>", "lif.beta": "ufixed<8,0>"})
    assert wider.nodes[1].op.beta.raw.tolist() == 224
