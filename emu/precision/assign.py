"""``type = entry of (layer, variable)``: every layer's types before the passes run.

Which variables a layer has, and which configuration keys act on it, stands in ``EFFECTS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fxp import Format, Overflow, Rounding

from ..draft import Draft, Layer
from ..frontends.config import Config, ConfigError, parse_type, snake_case
from ..kinds import CONVOLUTIONS, SUMS
from ..ops import IMPLEMENTATIONS
from ..quantizers import QUANTIZED

__all__ = ["EFFECTS", "Effect", "assign", "effect", "garnet_types"]

TABLE = Format(18, 8)
SOFTMAX_TABLE = Format(18, 8, rounding=Rounding.RND, overflow=Overflow.SAT)
ROOT_TABLE = Format(8, 5, False, rounding=Rounding.RND_CONV, overflow=Overflow.SAT)
ABSENT_BIAS = Format(1, 1, signed=False, family="ap_int")
GARNET_TYPES = ("edge_weight", "edge_weight_aggr", "aggr", "norm")
_LOOKS_UP = ("sigmoid", "tanh", "softplus", "softsign", "selu", "elu")


@dataclass(frozen=True)
class Effect:
    """What a configuration entry can set on a layer.

    precisions: keys of Precision. types: attribute keys ending in ``_t`` and their defaults.
    attributes: other keys, with their defaults.
    """

    precisions: tuple[str, ...]
    types: Mapping[str, Format | None]
    attributes: Mapping[str, object]


KEEP_TYPE = (
    "Transpose",
    "Slice",
    "Resize",
    *(f"{kind}{axes}D" for kind in ("ZeroPadding", "Cropping") for axes in (1, 2)),
)
"""Layers that take the type their input has before the passes, whatever is configured."""

_NONE: Mapping[str, Format | None] = {}


def _recurrent(*weights: str) -> Effect:
    types = {"accum": None, "table": TABLE}
    return Effect(("result", "accum", *weights), types, {"table_size": 1024})


EFFECTS: dict[str, Effect] = {
    "Input": Effect(("result",), _NONE, {}),
    "Dense": Effect(("result", "weight", "bias", "accum"), {"accum": None}, {}),
    **dict.fromkeys(
        CONVOLUTIONS,
        Effect(
            ("result", "weight", "bias", "accum"),
            {"accum": None},
            {"parallelization_factor": 1},
        ),
    ),
    "BatchNormalization": Effect(("result", "scale", "bias"), _NONE, {}),
    "LayerNormalization": Effect(
        ("result", "scale", "bias", "accum"),
        {"accum": None, "table": ROOT_TABLE},
        {"table_size": 4096, "table_range_power2": 0},
    ),
    "FixedPointQuantizer": Effect(("result",), _NONE, {}),
    "UnaryLUT": Effect(("result", "table"), _NONE, {}),
    "Embedding": Effect(("result", "embeddings"), _NONE, {}),
    "BatchNormalizationQuantizedTanh": Effect((), _NONE, {}),
    "Sign": Effect((), _NONE, {}),
    "Activation": Effect(("result",), _NONE, {}),
    "HardActivation": Effect(("result",), _NONE, {}),
    "ParametrizedActivation": Effect(("result", "param"), _NONE, {}),
    "PReLU": Effect(("result", "param"), _NONE, {}),
    "Softmax": Effect(
        ("result", "accum"),
        {
            "accum": None,
            "exp_table": SOFTMAX_TABLE,
            "inv_table": SOFTMAX_TABLE,
            "inv_inp": SOFTMAX_TABLE,
            "inp_norm": None,
        },
        {
            "implementation": "stable",
            "skip": False,
            "table_size": 1024,
            "exp_table_size": None,
            "inv_table_size": None,
            "exp_scale": 1.0,
        },
    ),
    "Reshape": Effect((), _NONE, {}),
    **dict.fromkeys(KEEP_TYPE, Effect((), _NONE, {})),
    **dict.fromkeys(
        ("Pooling1D", "Pooling2D", "GlobalPooling1D", "GlobalPooling2D"),
        Effect(("result", "accum"), {"accum": None}, {}),
    ),
    "Merge": Effect(("result",), _NONE, {}),
    "Concatenate": Effect(("result",), _NONE, {}),
    "Dot": Effect(("result", "accum"), {"accum": None}, {}),
    "Einsum": Effect(("result", "accum"), {"accum": None}, {}),
    "EinsumDense": Effect(("result", "weight", "bias", "accum"), {"accum": None}, {}),
    **dict.fromkeys(("GarNet", "GarNetStack"), Effect(("result", *GARNET_TYPES), _NONE, {})),
    "SimpleRNN": _recurrent("weight", "bias", "recurrent_weight"),
    "LSTM": _recurrent("weight", "bias", "recurrent_weight", "recurrent_bias"),
    "GRU": _recurrent("weight", "bias", "recurrent_weight", "recurrent_bias"),
    "TimeDistributed": Effect((), _NONE, {}),
    "Bidirectional": _recurrent(
        *(
            f"{direction}_{variable}"
            for direction in ("forward", "backward")
            for variable in ("weight", "bias", "recurrent_weight", "recurrent_bias")
        )
    ),
}
"""hls4ml's internal class -> what can be set on it; ``effect`` adds the tables of activations."""


def effect(layer: Layer) -> Effect:
    """The entry of EFFECTS, with the table keys where this layer looks values up."""
    if layer.extension is not None:
        return Effect(layer.extension.precisions, _NONE, {})
    known = EFFECTS[layer.kind]
    if layer.attributes.get("repacked"):
        return Effect(("result",), _NONE, {})
    if layer.attributes.get("algorithm") == "bilinear":
        return Effect(("result", "weight"), _NONE, {})
    if layer.attributes.get("function") in _LOOKS_UP:
        return Effect(known.precisions, {"table": TABLE}, {"table_size": 1024})
    return known


def assign(draft: Draft) -> None:
    """Give every layer its types, table sizes and other attributes from the configuration."""
    config = draft.config
    for layer in draft:
        known = effect(layer)
        precisions = known.precisions or ("result",)
        for variable in precisions:
            layer.types[variable] = config.precision(layer.name, layer.kind, variable)
        given = config.attributes(layer.name, layer.kind)
        for variable, default in known.types.items():
            text = given.get(f"{variable}_t")
            own = None if variable == "accum" else _table_precision(draft, layer, variable)
            if isinstance(text, str):
                layer.types[variable] = parse_type(text)
            elif own is not None:
                layer.types[variable] = own
            elif default is not None:
                layer.types[variable] = default
        for key, value in known.attributes.items():
            layer.attributes[key] = given.get(key, layer.attributes.get(key, value))
        if layer.attributes.get("algorithm") == "bilinear":
            _only_own(config, layer)
        elif layer.kind in KEEP_TYPE or layer.attributes.get("keeps_type"):
            layer.types["result"] = draft.source(layer).types["result"]
        if layer.kind == "Reshape" and config.corrected:
            layer.types["result"] = None  # its input's; reshape_type, where that changes anything
        if layer.attributes.get("exact"):
            layer.types["result"] = None  # an inner link of a chain: no entry acts on it
        if "quantizer" in layer.attributes:
            layer.types |= {"weight": QUANTIZED, "bias": QUANTIZED}
        if layer.kind in SUMS:
            _absent_bias(layer)
        if layer.kind == "SimpleRNN":
            layer.types["recurrent_bias"] = ABSENT_BIAS
        if layer.kind == "HardActivation":
            layer.types |= {
                "slope": Format(16, 0, signed=False),
                "shift": Format(2, 0, signed=False),
            }
        if layer.kind == "Softmax":
            _softmax(draft, layer, given)
            _check_softmax(layer)
        if layer.kind in ("GarNet", "GarNetStack"):
            _inside_garnet(draft, layer)


def _only_own(config: Config, layer: Layer) -> None:
    """Types that stand under LayerName or LayerType; ``Model`` sets none, as of other moves."""
    for variable in layer.types:
        if config.found_precision(layer.name, layer.kind, variable)[1] == "Model":
            layer.types[variable] = None


def _absent_bias(layer: Layer) -> None:
    if "bias" not in layer.weights:
        layer.weights["bias"] = np.zeros(layer.shape[-1])
        layer.types["bias"] = ABSENT_BIAS


def garnet_types(vertices: int, reuse: int) -> dict[str, Format]:
    """hls4ml's types inside a GarNet of so many vertices: 10 fraction bits, room for sums."""
    block_bits, vertex_bits = reuse.bit_length() - 1, vertices.bit_length() - 1
    room = max(block_bits, vertex_bits - block_bits)
    return {
        "edge_weight": Format(10, 0, signed=False),
        "edge_weight_aggr": Format(room + 10, room, signed=False),
        "aggr": Format(room + 13, room + 3),
        "norm": Format(14, 4, signed=False),
    }


def _inside_garnet(draft: Draft, layer: Layer) -> None:
    """Types that no entry of LayerName sets, nor LayerType by their names, are hls4ml's own."""
    config, kind = draft.config, layer.kind
    reuse = config.setting(layer.name, kind, "ReuseFactor")
    own = garnet_types(draft.source(layer).shape[0], reuse)
    named = {
        variable
        for key, entry in config.layer_type.items()
        if key.lower() == kind.lower()
        for variable in entry.get("Precision") or ()
    }
    for variable, default in own.items():
        found, section = config.found_precision(layer.name, kind, variable)
        if section == "Model" and variable in config.model["Precision"]:
            draft.note(
                f"Model: Precision: {variable} has no effect on {kind}, as in hls4ml: set it under"
                " LayerName or LayerType"
            )
        if section == "LayerName" or variable in named:
            if found is not None:
                continue
            draft.note(
                f"layer {layer.name}: {variable} is auto, for which hls4ml has no rule (it stops);"
                f" here it is the type {default} that it has by itself"
            )
        layer.types[variable] = default


def _table_precision(draft: Draft, layer: Layer, variable: str) -> Format | None:
    """The Precision entry of a table's type, which hls4ml drops."""
    found = draft.config.own_precision(layer.name, layer.kind, variable)
    given = found is not None and variable not in effect(layer).precisions
    corrected = given and draft.meets("table_precision", layer.name)
    return found if corrected else None


def _softmax(draft: Draft, layer: Layer, given: Mapping[str, object]) -> None:
    """``Strategy`` as the implementation, and the accumulator's default, neither as in hls4ml."""
    config, name = draft.config, layer.name
    strategy = snake_case(str(config.own_setting(name, layer.kind, "Strategy")))
    if strategy in IMPLEMENTATIONS and strategy != layer.attributes["implementation"]:
        known = "implementation" not in given
        if known and draft.meets("softmax_strategy", name):
            layer.attributes["implementation"] = strategy
    summed = layer.attributes["implementation"] in ("latency", "stable")
    found, section = config.found_precision(name, layer.kind, "accum")
    stated = section != "Model" or "accum" in config.model["Precision"] or "accum_t" in given
    if summed and not stated and found != SOFTMAX_TABLE and draft.meets("softmax_accum", name):
        layer.types["accum"] = SOFTMAX_TABLE


def _check_softmax(layer: Layer) -> None:
    if layer.attributes["implementation"] not in IMPLEMENTATIONS:
        raise ConfigError(
            f"LayerName: {layer.name}: Implementation must be one of {', '.join(IMPLEMENTATIONS)},"
            f" not {layer.attributes['implementation']!r}"
        )
    if not isinstance(layer.attributes["skip"], bool):
        raise ConfigError(
            f"LayerName: {layer.name}: Skip must be true or false, not {layer.attributes['skip']!r}"
        )
