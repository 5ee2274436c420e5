"""Plan: the steps that compute a graph, each by the cheapest path that is proved exact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from fxp import NARROW_WIDTH, Format, cast

from ..linear import Interval, Linear
from ..op import Op, Value
from ..ops import Input
from .epilogue import Epilogue, Rooms
from .paths import Path, admissible, largest, stays_inside
from .steps import (
    BlockStep,
    GivenStep,
    InputStep,
    LinearStep,
    PlainStep,
    PointwiseStep,
    RearrangeStep,
    sums_dtype,
)

if TYPE_CHECKING:
    from ..graph import Graph, Node

__all__ = ["Plan", "Planned", "block_dtype", "make_plan", "step_of"]

_TABLE_WIDTH = 16
"""Elementwise functions of inputs up to this width become a table of all their codes."""


def block_dtype(format: Format) -> Any:
    """The narrowest of int8, int16, int32 and int64 that holds the format; object above 62 bits."""
    if format.width > NARROW_WIDTH:
        return np.dtype(object)
    bits = format.width + (not format.signed)
    return np.dtype(next(f"int{size}" for size in (8, 16, 32, 64) if bits <= size))


class Planned(NamedTuple):
    """One step: what it reads and writes, the nodes it computes, and why this way is exact."""

    step: Any
    reads: tuple[str, ...]
    writes: str
    nodes: tuple[str, ...]
    path: str
    why: str


@dataclass(frozen=True, eq=False)
class Plan:
    """Steps in order; ``print(plan)`` shows which path each node got, and why it is exact.

    steps: what runs. values: every tensor that exists in memory, by name. kept: the results.
    aliases: tensors that are another's raw elements under a different shape.
    """

    steps: tuple[Planned, ...]
    values: Mapping[str, Value]
    aliases: Mapping[str, str]
    kept: Mapping[str, Value]

    def home(self, name: str) -> str:
        """The tensor whose memory holds ``name``."""
        return self.aliases.get(name, name)

    @cached_property
    def kept_at(self) -> Mapping[str, tuple[str, ...]]:
        """The results that a tensor's memory holds, by the tensor's name."""
        return {
            planned.writes: tuple(name for name in self.kept if self.home(name) == planned.writes)
            for planned in self.steps
        }

    def bytes_per_sample(self) -> int:
        """Memory of one sample in a block: all live tensors at the fullest step, and scratch."""
        last = self._last_uses()
        alive: dict[str, int] = {}
        most = 0
        for index, planned in enumerate(self.steps):
            alive[planned.writes] = self._bytes(planned.writes)
            most = max(most, sum(alive.values()) + self._scratch(planned))
            for name in [name for name in alive if last.get(name, -1) <= index]:
                del alive[name]
        return most

    def _last_uses(self) -> dict[str, int]:
        last: dict[str, int] = {}
        for index, planned in enumerate(self.steps):
            for name in planned.reads:
                last[name] = max(last.get(name, -1), index)
        return last

    def _bytes(self, name: str) -> int:
        value = self.values[name]
        size = block_dtype(value.format).itemsize
        return int(value.size) * (40 if value.format.width > NARROW_WIDTH else size)

    def _scratch(self, planned: Planned) -> int:
        read = sum(self.values[name].size for name in planned.reads)
        written = self.values[planned.writes].size
        if isinstance(planned.step, LinearStep):
            floats = 8 * (read + written) if planned.path.startswith("float") else 0
            step = planned.step
            return 16 + floats + written * sums_dtype(step.linear, step.x, step.path).itemsize
        if isinstance(planned.step, PlainStep):
            return 24 * (read + written)
        return 16

    def __str__(self) -> str:
        rows = [("nodes", "stored as", "path", "why")]
        for planned in self.steps:
            stored = str(block_dtype(self.values[planned.writes].format))
            rows.append((" + ".join(planned.nodes), stored, planned.path, planned.why))
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        return "\n".join(
            "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[3]]).rstrip()
            for row in rows
        )

    # ---- running -----------------------------------------------------------------------------

    def workspace(self, samples: int) -> Workspace:
        """Memory for blocks of ``samples``, reused from block to block."""
        last = self._last_uses()
        blocks: dict[str, Any] = {}
        free: list[Any] = []
        owners: dict[str, Any] = {}
        for index, planned in enumerate(self.steps):
            value = self.values[planned.writes]
            dtype = block_dtype(value.format)
            count = max(value.size * samples, 1)
            if dtype.kind == "O":
                blocks[value.name] = np.empty((value.size, samples), dtype=object)
            else:
                need = -(-count * dtype.itemsize // 64) * 64
                fitting = [room for room in free if room.size >= need]
                room = min(fitting, key=len) if fitting else np.empty(need, dtype=np.uint8)
                free = [other for other in free if other is not room]
                owners[value.name] = room
                flat = room[: value.size * samples * dtype.itemsize].view(dtype)
                blocks[value.name] = flat.reshape(value.size, samples)
            for name in [name for name in owners if last.get(name, -1) <= index]:
                free.append(owners.pop(name))
        return Workspace(blocks, Rooms())


class Workspace(NamedTuple):
    """Blocks by tensor name, and scratch."""

    blocks: dict[str, Any]
    rooms: Rooms


# ---- planning --------------------------------------------------------------------------------


Chooser = Callable[[Sequence[Path]], Path]


def cheapest(paths: Sequence[Path]) -> Path:
    """The path with the lowest estimated cost."""
    return min(paths, key=lambda path: path.cost)


def make_plan(
    graph: Graph,
    keep: Iterable[str],
    choose: Chooser = cheapest,
    given: Iterable[str] = (),
) -> Plan:
    """The plan that leaves the tensors ``keep`` in memory; others may vanish into fused steps.

    choose: picks one of the paths proved exact for a node; any pick gives the same bits. given:
    tensors that the caller has; what only they need is left out.
    """
    return _Planner(graph, tuple(dict.fromkeys(keep)), choose, frozenset(given)).plan()


def step_of(op: Op, *inputs: Value) -> Any:
    """The step of one operator on its own: for operators that are made of others."""
    from ..graph import Graph, Node

    own = [Node(value.name, Input(result=value.format, dimensions=value.shape)) for value in inputs]
    graph = Graph((*own, Node("step", op, tuple(value.name for value in inputs))), ("step",))
    return make_plan(graph, ("step",)).steps[-1].step


_LINEARS: WeakKeyDictionary[Op, dict[tuple[Value, ...], Linear | None]] = WeakKeyDictionary()
"""Sums of products by operator and inputs: plans of related graphs share them."""


def _linear_of(op: Op, inputs: tuple[Value, ...]) -> Linear | None:
    known = _LINEARS.setdefault(op, {})
    if inputs not in known:
        known[inputs] = op.linear(*inputs)
    return known[inputs]


class _Planner:
    def __init__(
        self, graph: Graph, keep: tuple[str, ...], choose: Chooser, given: frozenset[str]
    ) -> None:
        self.graph, self.keep, self.choose, self.given = graph, keep, choose, given
        self.needed = self._needed()
        self.readers: dict[str, list[Node]] = {}
        for node in graph.nodes:
            for name in node.inputs if node.name in self.needed - given else ():
                self.readers.setdefault(name, []).append(node)
        self.steps: list[Planned] = []
        self.values: dict[str, Value] = {}
        self.aliases: dict[str, str] = {}
        self.intervals: dict[str, Interval] = {}
        self.done: set[str] = set()

    def plan(self) -> Plan:
        for node in self.graph.nodes:
            if node.name in self.needed and node.name not in self.done:
                self._node(node)
        kept = {name: self.graph.values[name] for name in self.keep}
        return Plan(tuple(self.steps), self.values, self.aliases, kept)

    def _needed(self) -> set[str]:
        """Nodes that lead to ``keep`` from the given tensors and the inputs."""
        needed = set(self.keep)
        for node in reversed(self.graph.nodes):
            if node.name in needed and node.name not in self.given:
                needed.update(node.inputs)
        return needed

    def _node(self, node: Node) -> None:
        inputs = tuple(self.graph.values[name] for name in node.inputs)
        if node.name in self.given:
            given = replace(node, inputs=())
            self._add(given, GivenStep(), (node,), "given", "raw integers of an earlier run")
        elif isinstance(node.op, Input):
            step = InputStep(self.graph.values[node.name])
            self._add(node, step, (node,), "cast", "float64 to raw integers")
        elif node.op.view:
            source = self.aliases.get(node.inputs[0], node.inputs[0])
            self.aliases[node.name] = source
            self.done.add(node.name)
        elif (linear := _linear_of(node.op, inputs)) is not None and _engine_sums(linear):
            self._linear(node, linear)
        elif node.op.pointwise and self._tabled(inputs[0].format, node):
            x = self._interval(node.inputs[0])
            epilogue, nodes, why, interval = _follow(
                Epilogue(), inputs[0].format, x, (node, *self._followers(node))
            )
            path = "table" if epilogue.table.size else "clip and cast"
            self._add(node, PointwiseStep(epilogue.alone(x)), nodes, path, why, interval)
        elif node.op.rearranges and _narrow(node.op.result, *(v.format for v in inputs)):
            why = "whole rows of samples move"
            self._add(node, RearrangeStep.of(node.op, inputs), (node,), "rows", why)
        elif (run := node.op.block(*inputs)) is not None:
            why = "its own loops over rows of samples"
            self._add(node, BlockStep(run), (node,), "block", why)
        else:
            why = "the operator as declared"
            self._add(node, PlainStep(node.name, node.op, inputs), (node,), "plain", why)

    def _tabled(self, x: Format, node: Node) -> bool:
        return _cheap(node.op, x) or _tabulated(node.op, x)

    def _linear(self, node: Node, linear: Linear) -> None:
        source = node.inputs[0]
        x = self._interval(source)
        dtype = block_dtype(self.graph.values[source].format)
        path = self.choose(list(admissible(linear, x, dtype)))
        inside = stays_inside(linear, x)
        exact = inside or path.name.startswith("ordered")
        whole = (
            linear.accum.signed
            and linear.accum.width == 8 * sums_dtype(linear, x, path.name).itemsize
        )
        epilogue = Epilogue() if exact or whole else Epilogue().wrap(linear.accum)
        interval = _sums(linear, x) if inside else format_interval(linear.accum)
        epilogue = epilogue.cast(linear.accum, linear.result, interval)
        interval = _cast_interval(interval, linear.accum, linear.result)
        epilogue, followed, _, interval = _follow(
            epilogue, linear.result, interval, self._followers(node)
        )
        step = LinearStep(linear, path.name, epilogue, x)
        self._add(node, step, (node, *followed), path.name, path.why, interval)

    def _followers(self, node: Node) -> tuple[Node, ...]:
        """Elementwise nodes that alone read what comes before them, which nobody keeps."""
        found: list[Node] = []
        while node.name not in self.keep:
            readers = self.readers.get(node.name, [])
            if len(readers) != 1:
                break
            x = self.graph.values[node.name].format
            if not self._tabled(x, readers[0]) or not readers[0].op.pointwise:
                break
            node = readers[0]
            found.append(node)
        return tuple(found)

    def _interval(self, name: str) -> Interval:
        return self.intervals[self.aliases.get(name, name)]

    def _add(
        self,
        node: Node,
        step: Any,
        nodes: tuple[Node, ...],
        path: str,
        why: str,
        interval: Interval | None = None,
    ) -> None:
        last = nodes[-1]
        value = self.graph.values[last.name]
        reads = tuple(self.aliases.get(name, name) for name in node.inputs)
        names = tuple(other.name for other in nodes)
        self.steps.append(Planned(step, reads, last.name, names, path, why))
        self.values[last.name] = value
        self.intervals[last.name] = interval or format_interval(value.format)
        self.done.update(names)


def format_interval(format: Format) -> Interval:
    """Every raw value of a format."""
    return format.raw_min, format.raw_max


def _sums(linear: Linear, x: Interval) -> Interval:
    """Interval of the finished sums, each product rounded by less than one step on its way."""
    low = high = 0
    if len(linear.weight):
        small = largest(x) * linear.largest_weight * linear.longest < 1 << 62
        weight = linear.weight.astype(np.int64 if small else object)
        ends = np.stack([weight * x[0], weight * x[1]])
        low = min(linear.sums(ends.min(axis=0)))
        high = max(linear.sums(ends.max(axis=0)))
    steps = linear.longest if linear.shift > 0 else 0
    shift = linear.shift
    low, high = ((v >> shift) if shift > 0 else (v << -shift) for v in (low, high))
    start = linear.start
    return low - steps + int(min(start, default=0)), high + steps + 1 + int(max(start, default=0))


def _cast_interval(interval: Interval, source: Format, target: Format) -> Interval:
    """Interval after a cast: roundings are monotone; where an end overflows, the whole format."""
    if source == target:
        return interval
    wide = max(max(abs(v) for v in interval).bit_length() + 1, source.width)
    ends = np.array(interval, dtype=object if wide > NARROW_WIDTH else np.int64)
    held = Format(wide, wide - source.frac)
    raw, stats = cast(ends, held, target, stats=True)
    if stats.wraps or stats.saturations:
        return format_interval(target)
    return int(raw[0]), int(raw[1])


def _engine_sums(linear: Linear) -> bool:
    return linear.narrow and _narrow(linear.result)


def _narrow(*formats: Format) -> bool:
    return max(format.width for format in formats) <= NARROW_WIDTH


def _cheap(op: Op, x: Format) -> bool:
    """Whether an operator is clamps and one cast on int64."""
    return op.clip(x) is not None and max(x.width, op.result.width) <= NARROW_WIDTH


def _tabulated(op: Op, x: Format) -> bool:
    """Whether a table of all codes of its input stands for an elementwise operator."""
    return op.pointwise and x.width <= _TABLE_WIDTH and op.result.width <= NARROW_WIDTH


def _follow(
    epilogue: Epilogue, format: Format, interval: Interval, nodes: tuple[Node, ...]
) -> tuple[Epilogue, tuple[Node, ...], str, Interval]:
    """``epilogue`` and as many of ``nodes`` as it can take in: clamps and casts, then one table."""
    why = "clamp and cast on int64"
    taken: list[Node] = []
    for node in nodes:
        op = node.op
        if _cheap(op, format):
            low, high = op.clip(format) or (None, None)
            epilogue, interval = _clamp(epilogue, interval, low, high)
            epilogue = epilogue.cast(format, op.result, interval)
            interval = _cast_interval(interval, format, op.result)
            format = op.result
            taken.append(node)
        else:
            break
    rest = nodes[len(taken) :]
    if rest and _tabulated(rest[0].op, format):
        base, codes = format.raw_min, np.arange(format.raw_min, format.raw_max + 1)
        low_code, high_code = interval[0] - base, interval[1] - base
        why = f"table of the {len(codes)} codes of {format}"
        for node in rest:
            value = Value("x", (1,), format)
            codes = node.op.evaluate(codes.reshape(-1, 1), values=(value,)).reshape(-1)
            format = node.op.result
            taken.append(node)
        within = codes[max(low_code, 0) : high_code + 1]
        interval = int(min(within)), int(max(within))
        epilogue = epilogue.look_up(codes.astype(block_dtype(format)), base)
    return epilogue, tuple(taken), why, interval


def _clamp(
    epilogue: Epilogue, interval: Interval, low: int | None, high: int | None
) -> tuple[Epilogue, Interval]:
    """A clamp, left out where the interval shows that it changes nothing."""
    bottom = interval[0] if low is None else max(interval[0], low)
    top = interval[1] if high is None else min(interval[1], high)
    clamped = min(bottom, top) if low is None else bottom, max(bottom, top)
    if clamped == interval:
        return epilogue, interval
    if low == 0 and high is None:
        return epilogue.rectify(clamped[1]), clamped
    return epilogue.clamp(*clamped), clamped
