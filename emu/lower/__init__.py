"""Draft -> Graph: types become formats, weights raw integers, functions tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ..defects import met
from ..draft import Draft, Layer
from ..graph import Graph, Node
from ..op import Op
from . import (
    activation,
    convolution,
    core,
    einsum,
    garnet,
    lookup,
    merge,
    pooling,
    recurrent,
    reshaping,
    softmax,
    time_distributed,
)
from .common import check_weights
from .time_distributed import each_step

__all__ = ["lower"]

Lowering = Callable[[Draft, Layer], Op | list[Node]]

_FAMILIES = (
    *(core, convolution, activation, softmax, lookup, merge, pooling, reshaping),
    *(recurrent, time_distributed, einsum, garnet),
)
LOWERINGS: dict[str, Lowering] = {
    kind: lowering for family in _FAMILIES for kind, lowering in family.LOWERINGS.items()
}
"""hls4ml's internal class -> operator, or nodes of which the last has the layer's name.

Each module of this package has one family.
"""


def lower(draft: Draft, config: dict[str, Any], notes: Iterable[str]) -> Graph:
    """The typed graph of a finished draft; raises ValueError naming the layer that cannot be."""
    nodes = []
    for layer in draft:
        try:
            check_weights(draft, layer)
            if layer.extension is not None:
                found: Op | list[Node] = layer.extension.lower(draft, layer)
            else:
                found = LOWERINGS[layer.kind](draft, layer)
        except ValueError as error:
            raise ValueError(f"layer {layer.name}: {error}") from None
        if isinstance(found, Op):
            found = [Node(layer.name, found, tuple(layer.inputs))]
        nodes += [replace(node, op=each_step(layer, node.op)) for node in found]
    defects = met(draft.defects, corrected=draft.config.corrected)
    return Graph(tuple(nodes), tuple(draft.outputs), tuple(notes), config, defects)
