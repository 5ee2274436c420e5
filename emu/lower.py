"""Draft -> Graph: types become formats, weights raw integers, functions tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from fxp import Format, from_float

from .decimal import from_weights
from .draft import Draft, Layer
from .graph import Graph, Node
from .op import Constant, Op
from .ops import Activation, BatchNormalization, Dense, Input, Reshape, Softmax
from .tables import exp_table, function_table, inverse_table, legacy_tables

__all__ = ["lower"]

SELU_SCALE = 1.0507009873554805


def lower(draft: Draft, config: dict[str, Any], notes: Iterable[str]) -> Graph:
    """The typed graph of a finished draft; raises ValueError naming the layer that cannot be."""
    nodes = []
    for layer in draft:
        try:
            op = _HANDLERS[layer.kind](draft, layer)
        except ValueError as error:
            raise ValueError(f"layer {layer.name}: {error}") from None
        nodes.append(Node(layer.name, op, tuple(layer.inputs)))
    return Graph(tuple(nodes), tuple(draft.outputs), tuple(notes), config)


def _type(layer: Layer, variable: str) -> Format:
    found = layer.types[variable]
    assert found is not None, (layer.name, variable)
    return found


def _weights(layer: Layer, variable: str) -> Constant:
    values, format = layer.weights[variable], _type(layer, variable)
    raw = from_weights(values, format, layer.attributes.get(f"{variable}_text"))
    return Constant(raw, format, np.asarray(values, dtype=np.float64))


def _factors(draft: Draft, layer: Layer, variable: str) -> Constant:
    """Weights that multiply the data: ``int<2>`` means ternary to hls4ml, and -2 acts as 1."""
    found = _weights(layer, variable)
    twos = (found.raw == -2) & (str(found.format) == "ap_int<2>")
    if not twos.any():
        return found
    draft.note(
        f"layer {layer.name}: {int(twos.sum())} values of {variable} are -2 in int<2>, which hls4ml"
        " multiplies as 1 (its ternary product); fixed<2,2> multiplies by -2"
    )
    return Constant(np.where(twos, 1, found.raw), found.format, found.value)


def _parameter(value: float, format: Format) -> Constant:
    """An activation parameter: the double literal, cast once."""
    return Constant(from_float(np.float64(value), format), format, np.array(float(value)))


def _input(draft: Draft, layer: Layer) -> Op:
    return Input(result=_type(layer, "result"), dimensions=layer.shape)


def _dense(draft: Draft, layer: Layer) -> Op:
    bit = Format.parse("uint<1>")
    if _type(draft.source(layer), "result") == bit == _type(layer, "weight"):
        raise ValueError(
            "input and weight must not both be uint<1>: hls4ml computes XNOR then, twice the sum"
            " less n_in, which is not supported yet; ufixed<1,1> multiplies"
        )
    return Dense(
        result=_type(layer, "result"),
        weight=_factors(draft, layer, "weight"),
        bias=_weights(layer, "bias"),
        accum=_type(layer, "accum"),
        interleave=layer.attributes["interleave"],
    )


def _batch_normalization(draft: Draft, layer: Layer) -> Op:
    return BatchNormalization(
        result=_type(layer, "result"),
        scale=_factors(draft, layer, "scale"),
        bias=_weights(layer, "bias"),
    )


def _activation(draft: Draft, layer: Layer) -> Op:
    name = str(layer.attributes["function"])
    source = _type(draft.source(layer), "result")
    stream = draft.config.io_type == "io_stream"
    parameters: tuple[Constant, ...] = ()
    if layer.kind == "ParametrizedActivation":
        parameters = (_parameter(layer.attributes["activ_param"], _type(layer, "param")),)
    elif layer.kind == "PReLU":
        parameters = (_weights(layer, "param"),)
    elif layer.kind == "HardActivation":
        parameters = tuple(
            _parameter(layer.attributes[key], _type(layer, key)) for key in ("slope", "shift")
        )
    elif name == "selu":
        # The streaming kernel keeps the constant in the type of the data.
        format = source if stream else Format(16, 1, signed=False)
        parameters = (_parameter(SELU_SCALE, format),)
    table = None
    if "table" in layer.types:
        table = function_table(name, int(layer.attributes["table_size"]), _type(layer, "table"))
    if stream and name in ("selu", "ternary_tanh"):
        name += "_stream"
        draft.note(
            f"layer {layer.name}: {name.removesuffix('_stream')} differs between io_stream and"
            " io_parallel in hls4ml"
        )
    if stream and name in ("relu1", "relu6"):
        draft.note(
            f"layer {layer.name}: hls4ml has no io_stream kernel for {name};"
            " this is its io_parallel one"
        )
    return Activation(result=_type(layer, "result"), name=name, parameters=parameters, table=table)


def _softmax(draft: Draft, layer: Layer) -> Op:
    attributes, result = layer.attributes, _type(layer, "result")
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
    source = _type(draft.source(layer), "result")
    inverse_input = _type(layer, "inv_inp")
    more: dict[str, Any] = {"accum": _type(layer, "accum"), "inverse_input": inverse_input}
    address, negative = source, False
    if attributes["implementation"] == "stable":
        negative = True
        if "inp_norm" in layer.types:
            address = _type(layer, "inp_norm")
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
        exponential=exp_table(
            address, exp_size, _type(layer, "exp_table"), scale, negative=negative
        ),
        inverse=inverse_table(inverse_input, inverse_size, _type(layer, "inv_table")),
    )


def _require_bits(size: int, address: Format, key: str) -> None:
    if size < 2 or math.log2(size) > address.width or size & (size - 1):
        raise ValueError(
            f"{key} must be a power of two from 2 to 2**{address.width}, the codes of {address},"
            f" not {size}: hls4ml reads outside its table otherwise; set table_size"
        )


def _reshape(draft: Draft, layer: Layer) -> Op:
    return Reshape(result=_type(layer, "result"), target=layer.shape)


_HANDLERS: dict[str, Callable[[Draft, Layer], Op]] = {
    "Input": _input,
    "Dense": _dense,
    "BatchNormalization": _batch_normalization,
    "Activation": _activation,
    "HardActivation": _activation,
    "ParametrizedActivation": _activation,
    "PReLU": _activation,
    "Softmax": _softmax,
    "Reshape": _reshape,
}
"""hls4ml's internal class -> operator."""
