"""Layers that move, repeat or drop elements."""

from __future__ import annotations

from ..draft import Draft, Layer
from ..op import Op
from ..ops import Cropping, Resize, Transpose, ZeroPadding
from .common import type_of

__all__ = ["LOWERINGS"]


def _zero_padding(draft: Draft, layer: Layer) -> Op:
    return ZeroPadding(result=type_of(layer, "result"), padding=layer.attributes["borders"])


def _cropping(draft: Draft, layer: Layer) -> Op:
    return Cropping(result=type_of(layer, "result"), cropping=layer.attributes["borders"])


def _resize(draft: Draft, layer: Layer) -> Op:
    return Resize(result=type_of(layer, "result"), factors=layer.attributes["factors"])


def _transpose(draft: Draft, layer: Layer) -> Op:
    if draft.config.io_type == "io_stream" and layer.attributes["perm"] == (0, 1):
        raise ValueError(
            "dims must not be [1, 2] in io_stream: hls4ml's stream kernel turns every tensor of two"
            " axes; remove the layer"
        )
    return Transpose(result=type_of(layer, "result"), perm=layer.attributes["perm"])


LOWERINGS = {
    "ZeroPadding1D": _zero_padding,
    "ZeroPadding2D": _zero_padding,
    "Cropping1D": _cropping,
    "Cropping2D": _cropping,
    "Resize": _resize,
    "Transpose": _transpose,
}
