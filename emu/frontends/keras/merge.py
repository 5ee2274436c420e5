"""Layers with several inputs: elementwise merges, dot products, concatenations.

hls4ml merges two tensors; a Keras layer with more becomes a chain whose inner links are exact, so
that its sum, product or extremum is cast once. hls4ml itself refuses such a layer.
"""

from __future__ import annotations

import numpy as np

from ...draft import Layer
from ...op import Shape
from ..files import ModelFileError
from .reader import Entry, Handler, Reader

__all__ = ["LAYERS"]


def _merge(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    op = entry.kind.lower()
    _require_inputs(entry, inputs, most=2 if op == "subtract" else None)

    def link(name: str, pair: list[str], last: bool) -> Layer:
        inner = "add" if op == "average" and not last else op
        shape = _merged_shape(reader, entry, pair)
        more = {"count": len(inputs)} if inner == "average" else {}
        return reader.add(name, "Merge", pair, shape, op=inner, exact=not last, **more)

    return _chain(reader, entry, inputs, link)


def _merged_shape(reader: Reader, entry: Entry, pair: list[str]) -> Shape:
    """hls4ml's: that of the larger tensor, the first of equals; corrected, numpy's."""
    shapes = [reader.shape(name) for name in pair]
    sizes = [int(np.prod(shape)) for shape in shapes]
    try:
        target = np.broadcast_shapes(*shapes)
    except ValueError:
        target = ()
    if target and reader.draft.config.corrected:
        return target
    if int(np.prod(target)) != max(sizes) or not target:
        raise ModelFileError(
            f"one input of {entry.kind} {entry.name} must have the shape of the result,"
            f" not {shapes[0]} and {shapes[1]}: hls4ml computes only {max(sizes)} values; repeat"
            " one of them before, or set Numerics: corrected"
        )
    return shapes[1] if sizes[1] > sizes[0] else shapes[0]


def _concatenate(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    _require_inputs(entry, inputs, most=None)
    rank = len(reader.shape(inputs[0]))
    given = entry.config.get("axis", -1)
    axis = given - 1 if given > 0 else rank + given
    if given == 0 or not 0 <= axis < rank:
        raise ModelFileError(
            f"axis of Concatenate {entry.name} must be 1 to {rank} or -{rank} to -1, not {given!r}"
        )

    def link(name: str, pair: list[str], last: bool) -> Layer:
        a, b = (reader.shape(name) for name in pair)
        if a[:axis] + a[axis + 1 :] != b[:axis] + b[axis + 1 :]:
            raise ModelFileError(
                f"inputs of Concatenate {entry.name} must agree but for axis {given}, not {a}, {b}"
            )
        shape = (*a[:axis], a[axis] + b[axis], *a[axis + 1 :])
        return reader.add(name, "Concatenate", pair, shape, axis=axis, exact=not last)

    return _chain(reader, entry, inputs, link)


def _dot(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    _require_inputs(entry, inputs, most=2)
    a, b = (reader.shape(name) for name in inputs)
    if len(a) != 1 or a != b:
        raise ModelFileError(
            f"inputs of Dot {entry.name} must be two vectors of one length, as in hls4ml,"
            f" not {a} and {b}"
        )
    if entry.config.get("normalize"):
        raise ModelFileError(f"normalize of Dot {entry.name} must be False: hls4ml ignores it")
    return reader.add(entry.name, "Dot", inputs, (1,)).name


def _require_inputs(entry: Entry, inputs: list[str], most: int | None) -> None:
    if len(inputs) < 2 or (most is not None and len(inputs) > most):
        count = "2" if most == 2 else "2 or more"
        raise ModelFileError(
            f"{entry.kind} {entry.name} must have {count} inputs, not {len(inputs)}"
        )


def _chain(reader: Reader, entry: Entry, inputs: list[str], link) -> str:  # type: ignore[no-untyped-def]
    """``link(link(x0, x1), x2) ...``; the last link has the layer's own name and result type."""
    if len(inputs) > 2:
        reader.draft.note(
            f"layer {entry.name}: {entry.kind} of {len(inputs)} tensors is exact until its one"
            " cast; hls4ml merges two tensors only"
        )
    before = inputs[0]
    for k, name in enumerate(inputs[1:], 1):
        last = k == len(inputs) - 1
        own = entry.name if last else f"{entry.name}_{k}"
        before = link(own, [before, name], last).name
    return before


LAYERS: dict[str, Handler] = {
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), _merge),
    "Concatenate": _concatenate,
    "Dot": _dot,
}
