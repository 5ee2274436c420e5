"""What hls4ml turns into a convolution, and what it puts before one."""

from __future__ import annotations

from ..draft import Draft, Layer
from ..kinds import CONVOLUTIONS, TRANSPOSED

__all__ = ["pad_streams"]


def pad_streams(draft: Draft, layer: Layer) -> bool:
    """``conv(x) = conv(pad(x))`` in io_stream, where zeros come by a layer of their own."""
    if draft.config.io_type != "io_stream" or layer.kind not in CONVOLUTIONS:
        return False
    padding = layer.attributes["padding"]
    if layer.kind in TRANSPOSED or not any(map(any, padding)):
        return False
    source, axes = draft.source(layer), len(padding)
    shape = tuple(n + sum(around) for n, around in zip(source.shape, padding, strict=False))
    pad = Layer(
        f"zp{axes}d_{layer.name}",
        f"ZeroPadding{axes}D",
        [source.name],
        (*shape, source.shape[-1]),
        types={"result": source.types["result"]},
        attributes={"borders": (*padding, (0, 0))},
    )
    draft.insert(pad, layer)
    layer.attributes["padding"] = ((0, 0),) * axes
    return True
