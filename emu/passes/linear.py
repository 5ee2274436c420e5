"""Linear activations that hls4ml drops."""

from __future__ import annotations

from ..draft import Draft, Layer
from ..kinds import SUMS

__all__ = ["eliminate_linear", "merge_linear"]

_SAFE_PARENTS = (
    *SUMS,
    "BatchNormalization",
    "Activation",
    "HardActivation",
    "ParametrizedActivation",
    "PReLU",
    "Softmax",
)


def _is_linear(layer: Layer) -> bool:
    return layer.kind == "Activation" and layer.attributes.get("function") == "linear"


def eliminate_linear(draft: Draft, layer: Layer) -> bool:
    """``y = x`` where input and result have one type (both auto counts as one)."""
    if not _is_linear(layer):
        return False
    before = draft.source(layer)
    if before.types["result"] != layer.types["result"]:
        return False
    draft.remove(layer, f"removed: linear, with the type of {before.name}")
    return True


def merge_linear(draft: Draft, layer: Layer) -> bool:
    """``y = x`` where the producer's result is auto: the activation's own type is dropped."""
    if not _is_linear(layer):
        return False
    before = draft.source(layer)
    if before.kind not in _SAFE_PARENTS or before.types["result"] is not None:
        return False
    own = draft.config.found_precision(layer.name, layer.kind, "result")[1] != "Model"
    if own and draft.meets("linear_merged", layer.name):
        return False
    draft.remove(layer, f"merged into {before.name}, whose automatic result type stays")
    return True
