"""Models of many single layers side by side, for one compilation of hls4ml's C simulation."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import emu
from tests.emu import models

ROUNDINGS = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_MIN_INF", "RND_INF", "RND_CONV")
LIMITS = ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM")
TIME_LIMIT = 900

needs_hls4ml = [
    pytest.mark.peer,
    pytest.mark.skipif(
        importlib.util.find_spec("hls4ml") is None,
        reason="needs hls4ml: pip install 'bitwright[cosim]'",
    ),
    pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++: install a C++ compiler"),
]

needs_keras3 = [
    *needs_hls4ml,
    pytest.mark.skipif(
        importlib.util.find_spec("keras") is None,
        reason="needs Keras 3: pip install keras tensorflow-cpu",
    ),
]


def random_format(rng, low=3, high=16, *, integer=None, signed=None):
    """A fixed format of random shape and modes."""
    width = int(rng.integers(low, high + 1))
    sign = "" if (rng.random() < 0.7 if signed is None else signed) else "u"
    integer = int(rng.integers(-1, width + 2)) if integer is None else integer
    modes = f"{rng.choice(ROUNDINGS)},{rng.choice(LIMITS)}" if rng.random() < 0.8 else "TRN,WRAP"
    if rng.random() < 0.1:
        modes = f"{rng.choice(ROUNDINGS)},WRAP,{rng.integers(1, width)}"
    return f"{sign}fixed<{width},{integer},{modes}>"


@dataclass
class Project:
    """Inputs ``x0, x1 ...`` (``x0_1 ...`` where a layer has several), each layer an output.

    generation: 2 converts JSON and H5 files, 3 a model of Keras 3, which must be installed. every:
    only each so many'th layer that is added is kept.
    """

    io_type: str = "io_parallel"
    strategy: str = "Latency"
    generation: int = 2
    default: str = "fixed<16,6>"
    every: int = 1
    offered: int = 0
    model: dict = field(default_factory=dict)
    layers: list = field(default_factory=list)
    weights: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)
    x: dict = field(default_factory=dict)
    outputs: list = field(default_factory=list)
    defined: dict = field(default_factory=dict)
    types: dict = field(default_factory=dict)

    def add(
        self,
        kind,
        x,
        x_format,
        precision,
        *,
        weights=None,
        keys=None,
        defined=None,
        **keras,
    ):
        """One layer of Keras class ``kind`` on inputs ``x`` cast to ``x_format`` (lists of both).

        defined: how many results hls4ml computes at all, of every sample or of each, where it
        leaves some undefined.
        """
        if not self._keeps():
            return
        k = len(self.outputs)
        several = isinstance(x, (list, tuple))
        arrays, formats = (x, x_format) if several else ([x], [x_format])
        sources = [f"x{k}" + f"_{i}" * (i > 0) for i in range(len(arrays))]
        for source, array, text in zip(sources, arrays, formats, strict=True):
            shape = [None, *array.shape[1:]]
            self.layers.append(
                models.layer("InputLayer", source, batch_input_shape=shape, dtype="float32")
            )
            self.names[source] = {"Precision": {"result": text}}
            self.x[source] = np.asarray(array, dtype=np.float64)
        name = f"y{k}"
        self.layers.append(models.layer(kind, name, sources, **keras))
        self.names[name] = {"Precision": precision, **(keys or {})}
        if weights:
            self.weights[name] = weights
        if defined is not None:
            self.defined[name] = defined
        self.outputs.append(name)

    def _keeps(self):
        self.offered += 1
        return self.offered % self.every == 0

    def chain(self, x, x_format, *steps):
        """Layers one after the other, ``(class, precision, weights, Keras configuration)`` each.

        Names are ``y<k>_<step>``, the last one's ``y<k>``.
        """
        if not self._keeps():
            return
        k, before = len(self.outputs), f"x{len(self.outputs)}"
        shape = [None, *x.shape[1:]]
        self.layers.append(
            models.layer("InputLayer", before, batch_input_shape=shape, dtype="float32")
        )
        self.names[before] = {"Precision": {"result": x_format}}
        self.x[before] = np.asarray(x, dtype=np.float64)
        for number, (kind, precision, weights, keras) in enumerate(steps, 1):
            name = f"y{k}" + f"_{number}" * (number < len(steps))
            self.layers.append(models.layer(kind, name, [before], **keras))
            if precision:
                self.names[name] = {"Precision": precision}
            if weights:
                self.weights[name] = weights
            before = name
        self.outputs.append(before)

    def compare(self, folder):
        """Run both sides and compare raw integers; (values compared, {layer: distinct values})."""
        folder = Path(folder)
        top = {
            "Backend": "Vitis",
            "ProjectName": "peer",
            "OutputDir": str(folder / "project"),
            "Part": "xcvu13p-flga2577-2-e",
            "ClockPeriod": 5,
            "IOType": self.io_type,
            "HLSConfig": {
                "Model": {
                    "Precision": self.default,
                    "ReuseFactor": 1,
                    "Strategy": self.strategy,
                    **self.model,
                },
                "LayerType": self.types,
                "LayerName": self.names,
            },
        }
        np.savez(folder / "x.npz", **self.x)
        (folder / "config.json").write_text(json.dumps(top))
        if self.generation == 3:
            self._keras3(folder)
            model, weights = folder / "model.keras", None
        else:
            architecture = models.functional(self.layers, list(self.x), self.outputs)
            model, weights = models.write(folder, architecture, self.weights)
            files = {"KerasJson": str(model), "KerasH5": str(weights)}
            (folder / "config.json").write_text(json.dumps(top | files))
        run_script("simulate.py", folder)
        graph = emu.load(model, weights=weights, config=json.loads(json.dumps(top)))
        raw = graph.predict(self.x, raw=True)
        raw = raw if isinstance(raw, list) else [raw]
        found = dict(zip(graph.output_names, zip(raw, graph.outputs, strict=True), strict=True))
        return self._agree(found, folder / "y.npz")

    def _keras3(self, folder):
        """``model.keras``, saved by Keras itself."""
        description = {"layers": self.layers, "inputs": list(self.x), "outputs": self.outputs}
        (folder / "layers.json").write_text(json.dumps(description))
        arrays = {
            f"{layer}/{name}": array
            for layer, own in self.weights.items()
            for name, array in own.items()
        }
        np.savez(folder / "weights.npz", **arrays)

    def _agree(self, found, path):
        count, distinct, wrong = 0, {}, []
        by_name = {layer["name"]: layer for layer in self.layers}
        with np.load(path) as file:
            for (name, (mine, value)), key in zip(found.items(), file.files, strict=True):
                theirs = np.ldexp(file[key], value.format.frac).reshape(len(mine), -1)
                mine = mine.reshape(len(mine), -1)
                layer = by_name[name.split("_")[0]]
                known = self.defined.get(layer["name"], mine.shape[1])
                kept = np.arange(mine.shape[1]) < np.reshape(known, (-1, 1))
                kept = np.broadcast_to(kept, mine.shape)
                count += int(kept.sum())
                distinct[name] = np.unique(mine[kept]).size
                differs = (theirs != mine) & kept
                if differs.any():
                    at = tuple(int(i) for i in np.argwhere(differs)[0])
                    k = layer["name"][1:]
                    sources = [source for source in self.x if source.split("_")[0] == f"x{k}"]
                    wrong.append(
                        f"{name} {layer['class_name']} {layer['config']}"
                        f" {[self.names[source] for source in sources]}"
                        f" {self.names.get(layer['name'])}: {differs.sum()} of {mine.size} differ,"
                        f" first at {at}: x {[self.x[s][at[0]] for s in sources]},"
                        f" emulator {mine[at]}, hls4ml {theirs[at]} of {value.format}"
                    )
        assert not wrong, "\n".join(wrong)
        return count, distinct


def run_script(name, folder):
    """A script of this folder in a process of its own."""
    script = Path(__file__).with_name(name)
    done = subprocess.run(
        [sys.executable, str(script), str(folder)],
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        cwd=folder,
    )
    if done.returncode:
        both = f"{done.stdout}\n{done.stderr}"
        errors = [line for line in both.splitlines() if "error:" in line]
        text = "\n".join(errors[:20]) or both[-4000:]
        pytest.fail(f"hls4ml must run, not end with {done.returncode}:\n{text}")
