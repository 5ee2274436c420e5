"""Folding of batch normalisations, in float32 as numpy computes it on the trained arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..draft import Draft, Layer
from ..kinds import DEPTHWISE, SUMS
from ..quantizers import QUANTIZED, QUANTIZERS

__all__ = ["fuse_consecutive", "fuse_into_dense", "remove_nop"]

Array = npt.NDArray[Any]


def fuse_consecutive(draft: Draft, layer: Layer) -> bool:
    """``s = s0 * s1, b = s1 * b0 + b1`` where the first result is auto and has one consumer."""
    if layer.kind != "BatchNormalization":
        return False
    before = draft.source(layer)
    if before.kind != "BatchNormalization" or before.types["result"] is not None:
        return False
    if len(draft.consumers(before)) > 1:
        return False
    s0, b0 = before.weights["scale"], before.weights["bias"]
    s1, b1 = layer.weights["scale"], layer.weights["bias"]
    layer.weights |= {"scale": s0 * s1, "bias": s1 * b0 + b1}
    for variable in ("scale", "bias"):
        layer.types[variable] = draft.config.precision(layer.name, layer.kind, variable)
    draft.remove(before, f"its scale and bias are folded into {layer.name}")
    return True


def fuse_into_dense(draft: Draft, layer: Layer) -> bool:
    """``w' = s * w, b' = s * b + b_bn`` where the sums' result is auto and has one consumer."""
    if layer.kind != "BatchNormalization":
        return False
    before = draft.source(layer)
    if before.kind not in SUMS or len(draft.consumers(before)) > 1:
        return False
    if _is_lost(draft, before) and not draft.meets("lost_batch_normalization", layer.name):
        draft.remove(
            layer,
            f"lost, as in hls4ml, which folds it into {before.name} and then takes"
            " the weights as trained; give that layer a result type, or set Numerics: corrected",
        )
        return True
    if before.types["result"] is not None:
        return False
    scale, bias = layer.weights["scale"], layer.weights["bias"]
    quantizer = before.attributes.get("quantizer")
    if quantizer is not None:
        return _fuse_into_quantized(draft, layer, before, QUANTIZERS[quantizer])
    weight, offset = before.weights["weight"], before.weights["bias"]
    depthwise = before.kind in DEPTHWISE
    fused = _scaled_depthwise(draft, before, scale) if depthwise else scale * weight
    before.weights |= {"weight": fused, "bias": scale * offset + bias}
    for variable in ("weight", "bias"):
        before.types[variable] = draft.config.precision(before.name, before.kind, variable)
    draft.remove(layer, f"its scale and bias are folded into {before.name}")
    return True


def _fuse_into_quantized(
    draft: Draft, layer: Layer, before: Layer, quantizer: Callable[[Array], Array]
) -> bool:
    """``b' = quantizer(b)`` of a batch norm that does nothing; no other one is folded."""
    if not _does_nothing(layer):
        return False
    bias = quantizer(before.weights["bias"])
    effect = (
        f"its bias of 0 becomes 1, as in hls4ml, which quantises it when {layer.name} is folded"
        f" into it; give {before.name} a result type"
    )
    changed = np.any(bias != before.weights["bias"])
    if changed and draft.meets("quantized_bias", before.name, effect):
        return False
    before.weights["bias"] = bias
    before.types["bias"] = QUANTIZED
    draft.remove(layer, f"its scale and bias are folded into {before.name}")
    return True


def _is_lost(draft: Draft, layer: Layer) -> bool:
    """Dense on tensors, of Keras 3: still Dense when folded into, then made anew of its weights."""
    if not layer.attributes.get("dense"):
        return False
    return draft.config.precision(layer.name, "Dense", "result") is None


def _scaled_depthwise(draft: Draft, layer: Layer, scale: Array) -> Array:
    """hls4ml multiplies (*k, C, 1) by (C,) into (*k, C, C), and reads as much of it as it needs.

    Corrected: result c * multiplier + m takes its own scale.
    """
    weight = layer.weights["weight"]
    if draft.config.corrected:
        if weight.shape[-2] > 1:
            draft.meets("depthwise_fold", layer.name)
        by_result: Array = weight.reshape(*weight.shape[:-2], -1) * scale
        return by_result.reshape(weight.shape)
    fused: Array = scale * weight
    if fused.shape == weight.shape:
        return fused
    effect = (
        "hls4ml folds the batch normalisation into other weights of a depthwise convolution than it"
        " should, and reads the first of them; set the Precision of"
        f" {layer.name} to a result type, which keeps the two apart"
    )
    draft.meets("depthwise_fold", layer.name, effect)
    return fused.reshape(-1)[: weight.size].reshape(weight.shape)


def remove_nop(draft: Draft, layer: Layer) -> bool:
    """``y = x`` where every scale is 1 and every bias 0; its result type goes with it."""
    if layer.kind != "BatchNormalization":
        return False
    if not _does_nothing(layer):
        return False
    draft.remove(layer, "removed: every scale is 1 and every bias 0")
    return True


def _does_nothing(layer: Layer) -> bool:
    return bool(np.all(layer.weights["scale"] == 1) and np.all(layer.weights["bias"] == 0))
