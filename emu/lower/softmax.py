"""Softmax: which tables, addressed by which type."""

from __future__ import annotations

import math
from typing import Any

from fxp import Format

from ..draft import Draft, Layer
from ..op import Op
from ..ops import Softmax
from ..tables import exp_table, inverse_table, legacy_tables
from .common import type_of

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
        sizes = (1024, 1024) if stream else (exp_size, inverse_size)
        exponential, inverse = legacy_tables(*sizes, Format(18, 8))
        return Softmax(**shape, exponential=exponential, inverse=inverse)
    source = type_of(draft.source(layer), "result")
    inverse_input = type_of(layer, "inv_inp")
    more: dict[str, Any] = {"accum": type_of(layer, "accum"), "inverse_input": inverse_input}
    address, negative = source, False
    if attributes["implementation"] == "stable":
        negative = True
        if "inp_norm" in layer.types:
            address = type_of(layer, "inp_norm")
        else:
            if source.signed:
                exp_size = min(inverse_size, 2 ** (source.width - 1))
            width = source.width - source.signed
            if width < 1:
                raise ValueError(
                    f"input of a stable softmax must have at least 2 bits, not {source}"
                )
            address = Format(width, source.integer - source.signed, signed=False)
        more["difference"] = address
    _require_bits(exp_size, address, "exp_table_size")
    _require_bits(inverse_size, inverse_input, "inv_table_size")
    scale = float(attributes["exp_scale"])
    return Softmax(
        **shape,
        **more,
        scale=scale,
        exponential=exp_table(
            address, exp_size, type_of(layer, "exp_table"), scale, negative=negative
        ),
        inverse=inverse_table(inverse_input, inverse_size, type_of(layer, "inv_table")),
    )


def _require_bits(size: int, address: Format, key: str) -> None:
    if size < 2 or math.log2(size) > address.width or size & (size - 1):
        raise ValueError(
            f"{key} must be a power of two from 2 to 2**{address.width}, the codes of {address},"
            f" not {size}: hls4ml reads outside its table otherwise; set table_size"
        )


LOWERINGS = {"Softmax": _softmax}
