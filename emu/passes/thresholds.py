"""A batch norm and the binary or ternary tanh behind it become thresholds, as in hls4ml."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np

from fxp import Format

from ..decimal import from_weights
from ..draft import Draft, Layer
from ..kinds import CONVOLUTIONS
from .binary import BIT, is_binary, limits_on_grid

__all__ = ["merge_quantized_tanh", "signs_of_bits"]

_TERNARY = Format.parse("int<2>")
_DOUBLE_BITS = 50
"""Wider types have limits that a double may not hold."""
_PRODUCTS = ("Dense", "BatchNormalization", *CONVOLUTIONS)
"""Layers whose product takes a bit of hls4ml's binary type for a sign."""
_OTHER_PRODUCTS = (
    *("Dot", "Einsum", "EinsumDense", "LayerNormalization"),
    *("SimpleRNN", "LSTM", "GRU", "Bidirectional"),
)


def merge_quantized_tanh(draft: Draft, layer: Layer) -> bool:
    """``x >= floor(-bias / scale)``; ternary ``+-0.5 / scale`` more, in units of x's type.

    The arrays stay in their own dtype, as in numpy. The layer is named ``bnbt_<batch norm>``; its
    results are uint<1> (1 for 1, 0 for -1) or int<2>. A negative scale does not turn the
    comparison, as it should.
    """
    function = layer.attributes.get("function")
    if function not in ("binary_tanh", "ternary_tanh"):
        return False
    before = draft.source(layer)
    if before.kind != "BatchNormalization":
        return False
    scale, bias = before.weights["scale"], before.weights["bias"]
    x = draft.source(before).types["result"]
    assert x is not None, layer.name
    if draft.config.corrected:
        return _merge_exactly(draft, layer, before, x)
    if not np.all(scale):
        raise ValueError(
            f"scale of {before.name} must not be 0 before {function} {layer.name}: hls4ml divides"
            " by it"
        )
    _note_defects(draft, layer, before, bool(np.any(scale < 0)))
    exact, _ = _exact_limits(before, function, x) if np.all(scale > 0) else ({}, x)
    middle = -bias / scale
    away = {"binary_tanh": {"high": 0.0}, "ternary_tanh": {"high": 0.5, "low": -0.5}}[function]
    steps = 2**x.frac if x.frac >= 0 else 2.0**x.frac
    limits = {
        name: np.floor((share / scale + middle if share else middle) * steps) / steps
        for name, share in away.items()
    }
    merged = _merged(layer, before, limits, x)
    wrong = sum(
        int(np.sum(np.ldexp(from_weights(limits[name], x), -x.frac) != values))
        for name, values in exact.items()
    )
    if wrong:
        effect = (
            f"{wrong} thresholds that it makes of {before.name} differ from where {function} of the"
            " batch normalisation changes"
        )
        draft.meets("quantized_tanh", layer.name, effect)
    draft.remove(before, f"merged with {layer.name} into {merged.name}")
    draft.replace(layer, merged, f"merged with {before.name} into {merged.name}")
    return True


def _merged(layer: Layer, before: Layer, limits: dict[str, Any], format: Format) -> Layer:
    return Layer(
        f"bnbt_{before.name}",
        "BatchNormalizationQuantizedTanh",
        list(before.inputs),
        layer.shape,
        types={"result": _TERNARY if "low" in limits else BIT, **dict.fromkeys(limits, format)},
        weights=limits,
    )


def _exact_limits(before: Layer, function: str, x: Format) -> tuple[dict[str, Any], Format]:
    """``scale * x + bias`` against 0, or against 0.5 and -0.5, as multiples of x's LSB."""
    scale, bias = (
        [Fraction(float(value)) for value in before.weights[name].reshape(-1)]
        for name in ("scale", "bias")
    )
    lsb = Fraction(2) ** -x.frac
    shares = {"high": 0} if function == "binary_tanh" else {"high": 1, "low": -1}
    found, format = {}, x
    for name, share in shares.items():
        every = [(Fraction(share, 2) - b) / s / lsb for s, b in zip(scale, bias, strict=True)]
        whole = [ceil(limit) if function == "binary_tanh" else floor(limit) for limit in every]
        values = np.array([float(n * lsb) for n in whole]).reshape(before.weights["scale"].shape)
        found[name], format = limits_on_grid(values, x, up=False)
    return found, format


def _merge_exactly(draft: Draft, layer: Layer, before: Layer, x: Format) -> bool:
    """The same thresholds, exactly; a batch norm that cannot be merged stays what it is."""
    readers = len(draft.consumers(before)) > 1 or before.name in draft.outputs
    draft.meets("quantized_tanh", layer.name)
    if readers or not np.all(before.weights["scale"] > 0) or x.width > _DOUBLE_BITS:
        return False
    merged = _merged(layer, before, *_exact_limits(before, layer.attributes["function"], x))
    draft.remove(before, f"merged with {layer.name} into {merged.name}")
    draft.replace(layer, merged, f"merged with {before.name} into {merged.name}")
    return True


def _note_defects(draft: Draft, layer: Layer, before: Layer, negative: bool) -> None:
    if negative:
        effect = (
            f"{before.name} has negative scales, for which hls4ml's thresholds"
            " compare the wrong way round; give them positive ones"
        )
        draft.meets("quantized_tanh", layer.name, effect)
    others = [other.name for other in draft.consumers(before) if other is not layer]
    if others or before.name in draft.outputs:
        effect = (
            f"hls4ml merges it into {layer.name} and gives its input instead"
            f" to {', '.join(others) or 'the output'}"
        )
        draft.meets("quantized_tanh", before.name, effect)


def signs_of_bits(draft: Draft, layer: Layer) -> bool:
    """``x -> 2 x - 1`` before a product with the bits of a binary tanh that was merged."""
    if layer.kind in _OTHER_PRODUCTS:
        for name in layer.inputs:
            if _is_binary(draft, draft.layers[name]):
                raise ValueError(
                    f"layer {layer.name} must not multiply the bits of {name}: hls4ml takes them"
                    f" for signs in a way that is not supported yet for {layer.kind}; put an"
                    " activation between them"
                )
        return False
    if layer.kind not in _PRODUCTS or not _is_binary(draft, draft.source(layer)):
        return False
    source = draft.source(layer)
    name = f"{source.name}_sign"
    if name not in draft.layers:
        types: dict[str, Format | None] = {"result": Format(2, 2)}
        draft.insert(Layer(name, "Sign", [source.name], source.shape, types=types), layer)
    layer.inputs[0] = name
    return True


def _is_binary(draft: Draft, layer: Layer) -> bool:
    while layer.kind == "Reshape":
        layer = draft.source(layer)
    return is_binary(layer)
