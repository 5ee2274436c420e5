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
    """Inputs ``x0, x1, ...``, each followed by one layer whose result is an output."""

    io_type: str = "io_parallel"
    strategy: str = "Latency"
    layers: list = field(default_factory=list)
    weights: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)
    x: dict = field(default_factory=dict)
    outputs: list = field(default_factory=list)

    def add(self, kind, x, x_format, precision, *, weights=None, keys=None, **keras):
        """One layer of Keras class ``kind`` on inputs ``x`` cast to ``x_format``."""
        k = len(self.outputs)
        source, name = f"x{k}", f"y{k}"
        self.layers.append(
            models.layer(
                "InputLayer", source, batch_input_shape=[None, *x.shape[1:]], dtype="float32"
            )
        )
        self.layers.append(models.layer(kind, name, [source], **keras))
        self.names[source] = {"Precision": {"result": x_format}}
        self.names[name] = {"Precision": precision, **(keys or {})}
        if weights:
            self.weights[name] = weights
        self.x[source] = np.asarray(x, dtype=np.float64)
        self.outputs.append(name)

    def compare(self, folder):
        """Run both sides and compare raw integers; (values compared, {layer: distinct values})."""
        folder = Path(folder)
        architecture = models.functional(self.layers, list(self.x), self.outputs)
        json_path, h5_path = models.write(folder, architecture, self.weights)
        hls = {
            "Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1, "Strategy": self.strategy},
            "LayerName": self.names,
        }
        top = {
            "Backend": "Vitis",
            "ProjectName": "peer",
            "OutputDir": str(folder / "project"),
            "Part": "xcvu13p-flga2577-2-e",
            "ClockPeriod": 5,
            "IOType": self.io_type,
            "HLSConfig": hls,
        }
        graph = emu.load(json_path, weights=h5_path, config=json.loads(json.dumps(top)))
        raw = graph.predict(self.x, raw=True)
        raw = raw if isinstance(raw, list) else [raw]
        found = dict(zip(graph.output_names, zip(raw, graph.outputs, strict=True), strict=True))

        top |= {"KerasJson": str(json_path), "KerasH5": str(h5_path)}
        (folder / "config.json").write_text(json.dumps(top))
        np.savez(folder / "x.npz", **self.x)
        script = Path(__file__).with_name("simulate.py")
        done = subprocess.run(
            [sys.executable, str(script), str(folder)],
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            cwd=folder,
        )
        if done.returncode:
            text = f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
            pytest.fail(f"hls4ml must run, not end with {done.returncode}:\n{text}")
        count, distinct, wrong = 0, {}, []
        with np.load(folder / "y.npz") as file:
            for (name, (mine, value)), key in zip(found.items(), file.files, strict=True):
                theirs = np.ldexp(file[key], value.format.frac).reshape(mine.shape)
                count += mine.size
                distinct[name] = np.unique(mine).size
                differs = theirs != mine
                if differs.any():
                    at = tuple(int(i) for i in np.argwhere(differs)[0])
                    layer = self.outputs.index(name.split("_")[0])
                    wrong.append(
                        f"{name} {self.layers[2 * layer + 1]['class_name']}"
                        f" {self.layers[2 * layer + 1]['config']} {self.names[f'x{layer}']}"
                        f" {self.names[self.outputs[layer]]}: {differs.sum()} of {mine.size} differ,"
                        f" first at {at}: x {self.x[f'x{layer}'][at[0]]}, emulator {mine[at]},"
                        f" hls4ml {theirs[at]} of {value.format}"
                    )
        assert not wrong, "\n".join(wrong)
        return count, distinct
