"""Einsum: products of two tensors, summed over their common axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fxp import Format, cast, growth

from ..einsum import Positions, einsum_recipe
from ..exact import roomy
from ..op import Constant, Field, Op, Raw, Real, Shape, Value, storage

__all__ = ["Einsum", "positions"]

_PLACE = Format(31, 31, False, family="ap_int")


def positions(places: Positions) -> Constant:
    """Flat positions in a tensor, as a constant of the firmware."""
    flat = places.reshape(-1)
    return Constant(flat, _PLACE, flat.astype(np.float64))


@dataclass(frozen=True, eq=False, kw_only=True)
class Einsum(Op):
    """``y[...] = cast(acc), acc = accum(acc + a[...] * b[...])`` from 0 over the contracted axes.

    equation: such as ``ab,cb->ac``, without the batch. Contracted axes run in b's order, row-major.
    The exact product is added; only the sum is cast, unlike Dense.
    ternary: b is ``int<2>`` and its -2 multiplies as 1, hls4ml's ternary product.
    Source: nnet_einsum.h.
    """

    header: ClassVar[str] = "einsum"
    arity: ClassVar[int] = 2
    equation: str
    accum: Format
    ternary: bool = False

    def shape(self, *shapes: Shape) -> Shape:
        return einsum_recipe(self.equation, *shapes).shape

    def check(self, *inputs: Value) -> None:
        a, b = inputs
        einsum_recipe(self.equation, a.shape, b.shape)
        growth.add(growth.multiply(a.format, b.format), self.accum.exact)  # raises where too wide

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        recipe = einsum_recipe(self.equation, *(value.shape for value in values))
        product = growth.multiply(values[0].format, values[1].format)
        wide = growth.add(self.accum.exact, product)
        a, b = (x.reshape(len(x), -1) for x in inputs)
        if self.ternary:
            b = np.where(b == -2, 1, b)
        total = np.zeros((len(a), *recipe.out.shape), dtype=storage(self.accum))
        for c in range(recipe.a.shape[-1]):
            left = roomy(a, wide.width)[:, recipe.a[..., c]][..., :, None]
            right = b[:, recipe.b[..., c]][..., None, :]
            summed = (roomy(total, wide.width) << (wide.frac - self.accum.frac)) + (
                (left * right) << (wide.frac - product.frac)
            )
            total = cast(summed, wide, self.accum)
        found = np.empty((len(a), recipe.out.size), dtype=storage(self.result))
        found[:, recipe.out.reshape(-1)] = cast(total, self.accum, self.result).reshape(len(a), -1)
        return found.reshape(len(a), *recipe.shape)

    def reference(self, *inputs: Real) -> Real:
        recipe = einsum_recipe(self.equation, *(x.shape[1:] for x in inputs))
        a, b = (x.reshape(len(x), -1) for x in inputs)
        found = np.empty((len(a), recipe.out.size))
        sums = a[:, recipe.a] @ b[:, recipe.b].swapaxes(-1, -2)
        found[:, recipe.out.reshape(-1)] = sums.reshape(len(a), -1)
        return found.reshape(len(a), *recipe.shape)

    def multiplications(self, *shapes: Shape) -> int:
        return einsum_recipe(self.equation, *shapes).products

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        recipe = einsum_recipe(self.equation, *(value.shape for value in inputs))
        in_place, free_a, contract = recipe.a.shape
        return {
            "n_a": inputs[0].size,
            "n_b": inputs[1].size,
            "n_out": recipe.out.size,
            "n_in_place": in_place,
            "n_free_a": free_a,
            "n_free_b": recipe.b.shape[1],
            "n_contract": contract,
            "accum": self.accum,
            "ternary": int(self.ternary),
            "a_at": positions(recipe.a),
            "b_at": positions(recipe.b),
            "y_at": positions(recipe.out),
        }
