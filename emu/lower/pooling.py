"""Pooling: what hls4ml pads a maximum with."""

from __future__ import annotations

from ..draft import Draft, Layer
from ..op import Op
from ..ops import Pooling
from .common import type_of

__all__ = ["LOWERINGS"]


def _pooling(draft: Draft, layer: Layer) -> Op:
    attributes, source = layer.attributes, type_of(draft.source(layer), "result")
    padded, top_bit = any(map(any, attributes["padding"])), True
    if attributes["pool_op"] == "max" and padded and not source.signed:
        effect = (
            f"hls4ml pads a maximum of the unsigned {source} with half its"
            f" range, {2.0 ** (source.integer - 1):g}, which wins over smaller values at the"
            " border; a signed type before it pads with the least value"
        )
        top_bit = not draft.meets("max_padding", layer.name, effect)
    return Pooling(
        result=type_of(layer, "result"),
        name=attributes["pool_op"],
        window=attributes["window"],
        strides=attributes["strides"],
        padding=attributes["padding"],
        accum=type_of(layer, "accum"),
        count_pad=bool(attributes.get("count_pad", False)),
        top_bit=top_bit,
        flat=layer.kind.startswith("Global") and not attributes.get("keepdims"),
        order=_order(draft, layer),
    )


def _order(draft: Draft, layer: Layer) -> str:
    """When cells are cast; raises ValueError where hls4ml's stream kernel stops."""
    if draft.config.io_type != "io_stream":
        return "cells"
    attributes, corrected = layer.attributes, draft.config.corrected
    if any(map(any, attributes["padding"])) and not corrected:
        raise ValueError(
            f"padding must be valid in io_stream, not {attributes['padding']}: hls4ml's kernel"
            " stops there; put a ZeroPadding layer before it or use io_parallel"
        )
    strided = attributes["window"] != attributes["strides"]
    if layer.kind == "Pooling2D" and strided and not corrected:
        raise ValueError(
            f"strides must be the pool_size {attributes['window']} in io_stream, not"
            f" {attributes['strides']}: hls4ml's kernel stops there; use io_parallel"
        )
    effect = (
        f"cells are cast to {type_of(layer, 'accum')} before they are pooled in"
        " io_stream, after it in io_parallel, as in hls4ml"
    )
    if draft.meets("pooling_order", layer.name, effect):
        return "cells"
    return "casts" if layer.kind.startswith("Global") else "tree"


LOWERINGS = dict.fromkeys(
    ("Pooling1D", "Pooling2D", "GlobalPooling1D", "GlobalPooling2D"), _pooling
)
