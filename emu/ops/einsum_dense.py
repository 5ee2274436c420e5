"""EinsumDense: products of a tensor and weights, summed over their common axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fxp import Format, cast, growth

from ..einsum import Positions, Recipe, einsum_recipe
from ..linear import Linear
from ..op import Constant, Field, Op, Raw, Real, Shape, Value
from .einsum import positions

__all__ = ["EinsumDense"]


@dataclass(frozen=True, eq=False, kw_only=True)
class EinsumDense(Op):
    """``y[...] = cast(b[...] + sum accum(x[...] * w[...]))``, each product and sum cast to accum.

    equation: such as ``ab,bc->ac``, without the batch. weight: of the second term's axes; bias: of
    the result's shape. The sum starts at ``accum(b)`` and visits the contracted axes in the
    weight's order, row-major. Source: nnet_einsum_dense.h, which runs nnet_dense_latency.h.
    """

    header: ClassVar[str] = "einsum_dense"
    equation: str
    weight: Constant
    bias: Constant
    accum: Format

    def _recipe(self, x: Shape) -> Recipe:
        return einsum_recipe(self.equation, x, self.weight.shape)

    def shape(self, *shapes: Shape) -> Shape:
        return self._recipe(shapes[0]).shape

    def check(self, *inputs: Value) -> None:
        recipe = self._recipe(inputs[0].shape)
        if self.bias.shape != recipe.shape:
            raise ValueError(f"bias must have shape {recipe.shape}, not {self.bias.shape!r}")
        growth.multiply(inputs[0].format, self.weight.format)  # raises where no format is so wide

    def linear(self, *inputs: Value) -> Linear:
        recipe = self._recipe(inputs[0].shape)
        contract = recipe.a.shape[-1]
        all_sums = (*recipe.out.shape, contract)
        # Sums in the order of the result's elements
        order = np.argsort(recipe.out.reshape(-1))
        row = np.broadcast_to(recipe.a[:, :, None], all_sums).reshape(-1, contract)[order]
        column = np.broadcast_to(recipe.b[:, None], all_sums).reshape(-1, contract)[order]
        return Linear(
            pointer=np.arange(recipe.out.size + 1, dtype=np.int64) * contract,
            row=row.reshape(-1),
            weight=self.weight.raw.reshape(-1)[column.reshape(-1)],
            start=cast(self.bias.raw.reshape(-1), self.bias.format, self.accum),
            product=growth.multiply(inputs[0].format, self.weight.format),
            accum=self.accum,
            result=self.result,
        )

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        found = self.linear(*values).evaluate(inputs[0])
        return found.reshape(len(found), *self.shape(values[0].shape))

    def reference(self, *inputs: Real) -> Real:
        recipe, x = self._recipe(inputs[0].shape[1:]), inputs[0].reshape(len(inputs[0]), -1)
        found = np.empty((len(x), recipe.out.size))
        sums = x[:, recipe.a] @ self.weight.value.reshape(-1)[recipe.b].swapaxes(-1, -2)
        found[:, recipe.out.reshape(-1)] = sums.reshape(len(x), -1)
        return found.reshape(len(x), *recipe.shape) + self.bias.value

    def multiplications(self, *shapes: Shape) -> int:
        return self._recipe(shapes[0]).products

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        recipe = self._recipe(inputs[0].shape)
        in_place, free, contract = recipe.a.shape

        def ordered(item: Constant, places: Positions) -> Constant:
            flat = places.reshape(-1)
            return Constant(item.raw.reshape(-1)[flat], item.format, item.value.reshape(-1)[flat])

        return {
            "n_in": inputs[0].size,
            "n_out": recipe.out.size,
            "n_in_place": in_place,
            "n_free_x": free,
            "n_free_w": recipe.b.shape[1],
            "n_contract": contract,
            "accum": self.accum,
            "weight": ordered(self.weight, recipe.b),
            "bias": ordered(self.bias, recipe.out),
            "x_at": positions(recipe.a),
            "y_at": positions(recipe.out),
        }
