"""Dense layers of binary and ternary weights; what hls4ml makes of those behind thresholds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from fxp import Format

from ..draft import Draft, Layer
from ..quantizers import QUANTIZED

__all__ = [
    "BIT",
    "bits_in_max_pooling",
    "drop_bits",
    "is_binary",
    "limits_on_grid",
    "quantize_dense_output",
]

BIT = Format.parse("uint<1>")
Array = npt.NDArray[Any]
_LEAST_INTEGER = 20
"""No sum of signs of a layer has more bits."""


def quantize_dense_output(draft: Draft, layer: Layer) -> bool:
    """``y[j] = sum_i x[i] * w[i, j]`` in int<ceil(log2(n_in)) + 2>, which holds every sum.

    For binary and ternary weights right behind thresholds: accumulator and result get that type,
    trained biases go, and so does the fraction of thresholds behind it. hls4ml counts equal bits
    (XNOR) where x and w are both binary, and gives ``2 * count - n_in``: the same sum of signs.
    A second run, which another rewrite of the flow causes, finds weights that are bits, 0 for -1,
    and takes all of them for 1.
    """
    quantizer = layer.attributes.get("quantizer")
    if layer.kind != "Dense" or quantizer is None:
        return False
    if draft.source(layer).kind != "BatchNormalizationQuantizedTanh":
        return False
    weight = layer.weights["weight"]
    bits = math.ceil(math.log2(len(weight))) + 2
    exact = Format.parse(f"int<{bits}>")
    if quantizer == "binary" and layer.attributes.get("counted") and np.any(weight < 0):
        effect = (
            "hls4ml quantises its binary weights twice, because of the maximum"
            " pooling of bits in this model, and all of them become 1"
        )
        if not draft.meets("binary_twice", layer.name, effect):
            layer.weights["weight"] = np.ones_like(weight)
    if np.any(layer.weights["bias"]):
        effect = (
            f"its bias is lost, as in hls4ml, behind {layer.inputs[0]}; the"
            " batch normalisation after it can hold one"
        )
        if draft.meets("binary_bias", layer.name, effect):
            return False
    layer.weights["bias"] = np.zeros_like(layer.weights["bias"])
    layer.types |= {"accum": exact, "result": exact, "bias": QUANTIZED}
    layer.attributes["counted"] = True
    for other in draft.consumers(layer):
        if other.kind == "BatchNormalizationQuantizedTanh":
            _whole_thresholds(draft, layer, other, exact)
    return False


def _whole_thresholds(draft: Draft, layer: Layer, other: Layer, exact: Format) -> None:
    own = "ternary" if "low" in other.weights else "binary"
    if own != layer.attributes["quantizer"]:
        raise ValueError(
            f"layer {layer.name}: {layer.attributes['quantizer']} weights behind"
            f" {layer.inputs[0]} must be followed by {layer.attributes['quantizer']}_tanh, not by"
            f" the {own} thresholds of {other.name}: hls4ml stops there"
        )
    for name, limits in other.weights.items():
        if draft.config.corrected:
            up = own == "binary"  # x >= limit; otherwise x > limit
            other.weights[name], other.types[name] = limits_on_grid(limits, exact, up=up)
        else:
            other.weights[name] = np.floor(limits)
            other.types[name] = exact


def bits_in_max_pooling(draft: Draft, layer: Layer) -> bool:
    """``type = uint<1>`` of a maximum of bits, which stay bits that stand for signs."""
    if not layer.kind.startswith(("Pooling", "GlobalPooling")):
        return False
    if layer.attributes["pool_op"] != "max" or layer.attributes.get("signs"):
        return False
    if not is_binary(draft.source(layer)):
        return False
    layer.types["result"] = BIT
    layer.attributes["signs"] = True
    return True


def is_binary(layer: Layer) -> bool:
    """Whether its results are bits of hls4ml's binary type: 1, or 0 for -1."""
    thresholds = layer.kind == "BatchNormalizationQuantizedTanh" and "low" not in layer.weights
    return thresholds or bool(layer.attributes.get("signs"))


def limits_on_grid(limits: Array, x: Format, *, up: bool) -> tuple[Array, Format]:
    """``limits`` rounded up or down to multiples of x's LSB, exactly, and a type that holds them.

    Rounded up for ``x >= limit``, down for ``x > limit`` and ``x <= limit``: no comparison with a
    value of x changes. Limits beyond every x may move, towards it.
    """
    integer = max(x.integer, _LEAST_INTEGER) + 2
    most = 2.0 ** (integer - 2)
    near = np.clip(np.asarray(limits, np.float64), -most, most)
    scaled = np.ldexp(near, x.frac)
    whole = np.ceil(scaled) if up else np.floor(scaled)
    return np.ldexp(whole, -x.frac), Format(integer + x.frac, integer)


def drop_bits(draft: Draft, layer: Layer) -> None:
    """``w = -1 -> 0`` of weights that hls4ml holds as bits, in its unrolled code.

    It leaves out weights of value 0, the bits that stand for -1. What they would have added is
    missing: beside signs each of them counts as -1, beside ternary values as 0.
    """
    weight = layer.weights["weight"]
    lost = weight < 0
    if layer.attributes["quantizer"] != "binary" or not lost.any():
        return
    effect = (
        "resource_unrolled leaves out its weights of -1, as in hls4ml, which"
        " holds them as bits of value 0; resource multiplies by them"
    )
    if draft.meets("unrolled_bits", layer.name, effect):
        return
    source = draft.source(layer)
    layer.weights["weight"] = np.where(lost, 0.0, weight)
    if source.kind == "Sign":
        layer.weights["bias"] = -lost.sum(axis=0).astype(np.float64)
        layer.types["bias"] = layer.types["result"]
