"""Einsum and EinsumDense against hls4ml's C simulation, from layers in its own words."""

import json
import zipfile

import h5py
import numpy as np
import pytest

import emu
from emu import Graph, Node
from emu.einsum import einsum_recipe
from emu.ops import Einsum, Input
from fxp import Format
from tests.emu import models
from tests.emu.test_grid_einsum import EQUATIONS
from tests.peer.project import needs_hls4ml, random_format, run_script
from tests.peer.test_merge import stimuli

pytestmark = needs_hls4ml

TERNARY = "int<2>"


class Pair:
    """One project of hls4ml with layers side by side, and ours of the same configuration."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.names, self.x, self.layers, self.weights = {}, {}, [], {}
        self.sums, self.entries, self.arrays, self.outputs = [], [], {}, []

    def input(self, shape, text):
        name = f"x{len(self.x)}"
        self.names[name] = {"Precision": {"result": text}}
        self.x[name] = stimuli(self.rng, (40, *shape))
        if text == TERNARY:  # AMD's simulation turns -0.5 < x < 0 into 1
            self.x[name] = self.rng.integers(-2, 2, (40, *shape)).astype(float)
        self.layers.append({"class_name": "InputLayer", "name": name, "input_shape": shape})
        return name

    def einsum(self, equation, a, b, *, second=None):
        """``second``: the type of b, where it is not drawn."""
        texts = [random_format(self.rng, 4, 10, integer=3), second or random_format(self.rng, 4, 9)]
        names = [self.input(shape, text) for shape, text in zip((a, b), texts, strict=True)]
        types = {"result": random_format(self.rng), "accum": random_format(self.rng, 4, 18)}
        name = f"y{len(self.layers)}"
        self.names[name] = {"Precision": types}
        given = {"equation": equation, "inp0_shape": a, "inp1_shape": b}
        shape = einsum_recipe(equation, a, b).shape
        self.layers.append(
            {"class_name": "Einsum", "name": name, "inputs": names, "out_shape": shape, **given}
        )
        self.sums.append((name, names, equation, types, second == TERNARY))

    def einsum_dense(self, equation, a, b, *, bias=True, types=None):
        name = self.input(a, random_format(self.rng, 4, 10, integer=3))
        types = types or {key: random_format(self.rng) for key in ("result", "weight", "bias")}
        types.setdefault("accum", random_format(self.rng, 4, 18))
        own = f"y{len(self.layers)}"
        self.names[own] = {"Precision": types}
        shape = einsum_recipe(equation, a, b).shape
        kernel = self.rng.normal(0, 1, b).astype(np.float32)
        # Keras gives the bias of the last axis that many elements, of the others one.
        each = self.rng.normal(0, 1, shape[-1:] if bias else ()).astype(np.float32)
        self.layers.append(
            {
                **{"class_name": "EinsumDense", "name": own, "inputs": [name]},
                **{"equation": equation, "inp_shape": a, "out_shape": shape, "bias_data": None},
            }
        )
        self.weights[f"{own}/weight_data"] = kernel
        left, out = equation.split(",")[0], equation.split("->")[1]
        whole = equation.replace(left + ",", f"Z{left},", 1).replace("->" + out, "->Z" + out)
        self.entries += [
            models.layer("InputLayer", name, batch_input_shape=[None, *a], dtype="float32"),
            models.layer("EinsumDense", own, [name], equation=whole, bias_axes="c" if bias else ""),
        ]
        self.arrays[own] = [kernel]
        if bias:
            self.weights[f"{own}/bias_data"] = each
            self.arrays[own].append(each)

    def compare(self, folder):
        """Raw integers of both sides; the number of values."""
        outputs = self.outputs or [item["name"] for item in self.layers if "equation" in item]
        hls = {
            "Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1, "Strategy": "Latency"},
            "LayerName": self.names,
        }
        top = {
            **{"Backend": "Vitis", "ProjectName": "peer", "OutputDir": str(folder / "project")},
            **{"Part": "xcvu13p-flga2577-2-e", "ClockPeriod": 5, "IOType": "io_parallel"},
            "HLSConfig": hls,
        }
        (folder / "config.json").write_text(json.dumps(top))
        given = {"layers": self.layers, "inputs": list(self.x), "outputs": outputs}
        (folder / "layers.json").write_text(json.dumps(given))
        np.savez(folder / "weights.npz", **self.weights)
        np.savez(folder / "x.npz", **self.x)
        run_script("simulate_layers.py", folder)
        mine = self._emulated(folder, top)
        count = 0
        with np.load(folder / "y.npz") as file:
            for name, key in zip(outputs, file.files, strict=True):
                raw, format = mine[name]
                theirs = np.ldexp(file[key].reshape(len(raw), -1), format.frac)
                layer = next(layer for layer in self.layers if layer["name"] == name)
                np.testing.assert_array_equal(
                    raw.reshape(len(raw), -1),
                    theirs,
                    err_msg=f"{layer} {[self.names[n] for n in (name, *layer['inputs'])]}",
                )
                count += raw.size
        return count

    def _emulated(self, folder, top):
        found = {}
        nodes, outputs = [], []
        for name, inputs, equation, types, ternary in self.sums:
            for source in inputs:
                text = self.names[source]["Precision"]["result"]
                shape = self.x[source].shape[1:]
                nodes.append(Node(source, Input(result=Format.parse(text), dimensions=shape)))
            op = Einsum(
                result=Format.parse(types["result"]),
                equation=equation,
                accum=Format.parse(types["accum"]),
                ternary=ternary,
            )
            nodes.append(Node(name, op, tuple(inputs)))
            outputs.append(name)
        graphs = [Graph(tuple(nodes), tuple(outputs))] if nodes else []
        if self.entries:
            others = {name for name, *_ in self.sums}
            others |= {source for _, sources, *_ in self.sums for source in sources}
            own = {name: entry for name, entry in self.names.items() if name not in others}
            hls = top["HLSConfig"] | {"LayerName": own}
            graphs.append(emu.load(self._archive(folder), config=top | {"HLSConfig": hls}))
        for graph in graphs:
            x = {value.name: self.x[value.name] for value in graph.inputs}
            traced = graph.trace(x, raw=True)
            found |= {name: (traced[name], graph.formats[name]) for name in graph.output_names}
        return found

    def _archive(self, folder):
        """The model of the EinsumDense layers, as Keras 3 stores it."""
        names = [entry["name"] for entry in self.entries]
        inputs, outputs = names[::2], names[1::2]
        architecture = models.functional(self.entries, inputs, outputs)
        with h5py.File(folder / "w.h5", "w") as file:
            for k, name in enumerate(outputs):
                if isinstance(self.arrays[name], dict):
                    for part, arrays in self.arrays[name].items():
                        for i, array in enumerate(arrays):
                            file[f"layers/multi_head_attention/{part}/vars/{i}"] = array
                    continue
                place = f"layers/einsum_dense_{k}" if k else "layers/einsum_dense"
                for i, array in enumerate(self.arrays[name]):
                    file[f"{place}/vars/{i}"] = array
        with zipfile.ZipFile(folder / "m.keras", "w") as archive:
            archive.writestr("config.json", json.dumps(architecture))
            archive.write(folder / "w.h5", "model.weights.h5")
        return folder / "m.keras"


def build(pair, equations, *, bias=True):
    for equation, a, b in equations:
        if equation.split("->")[1]:
            pair.einsum(equation, a, b)
            pair.einsum_dense(equation, a, b, bias=bias)
        else:
            pair.einsum(equation, a, b)


def test_some_of_every_kind(tmp_path, record_property):
    """Matrices, several axes, ternary factors, no bias, automatic types."""
    pair = Pair(7)
    build(pair, EQUATIONS[3:6])
    pair.einsum("ab,cb->ac", (2, 3), (2, 3), second=TERNARY)
    pair.einsum_dense("ab,bc->ac", (2, 3), (3, 2), types={"weight": TERNARY, "result": "auto"})
    pair.einsum_dense("ab,bc->ac", (2, 3), (3, 2), bias=False, types={"accum": "auto"})
    record_property("values_compared", count := pair.compare(tmp_path))
    assert count > 1000


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_every_equation_in_random_formats(seed, tmp_path):
    """No bit differs."""
    pair = Pair(100 + seed)
    build(pair, EQUATIONS, bias=seed % 2 == 0)
    pair.compare(tmp_path)


def attention(pair, heads=2, key=3, steps=3, features=4, types=None):
    """Keras's layer on one side, on the other what hls4ml expands HGQ2's layer of the kind into."""
    rng = pair.rng
    x = pair.input((steps, features), "fixed<10,3,RND,SAT>")
    shapes = {"query": (features, heads, key), "key": (features, heads, key)}
    shapes |= {"value": (features, heads, 2), "output": (heads, 2, 5)}
    kernels = {part: rng.normal(0, 0.7, shape).astype(np.float32) for part, shape in shapes.items()}
    biases = {
        part: rng.normal(0, 0.3, shape[-1:] if part == "output" else shape[1:]).astype(np.float32)
        for part, shape in shapes.items()
    }

    def dense(name, part, source, equation, given, shape):
        pair.layers.append(
            {
                **{"class_name": "EinsumDense", "name": name, "inputs": [source]},
                **{"equation": equation, "inp_shape": given, "out_shape": shape},
            }
        )
        pair.weights |= {f"{name}/weight_data": kernels[part], f"{name}/bias_data": biases[part]}

    def einsum(name, inputs, equation, a, b, shape):
        pair.layers.append(
            {
                **{"class_name": "Einsum", "name": name, "inputs": inputs, "out_shape": shape},
                **{"equation": equation, "inp0_shape": a, "inp1_shape": b},
            }
        )

    projected = {part: (steps, heads, key) for part in ("query", "key")}
    projected["value"] = (steps, heads, 2)
    for part, shape in projected.items():
        dense(f"mha_{part}", part, x, "ab,bcd->acd", (steps, features), shape)
    scores = (heads, steps, steps)
    each = projected["key"]
    einsum("mha_QK", ["mha_key", "mha_query"], "ecd,bcd->cbe", each, each, scores)
    pair.layers.append(
        {
            **{"class_name": "Softmax", "name": "mha_softmax", "inputs": ["mha_QK"], "axis": -1},
            **{"activation": "softmax", "n_in": int(np.prod(scores)), "n_inner": 1},
            **{"n_outer": heads * steps, "exp_scale": key**-0.5, "parallelization_factor": 1},
        }
    )
    mixed = projected["value"]
    einsum("mha_aV", ["mha_softmax", "mha_value"], "cbe,ecd->bcd", scores, mixed, mixed)
    dense("mha", "output", "mha_aV", "abc,bcd->ad", mixed, (steps, 5))
    for part in ("_query", "_key", "_value", "_QK", "_softmax", "_aV", ""):
        pair.names[f"mha{part}"] = {"Precision": dict(types or {})}
    pair.outputs = ["mha"]
    node = {"args": [tensor(x), tensor(x)], "kwargs": {"use_causal_mask": False}}
    pair.entries = [
        models.layer("InputLayer", x, batch_input_shape=[None, steps, features], dtype="float32"),
        models.layer("MultiHeadAttention", "mha", [], num_heads=heads, key_dim=key, use_bias=True),
    ]
    pair.entries[1]["inbound_nodes"] = [node]
    pair.arrays["mha"] = {
        f"{part}_dense": [kernels[part], biases[part]] for part in ("query", "key", "value")
    } | {"output_dense": [kernels["output"], biases["output"]]}


def tensor(name):
    """How Keras 3 writes a tensor of a call."""
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


@pytest.mark.parametrize(
    "types",
    [
        {"result": "fixed<12,5,RND,SAT>", "accum": "fixed<16,7,RND_CONV,SAT>"},
        pytest.param({}, marks=pytest.mark.long),
    ],
    ids=["saturating", "defaults"],
)
def test_multi_head_attention(types, tmp_path, record_property):
    """Projections, products and softmax of every head; no bit differs."""
    pair = Pair(11)
    attention(pair, types=types)
    record_property("values_compared", count := pair.compare(tmp_path))
    assert count == 40 * 3 * 5
