"""Layers that compare or look up: thresholds, embeddings, layer normalisation's root."""

from __future__ import annotations

from fxp import Format, Overflow, Rounding

from ..draft import Draft, Layer
from ..op import Op
from ..ops import Embedding, LayerNormalization, Quantizer, Sign, Thresholds, UnaryLUT
from ..tables import inverse_root_table
from .common import require_parallel, type_of, weights

__all__ = ["LOWERINGS"]


def _thresholds(draft: Draft, layer: Layer) -> Op:
    return Thresholds(
        result=type_of(layer, "result"),
        high=weights(layer, "high"),
        low=weights(layer, "low") if "low" in layer.weights else None,
    )


def _sign(draft: Draft, layer: Layer) -> Op:
    return Sign(result=type_of(layer, "result"))


def _embedding(draft: Draft, layer: Layer) -> Op:
    rows, x = layer.weights["embeddings"].shape[0], type_of(draft.source(layer), "result")
    if x.raw_max * x.lsb >= rows or x.raw_min < 0:
        draft.note(
            f"layer {layer.name}: {x} has numbers outside the {rows} rows, for which hls4ml reads"
            " outside its array; here the nearest end of the table is taken"
        )
    if x.frac > 0:
        draft.note(
            f"layer {layer.name}: the fraction of {x} moves the position inside the table, as in"
            " hls4ml; a uint type has none"
        )
    return Embedding(result=type_of(layer, "result"), table=weights(layer, "embeddings"))


def _layer_normalization(draft: Draft, layer: Layer) -> Op:
    require_parallel(draft, layer)
    if str(type_of(layer, "scale")) == "ap_int<2>":
        raise ValueError(
            "scale must not be int<2>: hls4ml multiplies the sums of a layer normalisation as"
            " ternary values then; fixed<2,2> has the same values"
        )
    power, span = layer.attributes["epsilon_power_of_10"], layer.attributes["table_range_power2"]
    if not isinstance(span, int) or not 0 <= span <= 20:
        raise ValueError(f"table_range_power2 must be an integer from 0 to 20, not {span!r}")
    if 10.0**-power != layer.attributes["epsilon"]:
        draft.note(
            f"layer {layer.name}: epsilon {layer.attributes['epsilon']:g} is 1e-{power}, as in"
            " hls4ml, which takes the nearest power of ten"
        )
    draft.note(
        f"layer {layer.name}: variances of {2.0**-span:g} and more take the last entry of the"
        " table, as in hls4ml; TableRangePower2 sets the range to 2**-TableRangePower2"
    )
    return LayerNormalization(
        result=type_of(layer, "result"),
        accum=type_of(layer, "accum"),
        scale=weights(layer, "scale"),
        bias=weights(layer, "bias"),
        table=inverse_root_table(
            int(layer.attributes["table_size"]), power, span, type_of(layer, "table")
        ),
        span=2**span,
        epsilon=10.0**-power,
    )


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
