"""Convolutions: one operator for all of them."""

from __future__ import annotations

from ..draft import Draft, Layer
from ..kinds import CONVOLUTIONS, DEPTHWISE, TRANSPOSED, is_pointwise
from ..op import Constant, Op, Shape
from ..ops import Convolution
from .common import factors, refuse_xnor, type_of, weights

__all__ = ["LOWERINGS"]


def _convolution(draft: Draft, layer: Layer) -> Op:
    refuse_xnor(draft, layer)
    weight, groups = factors(draft, layer, "weight"), 1
    if layer.kind in DEPTHWISE:
        groups = weight.shape[-2]
        shape = (*weight.shape[:-2], 1, groups * weight.shape[-1])
        weight = Constant(weight.raw.reshape(shape), weight.format, weight.value.reshape(shape))
    strides, padding = _windows(draft, layer)
    return Convolution(
        result=type_of(layer, "result"),
        weight=weight,
        bias=weights(layer, "bias"),
        accum=type_of(layer, "accum"),
        strides=strides,
        padding=padding,
        dilation=layer.attributes.get("dilation", (1,) * (len(layer.shape) - 1)),
        groups=groups,
        transposed=layer.kind in TRANSPOSED,
        interleave=layer.attributes["interleave"],
    )


def _windows(draft: Draft, layer: Layer) -> tuple[Shape, tuple[tuple[int, int], ...]]:
    """Strides and padding; of kernels of one row hls4ml's streams take the first rows instead."""
    strides, padding = layer.attributes["strides"], layer.attributes["padding"]
    low = len(strides) == 2 and layer.weights["weight"].shape[0] == 1 and strides[0] > 1
    if layer.kind in TRANSPOSED or draft.config.io_type != "io_stream" or not low:
        return strides, padding
    if is_pointwise(layer) or draft.meets("stream_rows", layer.name):
        return strides, padding
    left_out = draft.source(layer).shape[0] - layer.shape[0]
    return (1, strides[1]), ((0, -left_out), padding[1])


LOWERINGS = dict.fromkeys(CONVOLUTIONS, _convolution)
