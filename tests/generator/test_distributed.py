"""Exact sums of Strategy distributed_arithmetic in C++: a dense layer and a convolution."""

import numpy as np
import pytest

import emu
from tests.emu.models import functional, layer, write
from tests.emu.test_distributed import CONV, DENSE, trained
from tests.generator import compiled
from tests.generator.test_networks import agree

pytestmark = pytest.mark.cpp


@pytest.mark.parametrize(
    "io_type", ["io_parallel", pytest.param("io_stream", marks=pytest.mark.long)]
)
def test_layers_agree(io_type, tmp_path, record_property):
    """Weights of more than 25 bits, as trained, in one pipeline: C++ = emulator in every bit."""
    compiled.require()
    layers = [
        layer("InputLayer", "x", batch_input_shape=[None, 4, 2], dtype="float32"),
        layer("Conv1D", "conv", ["x"], **CONV),
        layer("Flatten", "row", ["conv"]),
        layer("Dense", "fc", ["row"], **DENSE),
    ]
    weights = {"conv": trained(3, 2, 2, 3), "fc": trained(4, 12, 3)}
    path, h5 = write(tmp_path, functional(layers, ["x"], ["fc"]), weights)
    model = {"Precision": "fixed<9,4,RND,SAT>", "Strategy": "distributed_arithmetic"}
    graph = emu.load(path, weights=h5, config={"Model": model})
    assert graph.nodes[1].op.weight.format.width > 25
    x = np.random.default_rng(5).normal(0, 2, (200, 4, 2))
    agree(graph, x, io_type, tmp_path, record_property)
