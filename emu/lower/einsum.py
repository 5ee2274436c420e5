"""Sums of products by Einstein's notation."""

from __future__ import annotations

from fxp import Format

from ..draft import Draft, Layer
from ..op import Op
from ..ops import Einsum, EinsumDense
from .common import factors, refuse_xnor, type_of, weights

__all__ = ["LOWERINGS"]


def _require_parallel(draft: Draft, layer: Layer) -> None:
    if draft.config.io_type == "io_stream":
        raise ValueError(
            f"IOType must be io_parallel for {layer.kind}, not 'io_stream': hls4ml has no stream"
            " kernel; a Schedule with io_type='io_stream' makes one of the same bits"
        )


def _einsum(draft: Draft, layer: Layer) -> Op:
    _require_parallel(draft, layer)
    second = draft.layers[layer.inputs[1]]
    ternary = type_of(second, "result") == Format.parse("int<2>")
    if ternary:
        effect = (
            f"-2 of the int<2> {second.name} multiplies as 1, as in hls4ml"
            " (its ternary product); fixed<2,2> multiplies by -2"
        )
        ternary = not draft.meets("ternary_minus_two", layer.name, effect)
    return Einsum(
        result=type_of(layer, "result"),
        equation=layer.attributes["equation"],
        accum=type_of(layer, "accum"),
        ternary=ternary,
    )


def _einsum_dense(draft: Draft, layer: Layer) -> Op:
    _require_parallel(draft, layer)
    refuse_xnor(draft, layer)
    return EinsumDense(
        result=type_of(layer, "result"),
        equation=layer.attributes["equation"],
        weight=factors(draft, layer, "weight"),
        bias=weights(layer, "bias"),
        accum=type_of(layer, "accum"),
    )


LOWERINGS = {"Einsum": _einsum, "EinsumDense": _einsum_dense}
