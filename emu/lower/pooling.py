"""Pooling: what hls4ml pads a maximum with."""

from __future__ import annotations

from ..draft import Draft, Layer
from ..op import Op
from ..ops import Pooling
from .common import refuse_stream, type_of

__all__ = ["LOWERINGS"]


def _pooling(draft: Draft, layer: Layer) -> Op:
    refuse_stream(draft, layer)
    attributes, source = layer.attributes, type_of(draft.source(layer), "result")
    padded = any(map(any, attributes["padding"]))
    if attributes["pool_op"] == "max" and padded and not source.signed:
        draft.note(
            f"layer {layer.name}: hls4ml pads a maximum of the unsigned {source} with half its"
            f" range, {2.0 ** (source.integer - 1):g}, which wins over smaller values at the"
            " border; a signed type before it pads with the least value"
        )
    return Pooling(
        result=type_of(layer, "result"),
        name=attributes["pool_op"],
        window=attributes["window"],
        strides=attributes["strides"],
        padding=attributes["padding"],
        accum=type_of(layer, "accum"),
        count_pad=bool(attributes.get("count_pad", False)),
        top_bit=True,
        flat=layer.kind.startswith("Global"),
    )


LOWERINGS = dict.fromkeys(
    ("Pooling1D", "Pooling2D", "GlobalPooling1D", "GlobalPooling2D"), _pooling
)
