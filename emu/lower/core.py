"""Inputs, dense layers, batch normalisation, reshape."""

from __future__ import annotations

from ..draft import Draft, Layer
from ..graph import Node
from ..op import Op
from ..ops import Activation, BatchNormalization, Dense, Input, Reshape
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


def _reshape(draft: Draft, layer: Layer) -> list[Node]:
    source, own = draft.source(layer), type_of(layer, "result")
    inputs = tuple(layer.inputs)
    nodes = []
    if layer.attributes.get("repacked"):
        wide, narrow = sorted((source.shape[-1], layer.shape[-1]), reverse=True)
        if wide % narrow:
            draft.note(
                f"layer {layer.name}: hls4ml's io_stream cannot reshape {source.shape} to"
                f" {layer.shape}: it loses elements where neither of {narrow} and {wide} divides"
                " the other; here they keep their order"
            )
        if own != type_of(source, "result"):
            effect = (
                f"its own type {own} is cast to in io_stream, as in hls4ml;"
                " in io_parallel a reshape keeps the type of its input"
            )
            draft.meets("reshape_type", layer.name, effect)
            cast = Activation(result=own, name="linear")
            nodes.append(Node(f"repack_{layer.name}", cast, inputs))
            inputs = (nodes[0].name,)
    return [*nodes, Node(layer.name, Reshape(result=own, target=layer.shape), inputs)]


LOWERINGS = {
    "Input": _input,
    "Dense": _dense,
    "BatchNormalization": _batch_normalization,
    "Reshape": _reshape,
}
