"""The benchmarks' networks: trained files where their folder is given, else drawn from a seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tests.emu.models import functional, layer, write

__all__ = ["NETWORKS", "Network", "chain", "configuration", "inputs", "project"]

SEED = 4
JET = (16, 64, 32, 32, 5)
WIDE = (16, 200, 200, 200, 200, 200, 5)


@dataclass(frozen=True)
class Network:
    """Model files in Keras 2 form, the shape of one sample, and where the weights come from."""

    name: str
    json: Path
    h5: Path
    shape: tuple[int, ...]
    origin: str

    def layers(self) -> tuple[str, ...]:
        """Names of the Keras layers behind the input."""
        entries = json.loads(self.json.read_text())["config"]["layers"]
        kinds = {entry["config"]["name"]: entry["class_name"] for entry in entries}
        return tuple(name for name, kind in kinds.items() if kind != "InputLayer")


def configuration(precision: str, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """HLSConfig of one precision everywhere; ``auto``: inferred results and accumulators."""
    model: dict[str, Any] = {"ReuseFactor": 1, "Strategy": "Latency"}
    if precision != "auto":
        return {"Model": {"Precision": precision, **model}}
    types = {"default": "fixed<16,6>", "maximum": "fixed<32,16>"}
    entry = {"Precision": {"result": "auto", "accum": "auto"}}
    return {"Model": {"Precision": types, **model}, "LayerName": dict.fromkeys(names, entry)}


def project(network: Network, hls: Mapping[str, Any]) -> dict[str, Any]:
    """Top level of hls4ml's configuration, for the peer."""
    return {
        "KerasJson": str(network.json),
        "KerasH5": str(network.h5),
        "ProjectName": "net",
        "Backend": "Vitis",
        "Part": "xcvu13p-flga2577-2-e",
        "ClockPeriod": 5,
        "ClockUncertainty": "27%",
        "IOType": "io_parallel",
        "HLSConfig": dict(hls),
    }


def inputs(shape: tuple[int, ...], samples: int) -> np.ndarray:
    """float64 samples N(0, 1.2); every 11th is 20 times as large and leaves fixed<16,6>."""
    x = np.random.default_rng(SEED).normal(0, 1.2, (samples, *shape))
    x[::11] *= 20
    return x


class _Draw:
    """Layers in a row with weights and biases drawn N(0, 1 / sqrt(fan in)), float32."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.rng = np.random.default_rng(SEED)
        self.layers = [layer("InputLayer", "x", batch_input_shape=[None, *shape], dtype="float32")]
        self.weights: dict[str, dict[str, np.ndarray]] = {}
        self.last, self.shape = "x", shape

    def array(self, fan_in: int, *shape: int) -> np.ndarray:
        return self.rng.normal(0, fan_in**-0.5, shape).astype(np.float32)

    def add(self, kind: str, name: str, *sources: str, **config: Any) -> str:
        self.layers.append(layer(kind, name, sources or [self.last], **config))
        self.last = name
        return name

    def dense(self, name: str, n_in: int, units: int, activation: str) -> None:
        self.add("Dense", name, units=units, activation=activation, use_bias=True)
        self.weights[name] = {
            "kernel": self.array(n_in, n_in, units),
            "bias": self.array(n_in, units),
        }

    def conv2d(self, name: str, n_in: int, filters: int, activation: str) -> None:
        self.add(
            "Conv2D",
            name,
            filters=filters,
            kernel_size=[3, 3],
            strides=[1, 1],
            padding="same",
            data_format="channels_last",
            dilation_rate=[1, 1],
            activation=activation,
            use_bias=True,
        )
        self.weights[name] = {
            "kernel": self.array(9 * n_in, 3, 3, n_in, filters),
            "bias": self.array(9 * n_in, filters),
        }

    def recurrent(self, kind: str, name: str, n_in: int, units: int, **config: Any) -> None:
        gates = {"LSTM": 4, "GRU": 3}[kind]
        self.add(
            kind,
            name,
            units=units,
            activation="tanh",
            recurrent_activation="sigmoid",
            use_bias=True,
            return_sequences=False,
            return_state=False,
            go_backwards=False,
            stateful=False,
            time_major=False,
            **config,
        )
        rows = (2,) if config.get("reset_after") else ()
        self.weights[name] = {
            "kernel": self.array(n_in, n_in, gates * units),
            "recurrent_kernel": self.array(units, units, gates * units),
            "bias": self.array(units, *rows, gates * units),
        }

    def network(self, name: str, folder: Path) -> Network:
        architecture = functional(self.layers, ["x"], [self.last])
        path, h5 = write(folder, architecture, self.weights, stem=name)
        return Network(name, path, h5, self.shape, f"drawn, seed {SEED}")


def chain(name: str, sizes: tuple[int, ...], folder: Path, *, last: str = "softmax") -> Network:
    """Dense layers ``fc1, fc2 ...`` with relu between them."""
    draw = _Draw(sizes[:1])
    steps = list(pairwise(sizes))
    for i, (n_in, n_out) in enumerate(steps, 1):
        draw.dense(f"fc{i}", n_in, n_out, "relu" if i < len(steps) else last)
    return draw.network(name, folder)


def _trained(stem: str, shape: tuple[int, ...], models: Path | None) -> Network | None:
    path = models / f"{stem}.json" if models else None
    if path is None or not path.is_file():
        return None
    return Network(stem, path, path.with_name(f"{stem}_weights.h5"), shape, "trained")


def _jet(folder: Path, models: Path | None) -> Network:
    return _trained("KERAS_3layer", JET[:1], models) or chain("jet_mlp", JET, folder)


def _wide(folder: Path, models: Path | None) -> Network:
    return chain("mlp_16_200x5_5", WIDE, folder)


def _tiny(folder: Path, models: Path | None) -> Network:
    return chain("tiny_mlp", (8, 8, 4), folder)


def _jet_cnn(folder: Path, models: Path | None) -> Network | None:
    return _trained("jetTagger_Conv2D_Small", (25, 25, 1), models)


def _conv1d(folder: Path, models: Path | None) -> Network | None:
    return _trained("KERAS_conv1d", (100, 7), models)


def _lstm(folder: Path, models: Path | None) -> Network:
    draw = _Draw((20, 6))
    draw.recurrent("LSTM", "lstm", 6, 20)
    draw.dense("fc", 20, 5, "softmax")
    return draw.network("lstm", folder)


def _gru(folder: Path, models: Path | None) -> Network:
    draw = _Draw((20, 6))
    draw.recurrent("GRU", "gru", 6, 20, reset_after=True)
    draw.dense("fc", 20, 5, "softmax")
    return draw.network("gru", folder)


def _residual(folder: Path, models: Path | None) -> Network:
    """Stem, two residual blocks of 12 channels on 16 x 16, global average: 1.3 million."""
    draw = _Draw((16, 16, 3))
    draw.conv2d("stem", 3, 12, "relu")
    for block in (1, 2):
        source = draw.last
        draw.conv2d(f"conv{block}a", 12, 12, "relu")
        inner = f"conv{block}b"
        draw.conv2d(inner, 12, 12, "linear")
        draw.add("Add", f"add{block}", inner, source)
        draw.add("Activation", f"relu{block}", activation="relu")
    draw.add("GlobalAveragePooling2D", "pool", data_format="channels_last", keepdims=False)
    draw.dense("fc", 12, 5, "softmax")
    return draw.network("residual_cnn", folder)


NETWORKS: dict[str, Callable[[Path, Path | None], Network | None]] = {
    "jet MLP": _jet,
    "16-200x5-5 MLP": _wide,
    "tiny MLP": _tiny,
    "jet CNN": _jet_cnn,
    "Conv1D": _conv1d,
    "LSTM": _lstm,
    "GRU": _gru,
    "residual CNN": _residual,
}
"""Name -> ``build(folder for drawn files, folder of trained models)``; None: files not there."""
