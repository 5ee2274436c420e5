"""TimeDistributed: its markers are views; the layers between them act on every time step."""

from __future__ import annotations

from dataclasses import replace

from ..draft import Draft, Layer
from ..op import Op
from ..ops import Reshape, TimeDistributed
from .common import type_of

__all__ = ["LOWERINGS", "each_step"]


def each_step(layer: Layer, op: Op) -> Op:
    """``op`` for every time step, where the layer stands inside a TimeDistributed one."""
    steps = layer.attributes.get("time_steps")
    if steps is None:
        return op
    if isinstance(op, Reshape):
        return replace(op, target=(steps, *op.target))
    return TimeDistributed(result=op.result, op=op)


def _marker(draft: Draft, layer: Layer) -> Op:
    result = type_of(draft.source(layer), "result")
    given = draft.config.precision(layer.name, layer.kind, "result") or draft.config.default
    if given != result:
        draft.note(
            f"layer {layer.name.removesuffix('_end')}: hls4ml compiles TimeDistributed only where"
            f" its input, its own type and that of what it wraps are one; here {given} has no"
            f" effect, {result} goes through"
        )
    if draft.config.io_type == "io_stream" and not layer.attributes["ends"]:
        draft.note(
            f"layer {layer.name}: hls4ml does not compile TimeDistributed in io_stream; these are"
            " the bits of io_parallel"
        )
    return Reshape(result=result, target=layer.attributes["whole"])


LOWERINGS = {"TimeDistributed": _marker}
