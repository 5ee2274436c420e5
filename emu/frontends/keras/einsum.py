"""EinsumDense of Keras 3."""

from __future__ import annotations

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


LAYERS: dict[str, Handler] = {"EinsumDense": _einsum_dense}
