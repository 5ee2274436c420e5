"""How a layer works through its streams: what it reads, computes and writes at a time.

A kernel works on arrays. In io_stream it runs on one beat after the other where the layer allows
it, on one window after the other behind a line buffer, or once on the whole tensor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from emu.op import Constant, Op, Value
from emu.ops import (
    Activation,
    BatchNormalization,
    Bilinear,
    Concatenate,
    Convolution,
    Cropping,
    LayerNormalization,
    Merge,
    Pooling,
    Recurrent,
    Resize,
    Sign,
    Slice,
    Softmax,
    SpikingNeuron,
    SpikingReadout,
    Thresholds,
    TimeDistributed,
    UnaryLUT,
    ZeroPadding,
)

__all__ = ["Turns", "turns"]


@dataclass(frozen=True)
class Turns:
    """``count`` runs of ``op`` on tensors like ``inputs``, each of which gives some of the result.

    width: elements of a beat of the result. walk: what the turns follow, ``beats``; time ``steps``
    with the state of a cell, or of a spiking layer (``spikes``); or the pixels of a picture by
    ``window``, ``frame``, ``repeat`` or ``blend``.
    grid: fields of all but the first.
    """

    op: Op
    inputs: tuple[Value, ...]
    count: int
    width: int
    walk: str = "beats"
    grid: Mapping[str, int] = field(default_factory=dict)


def turns(op: Op, inputs: Sequence[Value], widths: Sequence[int], output: Value) -> Turns:
    """How ``op`` works on streams of ``inputs`` in beats of ``widths``."""
    beats = {value.size // width for value, width in zip(inputs, widths, strict=True)}
    one = _of_beat(op, inputs, widths) if len(beats) == 1 else None
    count = beats.pop()
    if isinstance(op, TimeDistributed) and (found := _each_step(op, inputs[0], widths[0], output)):
        return found
    if isinstance(op, Recurrent) and not op.go_backwards and widths[0] == inputs[0].shape[-1]:
        return _steps(op, inputs, output)
    if isinstance(op, (SpikingNeuron, SpikingReadout)) and widths[0] == inputs[0].shape[-1]:
        grid = {"each": int(isinstance(op, SpikingNeuron))}
        steps = inputs[0].shape[0]
        return Turns(op, tuple(inputs), steps, output.shape[-1], "spikes", grid)
    if one is None and widths[0] == inputs[0].shape[-1] and len(inputs[0].shape) in (2, 3):
        for walk in (_window, _frame, _repeat, _blend):
            if (found := walk(op, inputs[0], output)) is not None:
                return found
    if one is None or count == 1:
        return Turns(op, tuple(inputs), 1, output.shape[-1])
    given = tuple(
        Value(value.name, (width,), value.format)
        for value, width in zip(inputs, widths, strict=True)
    )
    return Turns(_slice(one, inputs[0].size, widths[0]), given, count, output.size // count)


_OF_AN_ELEMENT = {
    Activation: ("parameters",),
    BatchNormalization: ("scale", "bias"),
    Thresholds: ("high", "low"),
}
"""Fields that may have one value for all elements, for each channel, or for each element."""


def _of_beat(op: Op, inputs: Sequence[Value], widths: Sequence[int]) -> Op | None:
    """The operator as it acts on one beat of each input; None where it needs the whole tensor."""
    width, size, channels = widths[0], inputs[0].size, inputs[0].shape[-1]
    if type(op) in _OF_AN_ELEMENT:
        known = {1, width, size} if isinstance(op, Activation) else {width, size}
        return op if {item.raw.size for item in op.constants().values()} <= known else None
    if isinstance(op, (Sign, UnaryLUT)):
        return op
    if isinstance(op, LayerNormalization):
        return op if width == channels else None
    if isinstance(op, Softmax):
        return replace(op, n_outer=1) if (op.n_slice, op.n_inner) == (width, 1) else None
    if isinstance(op, Merge):
        return op if inputs[0].shape == inputs[1].shape else None
    if isinstance(op, Concatenate):
        pixels = [value.shape[-1] for value in inputs] == list(widths)
        return replace(op, axis=0) if pixels and op.axis == len(inputs[0].shape) - 1 else None
    return None


def _each_step(op: TimeDistributed, x: Value, width: int, output: Value) -> Turns | None:
    """The wrapped operator on one time step after the other, where a step is whole beats."""
    step = op.one(x)
    if step.size % width:
        return None
    return Turns(op.op, (step,), x.shape[0], output.shape[-1])


def _steps(op: Recurrent, inputs: Sequence[Value], output: Value) -> Turns:
    """One time step after the other; the state lies in the layer."""
    x = inputs[0]
    grid = {"n_steps": x.shape[0], "n_units": op.units, "sequences": int(op.return_sequences)}
    step = Value(x.name, (1, *x.shape[1:]), x.format)
    one = replace(op, return_sequences=True, initial_state=False)
    # The state that is given is read before the first step.
    return Turns(one, (step, *inputs[1:]), x.shape[0], output.shape[-1], "steps", grid)


def _window(op: Op, picture: Value, output: Value) -> Turns | None:
    """One window of a picture at a time behind a line buffer (``hls_lib/window.hpp``).

    Zeros stand around the picture, so that a padded maximum, and a padded average of the cells
    inside, are left to the whole tensor.
    """
    if isinstance(op, Convolution) and not op.transposed:
        window, dilation, padding = op.kernel, op.dilation, op.padding
        one: Op = replace(op, padding=_zeros(padding), dilation=_ones(dilation))
    elif isinstance(op, Pooling) and not op.flat:
        window, dilation, padding = op.window, _ones(op.window), op.padding
        if any(map(any, padding)) and not (op.name == "average" and op.count_pad):
            return None
        one = replace(op, padding=_zeros(padding))
    else:
        return None
    grid = _grid(
        picture,
        {"in": picture.shape[:-1], "out": output.shape[:-1], "window": window}
        | {"stride": op.strides, "dilation": dilation},
        {"pad": [before for before, _ in padding]},
    )
    seen = Value(picture.name, (*window, picture.shape[-1]), picture.format)
    count = output.size // output.shape[-1]
    return Turns(one, (seen,), count, output.shape[-1], "window", grid)


def _frame(op: Op, picture: Value, output: Value) -> Turns | None:
    """Pixels that are put in or left out, one at a time (``hls_lib/frame.hpp``)."""
    spatial = len(picture.shape) - 1
    before, first, step = (0,) * spatial, (0,) * spatial, (1,) * spatial
    kept, walked = output.shape[:-1], picture.shape[:-1]
    if isinstance(op, ZeroPadding) and op.padding[-1] == (0, 0):
        before, walked = tuple(pair[0] for pair in op.padding[:-1]), kept
        one: Op = replace(op, padding=((0, 0),))
    elif isinstance(op, Cropping) and op.cropping[-1] == (0, 0):
        first = tuple(pair[0] for pair in op.cropping[:-1])
        one = replace(op, cropping=((0, 0),))
    elif isinstance(op, Slice) and _by_lines(op):
        first, kept, step = (tuple(part) for part in zip(*op.slices[:-1], strict=True))
        one = replace(op, slices=op.slices[-1:], target=op.counts[-1:])
    else:
        return None
    grid = _grid(
        picture,
        {"in": picture.shape[:-1], "out": kept, "walked": walked, "step": step},
        {"pad": before, "crop": first},
    )
    return _by_pixel(one, picture, output, "frame", grid)


def _by_lines(op: Slice) -> bool:
    """Whether the lines come in order, and what is taken of a pixel is a beat."""
    return op.target[-1] == op.counts[-1] and all(step > 0 for _, _, step in op.slices[:-1])


def _repeat(op: Op, picture: Value, output: Value) -> Turns | None:
    """Pixels that are repeated along rows and columns, from a line of them."""
    if not isinstance(op, Resize):
        return None
    grid = _grid(picture, {"in": picture.shape[:-1], "factor": op.factors[:-1]}, {})
    one = replace(op, factors=op.factors[-1:])
    return _by_pixel(one, picture, output, "repeat", grid)


def _blend(op: Op, picture: Value, output: Value) -> Turns | None:
    """Pixels between two lines of the picture."""
    if not isinstance(op, Bilinear):
        return None
    grid = _grid(picture, {"in": picture.shape[:-1], "factor": op.factors}, {})
    return replace(_by_pixel(op, picture, output, "blend", grid), inputs=(picture,))


def _by_pixel(op: Op, picture: Value, output: Value, walk: str, grid: Mapping[str, int]) -> Turns:
    pixel = Value(picture.name, picture.shape[-1:], picture.format)
    return Turns(op, (pixel,), output.size // output.shape[-1], output.shape[-1], walk, grid)


def _grid(
    picture: Value, lengths: Mapping[str, Sequence[int]], starts: Mapping[str, Sequence[int]]
) -> dict[str, int]:
    """Fields ``<name>_height`` and ``_width``, ``<name>_top`` and ``_left``, and ``n_channel``.

    One spatial axis is a picture of one line.
    """
    fields: dict[str, int] = {}
    for given, names, missing in ((lengths, ("height", "width"), 1), (starts, ("top", "left"), 0)):
        for name, values in given.items():
            both = (missing, *values)[-2:]
            fields |= {f"{name}_{part}": n for part, n in zip(names, both, strict=True)}
    return fields | {"n_channel": picture.shape[-1]}


def _zeros(pairs: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return ((0, 0),) * len(pairs)


def _ones(axes: Sequence[int]) -> tuple[int, ...]:
    return (1,) * len(axes)


def _slice(op: Op, size: int, width: int) -> Op:
    """``op`` with the first ``width`` of every constant that has one value an element."""

    def part(item: Any) -> Any:
        if isinstance(item, tuple):
            return tuple(map(part, item))
        if item is None or item.raw.size != size:
            return item
        raw, value = item.raw.reshape(-1)[:width], item.value.reshape(-1)[:width]
        return Constant(raw, item.format, value)

    return replace(op, **{key: part(getattr(op, key)) for key in _OF_AN_ELEMENT.get(type(op), ())})
