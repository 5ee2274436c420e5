"""Rows of samples a second: float64 inputs to float64 outputs, every core, wall clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import emu
from emu import Graph
from emu.ops import Dense
from tests.emu.models import functional, layer, write

from . import blas, networks
from .limit import Trial
from .peers import alkaid_network, hls4ml_simulation
from .result import TRACED, Context, NotMeasuredError, Result, describe, interleaved, rate

__all__ = ["AlkaidRow", "BlasRow", "HlsRow", "TrialRow"]


def _denses(graph: Graph) -> list[Dense]:
    return [node.op for node in graph.nodes if isinstance(node.op, Dense)]


def _sizes(graph: Graph) -> tuple[int, ...]:
    shapes = [op.weight.shape for op in _denses(graph)]
    return (shapes[0][0], *(shape[1] for shape in shapes))


def _trial(graph: Graph) -> Trial:
    denses = _denses(graph)
    saturate = "SAT" in str(denses[0].accum)
    return Trial(
        [op.weight.raw for op in denses], [op.bias.raw for op in denses], saturate=saturate
    )


def _without_softmax(graph: Graph) -> Graph:
    """The graph up to the inputs of its last node."""
    last = graph.nodes[-1]
    return Graph(graph.nodes[:-1], last.inputs, graph.notes, graph.config)


@dataclass(frozen=True)
class HlsRow:
    """Emulator / hls4ml's compiled C simulation, which has one thread; every bit compared.

    limit: "trial" (benchmarks.limit) or "sgemm" (float32 BLAS of the same shapes), beside it.
    """

    network: str
    precision: str
    target: float
    samples: int
    peer_samples: int
    limit: str = ""

    @property
    def name(self) -> str:
        """Unique."""
        return f"{self.network} / hls4ml, {self.precision}"

    def measure(self, context: Context, result: Result) -> None:
        """The emulator's figure stays where only the peer is missing."""
        result.target = f">= {self.target:g}"
        network, graph, hls = context.load(self.network, result, self.precision)
        x = networks.inputs(network.shape, context.samples(self.samples))
        few = np.ascontiguousarray(x[: context.samples(self.peer_samples)])
        calls = {"emulator": partial(graph.predict, x)}
        if self.limit == "trial":
            calls["limit"] = partial(_trial(graph), x)
        elif self.limit == "sgemm":
            calls["limit"] = blas.Blocks(_sizes(graph), np.float32, len(x))
        try:
            project = networks.project(network, hls)
            theirs = hls4ml_simulation(project, context.peers, build=context.build)
        except NotMeasuredError as error:
            result.missing = str(error)
        else:
            result.equal = bool(np.array_equal(graph.predict(few), theirs(few)))
            calls["hls4ml"] = partial(theirs, few)
        least = interleaved(calls, context.repeats, spread=result.details)
        rates = {
            name: len(few if name == "hls4ml" else x) / seconds for name, seconds in least.items()
        }
        result.emulator = rate(rates["emulator"])
        result.details |= {"samples": len(x), "samples_per_s": rates}
        if self.limit:
            what = {"trial": "hand-written trial", "sgemm": "sgemm of the same shapes, no casts"}
            result.limit = f"{what[self.limit]} {rate(rates['limit'])}"
            result.share_of_limit = rates["emulator"] / rates["limit"]
        elif context.peak and result.multiply_adds:
            bound = context.peak / result.multiply_adds
            result.limit = f"sgemm at its best {rate(bound)}"
            result.share_of_limit = rates["emulator"] / bound
        if "hls4ml" in rates:
            result.peer = f"hls4ml C simulation {rate(rates['hls4ml'])}"
            result.ratio = rates["emulator"] / rates["hls4ml"]
            result.details["compared samples"] = len(few)
            result.aim(self.target)


@dataclass(frozen=True)
class TrialRow:
    """Emulator / the hand-written trial, both without the softmax; every bit compared."""

    network: str
    precision: str
    target: float
    samples: int

    @property
    def name(self) -> str:
        """Unique."""
        return f"{self.network} / hand-written trial, {self.precision}"

    def measure(self, context: Context, result: Result) -> None:
        """The emulator's figure with the softmax is in the details."""
        network, graph, _ = context.load(self.network, result, self.precision)
        x = networks.inputs(network.shape, context.samples(self.samples))
        short, trial = _without_softmax(graph), _trial(graph)
        result.equal = bool(np.array_equal(short.predict(x), trial(x)))
        calls = {
            "emulator": partial(short.predict, x),
            "trial": partial(trial, x),
            "emulator with softmax": partial(graph.predict, x),
        }
        least = interleaved(calls, context.repeats, spread=result.details)
        rates = {name: len(x) / seconds for name, seconds in least.items()}
        result.emulator, result.peer = rate(rates["emulator"]), f"trial {rate(rates['trial'])}"
        result.ratio = rates["emulator"] / rates["trial"]
        result.limit = "the trial; both without softmax"
        result.share_of_limit = result.ratio
        result.aim(self.target)
        result.details |= {
            "samples": len(x),
            "compared samples": len(x),
            "samples_per_s": rates,
            "with softmax / trial": rates["emulator with softmax"] / rates["trial"],
        }


@dataclass(frozen=True)
class AlkaidRow:
    """Emulator / alkaid's interpreter, the faster of its one and all threads; bits compared."""

    sizes: tuple[int, ...]
    target: float
    samples: int

    name: str = "dense 16-64-32-32-5 / alkaid"

    def measure(self, context: Context, result: Result) -> None:
        """8-bit weights and activations, exact sums."""
        result.precision = "fixed<8,4> x fixed<8,1>, ufixed<8,4,RND,SAT> after relu"
        logic, weights = alkaid_network(self.sizes, context.peers)
        graph = self._graph(weights, context)
        result.weights = f"drawn, seed {networks.SEED}"
        x = networks.inputs(self.sizes[:1], context.samples(self.samples))
        describe(result, graph, x[:TRACED])
        result.equal = bool(np.array_equal(graph.predict(x), logic.predict(x)))
        calls = {
            "emulator": partial(graph.predict, x),
            "alkaid, 1 thread": partial(logic.predict, x, n_threads=1),
            "alkaid, all threads": partial(logic.predict, x),
            "sgemm": blas.Blocks(self.sizes, np.float32, len(x)),
        }
        least = interleaved(calls, context.repeats, spread=result.details)
        rates = {name: len(x) / seconds for name, seconds in least.items()}
        peer = max(value for name, value in rates.items() if name.startswith("alkaid"))
        result.emulator, result.peer = rate(rates["emulator"]), f"interpreter {rate(peer)}"
        result.ratio = rates["emulator"] / peer
        result.limit = f"sgemm of the same shapes, no casts {rate(rates['sgemm'])}"
        result.share_of_limit = rates["emulator"] / rates["sgemm"]
        result.aim(self.target)
        result.details |= {
            "samples": len(x),
            "compared samples": len(x),
            "samples_per_s": rates,
            "alkaid operations": len(logic.ops),
        }

    def _graph(self, weights: list[np.ndarray], context: Context) -> Graph:
        layers = [
            layer("InputLayer", "x", batch_input_shape=[None, self.sizes[0]], dtype="float32")
        ]
        types: dict[str, Any] = {"x": {"Precision": {"result": "fixed<8,4>"}}}
        stored, last = {}, "x"
        for i, raw in enumerate(weights, 1):
            function = "relu" if i < len(weights) else "linear"
            name = f"fc{i}"
            layers.append(
                layer(
                    "Dense", name, [last], units=raw.shape[1], activation=function, use_bias=False
                )
            )
            stored[name] = {"kernel": (raw / 128.0).astype(np.float32)}
            types[name] = {"Precision": {"weight": "fixed<8,1>", "accum": "auto", "result": "auto"}}
            result = "ufixed<8,4,RND,SAT>" if function == "relu" else "auto"
            types[f"{name}_{function}"] = {"Precision": {"result": result}}
            last = name
        json_path, h5 = write(context.work, functional(layers, ["x"], [last]), stored, "as_alkaid")
        model = {"Precision": {"default": "fixed<16,6>", "maximum": "fixed<40,20>"}}
        hls = {"Model": {**model, "ReuseFactor": 1}, "LayerName": types}
        return emu.load(json_path, weights=h5, config=hls)


@dataclass(frozen=True)
class BlasRow:
    """Emulator / BLAS of the same shape and of the float type that the plan chose."""

    size: int
    target: float
    samples: int

    @property
    def name(self) -> str:
        """Unique."""
        return f"dense {self.size}-{self.size} / BLAS"

    def measure(self, context: Context, result: Result) -> None:
        """8-bit formats; both float types are in the details."""
        result.precision = "fixed<8,4> x fixed<8,1>, relu to ufixed<8,4,RND,SAT>"
        sizes = (self.size, self.size)
        network = networks.chain(f"dense_{self.size}", sizes, context.work, last="relu")
        graph = emu.load(network.json, weights=network.h5, config=self._configuration())
        result.weights = network.origin
        x = networks.inputs(network.shape, context.samples(self.samples))
        describe(result, graph, x[:TRACED])
        few = x[:TRACED]
        result.equal = bool(np.array_equal(graph.predict(few, raw=True), _expected(graph, few)))
        path = _path(graph, "fc1")
        calls: dict[str, Any] = {"emulator": partial(graph.predict, x)}
        for kind, dtype in (("float32", np.float32), ("float64", np.float64)):
            calls[f"{kind} whole"] = blas.Whole(sizes, dtype, len(x))
            calls[f"{kind} blocks"] = blas.Blocks(sizes, dtype, len(x))
        least = interleaved(calls, context.repeats, spread=result.details)
        rates = {name: len(x) / seconds for name, seconds in least.items()}
        best = {
            kind: max(rates[f"{kind} whole"], rates[f"{kind} blocks"])
            for kind in ("float32", "float64")
        }
        result.emulator = rate(rates["emulator"])
        result.details |= {
            "samples": len(x),
            "samples_per_s": rates,
            "path": path,
            "emulator / float32": rates["emulator"] / best["float32"],
            "emulator / float64": rates["emulator"] / best["float64"],
        }
        result.limit = f"sgemm {rate(best['float32'])}, dgemm {rate(best['float64'])}"
        if path not in best:
            raise NotMeasuredError(f"the plan takes no BLAS path here but {path}")
        result.peer, result.ratio = (
            f"{path} BLAS {rate(best[path])}",
            rates["emulator"] / best[path],
        )
        result.share_of_limit = result.ratio
        result.aim(self.target)

    def _configuration(self) -> dict[str, Any]:
        types = {
            "x": {"result": "fixed<8,4>"},
            "fc1": {
                "weight": "fixed<8,1>",
                "bias": "fixed<8,1>",
                "accum": "auto",
                "result": "auto",
            },
            "fc1_relu": {"result": "ufixed<8,4,RND,SAT>"},
        }
        precision = {"default": "fixed<16,6>", "maximum": "fixed<40,20>"}
        return {
            "Model": {"Precision": precision, "ReuseFactor": 1},
            "LayerName": {name: {"Precision": value} for name, value in types.items()},
        }


def _expected(graph: Graph, x: np.ndarray) -> np.ndarray:
    """Raw outputs of a BlasRow by its formats: float64 holds every integer sum exactly."""
    (dense,) = _denses(graph)
    raw = (np.floor(x * 16).astype(np.int64) + 128) % 256 - 128
    sums = raw.astype(np.float64) @ dense.weight.raw.astype(np.float64)
    total = sums.astype(np.int64) + (dense.bias.raw << 4)
    return np.clip((total + 64) >> 7, 0, 255)


def _path(graph: Graph, node: str) -> str:
    """The path that the plan's line of ``node`` names."""
    heads, *lines = (re.split(r" {2,}", text) for text in str(graph.plan()).splitlines())
    return next(cells[heads.index("path")] for cells in lines if node in cells[0].split(" + "))
