"""GarNet: one node; a stack: one after the other, all reading the number of vertices."""

from __future__ import annotations

from fxp import Format, Overflow, Rounding

from .. import rounded_tables
from ..draft import Draft, Layer
from ..graph import Node
from ..ops import GarNet
from ..tables import edge_table
from .common import chosen_table, type_of, weights

__all__ = ["LOWERINGS"]

_DISTANCE = Format(12, 4, rounding=Rounding.TRN, overflow=Overflow.SAT)
"""hls4ml's type of distances, which no configuration changes."""


def _garnet(draft: Draft, layer: Layer) -> list[Node]:
    if draft.config.io_type == "io_stream":
        raise ValueError(
            f"IOType must be io_parallel for {layer.kind}, not 'io_stream': hls4ml has no stream"
            " kernel; a Schedule with io_type='io_stream' makes one of the same bits"
        )
    vertices = draft.source(layer).shape[0]
    blocks = draft.config.setting(layer.name, layer.kind, "ReuseFactor")
    if vertices % blocks:
        raise ValueError(
            f"ReuseFactor must divide the {vertices} vertices, not {blocks}, as in hls4ml: vertices"
            " are summed in that many blocks"
        )
    _note(draft, layer, vertices, blocks)
    norm = type_of(layer, "norm")
    by_count = layer.attributes["by_count"]
    corrected = by_count and draft.meets("garnet_share", layer.name)
    source, number = layer.inputs
    codes = _DISTANCE, type_of(layer, "edge_weight")
    table = chosen_table(draft, layer, edge_table(*codes), rounded_tables.edge_table(*codes))
    nodes = []
    for name, part in zip(
        [*layer.attributes["nodes"], layer.name], layer.attributes["parts"], strict=True
    ):
        op = GarNet(
            result=type_of(layer, "result"),
            distance_weight=weights(layer, f"distance_weight{part}"),
            distance_bias=weights(layer, f"distance_bias{part}"),
            weight=weights(layer, f"weight{part}"),
            bias=weights(layer, f"bias{part}"),
            output_bias=weights(layer, f"output_bias{part}"),
            distance=_DISTANCE,
            table=table,
            edge_sum=type_of(layer, "edge_weight_aggr"),
            aggr=type_of(layer, "aggr"),
            norm=norm,
            blocks=blocks,
            collapse=name == layer.name and layer.attributes["collapse"],
            by_count=by_count,
            fraction=max(norm.frac, 0) if corrected else 0,
        )
        nodes.append(Node(name, op, (source, number)))
        source = name
    return nodes


def _note(draft: Draft, layer: Layer, vertices: int, blocks: int) -> None:
    """What hls4ml does otherwise, or leaves undefined."""
    if vertices & (vertices - 1):
        draft.meets("garnet_vertices", layer.name)
    n = type_of(draft.layers[layer.inputs[1]], "result")
    if blocks & (blocks - 1) and n.raw_max * n.lsb > vertices:
        draft.note(
            f"layer {layer.name}: {n} has numbers above {vertices} vertices, for which hls4ml reads"
            f" behind its arrays where ReuseFactor {blocks} is no power of two; here {vertices}"
        )
    if layer.attributes["collapse"]:
        return
    if layer.kind == "GarNetStack":
        draft.note(
            f"layer {layer.name}: hls4ml does not compile a GarNetStack without collapse; here its"
            " last layer gives every vertex, as a GarNet does"
        )
    draft.note(
        f"layer {layer.name}: hls4ml leaves vertices that do not count undefined; here they are 0"
    )


LOWERINGS = {"GarNet": _garnet, "GarNetStack": _garnet}
