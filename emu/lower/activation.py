"""Activations: which parameters and which table."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np

from fxp import Format, Overflow

from .. import rounded_tables
from ..draft import Draft, Layer
from ..graph import Node
from ..op import Constant, Op
from ..ops import Activation, Thresholds
from ..tables import RECIPES, function_table
from .common import chosen_table, parameter, type_of, weights

__all__ = ["LOWERINGS", "wraps"]

SELU_SCALE = 1.0507009873554805
_INDEX_BITS = 31
_REACH = 6
"""Integer bits that hold more than any table's range: +-8."""


def _activation(draft: Draft, layer: Layer) -> Op | list[Node]:
    name = str(layer.attributes["function"])
    source = type_of(draft.source(layer), "result")
    stream = draft.config.io_type == "io_stream"
    if name == "ternary_tanh" and _ternary(draft, layer, stream):
        high, low = (Constant(np.array(k), Format(2, 1), np.array(k / 2)) for k in (1, -1))
        return Thresholds(result=type_of(layer, "result"), high=high, low=low)
    other = stream and name == "selu" and not draft.meets("selu_stream", layer.name, _differs(name))
    parameters: tuple[Constant, ...] = ()
    if name == "bounded_relu":
        parameters = _bounds(layer, source)
    elif layer.kind == "ParametrizedActivation":
        parameters = (parameter(layer.attributes["activ_param"], type_of(layer, "param")),)
    elif layer.kind == "PReLU":
        parameters = (weights(layer, "param"),)
    elif layer.kind == "HardActivation":
        parameters = tuple(
            parameter(layer.attributes[key], type_of(layer, key)) for key in ("slope", "shift")
        )
    elif name == "selu":
        # The streaming kernel keeps the constant in the type of the data.
        parameters = (parameter(SELU_SCALE, source if other else Format(16, 1, signed=False)),)
    if stream and name in ("relu1", "relu6"):
        effect = f"hls4ml has no io_stream kernel for {name}; this is its io_parallel one"
        draft.meets("relu_stream", layer.name, effect)
    table = None
    if "table" in layer.types:
        size, format = int(layer.attributes["table_size"]), type_of(layer, "table")
        table = chosen_table(
            draft,
            layer,
            function_table(name, size, format),
            rounded_tables.function_table(name, size, format),
        )
    stream_only = other or (stream and name == "ternary_tanh")
    op = Activation(
        result=type_of(layer, "result"),
        name=f"{name}_stream" if stream_only else name,
        parameters=parameters,
        table=table,
    )
    if table is not None and wraps(source, table.size, abs(int(RECIPES[name][2]))):
        return _clamped(draft, layer, op, source)
    return op


def _bounds(layer: Layer, x: Format) -> tuple[Constant, ...]:
    """slope in the type of param; theta and limit on x's grid, which moves no comparison.

    theta is rounded down; the limit, which is a result, to the nearest; without one it is x's
    greatest value.
    """
    attributes = layer.attributes
    limit = attributes["limit"]
    given = [attributes["threshold"], x.raw_max * x.lsb if limit is None else limit]
    least, most = (Fraction(value) for value in given)
    bits = max(abs(least), abs(most), Fraction(1)).__ceil__().bit_length()
    format = Format(max(x.integer, bits) + 1 + x.frac, max(x.integer, bits) + 1)
    raws = (floor(least / x.lsb), round(most / x.lsb))
    bounds = (
        Constant(np.array(raw), format, np.array(float(value)))
        for raw, value in zip(raws, (least, most), strict=True)
    )
    return parameter(attributes["activ_param"], type_of(layer, "param")), *bounds


def _differs(name: str) -> str:
    return f"{name} differs between io_stream and io_parallel in hls4ml"


def _ternary(draft: Draft, layer: Layer, stream: bool) -> bool:
    """Whether ternary_tanh has thresholds of its own."""
    return draft.meets("ternary_tanh", layer.name, _differs("ternary_tanh") if stream else "")


def wraps(source: Format, size: int, span: int) -> bool:
    """Whether ``int(x * size / span) + size`` can leave 32 bits, x of ``source``."""
    most = max(abs(source.raw_min), source.raw_max) * source.lsb
    return bool(most * size / span + size >= 1 << _INDEX_BITS)


def _clamped(draft: Draft, layer: Layer, op: Activation, source: Format) -> Op | list[Node]:
    """A saturating cast before the table, where its index could wrap: beyond +-8 it has its ends.

    elu and selu have other uses for x.
    """
    if op.name not in ("sigmoid", "tanh", "softplus", "softsign"):
        draft.meets("table_index_inner", layer.name)
        return op
    effect = f"hls4ml's table index wraps for the largest values of {source}"
    if not draft.meets("table_index_wrap", layer.name, effect):
        return op
    integer = max(_REACH, 2 - source.frac)
    narrow = Format(integer + source.frac, integer, source.signed, overflow=Overflow.SAT)
    name = f"{layer.name}_clamp"
    return [
        Node(name, Activation(result=narrow, name="linear"), tuple(layer.inputs)),
        Node(layer.name, op, (name,)),
    ]


LOWERINGS = dict.fromkeys(
    ("Activation", "HardActivation", "ParametrizedActivation", "PReLU"), _activation
)
