"""Convolution over one or two spatial axes: plain, grouped, depthwise, dilated, transposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from fxp import Format, cast, growth

from ..linear import Linear
from ..op import Constant, Field, Op, Raw, Real, Shape, Value
from .dense import Dense

__all__ = ["Convolution"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Convolution(Op):
    """``y[p, f] = cast(b[f] + sum_kc accum(x[p * s + k * d - before, c] * w[k, c, f]))``

    with s the stride, d the dilation, each product and each sum cast to accum; k runs over the
    kernel row by row, c over the channels of f's group; positions outside the image add nothing.
    transposed: ``x[(p + before - k * d) / s, c]``, where that is a whole position of the image.

    Input (*spatial, C), output (*places, F), channels last; weight (*kernel, C / groups, F); bias
    (F,). Output f belongs to group ``f // (F / groups)``; depthwise is ``groups = C``.
    padding: cells ``(before, after)`` the image along each axis, where a negative ``after`` leaves
    out its last cells; of a transposed convolution, those cut off the result, where a negative
    ``after`` appends positions. The sum starts at ``accum(b[f])`` and visits the pairs (k, c) as
    Dense visits its inputs, by ``interleave``.
    Source: hls4ml's nnet_conv2d_latency.h, nnet_conv2d_resource.h, nnet_sepconv2d_latency.h.
    """

    header: ClassVar[str] = "convolution"
    weight: Constant
    bias: Constant
    accum: Format
    strides: Shape
    padding: tuple[tuple[int, int], ...]
    dilation: Shape
    groups: int = 1
    transposed: bool = False
    interleave: int = 1

    @property
    def kernel(self) -> Shape:
        """Spatial shape of the kernel."""
        return self.weight.shape[:-2]

    def position(self) -> Dense:
        """What one output position and one group computes of the (k, c) that it sees."""
        each = self.weight.shape[-1] // self.groups

        def part(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return values.reshape(-1, self.weight.shape[-1])[:, :each]

        weight, bias = self.weight, self.bias
        return Dense(
            result=self.result,
            weight=Constant(part(weight.raw), weight.format, part(weight.value)),
            bias=Constant(bias.raw[:each], bias.format, bias.value[:each]),
            accum=self.accum,
            interleave=self.interleave,
        )

    def places(self, spatial: Shape) -> Shape:
        """Number of output positions along each axis."""
        found = []
        for n, kernel, stride, dilation, around in zip(
            spatial, self.kernel, self.strides, self.dilation, self.padding, strict=True
        ):
            reach = dilation * (kernel - 1) + 1
            if self.transposed:
                found.append((n - 1) * stride + reach - sum(around))
            else:
                found.append((n + sum(around) - reach) // stride + 1)
        return tuple(found)

    def shape(self, *shapes: Shape) -> Shape:
        return (*self.places(shapes[0][:-1]), self.weight.shape[-1])

    def check(self, *inputs: Value) -> None:
        shape, axes = inputs[0].shape, len(self.kernel)
        if axes not in (1, 2) or len(shape) != axes + 1:
            raise ValueError(
                f"input of a convolution must have 1 or 2 spatial axes, as its kernel"
                f" {self.kernel}, and channels, not the shape {shape!r}"
            )
        given = (self.strides, self.padding, self.dilation)
        if {len(one) for one in given} != {axes}:
            raise ValueError(
                f"strides, padding and dilation must have {axes} entries each, not"
                f" {', '.join(map(str, given))}"
            )
        if min(*self.kernel, *self.strides, *self.dilation) < 1:
            raise ValueError(
                f"kernel, strides and dilation must be positive, not {self.kernel},"
                f" {self.strides}, {self.dilation}"
            )
        if any(before < 0 for before, _ in self.padding):
            raise ValueError(f"padding before an image must not be negative, not {self.padding}")
        each, filters = self.weight.shape[-2:]
        if self.groups < 1 or filters % self.groups or each * self.groups != shape[-1]:
            raise ValueError(
                f"weight must be (*kernel, {shape[-1]} / groups, a multiple of groups), not"
                f" {self.weight.shape} with {self.groups} groups"
            )
        if self.bias.shape != (filters,):
            raise ValueError(f"bias must have shape ({filters},), not {self.bias.shape!r}")
        if min(self.places(shape[:-1])) < 1:
            raise ValueError(f"kernel {self.kernel} must fit into the padded shape {shape!r}")
        whole = self.position()
        whole.check(Value(inputs[0].name, whole.weight.shape[:1], inputs[0].format))

    def taps(self, spatial: Shape) -> npt.NDArray[np.int64]:
        """Flat input position of each (output position, kernel position); -1 outside the image."""
        flat = np.zeros((1, 1), dtype=np.int64)
        for n, places, kernel, stride, dilation, (before, _) in zip(
            spatial,
            self.places(spatial),
            self.kernel,
            self.strides,
            self.dilation,
            self.padding,
            strict=True,
        ):
            out, step = np.arange(places)[:, None], np.arange(kernel) * dilation
            if self.transposed:
                at, rest = np.divmod(out + before - step, stride)
                at = np.where(rest == 0, at, -1)
            else:
                at = out * stride + step - before
            at = np.where((at >= 0) & (at < n), at, -1)
            outer, inner = flat[:, None, :, None], at[None, :, None, :]
            flat = np.where((outer < 0) | (inner < 0), -1, outer * n + inner)
            flat = flat.reshape(flat.shape[0] * places, -1)
        return flat

    def linear(self, *inputs: Value) -> Linear:
        spatial, channels = inputs[0].shape[:-1], inputs[0].shape[-1]
        each, filters = self.weight.shape[-2:]
        order = np.array(self.position().order, dtype=np.int64)
        tap = self.taps(spatial)[:, order // each]
        group = np.arange(filters) // (filters // self.groups)
        channel = group[:, None] * each + order % each
        row = tap[:, None, :] * channels + channel
        weight = np.broadcast_to(self.weight.raw.reshape(-1, filters)[order].T, row.shape)
        inside = tap >= 0
        if inside.all():
            row, weight = row.reshape(-1), weight.reshape(-1)
        else:
            kept = np.broadcast_to(inside[:, None, :], row.shape)
            row, weight = row[kept], weight[kept]
        counts = np.repeat(inside.sum(axis=1), filters)
        return Linear(
            pointer=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            row=row,
            weight=weight,
            start=np.tile(cast(self.bias.raw, self.bias.format, self.accum), len(tap)),
            product=growth.multiply(inputs[0].format, self.weight.format),
            accum=self.accum,
            result=self.result,
        )

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        found = self.linear(*values).evaluate(inputs[0])
        return found.reshape(-1, *self.shape(values[0].shape))

    def reference(self, *inputs: Real) -> Real:
        spatial, channels = inputs[0].shape[1:-1], inputs[0].shape[-1]
        each, filters = self.weight.shape[-2:]
        x = inputs[0].reshape(len(inputs[0]), -1, self.groups, channels // self.groups)
        weight = self.weight.value.reshape(-1, each, self.groups, filters // self.groups)
        taps = self.taps(spatial)
        y: Any = np.zeros((len(x), len(taps), self.groups, filters // self.groups))
        for tap, matrix in zip(taps.T, weight, strict=True):
            seen = x[:, tap] * (tap >= 0)[:, None, None]
            y += np.einsum("npgc,cgf->npgf", seen, matrix)
        y = y.reshape(len(x), len(taps), filters) + self.bias.value
        return np.asarray(y.reshape(len(x), *self.places(spatial), filters))

    def multiplications(self, *shapes: Shape) -> int:
        # Cells of padding count: the hardware multiplies by them.
        spatial = shapes[0][:-1]
        positions = spatial if self.transposed else self.places(spatial)
        return int(np.prod(positions)) * int(self.weight.raw.size)

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        # One spatial axis is a picture of one line.
        line = len(self.kernel) == 1
        shape, places = (1,) * line + inputs[0].shape, self.places(inputs[0].shape[:-1])
        fields: dict[str, Field] = {"n_channel": shape[-1]}
        for name, values in (
            ("in", shape[:-1]),
            ("out", (1,) * line + places),
            ("kernel", (1,) * line + self.kernel),
            ("stride", (1,) * line + self.strides),
            ("dilation", (1,) * line + self.dilation),
        ):
            fields |= {f"{name}_height": values[0], f"{name}_width": values[1]}
        padding = ((0, 0),) * line + self.padding
        n_in, n_out = self.position().weight.shape
        return {
            **fields,
            "pad_top": padding[0][0],
            "pad_left": padding[1][0],
            "groups": self.groups,
            "transposed": int(self.transposed),
            "n_in": n_in,
            "n_out": n_out,
            "interleave": self.interleave,
            "accum": self.accum,
            "weight": self.weight,
            "bias": self.bias,
        }
