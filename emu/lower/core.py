"""Inputs, dense layers, batch normalisation, reshape."""

from __future__ import annotations

from ..draft import Draft, Layer
from ..op import Op
from ..ops import BatchNormalization, Dense, Input, Reshape
from .common import factors, refuse_xnor, type_of, weights

__all__ = ["LOWERINGS"]


def _input(draft: Draft, layer: Layer) -> Op:
    return Input(result=type_of(layer, "result"), dimensions=layer.shape)


def _dense(draft: Draft, layer: Layer) -> Op:
    refuse_xnor(draft, layer)
    return Dense(
        result=type_of(layer, "result"),
        weight=factors(draft, layer, "weight"),
        bias=weights(layer, "bias"),
        accum=type_of(layer, "accum"),
        interleave=layer.attributes["interleave"],
    )


def _batch_normalization(draft: Draft, layer: Layer) -> Op:
    return BatchNormalization(
        result=type_of(layer, "result"),
        scale=factors(draft, layer, "scale"),
        bias=weights(layer, "bias"),
    )


def _reshape(draft: Draft, layer: Layer) -> Op:
    return Reshape(result=type_of(layer, "result"), target=layer.shape)


LOWERINGS = {
    "Input": _input,
    "Dense": _dense,
    "BatchNormalization": _batch_normalization,
    "Reshape": _reshape,
}
