"""Reshapes take no hardware: the array stays where it is, in the type it has."""

from __future__ import annotations

from ..draft import Draft, Layer

__all__ = ["remove_final_reshape", "reshape_in_place"]


def remove_final_reshape(draft: Draft, layer: Layer) -> bool:
    """``y = x``: a last reshape is dropped in io_parallel; the output keeps its earlier shape."""
    if layer.kind != "Reshape" or draft.consumers(layer) or draft.config.io_type != "io_parallel":
        return False
    draft.remove(layer, f"removed: a last reshape; the output has the shape of {layer.inputs[0]}")
    return True


def reshape_in_place(draft: Draft, layer: Layer) -> bool:
    """``result type = input type``; what the configuration says of the result has no effect."""
    if layer.kind in ("Reshape", "TimeDistributed"):
        layer.types["result"] = draft.source(layer).types["result"]
    return False
