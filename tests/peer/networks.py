"""Random Keras 2 networks of the slice with random configurations, each decided by its seed."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

import emu
from tests.emu.models import functional, layer, write

ROUNDINGS = ("TRN", "TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_MIN_INF", "RND_INF", "RND_CONV")
LIMITS = ("WRAP", "WRAP", "SAT", "SAT_ZERO", "SAT_SYM")
DENSE = (
    "linear",
    "relu",
    "sigmoid",
    "tanh",
    "elu",
    "hard_sigmoid",
    "softmax",
    "leaky_relu",
    "selu",
)
PLAIN = (
    *DENSE[1:],
    "softplus",
    "softsign",
    "relu6",
    "relu1",
    "binary_tanh",
    "ternary_tanh",
    "linear",
)
VARIABLES = ("result", "weight", "bias", "accum", "scale", "param")
NO_STREAM = ("relu1", "relu6")  # hls4ml has no kernel: its project does not compile


class Network:
    """``config`` (KerasJson and KerasH5 inside) and ``x`` for a seed; files go into ``folder``."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.pick = random.Random(seed)
        self.rng = np.random.default_rng(seed)
        self.stream = self.pick.random() < 0.25
        self.layers: list[dict] = []
        self.weights: dict[str, dict] = {}
        n_in = self.pick.randint(2, 8)
        self.layers.append(
            layer("InputLayer", "x", batch_input_shape=[None, n_in], dtype="float32")
        )
        self.shape, self.last = [n_in], "x"
        for k in range(self.pick.randint(2, 6)):
            self._add(k)
        self.json, self.h5 = write(
            folder, functional(self.layers, ["x"], [self.last]), self.weights
        )
        self.config = {
            "KerasJson": str(self.json),
            "KerasH5": str(self.h5),
            "ProjectName": "net",
            "Backend": "Vitis",
            "Part": "xcvu13p-flga2577-2-e",
            "ClockPeriod": 5,
            "ClockUncertainty": "27%",
            "IOType": "io_stream" if self.stream else "io_parallel",
            "HLSConfig": self._hls(),
        }
        x = self.rng.normal(0, 3, (300, n_in))
        x[::7] = np.round(x[::7] * 64) / 64  # grid points and ties
        x[::11] *= 20  # beyond the input type
        self.x = x

    def _float32(self, mean, spread, shape):
        return self.rng.normal(mean, spread, shape).astype(np.float32)

    def _push(self, kind, name, **config):
        self.layers.append(layer(kind, name, [self.last], **config))
        self.last = name

    def _function(self, names):
        names = [name for name in names if not (self.stream and name in NO_STREAM)]
        return self.pick.choice(names)

    def _add(self, k: int) -> None:
        kinds = ("dense", "dense", "batch", "batch", "plain", "plain", "param", "prelu", "reshape")
        kind = self.pick.choice(kinds)
        name = f"{kind}_{k}"
        if kind == "dense":
            if len(self.shape) > 1:
                self._push("Flatten", f"flat_{k}")
                self.shape = [int(np.prod(self.shape))]
            units, bias = self.pick.randint(1, 8), self.pick.random() < 0.8
            self._push("Dense", name, units=units, activation=self._function(DENSE), use_bias=bias)
            self.weights[name] = {"kernel": self._float32(0, 0.8, (self.shape[0], units))}
            if bias:
                self.weights[name]["bias"] = self._float32(0, 0.5, units)
            self.shape = [units]
        elif kind == "batch":
            self._batch_normalization(name)
        elif kind == "plain":
            function = self._function(PLAIN)
            self._push("Activation", name, activation=function)
        elif kind == "param":
            keras = self.pick.choice(("LeakyReLU", "ThresholdedReLU", "ELU", "ReLU"))
            key = {"ThresholdedReLU": "theta"}.get(keras, "alpha")
            value = round(self.pick.uniform(-0.5, 1.5), 3)
            self._push(keras, name, **({} if keras == "ReLU" else {key: value}))
        elif kind == "prelu":
            self._push("PReLU", name, shared_axes=None)
            self.weights[name] = {"alpha": self._float32(0, 0.5, self.shape)}
        elif not self.stream:
            size = int(np.prod(self.shape))
            first = self.pick.choice([d for d in range(1, size + 1) if size % d == 0])
            self.shape = [first, size // first]
            self._push("Reshape", name, target_shape=self.shape)

    def _batch_normalization(self, name: str) -> None:
        n = self.shape[-1]
        scale, center = self.pick.random() < 0.8, self.pick.random() < 0.8
        self._push(
            "BatchNormalization",
            name,
            axis=[len(self.shape)],
            epsilon=1e-3,
            scale=scale,
            center=center,
        )
        self.weights[name] = {
            "moving_mean": self._float32(0, 0.3, n),
            "moving_variance": self.rng.uniform(0.3, 2, n).astype(np.float32),
        }
        if scale:
            self.weights[name]["gamma"] = self.rng.uniform(0.5, 1.5, n).astype(np.float32)
        if center:
            self.weights[name]["beta"] = self._float32(0, 0.3, n)

    # ---- configuration ----------------------------------------------------------------------

    def _format(self, widest: int = 16) -> str:
        sign = "u" if self.pick.random() < 0.2 else ""
        if self.pick.random() < 0.08:
            return f"{sign}int<{self.pick.randint(3, 10)}>"
        width = self.pick.randint(4, widest)
        inside = self.pick.random() < 0.85
        integer = (
            self.pick.randint(1, min(width, 8)) if inside else self.pick.randint(-1, width + 1)
        )
        limit = self.pick.choice(LIMITS)
        bits = (
            f",{self.pick.randint(1, 3)}" if limit == "WRAP" and self.pick.random() < 0.15 else ""
        )
        return f"{sign}fixed<{width},{integer},{self.pick.choice(ROUNDINGS)},{limit}{bits}>"

    def _precision(self):
        if self.pick.random() < 0.1:
            return self._format(14)
        found = {}
        for variable in VARIABLES:
            lot = self.pick.random()
            if lot < 0.6:
                found[variable] = self._format(14) if lot < 0.35 else "auto"
        return found

    def _hls(self):
        pick = self.pick
        default = self._format() if pick.random() < 0.5 else "fixed<16,6>"
        model = {
            "Precision": {
                "default": "fixed<14,6,RND,SAT>" if "int" in default else default,
                "maximum": f"fixed<{pick.randint(16, 26)},{pick.randint(6, 14)}>",
            },
            "ReuseFactor": pick.choice([1, 1, 2, 3, 4]),
            "Strategy": pick.choice(["Latency", "Latency", "Resource", "resource_unrolled"]),
        }
        granularity = pick.choice(["model", "type", "name", "name", "starting"])
        if granularity == "starting":
            made = emu.config(self.json, "name", weights=self.h5)
            made["Model"] |= model
            return made
        hls = {"Model": model}
        if granularity == "type":
            kinds = (
                "Dense",
                "Activation",
                "BatchNormalization",
                "Softmax",
                "ParametrizedActivation",
            )
            hls["LayerType"] = {
                kind: {"Precision": self._precision()} for kind in kinds if pick.random() < 0.6
            }
        if granularity == "name":
            hls["LayerName"] = self._layer_names()
        return hls

    def _layer_names(self):
        pick, found = self.pick, {}
        for item in self.layers:
            names = [item["name"]]
            if item["class_name"] == "Dense":
                names.append(f"{item['name']}_{item['config']['activation']}")
            for name in names:
                if pick.random() > 0.75:
                    continue
                entry = found[name] = {"Precision": self._precision()}
                if pick.random() < 0.3:
                    entry["ReuseFactor"] = pick.choice([1, 2, 4, 6, 8])
                if pick.random() < 0.2:
                    entry["Strategy"] = pick.choice(["Resource", "Latency"])
                if pick.random() < 0.2:
                    entry["TableSize"] = pick.choice([16, 64, 256, 512])
                if pick.random() < 0.2:
                    entry["table_t"] = self._format()
                if "softmax" in name:
                    entry["Implementation"] = pick.choice(["stable", "latency", "legacy", "argmax"])
                    if pick.random() < 0.3:
                        entry["exp_table_t"] = self._format()
                    if pick.random() < 0.3:
                        entry["inv_table_t"] = self._format()
        return found
