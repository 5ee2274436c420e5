"""Softmax: which tables, addressed by which type."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from fxp import Format, Overflow

from .. import rounded_tables
from ..draft import Draft, Layer
from ..op import Op
from ..ops import Softmax
from ..tables import exp_table, inverse_table, legacy_tables
from .activation import wraps
from .common import chosen_table, type_of

__all__ = ["LOWERINGS"]


def _softmax(draft: Draft, layer: Layer) -> Op:
    attributes, result = layer.attributes, type_of(layer, "result")
    outer, inner = attributes["n_outer"], attributes["n_inner"]
    shape: dict[str, Any] = {
        "result": result,
        "implementation": attributes["implementation"],
        "n_outer": outer,
        "n_inner": inner,
        "n_slice": layer.size // (outer * inner),
    }
    stream = draft.config.io_type == "io_stream"
    size = int(attributes["table_size"])
    exp_size = int(attributes["exp_table_size"] or size)
    inverse_size = int(attributes["inv_table_size"] or size)
    if attributes["implementation"] == "argmax":
        return Softmax(**shape)
    if attributes["implementation"] == "legacy":
        # hls4ml's legacy kernel has its own table type; its stream version its own size as well.
        sizes = (exp_size, inverse_size)
        if stream and sizes != (1024, 1024):
            effect = f"the legacy softmax of io_stream has tables of 1024 entries, not {sizes}"
            if not draft.meets("softmax_table_size", layer.name, effect):
                sizes = (1024, 1024)
        if wraps(type_of(draft.source(layer), "result"), 2 * sizes[0], 16):
            draft.meets("table_index_inner", layer.name)
        copied = legacy_tables(*sizes, Format(18, 8))
        exact = rounded_tables.legacy_tables(*sizes, Format(18, 8))
        exponential, inverse = (
            chosen_table(draft, layer, *pair) for pair in zip(copied, exact, strict=True)
        )
        return Softmax(**shape, exponential=exponential, inverse=inverse)
    source = type_of(draft.source(layer), "result")
    inverse_input, corrected = type_of(layer, "inv_inp"), draft.config.corrected
    more: dict[str, Any] = {"accum": type_of(layer, "accum"), "inverse_input": inverse_input}
    address, negative = source, False
    if attributes["implementation"] == "stable":
        negative = True
        if "inp_norm" in layer.types:
            address = type_of(layer, "inp_norm")
        else:
            if source.signed and not corrected:
                cut = min(inverse_size, 2 ** (source.width - 1))
                if cut != min(exp_size, 2 ** (source.width - 1)):
                    effect = f"exp_table_size {exp_size} is {cut}, after inv_table_size"
                    draft.meets("softmax_table_size", layer.name, effect)
                exp_size = cut
            width = source.width - source.signed
            if width < 1:
                raise ValueError(
                    f"input of a stable softmax must have at least 2 bits, not {source}"
                )
            address = _difference(draft, layer, source)
        more["difference"] = address
    if corrected:
        exp_size = _at_most(draft, layer, exp_size, address, "exp_table_size")
        inverse_size = _at_most(draft, layer, inverse_size, inverse_input, "inv_table_size")
    _require_bits(exp_size, address, "exp_table_size")
    _require_bits(inverse_size, inverse_input, "inv_table_size")
    scale = float(attributes["exp_scale"])
    exponent = (address, exp_size, type_of(layer, "exp_table"), scale)
    inverted = (inverse_input, inverse_size, type_of(layer, "inv_table"))
    return Softmax(
        **shape,
        **more,
        scale=scale,
        exponential=chosen_table(
            draft,
            layer,
            exp_table(*exponent, negative=negative),
            rounded_tables.exp_table(*exponent, negative=negative),
        ),
        inverse=chosen_table(
            draft, layer, inverse_table(*inverted), rounded_tables.inverse_table(*inverted)
        ),
    )


def _difference(draft: Draft, layer: Layer, source: Format) -> Format:
    """hls4ml's type of ``max(x) - x``: x's without the sign, which wraps, or, corrected, saturates.

    Differences of an unsigned x always fit.
    """
    found = Format(source.width - source.signed, source.integer - source.signed, signed=False)
    if source.signed and draft.meets("softmax_difference", layer.name):
        return replace(found, overflow=Overflow.SAT)
    return found


def _at_most(draft: Draft, layer: Layer, size: int, address: Format, key: str) -> int:
    """``min(size, 2**width)``: no more entries than codes of the address."""
    if size <= 1 << address.width:
        return size
    found = 1 << address.width
    draft.note(f"layer {layer.name}: {key} {size} becomes {found}: {address} has no more codes")
    return found


def _require_bits(size: int, address: Format, key: str) -> None:
    if size < 2 or math.log2(size) > address.width or size & (size - 1):
        raise ValueError(
            f"{key} must be a power of two from 2 to 2**{address.width}, the codes of {address},"
            f" not {size}: hls4ml reads outside its table otherwise; set table_size"
        )


LOWERINGS = {"Softmax": _softmax}
