"""Binary and ternary numbers of trained weights, as hls4ml's quantisers give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from fxp import Format

__all__ = ["QUANTIZED", "QUANTIZERS"]

Array = npt.NDArray[Any]

QUANTIZED = Format.parse("int<2>")
"""Type of such weights and biases, whatever is configured."""


def _binary(values: Array) -> Array:
    return np.where(values >= 0, 1.0, -1.0)


def _ternary(values: Array) -> Array:
    return np.where(values > 0.5, 1.0, np.where(values <= -0.5, -1.0, 0.0))


QUANTIZERS: dict[str, Callable[[Array], Array]] = {"binary": _binary, "ternary": _ternary}
"""``w >= 0 ? 1 : -1`` and ``w > 0.5 ? 1 : w <= -0.5 ? -1 : 0``. Source: hls4ml, quantizers.py."""
