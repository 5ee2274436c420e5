"""Activations: which parameters and which table."""

from __future__ import annotations

from fxp import Format

from ..draft import Draft, Layer
from ..op import Constant, Op
from ..ops import Activation
from ..tables import function_table
from .common import parameter, type_of, weights

__all__ = ["LOWERINGS"]

SELU_SCALE = 1.0507009873554805


def _activation(draft: Draft, layer: Layer) -> Op:
    name = str(layer.attributes["function"])
    source = type_of(draft.source(layer), "result")
    stream = draft.config.io_type == "io_stream"
    parameters: tuple[Constant, ...] = ()
    if layer.kind == "ParametrizedActivation":
        parameters = (parameter(layer.attributes["activ_param"], type_of(layer, "param")),)
    elif layer.kind == "PReLU":
        parameters = (weights(layer, "param"),)
    elif layer.kind == "HardActivation":
        parameters = tuple(
            parameter(layer.attributes[key], type_of(layer, key)) for key in ("slope", "shift")
        )
    elif name == "selu":
        # The streaming kernel keeps the constant in the type of the data.
        format = source if stream else Format(16, 1, signed=False)
        parameters = (parameter(SELU_SCALE, format),)
    table = None
    if "table" in layer.types:
        table = function_table(name, int(layer.attributes["table_size"]), type_of(layer, "table"))
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
    return Activation(
        result=type_of(layer, "result"), name=name, parameters=parameters, table=table
    )


LOWERINGS = dict.fromkeys(
    ("Activation", "HardActivation", "ParametrizedActivation", "PReLU"), _activation
)
