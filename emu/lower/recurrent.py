"""Recurrent layers: tables of their activations, and what of hls4ml's kernels does not compile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fxp import Format

from .. import rounded_tables
from ..draft import Draft, Layer
from ..graph import Node
from ..op import Op, Table
from ..ops import CELLS, Concatenate, Recurrent
from ..ops.recurrent import SPANS
from ..tables import function_table
from .activation import wraps
from .common import chosen_table, factors, type_of, weights

__all__ = ["LOWERINGS"]


def _recurrent(draft: Draft, layer: Layer) -> Op:
    _note_kernel(draft, layer)
    states = len(layer.inputs) > 1
    back = bool(layer.attributes.get("go_backwards"))
    return _cell(draft, layer, "", layer.attributes, initial_state=states, go_backwards=back)


def _bidirectional(draft: Draft, layer: Layer) -> list[Node]:
    """Two layers and their concatenation, which has the layer's own name."""
    sequences = layer.attributes["return_sequences"]
    if draft.config.io_type == "io_stream":
        draft.note(
            f"layer {layer.name}: hls4ml refuses Bidirectional in io_stream; these are the bits of"
            " io_parallel"
        )
    nodes = []
    for direction in ("forward", "backward"):
        attributes, back = layer.attributes[direction], direction == "backward"
        _note_simple(draft, layer, attributes["cell"])
        op = _cell(
            draft, layer, f"{direction}_", attributes, go_backwards=back, aligned=back and sequences
        )
        nodes.append(Node(f"{layer.name}_{direction}", op, tuple(layer.inputs)))
    joined = Concatenate(result=type_of(layer, "result"), axis=int(sequences))
    return [*nodes, Node(layer.name, joined, tuple(node.name for node in nodes))]


def _cell(
    draft: Draft, layer: Layer, prefix: str, attributes: dict[str, Any], **fields: Any
) -> Recurrent:
    """The operator whose types and weights are named ``<prefix>weight`` and so on."""
    bit = Format.parse("uint<1>")
    source, result = type_of(draft.source(layer), "result"), type_of(layer, "result")
    for data, variable in ((source, f"{prefix}weight"), (result, f"{prefix}recurrent_weight")):
        if data == bit == type_of(layer, variable):
            if draft.meets("binary_product", layer.name):
                continue
            raise ValueError(
                f"{variable} and what it multiplies must not both be uint<1>: hls4ml computes XNOR"
                " then, which is not supported yet; ufixed<1,1> multiplies, and so does uint<1>"
                " with Numerics: corrected"
            )
    row = CELLS[attributes["cell"]]
    gate = attributes["recurrent_activation"]
    return Recurrent(
        result=result,
        cell=attributes["cell"],
        weight=factors(draft, layer, f"{prefix}weight"),
        recurrent_weight=factors(draft, layer, f"{prefix}recurrent_weight"),
        bias=weights(layer, f"{prefix}bias"),
        recurrent_bias=weights(layer, f"{prefix}recurrent_bias"),
        accum=type_of(layer, "accum"),
        activation=attributes["activation"],
        recurrent_activation=gate,
        table=_table(draft, layer, attributes["activation"]),
        recurrent_table=_table(draft, layer, gate) if row.recurrent_activation else None,
        interleave=attributes["interleave"],
        recurrent_interleave=attributes["recurrent_interleave"],
        return_sequences=layer.attributes["return_sequences"],
        **fields,
    )


def _table(draft: Draft, layer: Layer, name: str) -> Table | None:
    if not SPANS[name]:
        return None
    size, format = int(layer.attributes["table_size"]), type_of(layer, "table")
    if wraps(type_of(layer, "accum"), size, SPANS[name]):
        draft.meets("table_index_inner", layer.name)
    return chosen_table(
        draft,
        layer,
        function_table(name, size, format),
        rounded_tables.function_table(name, size, format),
    )


def _note_kernel(draft: Draft, layer: Layer) -> None:
    _note_simple(draft, layer, layer.attributes["cell"])
    types = {type_of(draft.source(layer), "result"), type_of(layer, "accum")}
    if layer.kind == "LSTM" and types | {type_of(layer, "result")} != {type_of(layer, "accum")}:
        draft.note(
            f"layer {layer.name}: hls4ml compiles an LSTM only where input, accum and result have"
            " one type; these bits are those of its kernel lstm_static for these types"
        )


def _note_simple(draft: Draft, layer: Layer, cell: str) -> None:
    if cell == "simple_rnn":
        draft.note(
            f"layer {layer.name}: hls4ml's Vitis and Vivado back ends have no kernel for SimpleRNN"
            " and leave its output undefined; here it is h = cast(a(accum(p + q)))"
        )


LOWERINGS: dict[str, Callable[[Draft, Layer], Op | list[Node]]] = {
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), _recurrent),
    "Bidirectional": _bidirectional,
}
