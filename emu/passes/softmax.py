"""Softmax: skipping, and tables no larger than the codes that address them."""

from __future__ import annotations

from ..draft import Draft, Layer

__all__ = ["fix_table_size", "skip_softmax"]


def skip_softmax(draft: Draft, layer: Layer) -> bool:
    """``y = x`` where ``Skip: true``."""
    if layer.kind != "Softmax" or not layer.attributes["skip"]:
        return False
    draft.remove(layer, "removed: Skip is set, the model gives logits")
    return True


def fix_table_size(draft: Draft, layer: Layer) -> bool:
    """``N = min(N, 2**min(input width, inv_table width))``, unless InvTableSize is given."""
    if layer.kind != "Softmax" or layer.attributes["inv_table_size"] is not None:
        return False
    source, table = draft.source(layer).types["result"], layer.types["inv_table"]
    if source is None or table is None:
        return False
    limit: int = 2 ** min(source.width, table.width)
    if limit < layer.attributes["table_size"]:
        if draft.meets("softmax_table_size", layer.name):
            return False
        draft.note(
            f"layer {layer.name}: table_size {layer.attributes['table_size']} becomes {limit}:"
            f" its index has {min(source.width, table.width)} bits"
        )
        layer.attributes["table_size"] = limit
    return False
