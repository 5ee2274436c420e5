"""Layers that move, repeat or drop elements."""

from __future__ import annotations

import numpy as np

from fxp import from_fraction, to_fraction

from ..draft import Draft, Layer
from ..op import Constant, Op, storage
from ..ops import Bilinear, Cropping, Resize, Slice, Transpose, ZeroPadding
from ..ops.bilinear import shares
from .common import type_of

__all__ = ["LOWERINGS"]


def _zero_padding(draft: Draft, layer: Layer) -> Op:
    return ZeroPadding(result=type_of(layer, "result"), padding=layer.attributes["borders"])


def _cropping(draft: Draft, layer: Layer) -> Op:
    return Cropping(result=type_of(layer, "result"), cropping=layer.attributes["borders"])


def _slice(draft: Draft, layer: Layer) -> Op:
    slices = layer.attributes["slices"]
    return Slice(result=type_of(layer, "result"), slices=slices, target=layer.shape)


def _resize(draft: Draft, layer: Layer) -> Op:
    if layer.attributes["algorithm"] == "bilinear":
        return _bilinear(draft, layer)
    return Resize(result=type_of(layer, "result"), factors=layer.attributes["factors"])


def _bilinear(draft: Draft, layer: Layer) -> Op:
    format, result = type_of(layer, "weight"), type_of(layer, "result")
    axes = [shares(factor) for factor in layer.attributes["factors"][:-1]]
    raws = [[from_fraction(share, format) for share in axis] for axis in axes]
    kept = [[to_fraction(raw, format) for raw in axis] for axis in raws]
    if not all(0 <= share <= 1 for axis in kept for share in axis):
        raise ValueError(
            f"weight must be a type that holds coefficients from 0 to 1, not {format}; ufixed<W,1>"
            " does"
        )
    exact = "exact" if kept == axes else "rounded, Precision: weight sets another type"
    draft.note(
        f"layer {layer.name}: hls4ml has no kernel for bilinear interpolation; here the exact sum"
        f" of four pixels is cast once to {result}, with coefficients in {format} ({exact})"
    )
    rows, columns = (
        Constant(np.array(raw, storage(format)), format, np.array([float(f) for f in axis]))
        for raw, axis in zip(raws, axes, strict=True)
    )
    return Bilinear(result=result, rows=rows, columns=columns)


def _transpose(draft: Draft, layer: Layer) -> Op:
    perm = layer.attributes["perm"]
    if draft.config.io_type == "io_stream" and perm == (0, 1):
        rows, columns = layer.shape
        if not draft.meets("transpose_stream", layer.name):
            if rows != columns:
                raise ValueError(
                    "dims must not be [1, 2] in io_stream: hls4ml's stream kernel turns every"
                    f" tensor of two axes, {layer.shape} into another shape; remove the layer, or"
                    " set Numerics: corrected"
                )
            perm = (1, 0)
    return Transpose(result=type_of(layer, "result"), perm=perm)


LOWERINGS = {
    "ZeroPadding1D": _zero_padding,
    "ZeroPadding2D": _zero_padding,
    "Cropping1D": _cropping,
    "Cropping2D": _cropping,
    "Slice": _slice,
    "Resize": _resize,
    "Transpose": _transpose,
}
