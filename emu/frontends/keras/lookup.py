"""Embeddings, layer normalisation, and the quantisers and tables of HGQ's proxy models."""

from __future__ import annotations

import math

import numpy as np

from ..files import ModelFileError
from .reader import Entry, Handler, Reader

__all__ = ["LAYERS"]


def _embedding(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    shape = reader.shape(inputs[0])
    if len(shape) != 1:
        raise ModelFileError(
            f"input of Embedding {entry.name} must be a vector of numbers, not of shape {shape!r}:"
            " hls4ml looks up only the first axis"
        )
    if entry.config.get("mask_zero"):
        effect = (
            "mask_zero has no effect, as in hls4ml: steps of the number 0 take part in all that"
            " follows"
        )
        reader.draft.meets("mask_zero", entry.name, effect)
    table = reader.weight(entry, "embeddings")
    layer = reader.add(entry.name, "Embedding", inputs, (*shape, table.shape[1]))
    layer.weights["embeddings"] = table
    return layer.name


def _layer_normalization(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    shape = reader.shape(inputs[0])
    if len(shape) != 2:
        raise ModelFileError(
            f"input of LayerNormalization {entry.name} must have 2 axes, as in hls4ml, not shape"
            f" {shape!r}; reshape before and after"
        )
    given = entry.config.get("axis", -1)
    axis = given[0] if isinstance(given, list) and len(given) == 1 else given
    if axis not in (-1, 2):
        raise ModelFileError(f"axis of {entry.name} must be the last one, not {given!r}")
    epsilon = float(entry.config.get("epsilon", 1e-3))
    power = -round(math.log10(epsilon)) if epsilon > 0 else 0
    if power <= 0 and not (reader.draft.config.corrected and epsilon > 0):
        raise ModelFileError(
            f"epsilon of {entry.name} must be positive and at most 0.3, not {epsilon!r}: hls4ml"
            " takes the nearest power of ten below 1"
        )
    layer = reader.add(
        entry.name,
        "LayerNormalization",
        inputs,
        shape,
        epsilon=epsilon,
        epsilon_power_of_10=power,
    )
    n = shape[-1]
    scale, center = entry.config.get("scale", True), entry.config.get("center", True)
    if not (scale and center):
        reader.draft.note(
            f"layer {entry.name}: without scale or center, which hls4ml does not convert: they are"
            " 1 and 0"
        )
    layer.weights["scale"] = reader.weight(entry, "gamma") if scale else np.ones(n, np.float32)
    layer.weights["bias"] = reader.weight(entry, "beta") if center else np.zeros(n, np.float32)
    return layer.name


def _quantizer(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    _require_own_types(reader, entry)
    if entry.config.get("overrides", {}).get("layers"):
        raise ModelFileError(
            f"overrides of {entry.name} must name no layers, not"
            f" {sorted(entry.config['overrides']['layers'])!r}: put what they set into the"
            " configuration"
        )
    shape = reader.shape(inputs[0])
    masks = [reader.weight(entry, key) for key in ("keep_negative", "bits", "integers")]
    if entry.config.get("fusible"):
        masks = [mask.reshape(-1)[:1] for mask in masks]
    keep, bits, integers = (np.broadcast_to(mask, (1, *shape)).reshape(-1) for mask in masks)
    if np.any(bits < 0):
        raise ModelFileError(f"bits of {entry.name} must be from 0, not {bits.min()}")
    modes = {"rounding": entry.config["RND"], "overflow": entry.config["SAT"]}
    return reader.add(
        entry.name,
        "FixedPointQuantizer",
        inputs,
        shape,
        keras=(entry.name, entry.kind),
        masks=[tuple(map(int, mask)) for mask in zip(keep, bits, integers, strict=True)],
        **modes,
    ).name


def _unary_lut(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    _require_own_types(reader, entry)
    layer = reader.add(entry.name, "UnaryLUT", inputs, reader.shape(inputs[0]))
    layer.attributes["keras"] = (entry.name, entry.kind)
    layer.weights["table"] = reader.weight(entry, "table").reshape(-1)
    return layer.name


def _require_own_types(reader: Reader, entry: Entry) -> None:
    bit_exact = reader.draft.config.model.get("BitExact")
    if bit_exact is not False:
        raise ModelFileError(
            f"Model: BitExact must be false for {entry.kind} {entry.name}, not {bit_exact!r}:"
            " otherwise hls4ml derives every type from the quantisers, which is not supported yet"
        )


LAYERS: dict[str, Handler] = {
    **{
        f"{prefix}{kind}": handler
        for prefix in ("", "HGQ>")
        for kind, handler in (("FixedPointQuantizer", _quantizer), ("UnaryLUT", _unary_lut))
    },
    "Embedding": _embedding,
    "LayerNormalization": _layer_normalization,
}
