"""Up-sampling of pictures by bilinear interpolation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from fxp import Format, cast

from ..exact import roomy
from ..linear import Linear
from ..op import Constant, Field, Op, Raw, Real, Shape, Value, storage

__all__ = ["Bilinear", "shares"]


class _Axis(NamedTuple):
    """Of each output row or column: both neighbours, and the coefficient of the second."""

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    phase: npt.NDArray[np.int64]


def _axis(n: int, factor: int) -> _Axis:
    at = np.arange(n * factor)
    phase = at % factor
    first = at // factor - (2 * phase + 1 < factor)  # floor((at + 1/2) / factor - 1/2)
    return _Axis(np.maximum(first, 0), np.minimum(first + 1, n - 1), phase)


def shares(factor: int) -> list[Fraction]:
    """``((2 i + 1 - factor) mod 2 factor) / (2 factor)`` for i = 0 ... factor - 1, exactly.

    >>> print(*shares(2), *shares(3))
    3/4 1/4 2/3 0 1/3
    """
    return [Fraction((2 * i + 1 - factor) % (2 * factor), 2 * factor) for i in range(factor)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Bilinear(Op):
    """``y[i, j, c] = cast((1 - s) (1 - t) x[r, q, c] + (1 - s) t x[r, q', c] + s (1 - t) ...)``.

    Row i stands at ``(i + 1/2) / f - 1/2`` among the rows of x, between r and r' = r + 1 (beyond
    the picture, its outermost row), s = rows[i mod f] of the way to r'; columns q, q' and t alike.
    The sum of the four pixels is exact and cast once.

    rows, columns: f coefficients from 0 to 1, one a phase: ``shares(f)``, where their type holds
    those. Input (height, width, channels). Source: Keras' UpSampling2D(interpolation="bilinear"),
    half-pixel centres; hls4ml has no kernel.
    """

    header: ClassVar[str] = "bilinear"
    rows: Constant
    columns: Constant

    @property
    def factors(self) -> Shape:
        """Output rows and columns for each of the input."""
        return (self.rows.raw.size, self.columns.raw.size)

    def shape(self, *shapes: Shape) -> Shape:
        height, width, channels = shapes[0]
        return (height * self.factors[0], width * self.factors[1], channels)

    def check(self, *inputs: Value) -> None:
        if len(inputs[0].shape) != 3:
            raise ValueError(
                f"input must have the axes height, width, channels, not shape {inputs[0].shape}"
            )
        for name, item in self.constants().items():
            one = 1 << max(item.format.frac, 0)
            raws = _of_one(item).raw
            if len(item.shape) != 1 or not item.raw.size or raws.min() < 0 or raws.max() > one:
                raise ValueError(
                    f"{name} must be coefficients from 0 to 1, not raw {item.raw.tolist()} of"
                    f" {item.format}"
                )
        self._exact(inputs[0].format)  # raises where it is wider than any format

    def _coefficients(self) -> tuple[Constant, Constant]:
        return _of_one(self.rows), _of_one(self.columns)

    def _exact(self, x: Format) -> Format:
        """The coefficients of a pixel add up to 1, so that no partial sum leaves the range of x."""
        more = sum(item.format.frac for item in self._coefficients())
        return Format(x.width + more, x.integer, x.signed)

    def _blended(self, x: Any, coefficients: tuple[Any, Any], ones: tuple[Any, Any]) -> Any:
        """Along both axes ``(one - t) x[first] + t x[second]``; x of shape (N, h, w, c)."""
        for axis, (t, one) in enumerate(zip(coefficients, ones, strict=True), start=1):
            first, second, phase = _axis(x.shape[axis], len(t))
            share = t[phase].reshape(-1, *[1] * (3 - axis))
            x = (one - share) * x.take(first, axis) + share * x.take(second, axis)
        return x

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        full = self._exact(values[0].format)
        rows, columns = self._coefficients()
        total = self._blended(
            roomy(inputs[0], full.width),
            (roomy(rows.raw, full.width), roomy(columns.raw, full.width)),
            (1 << rows.format.frac, 1 << columns.format.frac),
        )
        return cast(total, full, self.result)  # type: ignore[no-any-return]

    def linear(self, *inputs: Value) -> Linear:
        *spatial, channels = inputs[0].shape
        full = self._exact(inputs[0].format)
        places, weights = np.zeros((1, 1), np.int64), np.ones((1, 1), object)
        for n, item in zip(spatial, self._coefficients(), strict=True):
            axis = _axis(n, item.raw.size)
            share = item.raw.astype(object)[axis.phase]
            ends = np.stack([axis.first, axis.second], axis=1)
            shares = np.stack([(1 << item.format.frac) - share, share], axis=1)
            outer, inner = places[:, None, :, None], ends[None, :, None]
            places = (outer * n + inner).reshape(len(places) * len(ends), -1)
            weights = (weights[:, None, :, None] * shares[None, :, None]).reshape(places.shape)
        row = places[:, None] * channels + np.arange(channels)[:, None]
        number = storage(full)
        return Linear(
            pointer=np.arange(row.size // 4 + 1, dtype=np.int64) * 4,
            row=row.reshape(-1),
            weight=np.repeat(weights, channels, axis=0).reshape(-1).astype(number),
            start=np.zeros(row.size // 4, number),
            product=full,
            accum=full,
            result=self.result,
        )

    def reference(self, *inputs: Real) -> Real:
        found: Real = self._blended(inputs[0], (self.rows.value, self.columns.value), (1, 1))
        return found

    def multiplications(self, *shapes: Shape) -> int:
        height, width, channels = self.shape(*shapes)
        return 3 * height * width * channels

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        height, width, channels = inputs[0].shape
        rows, columns = self._coefficients()
        return {
            "in_height": height,
            "in_width": width,
            "n_channel": channels,
            "rows": rows,
            "columns": columns,
        }


def _of_one(item: Constant) -> Constant:
    """The same coefficients in a type that holds 1, and no more."""
    frac = max(item.format.frac, 0)
    raw = roomy(item.raw, frac + 1) << (frac - item.format.frac)
    return Constant(raw, Format(frac + 1, 1, signed=False), item.value)
