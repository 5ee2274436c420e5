"""Convolutions: one operator for all of them."""

from __future__ import annotations

from ..draft import Draft, Layer
from ..kinds import CONVOLUTIONS, DEPTHWISE, TRANSPOSED
from ..op import Constant, Op
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
    return Convolution(
        result=type_of(layer, "result"),
        weight=weight,
        bias=weights(layer, "bias"),
        accum=type_of(layer, "accum"),
        strides=layer.attributes["strides"],
        padding=layer.attributes["padding"],
        dilation=layer.attributes.get("dilation", (1,) * (len(layer.shape) - 1)),
        groups=groups,
        transposed=layer.kind in TRANSPOSED,
        interleave=layer.attributes["interleave"],
    )


LOWERINGS = dict.fromkeys(CONVOLUTIONS, _convolution)
