"""Distributed arithmetic: sums of products by adders alone, which lose no bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from fxp import Format

from ..draft import Draft, Layer
from ..kinds import products

__all__ = ["resolve_distributed", "without_distributed"]

BIAS_FRAC = 32
"""da4ml holds constants with at most that many fraction bits."""


def resolve_distributed(draft: Draft, layer: Layer, reuse: int) -> tuple[int, str]:
    """``y[j] = result(b[j] + sum_i x[i] * w[i, j])``, one cast of the exact sum.

    Weights are the trained ones in float32, not cast to the type of the configuration; biases
    lose what lies below 2**-32 (toward zero). ``accum`` is the type that holds every sum. The
    firmware is that of the latency strategy, whose constants become adders in synthesis.
    Raises ValueError where hls4ml has no such layer. Source: hls4ml 1.3.0,
    distributed_arithmetic.py, with da4ml 0.5.2.
    """
    where = f"layer {layer.name}: Strategy distributed_arithmetic"
    if layer.kind == "EinsumDense":
        raise ValueError(
            f"{where} is not supported for EinsumDense yet; set Strategy: latency for it"
        )
    if reuse != 1:
        raise ValueError(f"{where} must have ReuseFactor 1, not {reuse}: hls4ml stops there")
    x = draft.source(layer).types["result"]
    assert x is not None, layer.name
    if x.is_integer:
        raise ValueError(
            f"{where} must have an input of fixed type, not {x}: hls4ml stops there;"
            f" {'' if x.signed else 'u'}fixed<{x.width},{x.width}> has the same values"
        )
    weight = layer.weights["weight"].astype(np.float32).astype(np.float64)
    bias = np.ldexp(np.trunc(np.ldexp(layer.weights["bias"].astype(np.float64), 32)), -BIAS_FRAC)
    layer.weights |= {"weight": weight, "bias": bias}
    layer.types |= {"weight": _exact(weight), "bias": _exact(bias)}
    layer.types["accum"] = _holding(x, weight.reshape(products(layer), -1), bias)
    draft.note(
        f"layer {layer.name}: distributed_arithmetic sums exactly, as hls4ml with da4ml does: its"
        " weights, bias and accum have no types of the configuration, only its result"
    )
    return 1, "latency"


def without_distributed(draft: Draft, layer: Layer, strategy: str) -> str:
    """``latency`` instead of distributed_arithmetic, for layers that hls4ml has no adders for."""
    if strategy != "distributed_arithmetic":
        return strategy
    draft.note(
        f"layer {layer.name}: distributed_arithmetic of {layer.kind} is latency, as in hls4ml"
    )
    return "latency"


def _exact(values: npt.NDArray[Any]) -> Format:
    """The least signed format that holds every value."""
    frac = max(_fraction_bits(value) for value in values.ravel())
    return _of(frac, [math.ldexp(1, frac) * value for value in (values.min(), values.max())])


def _fraction_bits(value: float) -> int:
    """How many bits stand right of the point; negative where zeros stand left of it."""
    numerator, denominator = float(value).as_integer_ratio()
    if numerator == 0:
        return 0
    trailing = (numerator & -numerator).bit_length() - 1
    return denominator.bit_length() - 1 - trailing


def _of(frac: int, raws: list[Any]) -> Format:
    width = max(int(raw if raw >= 0 else ~int(raw)).bit_length() for raw in raws) + 1
    return Format(width, width - frac)


def _holding(x: Format, weight: npt.NDArray[Any], bias: npt.NDArray[Any]) -> Format:
    """The least format of every product and of every partial sum."""
    wide, small = _exact(weight).frac, _exact(bias).frac
    frac = max(x.frac + wide, small)
    sums = [sum(column) for column in _scaled(np.abs(weight), wide).T]
    largest = max(-x.raw_min, x.raw_max) << frac - x.frac - wide
    starts = _scaled(np.abs(bias), small) << frac - small
    top = max(norm * largest + start for norm, start in zip(sums, starts, strict=True))
    return _of(frac, [top, -top])


def _scaled(values: npt.NDArray[Any], frac: int) -> npt.NDArray[Any]:
    """``values * 2**frac`` as Python integers."""
    found = np.empty(values.shape, dtype=object)
    found.reshape(-1)[:] = [int(value) for value in np.ldexp(values, frac).ravel()]
    return found
