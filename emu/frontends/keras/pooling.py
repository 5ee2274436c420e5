"""Maximum and average pooling, over windows and over everything."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from ...op import Shape
from ..files import ModelFileError
from .reader import Entry, Handler, Reader

__all__ = ["LAYERS", "channels_last", "per_axis", "same_padding"]


def channels_last(reader: Reader, entry: Entry, source: str, axes: int) -> Shape:
    """Shape of the input, which must be ``axes`` spatial axes and then channels."""
    shape = reader.shape(source)
    if entry.config.get("data_format") not in (None, "channels_last"):
        raise ModelFileError(
            f"data_format of {entry.name} must be channels_last,"
            f" not {entry.config['data_format']!r}"
        )
    if len(shape) != axes + 1:
        raise ModelFileError(
            f"input of {entry.kind} {entry.name} must have {axes + 1} axes, not shape {shape!r}"
        )
    return shape


def per_axis(entry: Entry, key: str, axes: int, default: Any = None) -> tuple[int, ...]:
    """A setting with one positive integer per axis, or one for all."""
    given = entry.config.get(key)
    given = default if given is None else given
    values = tuple(given) if isinstance(given, Sequence) else (given,) * axes
    if len(values) != axes or not all(isinstance(v, int) and v > 0 for v in values):
        raise ModelFileError(
            f"{key} of {entry.name} must be {axes} positive integers, not {given!r}"
        )
    return values


def same_padding(length: int, window: int, stride: int) -> tuple[int, int]:
    """Cells before and after, so that there are ``ceil(length / stride)`` windows.

    >>> same_padding(5, 2, 2), same_padding(4, 3, 1)
    ((0, 1), (1, 1))
    """
    total = max((ceil(length / stride) - 1) * stride + window - length, 0)
    return total // 2, total - total // 2


def _pooling(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    axes = int(entry.kind[-2])
    shape = channels_last(reader, entry, inputs[0], axes)
    window = per_axis(entry, "pool_size", axes, 2)
    strides = per_axis(entry, "strides", axes, window)
    kind = str(entry.config.get("padding", "valid")).lower()
    if kind not in ("valid", "same"):
        raise ModelFileError(f"padding of {entry.name} must be valid or same, not {kind!r}")
    padding = [(0, 0)] * axes
    if kind == "same":
        padding = [same_padding(*each) for each in zip(shape[:-1], window, strides, strict=True)]
    places = tuple(
        (n + before + after - size) // stride + 1
        for n, size, stride, (before, after) in zip(
            shape[:-1], window, strides, padding, strict=True
        )
    )
    if min(places) < 1:
        raise ModelFileError(f"pool_size of {entry.name} must fit into {shape!r}, not {window!r}")
    return reader.add(
        entry.name,
        f"Pooling{axes}D",
        inputs,
        (*places, shape[-1]),
        pool_op="max" if entry.kind.startswith("Max") else "average",
        window=window,
        strides=strides,
        padding=tuple(padding),
    ).name


def _global_pooling(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    axes = int(entry.kind[-2])
    shape = channels_last(reader, entry, inputs[0], axes)
    effect = f"keepdims has no effect, as in hls4ml: the result has the shape ({shape[-1]},)"
    keeps = bool(entry.config.get("keepdims"))
    keeps = keeps and reader.draft.meets("keepdims", entry.name, effect)
    return reader.add(
        entry.name,
        f"GlobalPooling{axes}D",
        inputs,
        (1,) * axes * keeps + shape[-1:],
        pool_op="max" if "Max" in entry.kind else "average",
        window=shape[:-1],
        strides=shape[:-1],
        padding=((0, 0),) * axes,
        keepdims=keeps,
    ).name


LAYERS: dict[str, Handler] = {
    f"{scope}{op}Pooling{axes}D": handler
    for scope, handler in (("", _pooling), ("Global", _global_pooling))
    for op in ("Max", "Average")
    for axes in (1, 2)
}
