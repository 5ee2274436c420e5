"""Time against the number of samples and against the size of the model; both should be linear."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import emu

from . import networks
from .result import Context, Result, describe, interleaved, rate

__all__ = ["BatchGrowthRow", "SizeGrowthRow", "plot"]

MULTIPLY_ADDS = 2e9
"""Of one measurement of a model's size: the samples are as many as give it, at most a million."""
TOLERANCE = 0.1


def slope(x: list[float], y: list[float]) -> float:
    """Exponent of the power law through the points: least squares of log y on log x."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


@dataclass(frozen=True)
class BatchGrowthRow:
    """Seconds of one ``predict`` of N samples; the slope is of the samples from 10^4 on."""

    samples: tuple[int, ...]
    name: str = "jet MLP, growth with batch"

    def measure(self, context: Context, result: Result) -> None:
        """The fitted exponent."""
        network, graph, _ = context.load("jet MLP", result)
        sizes = [count for count in self.samples if not context.quick or count <= 10_000]
        x = networks.inputs(network.shape, max(sizes))
        calls = {str(count): partial(graph.predict, x[:count]) for count in sizes}
        least = interleaved(calls, context.repeats, spread=result.details)
        points = [(float(count), least[str(count)]) for count in sizes]
        large = [point for point in points if point[0] >= 10_000]
        linear = large if len(large) > 1 else points[-2:]
        _finish(result, points, linear, f"{rate(points[-1][0] / points[-1][1])} at most")


@dataclass(frozen=True)
class SizeGrowthRow:
    """Seconds a sample of three square dense layers of growing size."""

    multiply_adds: tuple[int, ...]
    name: str = "dense networks, growth with size"

    def measure(self, context: Context, result: Result) -> None:
        """The fitted exponent of the seconds a sample."""
        result.precision = "fixed<16,6>"
        points = []
        hls = networks.configuration("fixed<16,6>")
        for wanted in self.multiply_adds:
            if context.quick and wanted > 10_000:
                continue
            side = round((wanted / 3) ** 0.5)
            sizes = (side,) * 4
            network = networks.chain(f"square_{side}", sizes, context.work, last="relu")
            graph = emu.load(network.json, weights=network.h5, config=hls)
            work = graph.multiplications()
            count = int(min(1e6, max(64, MULTIPLY_ADDS / work)))
            x = networks.inputs(network.shape, context.samples(min(count, 20_000_000 // side)))
            least = interleaved({"emulator": partial(graph.predict, x)}, min(3, context.repeats))
            points.append((float(work), least["emulator"] / len(x)))
        describe(result, graph, x[:64])
        result.weights = network.origin
        fastest = max(work / seconds for work, seconds in points)
        _finish(result, points, points, f"{fastest / 1e9:.3g} G multiply-adds/s at most")


def _finish(
    result: Result,
    points: list[tuple[float, float]],
    linear: list[tuple[float, float]],
    best: str,
) -> None:
    fitted = slope(*map(list, zip(*linear, strict=True)))  # type: ignore[arg-type]
    result.emulator, result.peer = f"exponent {fitted:.3f}", "linear: exponent 1"
    result.ratio = 1 / fitted
    result.target = f"<= {1 + TOLERANCE}"
    result.met = fitted <= 1 + TOLERANCE  # below 1: a fixed cost is shared
    result.limit = best
    result.details |= {"points": points, "exponent": fitted, "fitted from": linear[0][0]}


def plot(results: list[Result], path: Path) -> bool:
    """Both growths, logarithmic axes; False where neither was measured."""
    found = {r.row: r.details for r in results if "points" in r.details}
    if not found:
        return False
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    labels: dict[str, tuple[str, str]] = {
        BatchGrowthRow.name: ("samples", "seconds of predict"),
        SizeGrowthRow.name: ("multiply-adds a sample", "seconds a sample"),
    }
    figure, axes = pyplot.subplots(1, len(found), figsize=(5 * len(found), 4), squeeze=False)
    for axis, (name, details) in zip(axes[0], found.items(), strict=True):
        _draw(axis, name, details, *labels[name])
    figure.tight_layout()
    figure.savefig(path, dpi=100, metadata={"Software": None})
    pyplot.close(figure)
    return True


def _draw(axis: Any, name: str, details: dict[str, Any], x_label: str, y_label: str) -> None:
    x, y = (np.array(column) for column in zip(*details["points"], strict=True))
    axis.loglog(x, y, "o-", label="emulator")
    axis.loglog(x, y[-1] * x / x[-1], "--", color="grey", label="linear")
    axis.set(title=f"{name}: exponent {details['exponent']:.2f}", xlabel=x_label, ylabel=y_label)
    axis.title.set_fontsize(9)
    axis.grid(alpha=0.3)
    axis.legend()
