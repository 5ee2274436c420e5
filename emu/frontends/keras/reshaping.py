"""Layers that move, repeat or drop elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..files import ModelFileError
from .pooling import channels_last, per_axis
from .reader import Entry, Handler, Reader

__all__ = ["LAYERS"]


def _borders(entry: Entry, key: str, axes: int) -> tuple[tuple[int, int], ...]:
    """``n``, ``(before, after)`` of one axis, or one of both for each of two axes."""
    given = entry.config[key]
    each: Any = given if isinstance(given, Sequence) and axes > 1 else [given] * axes
    pairs = tuple((item, item) if isinstance(item, int) else tuple(item) for item in each)
    if len(pairs) != axes or not all(
        len(pair) == 2 and all(isinstance(n, int) and n >= 0 for n in pair) for pair in pairs
    ):
        raise ModelFileError(
            f"{key} of {entry.name} must be numbers from 0 for {axes} axes, not {given!r}"
        )
    return pairs


def _zero_padding(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    axes = int(entry.kind[-2])
    shape = channels_last(reader, entry, inputs[0], axes)
    pairs = _borders(entry, "padding", axes)
    padded = (before + n + after for n, (before, after) in zip(shape, pairs, strict=False))
    return reader.add(
        entry.name, entry.kind, inputs, (*padded, shape[-1]), borders=(*pairs, (0, 0))
    ).name


def _cropping(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    axes = int(entry.kind[-2])
    shape = channels_last(reader, entry, inputs[0], axes)
    pairs = _borders(entry, "cropping", axes)
    left = tuple(n - before - after for n, (before, after) in zip(shape, pairs, strict=False))
    if min(left) < 1:
        raise ModelFileError(
            f"cropping of {entry.name} must leave something of {shape!r}, not {pairs!r}"
        )
    return reader.add(
        entry.name, entry.kind, inputs, (*left, shape[-1]), borders=(*pairs, (0, 0))
    ).name


def _upsampling(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    axes = int(entry.kind[-2])
    shape = channels_last(reader, entry, inputs[0], axes)
    algorithm = entry.config.get("interpolation", "nearest")
    if algorithm not in ("nearest", "bilinear"):
        raise ModelFileError(
            f"interpolation of {entry.name} must be nearest or bilinear, not {algorithm!r}"
        )
    factors = per_axis(entry, "size", axes)
    for n, factor in zip(shape, factors, strict=False):
        if algorithm == "bilinear":
            continue
        # hls4ml's positions: a 16-bit ratio, rounded up, too coarse for very large factors.
        ratio = (n << 16) // (n * factor) + 1
        if any(j * ratio >> 16 != j // factor for j in range(n * factor)):
            raise ModelFileError(
                f"size of {entry.name} must give at most 65536 / size elements an axis, not"
                f" {factor} times {n}: hls4ml reads other elements there"
            )
    out = (*(n * f for n, f in zip(shape, factors, strict=False)), shape[-1])
    return reader.add(
        entry.name, "Resize", inputs, out, factors=(*factors, 1), algorithm=algorithm
    ).name


def _repeat(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    """``(n,) -> (count, n)``, which hls4ml does not have: one row, repeated."""
    shape = reader.shape(inputs[0])
    if len(shape) != 1:
        raise ModelFileError(
            f"input of RepeatVector {entry.name} must be a vector, not of shape {shape!r}"
        )
    (count,) = per_axis(entry, "n", 1)
    row = reader.add(f"{entry.name}_row", "Reshape", inputs, (1, *shape), keeps_type=True).name
    reader.draft.note(
        f"layer {entry.name}: hls4ml has no RepeatVector; here it keeps its input's type"
    )
    out = (count, *shape)
    return reader.add(
        entry.name, "Resize", [row], out, factors=(count, 1), algorithm="nearest"
    ).name


def _permute(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    shape = reader.shape(inputs[0])
    dims = list(entry.config["dims"])
    if sorted(dims) != list(range(1, len(shape) + 1)):
        raise ModelFileError(
            f"dims of Permute {entry.name} must be an order of 1 to {len(shape)}, not {dims!r}"
        )
    perm = tuple(dim - 1 for dim in dims)
    out = tuple(shape[axis] for axis in perm)
    return reader.add(entry.name, "Transpose", inputs, out, perm=perm).name


LAYERS: dict[str, Handler] = {
    "ZeroPadding1D": _zero_padding,
    "ZeroPadding2D": _zero_padding,
    "Cropping1D": _cropping,
    "Cropping2D": _cropping,
    "UpSampling1D": _upsampling,
    "UpSampling2D": _upsampling,
    "RepeatVector": _repeat,
    "Permute": _permute,
}
