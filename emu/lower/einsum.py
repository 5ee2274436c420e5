"""Sums of products by Einstein's notation."""

from __future__ import annotations

from ..draft import Draft, Layer
from ..op import Op
from ..ops import EinsumDense
from .common import factors, refuse_xnor, type_of, weights

__all__ = ["LOWERINGS"]


def _einsum_dense(draft: Draft, layer: Layer) -> Op:
    if draft.config.io_type == "io_stream":
        raise ValueError(
            "IOType must be io_parallel for EinsumDense, not 'io_stream': hls4ml has no stream"
            " kernel; a Schedule with io_type='io_stream' makes one of the same bits"
        )
    refuse_xnor(draft, layer)
    return EinsumDense(
        result=type_of(layer, "result"),
        equation=layer.attributes["equation"],
        weight=factors(draft, layer, "weight"),
        bias=weights(layer, "bias"),
        accum=type_of(layer, "accum"),
    )


LOWERINGS = {"EinsumDense": _einsum_dense}
