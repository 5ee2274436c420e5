"""Keras models into a draft, by the rules of hls4ml's Keras 2 and Keras 3 converters.

JSON and H5 files follow the Keras 2 converter: every activation of a layer, linear too, becomes a
layer ``<layer>_<activation>``. ``.keras`` archives follow the Keras 3 converter: no layer for
linear, ``ReLU`` becomes a thresholded relu, dropout becomes a linear activation.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...draft import Draft
from ...extension import Extension, by_class
from ..config import Config, near
from ..files import KerasFile, ModelFileError
from . import (
    activation,
    convolution,
    core,
    einsum,
    garnet,
    lookup,
    merge,
    pooling,
    recurrent,
    reshaping,
    slicing,
    time_distributed,
)
from .architecture import entries_of
from .reader import Entry, Handler, Reader

__all__ = ["KERAS_LAYERS", "read_keras"]

_FAMILIES = (
    *(core, convolution, activation, lookup, merge, pooling, reshaping, slicing),
    *(recurrent, time_distributed, einsum, garnet),
)
KERAS_LAYERS: dict[str, Handler] = {k: v for family in _FAMILIES for k, v in family.LAYERS.items()}
"""Keras class -> handler; each module of this package has those of one family of layers."""


def read_keras(file: KerasFile, config: Config, extensions: Iterable[Extension] = ()) -> Draft:
    """``draft = layers of the file``, untyped; raises ModelFileError for what is not supported."""
    reader = Reader(file, Draft(config), extensions=by_class(extensions, KERAS_LAYERS))
    handlers = KERAS_LAYERS | {kind: own.read for kind, own in reader.extensions.items()}
    entries, outputs = entries_of(file)
    for entry in entries:
        own = entry.kind.rpartition(">")[2]
        handler = handlers.get(own if own in reader.extensions else entry.kind)
        if handler is None:
            raise ModelFileError(
                f"layer {entry.name} must be of a supported class, not {entry.kind!r}"
                f"{near(entry.kind, handlers)}; supported: {', '.join(handlers)}"
            )
        _check_call(reader, entry)
        reader.tensors[entry.name, 0] = handler(reader, entry, reader.read(entry))
    last = next(reversed(reader.draft.layers))
    found = [reader.found(source, "output_layers") for source in outputs]
    reader.draft.outputs = found or [last]
    slicing.drop_unread(reader.draft)
    return reader.draft


def _check_call(reader: Reader, entry: Entry) -> None:
    """What a call may say besides its tensors, in any layer."""
    by_place = entry.arguments[1:] if entry.kind == "Softmax" else ()
    if entry.call.get("mask") is not None or any(item is not None for item in by_place):
        raise ModelFileError(
            f"call of {entry.kind} {entry.name} must have no mask: masks are not supported"
        )
    if entry.call.get("training"):
        reader.draft.note(
            f"layer {entry.name}: training=True of its call has no effect, as in hls4ml: it runs as"
            " at inference"
        )
