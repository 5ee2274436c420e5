"""Schedule: reuse factor, strategy and io of every layer; it never changes a bit.

Where an accumulator can saturate, the order of additions is part of the operator; a schedule whose
hardware adds in another order is refused by name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from emu import Graph
from emu.ops import Convolution, Dense, Recurrent, TimeDistributed
from emu.passes.reuse import is_legal, legal_reuse_factors

__all__ = ["LayerSchedule", "Schedule"]

STRATEGIES = ("latency", "resource", "resource_unrolled")
IO_TYPES = ("io_parallel", "io_stream")
STYLES = ("auto", "pipeline", "dataflow")


@dataclass(frozen=True)
class LayerSchedule:
    """``reuse_factor``: uses of a multiplier per sample; ``strategy``: the shape of the kernel.

    recurrent_reuse_factor: that of a recurrent layer's second product; None: the same.
    parallelization_factor: positions that a convolution computes at once.
    fifo_depth: beats that each stream of the layer's output holds in io_stream; None: a sample's.
    """

    reuse_factor: int = 1
    strategy: str = "latency"
    recurrent_reuse_factor: int | None = None
    parallelization_factor: int = 1
    fifo_depth: int | None = None

    def __post_init__(self) -> None:
        for what, factor in (
            ("reuse factor", self.reuse_factor),
            ("reuse factor", self.of_state),
            ("parallelization factor", self.parallelization_factor),
        ):
            if isinstance(factor, bool) or not isinstance(factor, int):
                raise ValueError(f"{what} must be an integer, not {factor!r}")
            if factor < 1:
                raise ValueError(f"{what} must be at least 1, not {factor}")
        depth = self.fifo_depth
        if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int)):
            raise ValueError(f"FIFO depth must be an integer, not {depth!r}")
        if depth is not None and depth < 1:
            raise ValueError(f"FIFO depth must be at least 1, not {depth}")
        if self.strategy not in STRATEGIES:
            known = ", ".join(STRATEGIES)
            raise ValueError(f"strategy must be one of {known}, not {self.strategy!r}")

    @property
    def of_state(self) -> int:
        """Reuse factor of the product of a recurrent layer's state."""
        given = self.recurrent_reuse_factor
        return self.reuse_factor if given is None else given


@dataclass(frozen=True)
class Schedule:
    """How a graph becomes hardware; layers that are not named take the default.

    io_type: io_parallel, arrays between layers, or io_stream, FIFOs between them.
    pipeline_style: ``auto`` takes dataflow in io_stream and where a layer has the resource
    strategy, else one pipeline (hls4ml's rule). pipeline_interval: II of that pipeline.
    """

    layers: Mapping[str, LayerSchedule] = field(default_factory=dict)
    io_type: str = "io_parallel"
    pipeline_style: str = "auto"
    pipeline_interval: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", MappingProxyType(dict(self.layers)))
        if self.io_type not in IO_TYPES:
            raise ValueError(f"io_type must be {' or '.join(IO_TYPES)}, not {self.io_type!r}")
        if self.io_type == "io_stream" and self.pipeline_style == "pipeline":
            raise ValueError(
                "pipeline style must be auto or dataflow in io_stream, not 'pipeline':"
                " layers between streams run side by side"
            )
        if self.pipeline_style not in STYLES:
            raise ValueError(
                f"pipeline style must be one of {', '.join(STYLES)}, not {self.pipeline_style!r}"
            )
        interval = self.pipeline_interval
        if interval is not None:
            if isinstance(interval, bool) or not isinstance(interval, int):
                raise ValueError(f"pipeline interval must be an integer, not {interval!r}")
            if interval < 1:
                raise ValueError(f"pipeline interval must be at least 1, not {interval}")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Schedule:
        """Read ReuseFactor, Strategy, IOType and the pipeline settings of ``graph.config``."""
        hls = config.get("HLSConfig", {})
        model = hls.get("Model", {})
        layers = {}
        for name, entry in hls.get("LayerName", {}).items():
            try:
                layers[name] = LayerSchedule(
                    entry.get("ReuseFactor", 1),
                    str(entry.get("Strategy", "latency")).lower(),
                    entry.get("RecurrentReuseFactor"),
                    entry.get("ParallelizationFactor", 1),
                )
            except ValueError as error:
                raise ValueError(f"layer {name}: {error}") from None
        return cls(
            layers,
            config.get("IOType", "io_parallel"),
            model.get("PipelineStyle", "auto"),
            model.get("PipelineInterval"),
        )

    def of(self, name: str) -> LayerSchedule:
        """The entry of a layer, or the default."""
        return self.layers.get(name, LayerSchedule())

    def check(self, graph: Graph) -> None:
        """Raise ValueError where the graph cannot have this schedule, naming the layer."""
        names = [node.name for node in graph.nodes]
        for name in self.layers:
            if name not in names:
                near = get_close_matches(name, names, n=1, cutoff=0.0)
                raise ValueError(
                    f"schedule must name layers of the graph, not {name!r};"
                    f" did you mean {near[0]!r}?"
                )
        for node in graph.nodes:
            op, shape = node.op, graph.values[node.name].shape
            if isinstance(op, TimeDistributed):
                op, shape = op.op, shape[1:]
            if isinstance(op, Dense):
                _check_dense(node.name, op, self.of(node.name))
            elif isinstance(op, Convolution):
                _check_convolution(node.name, op, self.of(node.name), math.prod(shape[:-1]))
            elif isinstance(op, Recurrent):
                _check_recurrent(node.name, op, self.of(node.name))
            elif self.of(node.name).strategy != "latency":
                raise ValueError(
                    f"layer {node.name}: strategy must be latency, not"
                    f" {self.of(node.name).strategy!r}: only dense, convolutional and recurrent"
                    " layers have others"
                )

    def steps(self, name: str, op: Dense | Recurrent) -> int:
        """How many steps the kernel's outer loop takes: they set the order of additions."""
        entry = self.of(name)
        return op.weight.shape[0] if entry.strategy == "latency" else entry.reuse_factor

    def state_steps(self, name: str, op: Recurrent) -> int:
        """The same of the product of a recurrent layer's state."""
        entry = self.of(name)
        return op.units if entry.strategy == "latency" else entry.of_state

    def style(self) -> tuple[str, int | None]:
        """``("PIPELINE", II or None)`` or ``("DATAFLOW", None)`` for the top function."""
        if self.io_type == "io_stream":
            return "DATAFLOW", None
        if self.pipeline_style != "auto":
            interval = self.pipeline_interval if self.pipeline_style == "pipeline" else None
            return self.pipeline_style.upper(), interval
        strategies = {entry.strategy for entry in self.layers.values()}
        if "resource" in strategies:
            return "DATAFLOW", None
        if "resource_unrolled" in strategies:
            return "PIPELINE", max(entry.reuse_factor for entry in self.layers.values())
        return "PIPELINE", self.pipeline_interval


def _check_dense(name: str, op: Dense, entry: LayerSchedule) -> None:
    n_in, n_out = op.weight.shape
    if entry.strategy != "latency" and not is_legal(n_in, n_out, entry.reuse_factor):
        legal = ", ".join(map(str, legal_reuse_factors(n_in, n_out)))
        raise ValueError(
            f"layer {name}: reuse factor of {n_in} x {n_out} must be one of {legal},"
            f" not {entry.reuse_factor}"
        )
    interleave = order_of(entry, n_in)
    # Steps of n_in are the ascending order, as steps of 1 are.
    own = 1 if op.interleave == n_in else op.interleave
    if op.order_matters and interleave != own:
        raise ValueError(
            f"layer {name}: its accumulator {op.accum} can saturate, so the order of additions"
            f" must be the model's ({_order(own)}), not the schedule's"
            f" ({_order(interleave)}); load the configuration with this ReuseFactor and"
            " Strategy"
        )


def _check_convolution(name: str, op: Convolution, entry: LayerSchedule, places: int) -> None:
    _check_dense(name, op.position(), entry)
    if op.groups > 1 and entry.strategy == "resource":
        raise ValueError(
            f"layer {name}: strategy of a convolution with {op.groups} groups must be latency or"
            " resource_unrolled, not resource: its groups do not share a memory word"
        )
    if places % entry.parallelization_factor:
        raise ValueError(
            f"layer {name}: parallelization factor must divide its {places} positions, not"
            f" {entry.parallelization_factor}"
        )


def _check_recurrent(name: str, op: Recurrent, entry: LayerSchedule) -> None:
    of_input, of_state = op.matrices()
    _check_dense(name, of_input, entry)
    for matrix in of_state:
        _check_dense(f"{name} (state)", matrix, replace(entry, reuse_factor=entry.of_state))


def order_of(entry: LayerSchedule, n_in: int) -> int:
    """``Dense.interleave`` that a schedule's kernel gives: 1 is ascending."""
    interleaved = entry.strategy != "latency" and entry.reuse_factor < n_in
    return entry.reuse_factor if interleaved else 1


def multiplier_limit(work: int, reuse_factor: int) -> int:
    """``ceil(work / reuse_factor)``: multipliers that a layer may use."""
    return max(1, math.ceil(work / reuse_factor))


def _order(interleave: int) -> str:
    return "ascending" if interleave == 1 else f"interleaved by {interleave}"
