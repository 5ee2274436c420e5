"""The tensors of the top function: C++ variables, types, ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from emu import Graph, Node
from emu.op import Value
from emu.ops import Input, Reshape

from . import cxx
from .errors import ProjectError

__all__ = ["Tensor", "aliases", "inputs_of", "is_kernel", "ports", "tensors"]


@dataclass(frozen=True)
class Tensor:
    """A tensor of the top function: C++ variable and type."""

    name: str
    stem: str
    variable: str
    type: str
    format: str
    size: int


def inputs_of(graph: Graph, node: Node) -> list[Value]:
    """What a node reads."""
    return [graph.values[name] for name in node.inputs]


def is_kernel(node: Node) -> bool:
    """Whether a node is a kernel call; inputs and reshapes are none."""
    return not isinstance(node.op, (Input, Reshape))


def tensors(graph: Graph, stems: Mapping[str, str]) -> dict[str, Tensor]:
    """C++ variables; a reshape is its source's variable."""
    found: dict[str, Tensor] = {}
    for node in graph.nodes:
        value, stem = graph.values[node.name], stems[node.name]
        if isinstance(node.op, Reshape):
            source = found[node.inputs[0]]
            variable, kind = source.variable, source.type
        elif isinstance(node.op, Input):
            variable, kind = stem + "_in" * (stem in cxx.HARDWARE_WORDS), f"{stem}_t"
        else:
            variable, kind = f"{stem}_out", f"{stem}_t"
        try:
            spelled = cxx.type_name(value.format)
        except ValueError as error:
            raise ProjectError(f"layer {node.name}: {error}") from None
        found[node.name] = Tensor(node.name, stem, variable, kind, spelled, value.size)
    return found


def ports(graph: Graph, known: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The output ports by tensor name.

    A port is the variable of its tensor where nothing else needs that variable. What a layer reads
    on, an input, or the variable of another output is copied into a port of its own.
    """
    kernels = [node for node in graph.nodes if is_kernel(node)]
    needed = {known[name].variable for node in kernels for name in node.inputs}
    needed |= {known[value.name].variable for value in graph.inputs}
    found: dict[str, Tensor] = {}
    for value in graph.outputs:
        tensor = known[value.name]
        if value.name in found:
            raise ProjectError(f"outputs must be different tensors, not {value.name!r} twice")
        if tensor.variable in needed:
            tensor = replace(tensor, variable=f"{tensor.stem}_copy")
        found[value.name] = tensor
        needed.add(tensor.variable)
    return found


def aliases(graph: Graph, known: Mapping[str, Tensor]) -> list[tuple[str, str]]:
    """hls4ml's names of the first input's and a single output's type, where no layer has them."""
    taken = {tensor.type for tensor in known.values()}
    wanted = [("input_t", graph.inputs[0].name)]
    if len(graph.output_names) == 1:
        wanted.append(("result_t", graph.output_names[0]))
    return [(alias, known[name].type) for alias, name in wanted if alias not in taken]
