"""Reshapes take no hardware, but for streams whose beats change: those are copied."""

from __future__ import annotations

from ..draft import Draft, Layer

__all__ = ["remove_final_reshape", "reshape_in_place"]


def remove_final_reshape(draft: Draft, layer: Layer) -> bool:
    """``y = x``: a last reshape is dropped in io_parallel; the output keeps its earlier shape."""
    if layer.kind != "Reshape" or draft.consumers(layer) or draft.config.io_type != "io_parallel":
        return False
    if layer.shape != draft.source(layer).shape and draft.meets("final_reshape", layer.name):
        return False
    draft.remove(layer, f"removed: a last reshape; the output has the shape of {layer.inputs[0]}")
    return True


def reshape_in_place(draft: Draft, layer: Layer) -> bool:
    """``result type = input type``; what the configuration says of the result has no effect.

    In io_stream a reshape that is an output or has several axes is a copy in a type of its own
    (hls4ml's repack_stream.py).
    """
    repacked = len(layer.shape) > 1 or layer.name in draft.outputs
    if layer.kind == "Reshape" and draft.config.io_type == "io_stream" and repacked:
        layer.attributes["repacked"] = True
    elif layer.kind in ("Reshape", "TimeDistributed"):
        layer.types["result"] = draft.source(layer).types["result"]
        if draft.config.io_type == "io_stream" and layer.kind == "Reshape":
            _note_beats(draft, layer)
    return False


def _note_beats(draft: Draft, layer: Layer) -> None:
    """Dense and Reshape gather what they read from any beats; hls4ml's other kernels do not."""
    if draft.source(layer).shape[-1] == layer.shape[-1]:
        return
    for other in draft.consumers(layer):
        if other.kind not in ("Dense", "Reshape"):
            draft.meets("flatten_stream", other.name)
