"""What the lowerings share: types that are known by now, and weights in them."""

from __future__ import annotations

import numpy as np

from fxp import Format, from_float

from ..decimal import from_weights
from ..draft import Draft, Layer
from ..op import Constant

__all__ = ["factors", "parameter", "refuse_xnor", "require_parallel", "type_of", "weights"]


def type_of(layer: Layer, variable: str) -> Format:
    """The type that the passes left in ``variable``."""
    found = layer.types[variable]
    assert found is not None, (layer.name, variable)
    return found


def weights(layer: Layer, variable: str) -> Constant:
    """Trained values by way of hls4ml's decimal text, in the type of ``variable``."""
    values, format = layer.weights[variable], type_of(layer, variable)
    raw = from_weights(values, format, layer.attributes.get(f"{variable}_text"))
    return Constant(raw, format, np.asarray(values, dtype=np.float64))


def factors(draft: Draft, layer: Layer, variable: str) -> Constant:
    """Weights that multiply the data: ``int<2>`` means ternary to hls4ml, and -2 acts as 1.

    Beside bits that are signs it does not: the product of signs comes first.
    """
    found = weights(layer, variable)
    ternary = str(found.format) == "ap_int<2>" and draft.source(layer).kind != "Sign"
    twos = (found.raw == -2) & ternary
    if not twos.any():
        return found
    draft.note(
        f"layer {layer.name}: {int(twos.sum())} values of {variable} are -2 in int<2>, which hls4ml"
        " multiplies as 1 (its ternary product); fixed<2,2> multiplies by -2"
    )
    return Constant(np.where(twos, 1, found.raw), found.format, found.value)


def parameter(value: float, format: Format) -> Constant:
    """An activation parameter: the double literal, cast once."""
    return Constant(from_float(np.float64(value), format), format, np.array(float(value)))


def require_parallel(draft: Draft, layer: Layer) -> None:
    """ValueError in io_stream for a layer that hls4ml has no stream kernel for."""
    if draft.config.io_type != "io_parallel":
        raise ValueError(
            f"{layer.kind} must be in io_parallel, not {draft.config.io_type}: hls4ml has no stream"
            " kernel for it"
        )


def refuse_xnor(draft: Draft, layer: Layer) -> None:
    """ValueError where data and weights are single bits, which hls4ml takes for signs."""
    bit, source = Format.parse("uint<1>"), draft.source(layer)
    source = draft.source(source) if source.kind == "Sign" else source
    if type_of(source, "result") == bit == type_of(layer, "weight"):
        raise ValueError(
            "input and weight must not both be uint<1>: hls4ml computes XNOR then, twice the sum"
            " less n_in, which is not supported yet; ufixed<1,1> multiplies"
        )
