"""Models that meet a defect of hls4ml, loaded with both numerics."""

from __future__ import annotations

import json
import zipfile
from fractions import Fraction

import h5py
import numpy as np

import emu
from emu.frontends.config import snake_case_class
from emu.text import from_json
from tests import oracle
from tests.emu import models

layer = models.layer
WIDE = "fixed<32,16>"
PICTURE = {"data_format": "channels_last"}
GRID = np.random.default_rng(11).integers(-64, 64, 400) / 16
"""Values of fixed<16,6> whose sums and products are exact in it."""


def source(shape, name="x"):
    """An input layer."""
    return layer("InputLayer", name, batch_input_shape=[None, *shape], dtype="float32")


def load(
    folder, layers, weights=None, *, names=None, model=None, io="io_parallel", keras=2, types=None
):
    """The graph of these layers; the outputs are those that nothing reads.

    weights: ``{layer: {name: array}}``, in the order of the layer's arrays. names: LayerName, a
    text is the type of the result. model: of Model. types: LayerType.
    """
    weights = weights or {}
    inputs = [item["name"] for item in layers if item["class_name"] == "InputLayer"]
    read = {place[0] for item in layers for node in item["inbound_nodes"] for place in node}
    outputs = [item["name"] for item in layers if item["name"] not in read]
    architecture = models.functional(layers, inputs, outputs)
    names = {
        name: {"Precision": {"result": entry}} if isinstance(entry, str) else entry
        for name, entry in (names or {}).items()
    }
    hls = {
        "Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1, **(model or {})},
        "LayerName": names,
        "LayerType": types or {},
    }
    config = json.loads(json.dumps({"IOType": io, "Backend": "Vitis", "HLSConfig": hls}))
    if keras == 3:
        return emu.load(_archive(folder, architecture, weights), config=config)
    path, h5 = models.write(folder, architecture, weights)
    return emu.load(path, weights=h5, config=config)


def _archive(folder, architecture, weights):
    seen = {}
    with h5py.File(folder / "w.h5", "w") as file:
        for item in architecture["config"]["layers"]:
            place = snake_case_class(item["class_name"])
            count = seen[place] = seen.get(place, -1) + 1
            place = f"layers/{place}_{count}" if count else f"layers/{place}"
            cell = "cell/" if item["class_name"] in ("LSTM", "GRU", "SimpleRNN") else ""
            for k, array in enumerate(weights.get(item["name"], {}).values()):
                file[f"{place}/{cell}vars/{k}"] = np.asarray(array)
    with zipfile.ZipFile(folder / "m.keras", "w") as whole:
        whole.writestr("config.json", json.dumps(architecture))
        whole.write(folder / "w.h5", "model.weights.h5")
    return folder / "m.keras"


def corrected(folder, *arguments, model=None, **options):
    """As ``load``, with ``Numerics: corrected``."""
    return load(folder, *arguments, model={**(model or {}), "Numerics": "corrected"}, **options)


def both(folder, defect, *arguments, **options):
    """The graph with hls4ml's numerics and the corrected one; each must list the defect once."""
    graphs = load(folder, *arguments, **options), corrected(folder, *arguments, **options)
    for graph, out in zip(graphs, ("Numerics: corrected: ", "corrected here: "), strict=True):
        lists(graph, defect, out)
    return graphs


def lists(graph, defect, out):
    """The graph met the defect: its structured list, its notes and its JSON say so, once each."""
    met = [item for item in graph.defects if item.name == defect]
    assert len(met) == 1, [item.name for item in graph.defects]
    found = met[0]
    assert found.way_out.startswith(out), found
    assert found.layers and found.effect
    start = f"hls4ml defect {defect} ("
    assert [note for note in graph.notes if note.startswith(start)] == [str(found)], graph.notes
    assert from_json(graph.to_json()).defects == graph.defects


def raws(values, text):
    """Exact values cast to a type by the oracle, as raw integers; shape kept."""
    t = oracle.read(text)
    array = np.asarray(values, dtype=object)
    cast = [oracle.cast_raw(Fraction(value), t) for value in array.reshape(-1)]
    return np.array(cast).reshape(array.shape)


def values(raw, text):
    """What raw integers of a type mean, as exact rationals."""
    t = oracle.read(text)
    return [oracle.value(int(r), t) for r in np.asarray(raw).reshape(-1)]


def same(found, expected):
    """Equal in every element, as Python numbers."""
    np.testing.assert_array_equal(np.asarray(found, dtype=object), np.asarray(expected, object))


def grid(*shape):
    """Values of GRID in this shape."""
    return np.resize(GRID, shape)


def dense(kernel, bias=None, name="y", before="x", **keras):
    """A Dense layer and its weights."""
    kernel = np.asarray(kernel)
    config = {"activation": "linear", **keras}
    entry = layer(
        "Dense", name, [before], units=kernel.shape[-1], use_bias=bias is not None, **config
    )
    arrays = {"kernel": kernel} | ({} if bias is None else {"bias": np.asarray(bias)})
    return entry, {name: arrays}


def batch_norm(name, before, gamma, beta=0.0):
    """A batch normalisation that multiplies by gamma and adds beta, exactly."""
    gamma = np.asarray(gamma, np.float32)
    entry = layer(
        "BatchNormalization", name, [before], axis=[-1], epsilon=0.0, scale=True, center=True
    )
    zero = np.zeros_like(gamma)
    beta = np.resize(np.asarray(beta, np.float32), gamma.shape)
    arrays = {"gamma": gamma, "beta": beta, "moving_mean": zero, "moving_variance": zero + 1}
    return entry, {name: arrays}
