"""Transposes that hls4ml takes out, whether or not what is left computes the same."""

from __future__ import annotations

from ..draft import Draft, Layer

__all__ = ["remove_before_flatten", "remove_nop_transpose", "remove_single_channel"]

_CHANNELS_FIRST = {2: (1, 0), 3: (2, 0, 1)}
"""The only orders that the turned weights of ``remove_before_flatten`` make up for."""


def remove_before_flatten(draft: Draft, layer: Layer) -> bool:
    """``W' = W turned as for channels first``: transpose, flatten, Dense without the transpose."""
    if layer.kind != "Reshape" or len(layer.shape) != 1 or draft.config.io_type != "io_parallel":
        return False
    before, after = draft.source(layer), draft.consumers(layer)
    if before.kind != "Transpose" or len(after) != 1 or after[0].kind != "Dense":
        return False
    rank = len(before.shape)
    if rank not in _CHANNELS_FIRST:
        return False
    wrong, perm = before.attributes["perm"] != _CHANNELS_FIRST[rank], before.attributes["perm"]
    effect = (
        f"hls4ml removes a transpose before Flatten and Dense and turns the weights of"
        f" {after[0].name} as if its order were {_CHANNELS_FIRST[rank]}; it is {perm}, so that"
        f" {after[0].name} multiplies other elements; put the transpose elsewhere"
    )
    if wrong and draft.meets("transpose_flatten", before.name, effect):
        return False
    dense = after[0]
    weight = dense.weights["weight"]
    axes = (1, 0, 2) if rank == 2 else (1, 2, 0, 3)
    turned = weight.reshape(*before.shape, -1).transpose(*axes)
    dense.weights["weight"] = turned.reshape(-1, weight.shape[-1])
    draft.remove(before, f"removed: the weights of {dense.name} are turned instead")
    return True


def remove_nop_transpose(draft: Draft, layer: Layer) -> bool:
    """``y = x`` of a vector."""
    if layer.kind != "Transpose" or layer.attributes["perm"] != (0,):
        return False
    draft.remove(layer, "removed: a transpose of one axis")
    return True


def remove_single_channel(draft: Draft, layer: Layer) -> bool:
    """``y = x`` under another shape, of an input whose first axis has one element."""
    if layer.kind != "Transpose" or draft.config.io_type != "io_parallel":
        return False
    before = draft.source(layer)
    if before.kind != "Input" or before.shape[0] != 1:
        return False
    perm, rank = layer.attributes["perm"], len(before.shape)
    moved = [axis for axis in perm if before.shape[axis] != 1]
    shape = (*before.shape[1:], before.shape[0])
    if draft.config.corrected and (moved != sorted(moved) or layer.shape != shape):
        draft.meets("transpose_one_channel", layer.name)
        return False
    if moved != sorted(moved):
        effect = (
            f"hls4ml removes the transpose {perm} of the input {before.name}"
            f" because its first axis has one element; its others keep their order, which is not"
            " what the model says; give the input another shape"
        )
        draft.meets("transpose_one_channel", layer.name, effect)
    layer.kind = "Reshape"
    layer.shape = shape
    layer.types["result"] = before.types["result"]
    draft.note(f"layer {layer.name}: a reshape, as in hls4ml: axis 0 of {rank} has one element")
    return True
