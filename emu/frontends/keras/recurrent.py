"""Recurrent layers; Keras's gates stand in the order i f c o, and z r h."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...ops.recurrent import SPANS
from ..files import ModelFileError
from .activation import activation_name
from .reader import Entry, Handler, Reader

__all__ = ["LAYERS"]

_CELLS = {"LSTM": ("lstm", 4), "GRU": ("gru", 3), "SimpleRNN": ("simple_rnn", 1)}
"""Keras class -> cell, number of gates."""


def _recurrent(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    config, before = entry.config, reader.shape(inputs[0])
    if len(before) != 2:
        raise ModelFileError(
            f"input of {entry.name} must have shape (steps, features), not {before!r}"
        )
    _refuse(entry, config)
    keeps_states = _note_idle(reader, entry, config, inputs)
    attributes, weights = _cell(reader, entry, entry.kind, config, before[1], "")
    if config.get("go_backwards"):
        attributes["go_backwards"] = reader.draft.meets(
            "go_backwards",
            entry.name,
            "go_backwards has no effect, as in hls4ml: the first step comes first; reverse the"
            " input instead",
        )
    sequences = bool(config.get("return_sequences", False))
    shape = (before[0], config["units"]) if sequences else (config["units"],)
    layer = reader.add(
        entry.name,
        entry.kind,
        inputs if keeps_states else inputs[:1],
        shape,
        return_sequences=sequences,
        **attributes,
    )
    layer.weights |= weights
    return layer.name


def _bidirectional(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    forward, backward = entry.config["layer"], entry.config.get("backward_layer")
    places = {"forward": "forward", "backward": "backward"}
    if backward and forward["config"].get("go_backwards"):
        forward, backward = backward, forward
        places = {"forward": "backward", "backward": "forward"}
        effect = (
            "its layers change places, as in hls4ml: the one that goes forward comes first in the"
            " output"
        )
        reader.draft.meets("bidirectional_places", entry.name, effect)
    cells = {"forward": forward, "backward": backward or forward}
    before, sequences = reader.shape(inputs[0]), bool(forward["config"].get("return_sequences"))
    if len(before) != 2:
        raise ModelFileError(
            f"input of {entry.name} must have shape (steps, features), not {before!r}"
        )
    mode = entry.config.get("merge_mode", "concat")
    if mode != "concat":
        raise ModelFileError(
            f"merge_mode of {entry.name} must be 'concat', not {mode!r}: hls4ml writes both states"
            " beyond the end of its output then"
        )
    if _note_idle(reader, entry, forward["config"], inputs):
        raise ModelFileError(
            f"inputs of Bidirectional {entry.name} must be 1, not {len(inputs)}: its initial states"
            " are not supported with Numerics: corrected; hls4ml drops them"
        )
    attributes: dict[str, Any] = {}
    weights: dict[str, Any] = {}
    for direction, item in cells.items():
        kind, config = item["class_name"], item["config"]
        if kind not in _CELLS:
            raise ModelFileError(
                f"layer inside {entry.name} must be one of {', '.join(_CELLS)}, not {kind!r}"
            )
        _refuse(entry, config)
        if reader.keras3 and kind == "GRU" and config.get("use_bias", True):
            reader.draft.note(
                f"layer {entry.name}: hls4ml's Keras 3 converter stops at a GRU with a bias inside"
                " Bidirectional; here it is as in Keras 2 models"
            )
        # Keras 2 names the group of the arrays after the wrapped layer.
        place = places[direction]
        prefix = f"{place}/" if reader.keras3 else f"{place}_{config['name']}/"
        attributes[direction], arrays = _cell(reader, entry, kind, config, before[1], prefix)
        weights |= {f"{direction}_{name}": array for name, array in arrays.items()}
    units = sum(int(item["config"]["units"]) for item in cells.values())
    layer = reader.add(
        entry.name,
        "Bidirectional",
        inputs[:1],
        (before[0], units) if sequences else (units,),
        return_sequences=sequences,
        **attributes,
    )
    layer.weights |= weights
    return layer.name


def _refuse(entry: Entry, config: Mapping[str, Any]) -> None:
    for key in ("return_state", "time_major"):
        if config.get(key):
            raise ModelFileError(
                f"{key} of {entry.name} must be false, not {config[key]!r}: hls4ml refuses it too"
            )


def _note_idle(reader: Reader, entry: Entry, config: Mapping[str, Any], inputs: list[str]) -> bool:
    """What of the layer's call and state hls4ml drops; whether it starts at the states given."""
    if config.get("stateful"):
        effect = "stateful has no effect, as in hls4ml: every sample starts at zero"
        reader.draft.meets("stateful", entry.name, effect)
    if len(inputs) == 1:
        return False
    effect = (
        f"its initial state {', '.join(inputs[1:])} has no effect: hls4ml starts at zero; its"
        " PyTorch converter alone passes states"
    )
    return reader.draft.meets("initial_state", entry.name, effect)


def _cell(
    reader: Reader, entry: Entry, kind: str, config: Mapping[str, Any], n_in: int, prefix: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Attributes and weights of one cell; ``prefix`` finds its arrays in a Bidirectional layer."""
    cell, gates = _CELLS[kind]
    name, units = entry.name, int(config["units"])
    attributes = {"cell": cell, "activation": _activation(entry, config, "activation", "tanh")}
    attributes["recurrent_activation"] = (
        "sigmoid"
        if kind == "SimpleRNN"
        else _activation(entry, config, "recurrent_activation", "sigmoid")
    )
    kernel = reader.weight(entry, prefix + "kernel")
    recurrent = reader.weight(entry, prefix + "recurrent_kernel")
    for what, array, rows in (("kernel", kernel, n_in), ("recurrent_kernel", recurrent, units)):
        if array.shape != (rows, gates * units):
            raise ModelFileError(
                f"{what} of {name} must have shape {(rows, gates * units)!r}, not {array.shape!r}"
            )
    zeros = np.zeros(gates * units, dtype=np.float32)
    bias, recurrent_bias = zeros, zeros
    if config.get("use_bias", True):
        bias = reader.weight(entry, prefix + "bias")
    elif not reader.keras3:
        reader.draft.note(
            f"layer {name}: use_bias is false, at which hls4ml's Keras 2 converter stops; here the"
            " bias is zero, as by its Keras 3 converter"
        )
    if kind == "GRU":
        after = bool(config.get("reset_after", True))
        if after and bias is not zeros:
            bias, recurrent_bias = bias[0], bias[1]
        elif not after:
            attributes["cell"] = _reset_before(reader, name, bias is not zeros)
    if bias.shape != (gates * units,):
        raise ModelFileError(
            f"bias of {name} must have {gates * units} values a product, not shape {bias.shape!r}"
        )
    weights = {"weight": kernel, "recurrent_weight": recurrent, "bias": bias}
    return attributes, weights | {"recurrent_bias": recurrent_bias}


def _reset_before(reader: Reader, name: str, has_bias: bool) -> str:
    if has_bias or not reader.keras3:
        reader.draft.note(
            f"layer {name}: reset_after is false, for which hls4ml has no kernel and no defined"
            " bits; here the reset gate acts before the product, as in Keras"
        )
        return "gru_reset_before"
    effect = (
        "reset_after false has no effect, as in hls4ml: the reset gate acts after the product;"
        " train with reset_after=True"
    )
    before = reader.draft.meets("reset_after", name, effect)
    return "gru_reset_before" if before else "gru"


def _activation(entry: Entry, config: Mapping[str, Any], key: str, default: str) -> str:
    name = activation_name(config.get(key, default), entry)
    if name not in SPANS:
        raise ModelFileError(
            f"{key} of {entry.name} must be one of {', '.join(SPANS)}, not {name!r}:"
            " hls4ml's recurrent kernels have no other"
        )
    return name


LAYERS: dict[str, Handler] = {
    **dict.fromkeys(_CELLS, _recurrent),
    "Bidirectional": _bidirectional,
}
