"""What the lowerings share: types that are known by now, and weights in them."""

from __future__ import annotations

import numpy as np

from fxp import Format, from_float

from ..decimal import from_weights
from ..draft import Draft, Layer
from ..op import Constant, Table

__all__ = [
    "check_weights",
    "chosen_table",
    "factors",
    "parameter",
    "refuse_xnor",
    "require_parallel",
    "type_of",
    "weights",
]


def type_of(layer: Layer, variable: str) -> Format:
    """The type that the passes left in ``variable``."""
    found = layer.types[variable]
    assert found is not None, (layer.name, variable)
    return found


def weights(layer: Layer, variable: str) -> Constant:
    """Trained values by way of hls4ml's decimal text, in the type of ``variable``.

    Where ``check_weights`` said so, they are cast directly.
    """
    values, format = np.asarray(layer.weights[variable], np.float64), type_of(layer, variable)
    if layer.attributes.get("direct_weights"):
        raw = from_float(values, format)
    else:
        raw = from_weights(values, format, layer.attributes.get(f"{variable}_text"))
    return Constant(raw, format, values)


def check_weights(draft: Draft, layer: Layer) -> None:
    """Whether hls4ml's decimal text changes a weight of the layer; corrected, it is not used."""
    moved = {}
    for variable, values in layer.weights.items():
        format = layer.types.get(variable)
        if format is not None:
            direct = from_float(np.asarray(values, np.float64), format)
            text = layer.attributes.get(f"{variable}_text")
            count = int(np.sum(from_weights(values, format, text) != direct))
            if count:
                moved[variable] = f"{count} of {direct.size} values of {variable}"
    if moved:
        effect = (
            f"{' and '.join(moved.values())} round otherwise because hls4ml writes them as decimal"
            " text of as many digits as fraction bits"
        )
        if draft.meets("weight_text", layer.name, effect):
            layer.attributes["direct_weights"] = True


def chosen_table(draft: Draft, layer: Layer, copied: Table, exact: Table) -> Table:
    """``copied`` of hls4ml's recipe, or the ``exact`` one where they differ and that is wanted."""
    differ = int(np.sum(copied.raw != exact.raw)) if copied.size == exact.size else copied.size
    if not differ:
        return copied
    effect = (
        f"{differ} of {copied.size} entries of the table {copied.recipe} in {copied.format} are not"
        " the function's value rounded once"
    )
    return exact if draft.meets("libm_tables", layer.name, effect) else copied


def factors(draft: Draft, layer: Layer, variable: str) -> Constant:
    """Weights that multiply the data: ``int<2>`` means ternary to hls4ml, and -2 acts as 1.

    Beside bits that are signs it does not: the product of signs comes first.
    """
    found = weights(layer, variable)
    ternary = str(found.format) == "ap_int<2>" and draft.source(layer).kind != "Sign"
    twos = (found.raw == -2) & ternary
    if not twos.any():
        return found
    effect = (
        f"{int(twos.sum())} values of {variable} are -2 in int<2>, which hls4ml"
        " multiplies as 1 (its ternary product); fixed<2,2> multiplies by -2"
    )
    if draft.meets("ternary_minus_two", layer.name, effect):
        return found
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
        if draft.config.corrected:
            draft.meets("binary_product", layer.name)
            return
        raise ValueError(
            "input and weight must not both be uint<1>: hls4ml computes XNOR then, twice the sum"
            " less n_in, which is not supported yet; ufixed<1,1> multiplies, and so does uint<1>"
            " with Numerics: corrected"
        )
