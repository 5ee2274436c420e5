"""Merges: hls4ml's broadcasting, and what of it is undefined."""

from __future__ import annotations

import numpy as np

from fxp import Format

from ..draft import Draft, Layer
from ..op import Op
from ..ops import Concatenate, Dot, Merge
from .common import require_parallel, type_of

__all__ = ["LOWERINGS"]


def _merge(draft: Draft, layer: Layer) -> Op:
    return Merge(
        result=type_of(layer, "result"),
        name=layer.attributes["op"],
        cyclic=not _broadcasts(draft, layer),
        count=layer.attributes.get("count", 2),
    )


def _broadcasts(draft: Draft, layer: Layer) -> bool:
    """Whether shapes broadcast as numpy's do; hls4ml repeats the smaller tensor instead."""
    a, b = (draft.layers[name] for name in layer.inputs)
    corrected, stream = draft.config.corrected, draft.config.io_type == "io_stream"
    if a.shape == b.shape or (a.size == b.size and not corrected):
        return False
    if stream and not corrected:
        raise ValueError(
            f"inputs must have one shape in io_stream, not {a.shape} and {b.shape}: hls4ml cannot"
            " broadcast streams there; repeat the smaller before, use io_parallel or Numerics:"
            " corrected"
        )
    small, large = sorted((a, b), key=lambda source: source.size)
    # hls4ml compares the two sizes as text and computes as many results as the greater text says.
    computed = int(max(str(a.size), str(b.size)))
    if not _is_cyclic(small, large, layer):
        effect = (
            f"hls4ml repeats {small.name} {small.shape} element by element over"
            f" {large.name} {large.shape}, which is not how shapes broadcast; repeat it before"
        )
        draft.meets("merge_broadcast", layer.name, effect)
    elif computed < large.size or stream:
        draft.meets("merge_broadcast", layer.name)
    if computed < large.size and not corrected:
        draft.note(
            f"layer {layer.name}: hls4ml computes only the first {computed} of {large.size} results"
            " and leaves the others undefined; here they are computed too"
        )
    return corrected


def _is_cyclic(small: Layer, large: Layer, layer: Layer) -> bool:
    """Whether element ``i % size`` of the smaller tensor is the one that broadcasting reads."""
    if layer.shape != large.shape:
        return False
    indices = np.arange(small.size).reshape(small.shape)
    cyclic = np.arange(large.size).reshape(large.shape) % small.size
    return bool(np.array_equal(np.broadcast_to(indices, large.shape), cyclic))


def _dot(draft: Draft, layer: Layer) -> Op:
    require_parallel(draft, layer)
    second = type_of(draft.layers[layer.inputs[1]], "result")
    ternary = second == Format.parse("int<2>")
    if ternary:
        effect = (
            f"-2 of the int<2> {layer.inputs[1]} multiplies as 1, as in hls4ml"
            " (its ternary product); fixed<2,2> multiplies by -2"
        )
        ternary = not draft.meets("ternary_minus_two", layer.name, effect)
    return Dot(result=type_of(layer, "result"), accum=type_of(layer, "accum"), ternary=ternary)


def _concatenate(draft: Draft, layer: Layer) -> Op:
    return Concatenate(result=type_of(layer, "result"), axis=layer.attributes["axis"])


LOWERINGS = {"Merge": _merge, "Dot": _dot, "Concatenate": _concatenate}
