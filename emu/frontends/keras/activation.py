"""Activations: layers of their own, and the ``activation`` argument of other layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...draft import Layer
from ..config import near
from ..files import ModelFileError
from .reader import Entry, Handler, Reader

__all__ = ["LAYERS", "activation_name", "own_activation"]


def own_activation(reader: Reader, entry: Entry, layer: Layer, *, name: str = "") -> str:
    """The layer that hls4ml appends for the ``activation`` argument of ``layer``.

    name: of the Keras layer, where it is not that of ``layer``.
    """
    function = activation_name(entry.config.get("activation", "linear"), entry)
    if reader.keras3 and function == "linear":
        return layer.name
    own = f"{name or layer.name}_{function}"
    return _activation_layer(reader, own, function, layer.name, {})


def activation_name(activation: Any, entry: Entry) -> str:
    """The name of an ``activation`` argument; None is linear."""
    if activation is None:
        return "linear"
    if isinstance(activation, Mapping) and activation.get("class_name") == "function":
        activation = activation.get("config")
    if not isinstance(activation, str):
        kind = activation.get("class_name") if isinstance(activation, Mapping) else activation
        raise ModelFileError(f"activation of {entry.name} must be a named function, not {kind!r}")
    return activation


_SIMPLE = (
    "linear",
    "relu",
    "relu1",
    "relu6",
    "sigmoid",
    "tanh",
    "softplus",
    "softsign",
    "selu",
    "binary_tanh",
    "ternary_tanh",
)
"""Activations whose hls4ml function has the name that Keras uses."""
_KERAS2_ONLY = ("relu1", "binary_tanh", "ternary_tanh")


def _activation_layer(
    reader: Reader, name: str, activation: str, source: str, config: Mapping[str, Any]
) -> str:
    shape = reader.draft.layers[source].shape
    slope = config.get("negative_slope", config.get("alpha", 0.2))
    # name -> internal class, function, parameters
    if activation == "softmax":
        return _softmax_layer(reader, name, source, axis=config.get("axis", -1), own_axis=False)
    if activation == "elu":
        kind, function, more = (
            "ParametrizedActivation",
            "elu",
            {"activ_param": config.get("alpha", 1.0)},
        )
    elif activation == "leaky_relu":
        kind, function, more = "ParametrizedActivation", "leaky_relu", {"activ_param": slope}
    elif activation == "hard_sigmoid":
        kind, function, more = "HardActivation", "hard_sigmoid", {"slope": 0.2, "shift": 0.5}
        effect = (
            "hard_sigmoid has slope 0.2 and shift 0.5 as in hls4ml; Keras 3 computes x / 6 + 0.5"
        )
        if reader.keras3 and reader.draft.meets("hard_sigmoid_slope", name, effect):
            more["slope"] = 1 / 6
    elif activation in _SIMPLE and not (reader.keras3 and activation in _KERAS2_ONLY):
        kind, function, more = "Activation", activation, {}
    else:
        known = (*_SIMPLE, "softmax", "elu", "leaky_relu", "hard_sigmoid")
        raise ModelFileError(
            f"activation of {name} must be one that hls4ml has,"
            f" not {activation!r}{near(activation, known)};"
            f" known: {', '.join(known)}"
        )
    return reader.add(name, kind, [source], shape, function=function, **more).name


def _softmax_layer(reader: Reader, name: str, source: str, *, axis: Any, own_axis: bool) -> str:
    """Where hls4ml gives the kernel no axis (``own_axis``), it normalises the whole tensor."""
    shape = reader.draft.layers[source].shape
    if not isinstance(axis, int):
        raise ModelFileError(f"axis of softmax {name} must be one integer, not {axis!r}")
    position = axis - 1 if axis >= 0 else len(shape) + axis
    if not 0 <= position < len(shape):
        raise ModelFileError(f"axis of softmax {name} must lie in {shape!r}, not {axis!r}")
    stream = reader.draft.config.io_type == "io_stream"
    if stream and position != len(shape) - 1:
        raise ModelFileError(
            f"axis of softmax {name} must be the last one in io_stream, not {axis!r}"
        )
    outer, inner = 1, 1
    whole = len(shape) > 1 and int(np.prod(shape)) != shape[position]
    effect = f"hls4ml normalises the whole tensor of shape {shape!r}, not axis {axis}"
    if not own_axis and not stream and whole:
        own_axis = reader.draft.meets("softmax_axis", name, effect)
    if own_axis:
        outer = int(np.prod(shape[:position]))
        inner = int(np.prod(shape[position + 1 :]))
    elif stream:
        outer = int(np.prod(shape[:-1]))
    return reader.add(name, "Softmax", [source], shape, n_outer=outer, n_inner=inner).name


def _activation(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    name = activation_name(entry.config.get("activation", "linear"), entry)
    return _activation_layer(reader, entry.name, name, inputs[0], entry.config)


def _relu(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    config, shape = entry.config, reader.draft.layers[inputs[0]].shape
    slope = float(config.get("negative_slope") or 0.0)
    threshold = float(config.get("threshold") or 0.0)
    limit = config.get("max_value")
    limit = None if limit in (None, float("inf")) else float(limit)
    if not reader.keras3:
        arguments = {"max_value": limit, "negative_slope": slope, "threshold": threshold}
        given = {key: value for key, value in arguments.items() if value not in (None, 0.0)}
        named = ", ".join(f"{key} {value}" for key, value in given.items())
        effect = f"{named} of ReLU has no effect, as in hls4ml"
        if given and reader.draft.meets("relu_arguments", entry.name, effect):
            return _corrected_relu(reader, entry, inputs, slope, threshold, limit)
        return reader.add(entry.name, "Activation", inputs, shape, function="relu").name
    if reader.draft.config.corrected:
        return _corrected_relu(reader, entry, inputs, slope, threshold, limit)
    if config.get("max_value") not in (None, float("inf")):
        raise ModelFileError(
            f"max_value of ReLU {entry.name} must be None, not {config['max_value']!r}; Numerics:"
            " corrected takes others"
        )
    if slope and threshold:
        raise ModelFileError(
            f"ReLU {entry.name} must have negative_slope or threshold,"
            f" not both: {slope} and {threshold}"
        )
    function, parameter = ("leaky_relu", slope) if slope else ("thresholded_relu", threshold)
    if not (slope or threshold):
        reader.draft.meets("relu_kind", entry.name)
    return reader.add(
        entry.name,
        "ParametrizedActivation",
        inputs,
        shape,
        function=function,
        activ_param=parameter,
    ).name


def _corrected_relu(
    reader: Reader,
    entry: Entry,
    inputs: list[str],
    slope: float,
    threshold: float,
    limit: float | None,
) -> str:
    """``x > threshold ? min(x, limit) : slope * (x - threshold)``, as Keras computes it."""
    shape, name = reader.draft.layers[inputs[0]].shape, entry.name
    kind, function, more = "Activation", "relu", {}
    if limit is not None and not (slope or threshold) and limit in (1.0, 6.0):
        function = f"relu{limit:g}"
    elif limit is not None or (slope and threshold):
        kind, function = "ParametrizedActivation", "bounded_relu"
        more = {"activ_param": slope, "threshold": threshold, "limit": limit}
    elif slope or threshold:
        kind = "ParametrizedActivation"
        function = "leaky_relu" if slope else "thresholded_relu"
        more = {"activ_param": slope or threshold}
    if reader.keras3 and (limit is not None or function == "relu"):
        reader.draft.meets("relu_arguments" if limit is not None else "relu_kind", name)
    return reader.add(name, kind, inputs, shape, function=function, **more).name


def _parametrized(function: str, *keys: str, default: float) -> Handler:
    def handler(reader: Reader, entry: Entry, inputs: list[str]) -> str:
        value = next((entry.config[key] for key in keys if key in entry.config), default)
        if isinstance(value, Mapping):  # Keras writes numpy scalars as {"class_name": "__numpy__"}
            value = value.get("config", {}).get("value", value.get("value"))
        shape = reader.draft.layers[inputs[0]].shape
        return reader.add(
            entry.name,
            "ParametrizedActivation",
            inputs,
            shape,
            function=function,
            activ_param=float(value),
        ).name

    return handler


def _prelu(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    if entry.config.get("shared_axes") is not None:
        raise ModelFileError(
            f"shared_axes of PReLU {entry.name} must be None, not {entry.config['shared_axes']!r}"
        )
    layer = reader.add(
        entry.name, "PReLU", inputs, reader.draft.layers[inputs[0]].shape, function="prelu"
    )
    layer.weights["param"] = reader.weight(entry, "alpha")
    return layer.name


def _softmax(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    axis = entry.config.get("axis", -1)
    return _softmax_layer(reader, entry.name, inputs[0], axis=axis, own_axis=reader.keras3)


LAYERS: dict[str, Handler] = {
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _parametrized("leaky_relu", "negative_slope", "alpha", default=0.3),
    "ThresholdedReLU": _parametrized("thresholded_relu", "theta", default=1.0),
    "ELU": _parametrized("elu", "alpha", default=1.0),
    "PReLU": _prelu,
    "Softmax": _softmax,
}
