"""TimeDistributed: a layer or a model that every time step goes through, between two markers."""

from __future__ import annotations

from typing import Any

from ..config import near
from ..files import ModelFileError
from .activation import activation_name
from .architecture import entries_of
from .reader import Entry, Handler, Reader

__all__ = ["LAYERS"]

_MODELS = ("Sequential", "Model", "Functional")
_NO_ARGUMENT = ("Activation", "LSTM", "GRU", "SimpleRNN", "Bidirectional", "TimeDistributed")
"""Classes whose ``activation`` is not a layer appended to them."""


def _time_distributed(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    before = reader.shape(inputs[0])
    if len(before) < 2:
        raise ModelFileError(
            f"input of {entry.name} must have a time axis and at least another, not {before!r}"
        )
    if reader.keras3:
        reader.draft.note(
            f"layer {entry.name}: hls4ml stops at TimeDistributed layers with weights in Keras 3"
            " models; here they are as in Keras 2 models"
        )
    begin = reader.add(entry.name, "TimeDistributed", inputs[:1], before[1:], ends=False)
    known = set(reader.draft.layers)
    wrapped = entry.config["layer"]
    if wrapped["class_name"] in _MODELS:
        last = _model(reader, entry, wrapped)
        reader.draft.note(
            f"layer {entry.name}: hls4ml converts few wrapped models, those whose input and result"
            " are images of one size; here each layer of any model acts on every time step"
        )
    else:
        last = _layer(reader, entry, wrapped)
    for name in set(reader.draft.layers) - known:
        reader.draft.layers[name].attributes["time_steps"] = before[0]
    shape = (before[0], *reader.shape(last))
    end = f"{entry.name}_end"
    for name, steps in ((begin.name, before), (end, shape)):
        if name == end:
            reader.add(end, "TimeDistributed", [last], shape, ends=True)
        reader.draft.layers[name].attributes["whole"] = steps
    return end


def _layer(reader: Reader, entry: Entry, wrapped: dict[str, Any]) -> str:
    config = dict(wrapped["config"])
    inner = Entry(wrapped["class_name"], config, [(entry.name, 0)])
    name = activation_name(config.get("activation"), inner)
    appends = inner.kind not in _NO_ARGUMENT
    if appends and name != "linear":
        effect = (
            f"activation {name} of {inner.name} has no effect, as in hls4ml, which drops it; give"
            " it a TimeDistributed layer of its own"
        )
        if not reader.draft.meets("time_distributed_activation", entry.name, effect):
            config["activation"] = "linear"
    inside = Reader(reader.file.inside(entry.name), reader.draft)
    found = _handle(inside, entry, inner, [entry.name])
    if appends and found == f"{inner.name}_linear":
        del reader.draft.layers[found]
        found = inner.name
    return found


def _model(reader: Reader, entry: Entry, wrapped: dict[str, Any]) -> str:
    file = reader.file.inside(entry.name, wrapped)
    inside = Reader(file, reader.draft)
    entries, outputs = entries_of(file)
    if len([item for item in entries if item.kind == "InputLayer"]) != 1 or len(outputs) > 1:
        raise ModelFileError(f"model inside {entry.name} must have one input and one output")
    last = ""
    for item in entries:
        if item.kind == "InputLayer":
            last = entry.name
        else:
            last = _handle(inside, entry, item, inside.read(item))
        inside.tensors[item.name, 0] = last
    return inside.found(outputs[0], "output_layers") if outputs else last


def _handle(reader: Reader, outer: Entry, entry: Entry, inputs: list[str]) -> str:
    from . import KERAS_LAYERS

    if entry.kind not in KERAS_LAYERS or entry.kind == "TimeDistributed":
        raise ModelFileError(
            f"layer {entry.name} inside {outer.name} must be of a supported class,"
            f" not {entry.kind!r}{near(entry.kind, KERAS_LAYERS)}"
        )
    return KERAS_LAYERS[entry.kind](reader, entry, inputs)


LAYERS: dict[str, Handler] = {"TimeDistributed": _time_distributed}
