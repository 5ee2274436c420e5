"""Inputs, dense layers, batch normalisation, reshape, dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...draft import Layer
from ...op import Shape
from ...quantizers import QUANTIZERS
from ..files import ModelFileError
from .activation import own_activation
from .reader import Entry, Handler, Reader

__all__ = ["LAYERS"]


def _input(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    shape = entry.config.get("batch_input_shape", entry.config.get("batch_shape"))
    if shape is None or None in shape[1:]:
        raise ModelFileError(f"input {entry.name} must have a fixed shape, not {shape!r}")
    dtype = str(entry.config.get("dtype", "float32"))
    if dtype.startswith(("int", "uint")):
        reader.draft.note(
            f"input {entry.name} is {dtype} in Keras; its type is that of the configuration"
        )
    dimensions = tuple(int(length) for length in shape[1:])
    if not dimensions:
        raise ModelFileError(
            f"input {entry.name} must have a shape besides the batch, not {shape!r}"
        )
    return reader.add(entry.name, "Input", [], dimensions).name


def _dense(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    kernel = reader.weight(entry, "kernel")
    before = reader.draft.layers[inputs[0]]
    *spatial, n_in = before.shape
    axes = len(spatial)
    if axes > 2:
        raise ModelFileError(
            f"input of Dense layer {entry.name} must have at most 3 axes, not shape"
            f" {before.shape!r}: hls4ml has no convolution of {axes} axes; reshape before"
        )
    if kernel.ndim != 2 or kernel.shape[0] != n_in:
        raise ModelFileError(
            f"kernel of {entry.name} must have shape ({n_in}, n_out), not {kernel.shape!r}"
        )
    if axes:
        # hls4ml makes it a pointwise convolution, whose configuration is that of a convolution.
        given = {"strides": (1,) * axes, "padding": ((0, 0),) * axes, "dense": reader.keras3}
        given["keras"] = (entry.name, entry.kind)
        by_type = reader.draft.config.layer_type.get("Dense")
        if by_type and reader.draft.meets("dense_layer_type", entry.name):
            _take_entry(reader.draft.config.layer_name, entry.name, by_type)
        layer = reader.add(entry.name, f"Conv{axes}D", inputs, (*spatial, kernel.shape[1]), **given)
    else:
        layer = reader.add(entry.name, "Dense", inputs, (kernel.shape[1],))
    layer.weights["weight"] = kernel.reshape((1,) * axes + kernel.shape)
    if entry.config.get("use_bias", True):
        layer.weights["bias"] = reader.weight(entry, "bias")
    if entry.kind != "Dense":
        _quantize(reader, entry, layer)
    return own_activation(reader, entry, layer)


def _take_entry(names: dict[str, dict[str, Any]], name: str, given: dict[str, Any]) -> None:
    """What the entry of a class says, where that of the layer ``name`` says nothing."""
    own = names.get(name, {})
    types = own.get("Precision") or {}
    if "default" not in types:
        types = {**(given.get("Precision") or {}), **types}
    names[name] = {**given, **own, "Precision": types}


def _quantize(reader: Reader, entry: Entry, layer: Layer) -> None:
    """Weights and bias of BinaryDense and TernaryDense become those numbers, in int<2>."""
    name = entry.kind.removesuffix("Dense").lower()
    effect = (
        f"hls4ml makes {entry.kind} on a tensor a convolution, which"
        f" multiplies by the weights as trained, not by {name} ones; flatten the tensor before"
    )
    on_tensor = layer.kind != "Dense"
    if on_tensor and not reader.draft.meets("quantizer_on_tensor", entry.name, effect):
        return
    layer.attributes |= {"quantizer": name, "keras": (entry.name, entry.kind)}
    layer.weights |= {key: QUANTIZERS[name](array) for key, array in layer.weights.items()}


def _batch_normalization(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    shape = reader.draft.layers[inputs[0]].shape
    axis = entry.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis not in (-1, len(shape)):
        raise ModelFileError(f"axis of {entry.name} must be the last one, not {axis!r}")
    if len(shape) > 3:
        raise ModelFileError(f"input of {entry.name} must have at most 3 axes, not shape {shape!r}")
    one: Any = 1
    zero: Any = 0
    gamma = reader.weight(entry, "gamma") if entry.config.get("scale", True) else one
    beta = reader.weight(entry, "beta") if entry.config.get("center", True) else zero
    mean = reader.weight(entry, "moving_mean")
    variance = reader.weight(entry, "moving_variance")
    # In the arrays' own float32, as hls4ml folds: scale = gamma / sqrt(var + eps).
    scale = gamma / np.sqrt(variance + entry.config["epsilon"])
    layer = reader.add(entry.name, "BatchNormalization", inputs, shape)
    layer.weights["scale"] = np.asarray(scale)
    layer.weights["bias"] = np.asarray(beta - scale * mean)
    return layer.name


def _reshape(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    before = reader.draft.layers[inputs[0]]
    if entry.kind == "Flatten":
        target: Shape = (before.size,)
    else:
        wanted = [int(length) for length in entry.config["target_shape"]]
        if wanted.count(-1) > 1:
            raise ModelFileError(f"target_shape of {entry.name} must have one -1, not {wanted!r}")
        known = int(np.prod([length for length in wanted if length != -1]))
        target = tuple(before.size // known if length == -1 else length for length in wanted)
        if int(np.prod(target)) != before.size:
            raise ModelFileError(
                f"target_shape of {entry.name} must have {before.size} elements, not {wanted!r}"
            )
    return reader.add(entry.name, "Reshape", inputs, target).name


def _dropout(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    if not reader.keras3:
        reader.draft.removed[entry.name] = "skipped: it does nothing at inference"
        return inputs[0]
    shape = reader.draft.layers[inputs[0]].shape
    return reader.add(entry.name, "Activation", inputs, shape, function="linear").name


LAYERS: dict[str, Handler] = {
    "InputLayer": _input,
    "Dense": _dense,
    "BinaryDense": _dense,
    "TernaryDense": _dense,
    "BatchNormalization": _batch_normalization,
    "Flatten": _reshape,
    "Reshape": _reshape,
    "Dropout": _dropout,
}
