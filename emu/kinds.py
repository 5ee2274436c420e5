"""hls4ml's class names of the layers that are sums of products, and what those layers share."""

from __future__ import annotations

import math

from .draft import Layer

__all__ = [
    "CONVOLUTIONS",
    "DEPTHWISE",
    "SEPARABLE",
    "SUMS",
    "TRANSPOSED",
    "is_pointwise",
    "products",
]

DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D")
SEPARABLE = ("SeparableConv1D", "SeparableConv2D")
"""Which become a depthwise and a pointwise one."""
TRANSPOSED = ("Conv1DTranspose", "Conv2DTranspose")
CONVOLUTIONS = ("Conv1D", "Conv2D", *DEPTHWISE, *TRANSPOSED)
SUMS = ("Dense", *CONVOLUTIONS)


def products(layer: Layer) -> int:
    """Products that one output sums: kernel positions, times channels unless depthwise."""
    return math.prod(layer.weights["weight"].shape[: -2 if layer.kind in DEPTHWISE else -1])


def is_pointwise(layer: Layer) -> bool:
    """Whether hls4ml makes it a pointwise convolution: a plain one with a kernel of one cell."""
    plain = layer.kind in ("Conv1D", "Conv2D")
    return plain and math.prod(layer.weights["weight"].shape[:-2]) == 1
