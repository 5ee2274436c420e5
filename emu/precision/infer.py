"""``auto`` types, by hls4ml's rules: wide enough for the worst case, cut to ``maximum``.

dense: W = Ww + Wx + ceil(log2 n), I likewise; a bias adds one bit and the finer fraction.
All inferred types truncate and wrap. Source: hls4ml 1.3.0, infer_precision.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from fxp import Format, Overflow, Rounding, growth

from ..draft import Draft, Layer
from ..kinds import SUMS, products

__all__ = ["infer", "of_constant", "of_shares", "share_parameter_types"]


def infer(draft: Draft, layer: Layer) -> bool:
    """Fill every auto type of ``layer``; True where its result type was among them."""
    unknown = [variable for variable, found in layer.types.items() if found is None]
    if not unknown:
        return False
    rule = _RULES.get(layer.kind)
    if rule is not None:
        rule(draft, layer, unknown)
    for variable in unknown:
        if layer.types[variable] is None:
            layer.types[variable] = draft.config.default
    return "result" in unknown


def _known(layer: Layer, variable: str) -> Format:
    found = layer.types[variable]
    assert found is not None
    return found


def _limited(draft: Draft, width: int, integer: int, signed: bool) -> Format:
    maximum = draft.config.maximum
    if maximum is not None:
        width, integer = min(width, maximum.width), min(integer, maximum.integer)
    return Format(width, integer, signed)


def _dense(draft: Draft, layer: Layer, unknown: list[str]) -> None:
    for variable in ("weight", "bias"):
        if variable in unknown:
            layer.types[variable] = draft.config.default
    x, w, b = _input(draft, layer), _known(layer, "weight"), _known(layer, "bias")
    count = math.ceil(math.log2(products(layer)))
    product = Format(x.width + w.width + count, x.integer + w.integer + count, x.signed or w.signed)
    total = growth.add(product, b)
    found = _limited(draft, total.width, total.integer, total.signed)
    for variable in ("accum", "result"):
        if variable in unknown:
            layer.types[variable] = found


def _batch_normalization(draft: Draft, layer: Layer, unknown: list[str]) -> None:
    for variable in ("scale", "bias"):
        if variable in unknown:
            layer.types[variable] = draft.config.default
    if "result" in unknown:
        product = growth.multiply(_input(draft, layer), _known(layer, "scale"))
        total = growth.add(product, _known(layer, "bias"))
        layer.types["result"] = _limited(draft, total.width, total.integer, total.signed)


def _same_as_input(draft: Draft, layer: Layer, unknown: list[str]) -> None:
    found = layer.types["result"] = _input(draft, layer)
    if layer.kind == "Reshape" and draft.config.corrected:
        given = draft.config.precision(layer.name, layer.kind, "result")
        if given not in (None, found):
            draft.meets("reshape_type", layer.name)


def _resize(draft: Draft, layer: Layer, unknown: list[str]) -> None:
    if "result" in unknown:
        layer.types["result"] = _input(draft, layer)
    if "weight" in unknown:
        layer.types["weight"] = of_shares(layer.attributes["factors"])


def of_shares(factors: Sequence[int]) -> Format:
    """The type of bilinear coefficients: exact where every factor is a power of two, else 18 bits.

    >>> print(of_shares((2, 4)), of_shares((3, 2)))
    ap_ufixed<4,1> ap_ufixed<18,1,AP_RND>
    """
    if any(factor & (factor - 1) for factor in factors):
        return Format(18, 1, signed=False, rounding=Rounding.RND)
    return Format(1 + max(factors).bit_length(), 1, signed=False)


def _parametrized(draft: Draft, layer: Layer, unknown: list[str]) -> None:
    if "param" in unknown:
        if layer.attributes["function"] == "thresholded_relu":
            layer.types["param"] = _input(draft, layer)
        else:
            layer.types["param"] = of_constant(float(layer.attributes["activ_param"]))


def _prelu(draft: Draft, layer: Layer, unknown: list[str]) -> None:
    if "param" in unknown:
        layer.types["param"] = _input(draft, layer)


def of_constant(value: float) -> Format:
    """The least type that holds ``value``, cut to 8 bits and a sign; at most 32 fraction bits.

    >>> print(of_constant(0.3), of_constant(-0.25))
    ap_ufixed<8,-1> ap_fixed<1,-1>
    """
    if value == 0:
        return Format(1, 1, signed=False)
    frac = next((f for f in range(-31, 33) if (scaled := math.ldexp(value, f)) == int(scaled)), 32)
    signed = value < 0
    integer = math.ceil(math.log2(max(value + 2.0**-frac, -value)))
    width = min(signed + integer + frac, signed + 8)
    return Format(width, signed + integer, signed)


def share_parameter_types(draft: Draft) -> None:
    """``param type = that of the first layer``, where one ``auto`` entry serves several layers.

    hls4ml names the C++ type after the entry (LayerType or Model), so the first layer's inferred
    type is everyone's; an entry under LayerName has a type of its own.
    """
    first: dict[tuple[str, str], Layer] = {}
    for layer in draft:
        if layer.kind not in ("ParametrizedActivation", "PReLU"):
            continue
        text, section = draft.config.found_precision(layer.name, layer.kind, "param")
        if text is not None or section == "LayerName":
            continue
        owner = first.setdefault((section, layer.kind if section == "LayerType" else ""), layer)
        if layer.types["param"] != owner.types["param"]:
            effect = (
                f"param has the type {owner.types['param']} of {owner.name},"
                f" as in hls4ml: one auto entry under {section} gives one type;"
                " set it under LayerName"
            )
            if draft.meets("shared_param", layer.name, effect):
                continue
            layer.attributes["param_text"] = layer.types["param"]
            layer.types["param"] = owner.types["param"]


def _input(draft: Draft, layer: Layer) -> Format:
    return _seen(draft, draft.source(layer))


def _seen(draft: Draft, source: Layer) -> Format:
    """The type of what a rule reads; hls4ml takes a reshape's own, which nothing is cast to."""
    found = _known(source, "result")
    if source.kind == "Reshape" and found != draft.source(source).types["result"]:
        effect = (
            f"automatic types behind it are inferred from its type {found}, which has no effect"
        )
        draft.meets("reshape_type", source.name, effect)
    return found


def _pooling(draft: Draft, layer: Layer, unknown: list[str]) -> None:
    x = _input(draft, layer)
    if "accum" in unknown:
        accum = x
        if layer.attributes["pool_op"] == "average":
            more = math.ceil(math.log2(math.prod(layer.attributes["window"])))
            accum = Format(x.width + 2 * more, x.integer + more, x.signed)
        layer.types["accum"] = accum
    if "result" in unknown:
        layer.types["result"] = x


def _global_pooling(draft: Draft, layer: Layer, unknown: list[str]) -> None:
    if draft.meets("pooling_auto", layer.name):
        _pooling(draft, layer, unknown)


def _recurrent(draft: Draft, layer: Layer, unknown: list[str]) -> None:
    if {"result", "accum"} & set(unknown):
        draft.meets("recurrent_auto", layer.name)


def _inputs(draft: Draft, layer: Layer) -> list[Format]:
    return [_seen(draft, draft.layers[name]) for name in layer.inputs]


def _merge(draft: Draft, layer: Layer, unknown: list[str]) -> None:
    a, b = _inputs(draft, layer)
    op = layer.attributes["op"]
    if op in ("maximum", "minimum") and a == b:
        layer.types["result"] = a
        return
    if op in ("maximum", "minimum"):
        found = _union(a, b)
    else:
        found = {"multiply": growth.multiply, "subtract": growth.subtract}.get(op, growth.add)(a, b)
        if not layer.attributes["exact"]:
            found = _limited(draft, found.width, found.integer, found.signed)
    layer.types["result"] = Format(found.width, found.integer, found.signed)


def _union(a: Format, b: Format) -> Format:
    """The least type that holds every value of both."""
    signed = a.signed or b.signed
    integer = max(f.integer + (signed and not f.signed) for f in (a, b))
    return Format(max(a.frac, b.frac) + integer, integer, signed)


def _concatenate(draft: Draft, layer: Layer, unknown: list[str]) -> None:
    a, b = _inputs(draft, layer)
    if a == b:
        layer.types["result"] = a
        return
    found = _union(a, b)
    if not layer.attributes["exact"]:
        # hls4ml takes the modes of the first input that has any, one by one; saturated bits mean
        # something only where the result wraps.
        overflow = a.overflow if a.overflow is not Overflow.WRAP else b.overflow
        found = replace(
            _limited(draft, found.width, found.integer, found.signed),
            rounding=a.rounding if a.rounding is not Rounding.TRN else b.rounding,
            overflow=overflow,
            sat_bits=(a.sat_bits or b.sat_bits) if overflow is Overflow.WRAP else 0,
        )
    layer.types["result"] = found


def _dot(draft: Draft, layer: Layer, unknown: list[str]) -> None:
    product = growth.multiply(*_inputs(draft, layer))
    more = math.ceil(math.log2(draft.source(layer).size))
    found = _limited(draft, product.width + more, product.integer + more, product.signed)
    if "accum" in unknown:
        draft.note(
            f"layer {layer.name}: accum is auto, for which hls4ml has no rule (it stops); here it"
            f" is the type {found} of the whole sum"
        )
    for variable in unknown:
        layer.types[variable] = found


_RULES: dict[str, Callable[[Draft, Layer, list[str]], None]] = {
    **dict.fromkeys(SUMS, _dense),
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _batch_normalization,
    **dict.fromkeys(
        ("Reshape", "Transpose", "Slice", "ZeroPadding1D", "ZeroPadding2D"), _same_as_input
    ),
    "Resize": _resize,
    "TimeDistributed": _same_as_input,
    "ParametrizedActivation": _parametrized,
    "PReLU": _prelu,
    "Pooling1D": _pooling,
    "Pooling2D": _pooling,
    **dict.fromkeys(("GlobalPooling1D", "GlobalPooling2D"), _global_pooling),
    **dict.fromkeys(("SimpleRNN", "LSTM", "GRU", "Bidirectional"), _recurrent),
    "Merge": _merge,
    "Concatenate": _concatenate,
    "Dot": _dot,
}
"""Other layers take the model's default type."""
