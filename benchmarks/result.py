"""What a row measures, and what every row is given."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

import emu
from emu import Graph

from . import networks

__all__ = [
    "Context",
    "Loaded",
    "NotMeasuredError",
    "Result",
    "Row",
    "describe",
    "interleaved",
    "rate",
]

ENOUGH_SECONDS, MOST_SECONDS = 3.0, 20.0
TRACED, ELEMENTS = 2000, 10_000_000
"""Samples whose activations are counted at most, and activations."""


class NotMeasuredError(Exception):
    """A row, or its peer, that cannot be measured, and why."""


class Loaded(NamedTuple):
    """Model files, the graph of them, and the HLSConfig it was loaded with."""

    network: networks.Network
    graph: Graph
    hls: dict[str, Any]


@dataclass(frozen=True)
class Context:
    """Folders and the depth of the run.

    work: drawn models and fresh projects, emptied at the end. peers: compiled peers, kept. peak:
    multiply-adds a second of sgemm at its best, the limit of rows that have none of their own.
    """

    work: Path
    peers: Path
    models: Path | None = None
    quick: bool = False
    build: bool = True
    peak: float | None = None

    @cached_property
    def seen(self) -> dict[Any, Any]:
        """Measurements that several rows share, by name."""
        return {}

    def load(self, name: str, result: Result, precision: str = "fixed<16,6>") -> Loaded:
        """A network of ``networks.NETWORKS`` and its graph; fills the model's columns.

        Raises NotMeasuredError where its files must be given or it is not emulated yet.
        """
        network = networks.NETWORKS[name](self.work, self.models)
        if network is None:
            raise NotMeasuredError("the trained model is not there: --models FOLDER")
        hls = networks.configuration(precision, network.layers())
        try:
            graph = emu.load(network.json, weights=network.h5, config=hls)
        except ValueError as error:
            raise NotMeasuredError(f"not emulated yet: {str(error).partition(';')[0]}") from error
        result.precision, result.weights = precision, network.origin
        if (name, precision) not in self.seen:
            describe(result, graph, networks.inputs(network.shape, TRACED))
            self.seen[name, precision] = result
        other = self.seen[name, precision]
        result.multiply_adds, result.zero_weights = other.multiply_adds, other.zero_weights
        result.distinct = other.distinct
        return Loaded(network, graph, hls)

    def samples(self, wanted: int) -> int:
        """``wanted``, or a hundredth where the run is quick."""
        return max(50, wanted // 100) if self.quick else wanted

    @property
    def repeats(self) -> int:
        """Measurements of each side; the least time counts."""
        return 1 if self.quick else 7


@dataclass
class Result:
    """One line of the table. ``ratio``: how many times as good the emulator is as the peer.

    weights: where they come from. zero_weights: share of raw zeros.
    distinct: distinct raw values of each hidden tensor.
    met: None where there is no target. equal: whether all compared bits are equal, None where there
    is nothing to compare. missing: why the row, or its peer, could not be measured.
    """

    row: str
    precision: str = ""
    weights: str = ""
    multiply_adds: int | None = None
    zero_weights: float | None = None
    distinct: list[int] = field(default_factory=list)
    emulator: str = ""
    peer: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None
    limit: str = ""
    share_of_limit: float | None = None
    equal: bool | None = None
    missing: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    def aim(self, least: float) -> None:
        """The target is ``ratio >= least``."""
        self.target = f">= {least:g}"
        self.met = self.ratio is not None and self.ratio >= least


class Row(Protocol):
    """A line of the table: its name, and how it is measured."""

    @property
    def name(self) -> str:
        """Unique; ``--rows`` selects by it."""

    def measure(self, context: Context, result: Result) -> None:
        """Fill ``result``; raises NotMeasuredError where the model or the peer is missing."""


def describe(result: Result, graph: Graph, x: np.ndarray) -> None:
    """Multiply-adds, share of zero weights, distinct values of each hidden tensor on ``x``."""
    result.multiply_adds = graph.multiplications()
    weights = [
        constant.raw.reshape(-1)
        for node in graph.nodes
        for name, constant in node.op.constants().items()
        if "weight" in name
    ]
    if weights:
        result.zero_weights = float(np.mean(np.concatenate(weights) == 0))
    inputs = {value.name for value in graph.inputs}
    hidden = [name for name in graph.values if name not in {*inputs, *graph.output_names}]
    each = sum(value.size for value in graph.values.values())
    traced = graph.trace(x[: max(10, ELEMENTS // each)], raw=True)
    result.distinct = [int(np.unique(traced[name]).size) for name in hidden]


def interleaved(
    calls: Mapping[str, Callable[[], object]], repeats: int, *, spread: dict[str, Any] | None = None
) -> dict[str, float]:
    """Least seconds of each call, the calls taking turns after one turn to warm up.

    Short calls have more turns than ``repeats``: as many as fit in three seconds, at most five
    times as many. Long ones have fewer, at least two, to take about twenty seconds. spread: takes
    median / least of each, which tells how quiet the machine was.
    """
    start = time.perf_counter()
    for call in calls.values():
        call()
    if repeats > 1:
        turns = MOST_SECONDS / (time.perf_counter() - start)
        repeats = min(repeats, max(2, int(turns)))
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + ENOUGH_SECONDS
    turn = 0
    while turn < repeats or (repeats > 1 and turn < 5 * repeats and time.perf_counter() < end):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
        turn += 1
    least = {name: min(found) for name, found in times.items()}
    if spread is not None:
        spread["median / least"] = {
            name: round(float(np.median(found)) / least[name], 3) for name, found in times.items()
        }
    return least


def rate(value: float) -> str:
    """Samples a second, three digits."""
    if value >= 1e6:
        return f"{value / 1e6:.3g} M/s"
    digits = max(0, 2 - math.floor(math.log10(value)))
    return f"{value:,.{digits}f}/s" if value < 1000 else f"{value / 1e3:.3g} k/s"
