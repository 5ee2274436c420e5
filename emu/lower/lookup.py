"""Layers that compare or look up: thresholds, embeddings, layer normalisation's root."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from fxp import Format, Overflow, Rounding

from .. import rounded_tables
from ..draft import Draft, Layer
from ..graph import Node
from ..op import Op, Table
from ..ops import (
    Activation,
    Embedding,
    LayerNormalization,
    Quantizer,
    Sign,
    Thresholds,
    UnaryLUT,
)
from ..tables import inverse_root_table
from .common import chosen_table, require_parallel, type_of, weights

__all__ = ["LOWERINGS"]


def _thresholds(draft: Draft, layer: Layer) -> Op:
    return Thresholds(
        result=type_of(layer, "result"),
        high=weights(layer, "high"),
        low=weights(layer, "low") if "low" in layer.weights else None,
    )


def _sign(draft: Draft, layer: Layer) -> Op:
    return Sign(result=type_of(layer, "result"))


def _embedding(draft: Draft, layer: Layer) -> Op | list[Node]:
    rows, x = layer.weights["embeddings"].shape[0], type_of(draft.source(layer), "result")
    if x.raw_max * x.lsb >= rows or x.raw_min < 0:
        draft.note(
            f"layer {layer.name}: {x} has numbers outside the {rows} rows, for which hls4ml reads"
            " outside its array; here the nearest end of the table is taken"
        )
    op = Embedding(result=type_of(layer, "result"), table=weights(layer, "embeddings"))
    effect = (
        f"the fraction of {x} moves the position inside the table, as in hls4ml; a uint type has"
        " none"
    )
    if x.frac <= 0 or not draft.meets("embedding_fraction", layer.name, effect):
        return op
    integer, name = max(x.integer, 1 + x.signed), f"{layer.name}_index"
    whole = Activation(result=Format(integer, integer, x.signed), name="linear")
    return [Node(name, whole, tuple(layer.inputs)), Node(layer.name, op, (name,))]


def _layer_normalization(draft: Draft, layer: Layer) -> Op:
    require_parallel(draft, layer)
    if str(type_of(layer, "scale")) == "ap_int<2>":
        raise ValueError(
            "scale must not be int<2>: hls4ml multiplies the sums of a layer normalisation as"
            " ternary values then; fixed<2,2> has the same values"
        )
    return LayerNormalization(
        result=type_of(layer, "result"),
        accum=type_of(layer, "accum"),
        scale=weights(layer, "scale"),
        bias=weights(layer, "bias"),
        **_root(draft, layer),
    )


def _root(draft: Draft, layer: Layer) -> dict[str, Any]:
    """The table of 1 / sqrt(epsilon + variance), what it covers, and the epsilon in it."""
    epsilon, power = layer.attributes["epsilon"], layer.attributes["epsilon_power_of_10"]
    size, format = int(layer.attributes["table_size"]), type_of(layer, "table")
    span = _range_power(draft, layer)
    effect = (
        f"epsilon {epsilon:g} is 1e-{power}, as in hls4ml, which takes the nearest power of ten"
    )
    nearest = float(f"1e-{power}")
    if nearest != epsilon and not draft.meets("layer_normalization_epsilon", layer.name, effect):
        epsilon = nearest
    exact = rounded_tables.inverse_root_table(size, epsilon, Fraction(2) ** -span, format)
    table: Table = exact
    if epsilon == nearest and span >= 0:
        table = chosen_table(draft, layer, inverse_root_table(size, power, span, format), exact)
    return {
        "table": table,
        "span": 2 ** max(span, 0),
        "reach": 2 ** max(-span, 0),
        "epsilon": epsilon,
    }


def _range_power(draft: Draft, layer: Layer) -> int:
    """The table covers variances below ``2**-power``."""
    power, accum = layer.attributes["table_range_power2"], type_of(layer, "accum")
    least = -20 if draft.config.corrected else 0
    if not isinstance(power, int) or not least <= power <= 20:
        raise ValueError(f"table_range_power2 must be an integer from {least} to 20, not {power!r}")
    given = "table_range_power2" in draft.config.attributes(layer.name, layer.kind)
    # accum holds variances below 2**bits
    bits = accum.integer - accum.signed
    effect = (
        f"variances of {2.0**-power:g} and more take the last entry of the table, as in hls4ml;"
        " TableRangePower2 sets the range to 2**-TableRangePower2"
    )
    if given and draft.config.corrected:
        if -power < bits:
            draft.note(f"layer {layer.name}: {effect}")
        return power
    if -power < bits and draft.meets("layer_normalization_range", layer.name, effect):
        size, reach = int(layer.attributes["table_size"]), min(bits, 20)
        draft.note(
            f"layer {layer.name}: the table of {size} entries covers variances below {2**reach}, in"
            f" steps of {2.0**reach / size:g}; TableSize makes it finer, TableRangePower2 shorter"
        )
        return -reach
    return power


def _quantizer(draft: Draft, layer: Layer) -> Op:
    require_parallel(draft, layer)
    rounding = Rounding(layer.attributes["rounding"])
    overflow = Overflow(layer.attributes["overflow"])
    masks = layer.attributes["masks"]
    distinct = [mask for mask in dict.fromkeys(masks) if mask[1] > 0]
    return Quantizer(
        result=type_of(layer, "result"),
        formats=tuple(
            Format(bits, integer, bool(signed), rounding, overflow)
            for signed, bits, integer in distinct
        ),
        which=tuple(distinct.index(mask) if mask[1] > 0 else -1 for mask in masks),
    )


def _unary_lut(draft: Draft, layer: Layer) -> Op:
    return UnaryLUT(result=type_of(layer, "result"), table=weights(layer, "table"))


LOWERINGS = {
    "FixedPointQuantizer": _quantizer,
    "UnaryLUT": _unary_lut,
    "BatchNormalizationQuantizedTanh": _thresholds,
    "Sign": _sign,
    "Embedding": _embedding,
    "LayerNormalization": _layer_normalization,
}
