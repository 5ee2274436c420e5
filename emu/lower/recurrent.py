"""Recurrent layers: tables of their activations, and what of hls4ml's kernels does not compile."""

from __future__ import annotations

from typing import Any

from fxp import Format

from ..draft import Draft, Layer
from ..op import Op, Table
from ..ops import CELLS, Recurrent
from ..ops.recurrent import SPANS
from ..tables import function_table
from .common import factors, type_of, weights

__all__ = ["LOWERINGS"]


def _recurrent(draft: Draft, layer: Layer) -> Op:
    _note_kernel(draft, layer)
    return cell(draft, layer, "", layer.attributes)


def cell(
    draft: Draft, layer: Layer, prefix: str, attributes: dict[str, Any], **fields: Any
) -> Recurrent:
    """The operator whose types and weights are named ``<prefix>weight`` and so on."""
    bit = Format.parse("uint<1>")
    source, result = type_of(draft.source(layer), "result"), type_of(layer, "result")
    for data, variable in ((source, f"{prefix}weight"), (result, f"{prefix}recurrent_weight")):
        if data == bit == type_of(layer, variable):
            raise ValueError(
                f"{variable} and what it multiplies must not both be uint<1>: hls4ml computes XNOR"
                " then, which is not supported yet; ufixed<1,1> multiplies"
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
        table=_table(layer, attributes["activation"]),
        recurrent_table=_table(layer, gate) if row.recurrent_activation else None,
        interleave=attributes["interleave"],
        recurrent_interleave=attributes["recurrent_interleave"],
        return_sequences=layer.attributes["return_sequences"],
        **fields,
    )


def _table(layer: Layer, name: str) -> Table | None:
    if not SPANS[name]:
        return None
    return function_table(name, int(layer.attributes["table_size"]), type_of(layer, "table"))


def _note_kernel(draft: Draft, layer: Layer) -> None:
    if layer.kind == "SimpleRNN":
        draft.note(
            f"layer {layer.name}: hls4ml's Vitis and Vivado back ends have no kernel for SimpleRNN"
            " and leave its output undefined; here it is h = cast(a(accum(p + q)))"
        )
    types = {type_of(draft.source(layer), "result"), type_of(layer, "accum")}
    if layer.kind == "LSTM" and types | {type_of(layer, "result")} != {type_of(layer, "accum")}:
        draft.note(
            f"layer {layer.name}: hls4ml compiles an LSTM only where input, accum and result have"
            " one type; these bits are those of its kernel lstm_static for these types"
        )


LOWERINGS = dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), _recurrent)
