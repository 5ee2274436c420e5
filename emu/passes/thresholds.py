"""A batch norm and the binary or ternary tanh behind it become thresholds, as in hls4ml."""

from __future__ import annotations

import numpy as np

from fxp import Format

from ..draft import Draft, Layer
from ..kinds import CONVOLUTIONS
from .binary import BIT, is_binary

__all__ = ["merge_quantized_tanh", "signs_of_bits"]

_TERNARY = Format.parse("int<2>")
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
    if not np.all(scale):
        raise ValueError(
            f"scale of {before.name} must not be 0 before {function} {layer.name}: hls4ml divides"
            " by it"
        )
    _note_defects(draft, layer, before, bool(np.any(scale < 0)))
    middle = -bias / scale
    away = {"binary_tanh": {"high": 0.0}, "ternary_tanh": {"high": 0.5, "low": -0.5}}[function]
    steps = 2**x.frac if x.frac >= 0 else 2.0**x.frac
    merged = Layer(
        f"bnbt_{before.name}",
        "BatchNormalizationQuantizedTanh",
        list(before.inputs),
        layer.shape,
        types={"result": _TERNARY if len(away) == 2 else BIT, **dict.fromkeys(away, x)},
        weights={
            name: np.floor((share / scale + middle if share else middle) * steps) / steps
            for name, share in away.items()
        },
    )
    draft.remove(before, f"merged with {layer.name} into {merged.name}")
    draft.replace(layer, merged, f"merged with {before.name} into {merged.name}")
    return True


def _note_defects(draft: Draft, layer: Layer, before: Layer, negative: bool) -> None:
    if negative:
        draft.note(
            f"layer {layer.name}: {before.name} has negative scales, for which hls4ml's thresholds"
            " compare the wrong way round; give them positive ones"
        )
    others = [other.name for other in draft.consumers(before) if other is not layer]
    if others or before.name in draft.outputs:
        draft.note(
            f"layer {before.name}: hls4ml merges it into {layer.name} and gives its input instead"
            f" to {', '.join(others) or 'the output'}"
        )


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
