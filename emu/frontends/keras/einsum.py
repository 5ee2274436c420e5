"""EinsumDense and multi-head attention of Keras 3."""

from __future__ import annotations

import math

import numpy as np

from ...einsum import einsum_recipe
from ..files import ModelFileError
from .reader import Entry, Handler, Reader

__all__ = ["LAYERS"]


def _einsum_dense(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    equation = _without_batch(entry)
    kernel, before = reader.weight(entry, "kernel"), reader.shape(inputs[0])
    try:
        recipe = einsum_recipe(equation, before, kernel.shape)
    except ValueError as error:
        raise ModelFileError(f"EinsumDense {entry.name}: {error}") from None
    layer = reader.add(entry.name, "EinsumDense", inputs, recipe.shape, equation=equation)
    layer.weights["weight"] = kernel
    bias = reader.weight(entry, "bias") if entry.config.get("bias_axes") else np.zeros(1)
    layer.weights["bias"] = np.broadcast_to(bias, recipe.shape)
    return layer.name


def _without_batch(entry: Entry) -> str:
    """The equation without the letter of the batch; ``...`` holds the batch, too."""
    equation = str(entry.config["equation"]).replace(" ", "")
    terms = equation.replace("->", ",").split(",")
    if len(terms) == 3:
        x, weight, result = terms
        if x.startswith("...") and result.startswith("..."):
            return equation
        if x[:1] == result[:1] != "" and x[0] not in weight:
            return f"{x[1:]},{weight}->{result[1:]}"
    raise ModelFileError(
        f"equation of EinsumDense {entry.name} must be of the form 'abc,cd->abd', the batch first"
        f" in the tensor and in the result, not {equation!r}"
    )


def _attention(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    """``softmax(Q K^T / sqrt(d)) V`` of every head, as hls4ml expands HGQ2's layer of that kind.

    Q, K and V are EinsumDense, the two products Einsum; the root is in the softmax's table.
    """
    _require_plain_call(reader, entry, inputs)
    query, value, *rest = inputs
    name, config = entry.name, entry.config
    parts = (("query", query), ("key", rest[0] if rest else value), ("value", value))
    q, k, v = (
        _projection(reader, entry, part, source, f"{name}_{part}", "ab,bcd->acd")
        for part, source in parts
    )
    heads, steps, keys = (config["num_heads"], reader.shape(q)[0], reader.shape(k)[0])
    scores = reader.add(
        f"{name}_QK", "Einsum", [k, q], (heads, steps, keys), equation="ecd,bcd->cbe"
    ).name
    scale = 1.0 / math.sqrt(float(config["key_dim"]))
    share = reader.add(
        f"{name}_softmax",
        "Softmax",
        [scores],
        (heads, steps, keys),
        n_outer=heads * steps,
        n_inner=1,
        exp_scale=scale,
    ).name
    shape = (steps, heads, reader.shape(v)[2])
    mixed = reader.add(f"{name}_aV", "Einsum", [share, v], shape, equation="cbe,ecd->bcd").name
    return _projection(reader, entry, "output", mixed, name, "abc,bcd->ad")


def _projection(
    reader: Reader, entry: Entry, part: str, source: str, name: str, equation: str
) -> str:
    kernel = reader.weight(entry, f"{part}/kernel")
    try:
        shape = einsum_recipe(equation, reader.shape(source), kernel.shape).shape
    except ValueError as error:
        raise ModelFileError(f"{part} of MultiHeadAttention {entry.name}: {error}") from None
    layer = reader.add(name, "EinsumDense", [source], shape, equation=equation)
    layer.weights["weight"] = kernel
    use_bias = entry.config.get("use_bias", True)
    bias = reader.weight(entry, f"{part}/bias") if use_bias else np.zeros(1)
    layer.weights["bias"] = np.broadcast_to(bias, shape)
    return name


_QUIET = ("query", "value", "key", "training")
"""Keyword arguments of a call that change nothing beside naming its tensors."""


def _require_plain_call(reader: Reader, entry: Entry, inputs: list[str]) -> None:
    given = {key: value for key, value in entry.call.items() if key not in _QUIET and value}
    if given:
        raise ModelFileError(
            f"call of MultiHeadAttention {entry.name} must have query, value and key alone,"
            f" not {', '.join(sorted(given))}: masks and scores are not supported, as in hls4ml"
        )
    for key in ("sliding_window", "use_gate"):
        if entry.config.get(key):
            raise ModelFileError(
                f"{key} of MultiHeadAttention {entry.name} must not be set, not"
                f" {entry.config[key]!r}: it is not supported"
            )
    if not 2 <= len(inputs) <= 3 or set(entry.call) & {"query", "value"}:
        raise ModelFileError(
            f"call of MultiHeadAttention {entry.name} must be (query, value) or (query, value,"
            f" key), in this order, not of {len(inputs)} tensors and {sorted(entry.call)!r}"
        )
    shapes = [reader.shape(name) for name in inputs]
    if any(len(shape) != 2 for shape in shapes):
        raise ModelFileError(
            f"inputs of MultiHeadAttention {entry.name} must have 2 axes, steps and features,"
            f" not shapes {', '.join(map(str, shapes))}"
        )


LAYERS: dict[str, Handler] = {"EinsumDense": _einsum_dense, "MultiHeadAttention": _attention}
