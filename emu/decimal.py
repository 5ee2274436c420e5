"""``raw = cast(decimal(w))``: weights as hls4ml writes them, decimal text of F digits, cast once.

The text has max(0, F) digits after the point, rounded half to even; integer types have none. It
cleans float32 noise off grid points (-1e-12 becomes 0, not -1 LSB under truncation).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from fxp import Format, from_decimal, from_float

__all__ = ["from_weights"]


def from_weights(
    values: npt.NDArray[Any], format: Format, text: Format | None = None
) -> npt.NDArray[Any]:
    """Raw values of ``values`` after their trip through decimal text; shape kept.

    text: the format whose fraction sets the digits, where it is another one.
    Only values so near a grid point or a tie that the text could move them across are printed;
    the rest cast directly, which is the same.

    >>> from_weights(np.array([-1e-12, -1e-3]), Format.parse("fixed<8,4>"))
    array([ 0, -1])
    """
    x = np.asarray(values, dtype=np.float64)
    text = text or format
    digits = 0 if text.is_integer else max(0, text.frac)
    raw = from_float(x, format)
    if digits == 0:
        return from_float(np.rint(x), format)
    doubled = np.ldexp(x, format.frac + 1)  # grid points and ties are integers here
    distance = np.abs(doubled - np.rint(doubled))
    # A grid point has at most frac digits, so the text holds it; the text moves no value by more
    # than half its last digit.
    exact = (doubled == 2 * np.rint(doubled / 2)) & (digits >= format.frac)
    margin = float(Fraction(2) ** format.frac / 10**digits) * 1.0001
    for index in zip(*np.nonzero((distance <= margin) & ~exact), strict=True):
        raw[index] = from_decimal(f"{x[index]:.{digits}f}", format)
    return raw
