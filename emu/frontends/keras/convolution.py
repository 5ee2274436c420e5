"""Convolutions: plain, depthwise, separable, transposed.

hls4ml's converters drop the dilation, and a separable layer becomes a depthwise and a pointwise one
with a share each of its configuration entry.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ...draft import Layer
from ...op import Shape
from ..config import Config
from ..files import ModelFileError
from .activation import own_activation
from .pooling import channels_last, per_axis, same_padding
from .reader import Entry, Handler, Reader

__all__ = ["LAYERS"]

Padding = tuple[tuple[int, int], ...]


def _convolution(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    kernel = reader.weight(entry, "kernel")
    if int(entry.config.get("groups") or 1) != 1:
        raise ModelFileError(
            f"groups of {entry.name} must be 1, not {entry.config['groups']!r}: hls4ml reads"
            " weights that are not there"
        )
    layer = _add(reader, entry, inputs, kernel, kernel.shape[-1])
    return own_activation(reader, entry, layer)


def _depthwise(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    kernel = reader.weight(entry, "kernel" if reader.keras3 else "depthwise_kernel")
    layer = _add(reader, entry, inputs, kernel, kernel.shape[-1] * kernel.shape[-2])
    _note_multiplier(reader, layer)
    return own_activation(reader, entry, layer)


def _separable(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    axes = int(entry.kind[-2])
    first = reader.weight(entry, "depthwise_kernel")
    second = reader.weight(entry, "pointwise_kernel")
    _split_entry(reader.draft.config, entry)
    reader.draft.split.add(entry.kind)
    depthwise = _add(
        reader,
        Entry(
            f"DepthwiseConv{axes}D",
            {**entry.config, "name": f"{entry.name}_depthwise", "use_bias": False},
            entry.inputs,
        ),
        inputs,
        first,
        first.shape[-1] * first.shape[-2],
    )
    _note_multiplier(reader, depthwise)
    depthwise.attributes["keras"] = (entry.name, entry.kind)
    name = f"{entry.name}_pointwise"
    pointwise = reader.add(
        name,
        f"Conv{axes}D",
        [depthwise.name],
        (*depthwise.shape[:-1], second.shape[-1]),
        strides=(1,) * axes,
        padding=((0, 0),) * axes,
        keras=(entry.name, entry.kind),
    )
    pointwise.weights["weight"] = second
    if entry.config.get("use_bias", True):
        pointwise.weights["bias"] = reader.weight(entry, "bias")
    if reader.keras3:
        reader.draft.note(
            f"layer {entry.name}: hls4ml 1.3.0 cannot convert separable layers of Keras 3;"
            " here they are split as those of Keras 2"
        )
    return own_activation(reader, entry, pointwise, name=entry.name)


def _note_multiplier(reader: Reader, layer: Layer) -> None:
    multiplier = layer.weights["weight"].shape[-1]
    if multiplier > 1:
        reader.draft.note(
            f"layer {layer.name}: hls4ml has no kernel for a depth multiplier of {multiplier}; here"
            " channel c gives the results c * multiplier and following, as in Keras"
        )


def _split_entry(config: Config, entry: Entry) -> None:
    """The LayerName entry of a separable layer, together with its LayerType's, for both parts."""
    given: dict[str, Any] = {}
    for entries, key in ((config.layer_type, entry.kind), (config.layer_name, entry.name)):
        given |= copy.deepcopy(entries.get(key, {}))
    config.layer_name.pop(entry.name, None)
    if not given:
        return
    for part, other in (("depthwise", "pointwise"), ("pointwise", "depthwise")):
        own = copy.deepcopy(given)
        types = own.get("Precision") or {}
        for variable, target in (
            (part, "weight"),
            (f"{part}_accum", "accum"),
            (f"{part}_result", "result"),
        ):
            if variable in types:
                types[target] = types.pop(variable)
        for variable in (other, f"{other}_accum", f"{other}_result"):
            types.pop(variable, None)
        config.layer_name[f"{entry.name}_{part}"] = own


def _add(
    reader: Reader, entry: Entry, inputs: list[str], kernel: np.ndarray[Any, Any], filters: int
) -> Layer:
    """The layer without its activation; hls4ml computes it as if there were no dilation.

    ``size`` is what a kernel reaches over, its cells ``dilation`` apart.
    """
    axes = int(entry.kind[-2])
    shape = channels_last(reader, entry, inputs[0], axes)
    size, strides = kernel.shape[:-2], per_axis(entry, "strides", axes, 1)
    if len(size) != axes or kernel.shape[-2] != shape[-1]:
        raise ModelFileError(
            f"kernel of {entry.name} must be of {axes} axes, {shape[-1]} channels and the filters,"
            f" not of shape {kernel.shape!r}"
        )
    dilation = per_axis(entry, "dilation_rate", axes, 1)
    if max(dilation) > 1 and not _keeps_dilation(reader, entry, dilation):
        dilation = (1,) * axes
    size = tuple((cells - 1) * step + 1 for cells, step in zip(size, dilation, strict=True))
    padding = _padding(reader, entry, shape[:-1], size, strides)
    places = tuple(
        (n + sum(around) - cells) // stride + 1
        for n, around, cells, stride in zip(shape[:-1], padding, size, strides, strict=True)
    )
    if min(places) < 1:
        raise ModelFileError(f"kernel of {entry.name} must fit into {shape!r}, not {size!r}")
    layer = reader.add(
        entry.name,
        entry.kind,
        inputs,
        (*places, filters),
        strides=strides,
        padding=padding,
        dilation=dilation,
    )
    layer.weights["weight"] = kernel
    if entry.config.get("use_bias", True):
        layer.weights["bias"] = reader.weight(entry, "bias")
    return layer


def _transposed(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    """hls4ml has none: the bits are those of its accumulation over the kernel, row by row."""
    axes = int(entry.kind[-len("1DTranspose")])
    shape = channels_last(reader, entry, inputs[0], axes)
    kernel = np.swapaxes(reader.weight(entry, "kernel"), -1, -2)  # Keras: (*kernel, F, C)
    size, strides = kernel.shape[:-2], per_axis(entry, "strides", axes, 1)
    if len(size) != axes or kernel.shape[-2] != shape[-1]:
        raise ModelFileError(
            f"kernel of {entry.name} must be of {axes} axes, the filters and {shape[-1]} channels,"
            f" not of shape {reader.weight(entry, 'kernel').shape!r}"
        )
    dilation = per_axis(entry, "dilation_rate", axes, 1)
    given = entry.config.get("output_padding")
    more = given if isinstance(given, (list, tuple)) else (given,) * axes
    kind = str(entry.config.get("padding", "valid")).lower()
    if kind not in ("valid", "same"):
        raise ModelFileError(f"padding of {entry.name} must be valid or same, not {kind!r}")
    reach = [(cells - 1) * step + 1 for cells, step in zip(size, dilation, strict=True)]
    lengths = [
        _transposed_length(n, cells, stride, extra, same=kind == "same")
        for n, cells, stride, extra in zip(shape, reach, strides, more, strict=False)
    ]
    padding = []
    for n, cells, stride, length in zip(shape, reach, strides, lengths, strict=False):
        cut = (n - 1) * stride + cells - length
        before = max(cut, 0) // 2 if kind == "same" else 0
        padding.append((before, cut - before))
    reader.draft.note(
        f"layer {entry.name}: hls4ml has no transposed convolution; here every result sums over the"
        " kernel row by row, over the channels in each of its cells"
    )
    layer = reader.add(
        entry.name,
        entry.kind,
        inputs,
        (*lengths, kernel.shape[-1]),
        strides=strides,
        padding=tuple(padding),
        dilation=dilation,
    )
    layer.weights["weight"] = kernel
    if entry.config.get("use_bias", True):
        layer.weights["bias"] = reader.weight(entry, "bias")
    return own_activation(reader, entry, layer)


def _transposed_length(n: int, reach: int, stride: int, extra: int | None, *, same: bool) -> int:
    """Keras's output length; ``extra`` is its output_padding.

    >>> _transposed_length(4, 3, 2, None, same=True), _transposed_length(4, 3, 2, None, same=False)
    (8, 9)
    """
    if extra is not None:
        return (n - 1) * stride + (reach % 2 if same else reach) + extra
    return n * stride if same else (n - 1) * stride + max(reach, stride)


def _keeps_dilation(reader: Reader, entry: Entry, dilation: Shape) -> bool:
    stops = reader.keras3 and entry.config.get("padding") == "valid"
    if stops and not reader.draft.config.corrected:
        raise ModelFileError(
            f"dilation_rate of {entry.name} must be 1 with valid padding, not {dilation!r}: hls4ml"
            " generates as many windows as without it and cannot place them; pad before it, or set"
            " Numerics: corrected"
        )
    effect = (
        f"dilation_rate {dilation} has no effect, as in hls4ml: its windows"
        " are dense; a kernel with zeros between its cells gives the dilated layer"
    )
    return reader.draft.meets("dilation", entry.name, effect)


def _padding(reader: Reader, entry: Entry, spatial: Shape, size: Shape, strides: Shape) -> Padding:
    kind = str(entry.config.get("padding", "valid")).lower()
    if kind == "valid":
        return ((0, 0),) * len(size)
    if kind == "same" or (kind == "causal" and len(size) == 1):
        every = zip(spatial, size, strides, strict=True)
        found = tuple(same_padding(n, cells, stride) for n, cells, stride in every)
        if kind == "same":
            return found
        if reader.keras3:
            return ((size[0] - 1, 0),)
        before = sum(found[0])
        if before != size[0] - 1:
            effect = (
                f"hls4ml pads {before} cells before a causal convolution of"
                f" stride {strides[0]}, Keras {size[0] - 1}"
            )
            if reader.draft.meets("causal_stride", entry.name, effect):
                before = size[0] - 1
        return ((before, 0),)
    known = "valid, same or causal" if len(size) == 1 else "valid or same"
    raise ModelFileError(f"padding of {entry.name} must be {known}, not {kind!r}")


LAYERS: dict[str, Handler] = {
    f"{before}Conv{axes}D{after}": handler
    for before, after, handler in (
        ("", "", _convolution),
        ("Depthwise", "", _depthwise),
        ("Separable", "", _separable),
        ("", "Transpose", _transposed),
    )
    for axes in (1, 2)
}
