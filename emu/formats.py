"""Other formats for a graph, and runs that begin where the formats differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from fxp import Format, from_float

from .op import Constant, Op

if TYPE_CHECKING:
    from .graph import Graph, Node

__all__ = ["Rerun", "with_formats"]


def with_formats(graph: Graph, formats: Mapping[str, str | Format]) -> Graph:
    """See ``Graph.with_formats``."""
    wanted = {name: _parsed(name, text) for name, text in formats.items()}
    valid = [key for node in graph.nodes for key in _keys(node)]
    for name in wanted:
        if name not in valid:
            near = get_close_matches(name, valid, n=3)
            hint = f"; nearest: {', '.join(near)}" if near else ""
            raise ValueError(f"formats must name tensors of the graph, not {name!r}{hint}")
    nodes: list[Node] = []
    results: dict[str, Format] = {}
    for node in graph.nodes:
        own = {key: wanted[name] for name, key in _keys(node).items() if name in wanted}
        if node.op.view and node.inputs[0] in results:
            own["result"] = results[node.inputs[0]]
        own = {key: format for key, format in own.items() if format != _format(node.op, key)}
        if own:
            node = replace(node, op=_changed(node.op, own))
            results[node.name] = node.op.result
        nodes.append(node)
    found = replace(graph, nodes=tuple(nodes))
    for old, new in zip(graph.nodes, found.nodes, strict=True):
        before = old.op.addresses(*(graph.values[name] for name in old.inputs))
        after = new.op.addresses(*(found.values[name] for name in new.inputs))
        for was, is_ in zip(before, after, strict=True):
            if was != is_:
                raise ValueError(
                    f"tables of {old.name} must keep the format they were made for, {was}, not"
                    f" {is_}: change it in the configuration and load the model again"
                )
    return found


def _parsed(name: str, text: str | Format) -> Format:
    try:
        return text if isinstance(text, Format) else Format.parse(text)
    except ValueError as error:
        raise ValueError(f"format of {name}: {error}") from None


def _keys(node: Node) -> dict[str, str]:
    """What may be given another format, as ``{name in the mapping: field of the operator}``."""
    if node.op.view:
        return {}
    keys = {node.name: "result"}
    for field in fields(node.op):
        if field.name != "result" and isinstance(getattr(node.op, field.name), (Format, Constant)):
            keys[f"{node.name}.{field.name}"] = field.name
    return keys


def _format(op: Op, key: str) -> Format:
    found = getattr(op, key)
    return found.format if isinstance(found, Constant) else found


def _changed(op: Op, formats: Mapping[str, Format]) -> Op:
    """``op`` with other formats; weights are rounded anew from their trained values."""
    changes: dict[str, Any] = {}
    for key, format in formats.items():
        found = getattr(op, key)
        if isinstance(found, Constant):
            raw = np.asarray(from_float(found.value, format)).reshape(found.raw.shape)
            changes[key] = Constant(raw, format, found.value)
        else:
            changes[key] = format
    return replace(op, **changes)


class Rerun:
    """One set of samples under many formats: see ``Graph.rerun``."""

    def __init__(self, graph: Graph, x: Any, memory: int) -> None:
        from .run import checked

        self.graph, self.memory = graph, memory
        self._x = checked(graph, x)
        self._known: dict[str, Any] = {}

    def predict(self, formats: Mapping[str, str | Format] = {}, *, raw: bool = False) -> Any:
        """``graph.with_formats(formats).predict(x)``, computed from the first change onwards.

        Tensors before it come from earlier calls where ``memory`` held them.
        """
        from .engine.plan import make_plan
        from .ops import Input
        from .run import empty_results, run_plan

        graph = self.graph.with_formats(formats)
        changed: set[str] = set()
        for old, new in zip(self.graph.nodes, graph.nodes, strict=True):
            if new is not old or changed.intersection(new.inputs):
                changed.add(new.name)
        inputs = {node.name for node in graph.nodes if isinstance(node.op, Input)}
        front = {
            name
            for node in graph.nodes
            if node.name in changed
            for name in node.inputs
            if name not in changed
        }
        front |= {name for name in graph.output_names if name not in changed}
        self._remember(front - inputs)
        given = {name: self._known[name] for name in front if name in self._known}
        plan = make_plan(graph, graph.output_names, given=given)
        arrays = {**self._x, **given}
        samples = len(next(iter(arrays.values())))
        out = empty_results(plan, samples, real=not raw)
        work = sum(
            node.op.multiplications(*(graph.values[name].shape for name in node.inputs))
            for node in graph.nodes
            if node.name in changed
        )
        run_plan(plan, arrays, out, work=work * samples)
        results = [out[name] for name in graph.output_names]
        return results[0] if len(results) == 1 else results

    def _remember(self, names: set[str]) -> None:
        """Compute the tensors of the unchanged graph that are not known yet, and keep them."""
        from .engine.plan import block_dtype, make_plan
        from .run import run_plan

        samples = len(next(iter(self._x.values())))
        missing = []
        for name in sorted(names - set(self._known)):
            value = self.graph.values[name]
            dtype = block_dtype(value.format)
            size = samples * value.size * dtype.itemsize
            if dtype.kind != "O" and self._held() + size <= self.memory:
                self._known[name] = np.empty((samples, *value.shape), dtype=dtype)
                missing.append(name)
        if missing:
            plan = make_plan(self.graph, missing)
            out = {name: self._known[name] for name in missing}
            try:
                run_plan(plan, self._x, out, work=self.graph.multiplications() * samples)
            except BaseException:
                for name in missing:
                    del self._known[name]
                raise

    def _held(self) -> int:
        return sum(array.nbytes for array in self._known.values())
