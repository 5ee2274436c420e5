"""Draw docs/modes.png: output against input, and the error, of every rounding and overflow mode.

Run: python docs/modes.py        (needs matplotlib)
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("agg")
from matplotlib import pyplot

from fxp import Format, Overflow, Rounding, cast, to_float

SOURCE = Format(24, 8)
STEP = 1 << 11  # one 32nd
OVERFLOWS = [
    ("WRAP", Overflow.WRAP, 0),
    ("WRAP, sat_bits=1", Overflow.WRAP, 1),
    ("WRAP, sat_bits=2", Overflow.WRAP, 2),
    ("SAT", Overflow.SAT, 0),
    ("SAT_ZERO", Overflow.SAT_ZERO, 0),
    ("SAT_SYM", Overflow.SAT_SYM, 0),
    ("WRAP_SM", Overflow.WRAP_SM, 0),
    ("WRAP_SM, sat_bits=1", Overflow.WRAP_SM, 1),
]


def draw(axis, error_axis, target: Format, low: float, high: float, title: str) -> None:
    """One column: the staircase above, ties marked, the error below."""
    raw = np.arange(int(low * 65536), int(high * 65536) + 1, STEP)
    x = to_float(raw, SOURCE)
    y = to_float(cast(raw, SOURCE, target), target)
    axis.plot(x, x, color="0.8", linewidth=0.8)
    axis.plot(x, y, ".", markersize=1.8, color="C0")
    error_axis.plot(x, y - x, ".", markersize=1.8, color="C3")
    ties = (raw % 65536 == 32768) if target.frac == 0 else raw < raw[0]
    axis.plot(x[ties], y[ties], "o", markersize=3.5, color="C1")
    axis.set_title(title, fontsize=8)
    for one in (axis, error_axis):
        one.grid(alpha=0.3)
        one.tick_params(labelsize=6)


def main() -> None:
    """Two rows for the roundings (eight), two for the overflows (eight)."""
    figure, axes = pyplot.subplots(4, 8, figsize=(16, 8), height_ratios=[3, 2, 3, 2])
    for column, rounding in enumerate(Rounding):
        target = Format(8, 8, True, rounding, family="ac")
        draw(axes[0, column], axes[1, column], target, -3, 3, rounding.name)
    for column, (title, overflow, bits) in enumerate(OVERFLOWS):
        target = Format(4, 3, True, Rounding.TRN, overflow, bits)
        draw(axes[2, column], axes[3, column], target, -12, 12, title)
    for row, label in enumerate(("result", "error", "result, <4,3>", "error")):
        axes[row, 0].set_ylabel(label, fontsize=8)
    figure.tight_layout()
    figure.savefig(Path(__file__).with_name("modes.png"), dpi=80, metadata={"Software": None})


if __name__ == "__main__":
    main()
