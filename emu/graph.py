"""Graph: a network as typed operators; it predicts, traces and explains itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fxp import Format

from . import run
from .defects import Met
from .op import Op, Real, Shape, Table, Value
from .ops import Input
from .streaming import predict_batches

if TYPE_CHECKING:
    from .engine.plan import Plan
    from .formats import Rerun

__all__ = ["Graph", "Node"]


@dataclass(frozen=True, eq=False)
class Node:
    """An operator with a name and the names of the nodes it reads."""

    name: str
    op: Op
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Graph:
    """``outputs = graph(inputs)``, bit for bit what the hardware gives.

    nodes: in an order where every node follows its inputs. notes: what the user should know of the
    conversion, once each. config: the resolved configuration, inert data.
    defects: those of hls4ml that the model met, copied or corrected (``emu.defects``).
    Raises ValueError where a node's shapes or widths cannot be computed exactly, naming the node.
    """

    nodes: tuple[Node, ...]
    output_names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    defects: tuple[Met, ...] = ()

    def __post_init__(self) -> None:
        values: dict[str, Value] = {}
        for node in self.nodes:
            for name in node.inputs:
                if name not in values:
                    raise ValueError(f"inputs of {node.name} must come before it, not {name!r}")
            if node.name in values:
                raise ValueError(f"node names must be unique, not {node.name!r} twice")
            if len(node.inputs) != node.op.arity:
                raise ValueError(
                    f"{node.name} must have {node.op.arity} inputs, not {len(node.inputs)}"
                )
            inputs = [values[name] for name in node.inputs]
            try:
                node.op.check(*inputs)
                shape = node.op.shape(*(value.shape for value in inputs))
            except ValueError as error:
                raise ValueError(f"layer {node.name}: {error}") from None
            values[node.name] = Value(node.name, shape, node.op.result)
        for name in self.output_names:
            if name not in values:
                raise ValueError(f"outputs must be nodes of the graph, not {name!r}")
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_plans", {})

    # ---- what it is --------------------------------------------------------------------------

    @property
    def values(self) -> Mapping[str, Value]:
        """Every tensor by the name of the node that makes it."""
        return self._values  # type: ignore[attr-defined,no-any-return]

    @property
    def formats(self) -> dict[str, Format]:
        """How to read each tensor's raw values, by name."""
        return {name: value.format for name, value in self.values.items()}

    @property
    def inputs(self) -> list[Value]:
        """Name, shape and format of each input, in model order."""
        return [self.values[node.name] for node in self.nodes if isinstance(node.op, Input)]

    @property
    def outputs(self) -> list[Value]:
        """Name, shape and format of each output, in model order."""
        return [self.values[name] for name in self.output_names]

    def tables(self) -> dict[str, Table]:
        """Look-up tables by ``layer.field``."""
        return {
            f"{node.name}.{name}": table
            for node in self.nodes
            for name, table in node.op.tables().items()
        }

    def multiplications(self) -> int:
        """Multiply-adds per sample."""
        return sum(
            node.op.multiplications(*(self.values[name].shape for name in node.inputs))
            for node in self.nodes
        )

    # ---- what it computes --------------------------------------------------------------------

    def plan(self, keep: Iterable[str] | None = None) -> Plan:
        """How ``predict`` computes it: steps, each by the fastest path that is proved exact.

        keep: tensors that must come out, default the outputs; ``print(graph.plan())`` says which
        path each node got, and why. Made once per ``keep``.
        """
        from .engine.plan import make_plan

        names = self.output_names if keep is None else tuple(dict.fromkeys(keep))
        plans: dict[tuple[str, ...], Plan] = self._plans  # type: ignore[attr-defined]
        if names not in plans:
            plans[names] = make_plan(self, names)
        return plans[names]

    def predict(self, x: Any, *, raw: bool = False, memory: int | None = None) -> Any:
        """Outputs for inputs ``x`` of shape (N, *input shape); several outputs give a list.

        x: a real array, or a list or dict by input name where there are several inputs. float64,
        exact up to 53 bits and beyond that rounded to nearest even; ``raw=True`` gives int64 raw
        values (Python integers above 62 bits), which ``graph.outputs[i].format`` reads.
        x may be a memory-mapped array: it is read block by block. memory: bytes the blocks of all
        threads may take beside x and the result, 64 MiB by default. Of an iterator of such batches
        the answer is an iterator of their outputs, one batch in memory at a time.
        Raises ValueError for a wrong shape or dtype, NaN or infinity, naming input and index,
        and for too little memory for one sample.
        """
        if isinstance(x, Iterator):
            return predict_batches(self, x, raw=raw, memory=memory)
        found = run.execute(self, x, keep=self.output_names, real=not raw, memory=memory)
        results = [found[name] for name in self.output_names]
        return results[0] if len(results) == 1 else results

    def trace(self, x: Any, *, raw: bool = False) -> dict[str, Any]:
        """Every tensor by name: each input and each layer that the passes kept; else as predict."""
        return run.execute(self, x, keep=tuple(self.values), real=not raw)

    def reference(self, x: Any) -> Any:
        """The same network in float64, without formats or tables; shapes as predict."""
        known: dict[str, Real] = dict(run.as_floats(self, x))
        for node in self.nodes:
            if not isinstance(node.op, Input):
                known[node.name] = node.op.reference(*(known[name] for name in node.inputs))
        results = [known[name] for name in self.output_names]
        return results[0] if len(results) == 1 else results

    # ---- other formats -----------------------------------------------------------------------

    def with_formats(self, formats: Mapping[str, str | Format]) -> Graph:
        """This graph with other formats: ``{"fc1": "fixed<12,4>", "fc1.weight": "fixed<8,2>"}``.

        A layer's name is its result; ``layer.field`` an accumulator, another type or weights, which
        are rounded anew from their trained values. Nodes that do not change are shared. Raises
        ValueError for unknown names and where a look-up table would have to be made again.
        """
        from .formats import with_formats

        return with_formats(self, formats)

    def rerun(self, x: Any, *, memory: int = 1 << 30) -> Rerun:
        """``rerun.predict(formats)``: ``with_formats(formats).predict(x)`` for many candidates.

        Each call starts at the first node whose formats differ: tensors before it are kept from
        call to call, in up to ``memory`` bytes.
        """
        from .formats import Rerun

        return Rerun(self, x, memory)

    # ---- for people --------------------------------------------------------------------------

    def summary(self) -> str:
        """One line per layer: name, operator, shape, result format, multiply-adds."""
        rows = [("layer", "operator", "shape", "result", "multiply-adds")]
        for node in self.nodes:
            value = self.values[node.name]
            work = node.op.multiplications(*(self.values[name].shape for name in node.inputs))
            rows.append(
                (node.name, _kind(node.op), _times(value.shape), str(value.format), str(work or ""))
            )
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        lines.append(
            f"outputs: {', '.join(self.output_names)};"
            f" {self.multiplications()} multiply-adds a sample"
        )
        return "\n".join(lines)

    def with_notes(self, notes: Iterable[str]) -> Graph:
        """This graph with further notes."""
        return replace(self, notes=(*self.notes, *notes))

    def to_json(self) -> str:
        """This graph as versioned JSON text, tables and weights as raw integers."""
        from .text import to_json

        return to_json(self)


def _kind(op: Op) -> str:
    name = type(op).__name__
    return name if op.function == op.header else f"{name} {op.function}"


def _times(shape: Shape) -> str:
    return " x ".join(map(str, shape))
