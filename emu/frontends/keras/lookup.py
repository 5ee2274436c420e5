"""Embeddings and layer normalisation."""

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
    if power <= 0:
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


LAYERS: dict[str, Handler] = {
    "Embedding": _embedding,
    "LayerNormalization": _layer_normalization,
}
