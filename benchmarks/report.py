"""Results as JSON, as a Markdown table, and as docs/benchmarks.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .result import Result

__all__ = ["document", "page", "table"]

HEADS = (
    "row",
    "precision",
    "weights",
    "multiply-adds",
    "zero weights",
    "distinct",
    "emulator",
    "peer",
    "ratio",
    "target",
    "met",
    "limit",
    "of limit",
    "bits",
)


def document(
    machine: dict[str, Any], options: dict[str, Any], results: Sequence[Result]
) -> dict[str, Any]:
    """What ``--json`` writes."""
    return {
        "machine": machine,
        "options": options,
        "geometric mean of ratios to hls4ml": mean(results),
        "rows": [result.to_dict() for result in results],
    }


def mean(results: Sequence[Result]) -> float | None:
    """Geometric mean of emulator / hls4ml over the throughput rows that were measured."""
    ratios = [r.ratio for r in results if r.ratio and r.peer.startswith("hls4ml C simulation")]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def table(results: Sequence[Result]) -> str:
    """Markdown, one line a row."""
    lines = [_line(HEADS), _line(["---"] * len(HEADS))]
    return "\n".join([*lines, *(_line(_cells(result)) for result in results)]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _cells(result: Result) -> list[str]:
    verdicts = {True: "equal", False: "DIFFER", None: ""}
    measured = [result.emulator, result.peer, _number(result.ratio)]
    if result.missing:
        measured[1 if result.emulator else 0] = f"not measured: {result.missing}"
    return [
        result.row,
        f"`{result.precision}`" if result.precision else "",
        result.weights,
        f"{result.multiply_adds:,}" if result.multiply_adds else "",
        f"{result.zero_weights:.1%}" if result.zero_weights is not None else "",
        f"{min(result.distinct):,} to {max(result.distinct):,}" if result.distinct else "",
        *measured,
        result.target,
        {True: "yes", False: "NO", None: ""}[result.met],
        result.limit,
        f"{result.share_of_limit:.0%}" if result.share_of_limit is not None else "",
        verdicts[result.equal],
    ]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def page(machine: dict[str, Any], results: Sequence[Result], *, command: str, figure: str) -> str:
    """docs/benchmarks.md."""
    versions = ", ".join(
        f"{name} {version or 'not installed'}" for name, version in machine["versions"].items()
    )
    blas = ", ".join(
        f"{name} {value / 1e9:.0f} G multiply-adds/s" for name, value in machine["BLAS"].items()
    )
    overall = mean(results)
    lines = [
        "# Benchmarks",
        "",
        "Written by",
        "",
        f"    {command}",
        "",
        "Every figure is a ratio within one run, from float64 inputs to float64 outputs by the"
        " wall clock; both sides take turns, and the least of seven times or more counts. A row"
        " whose bits differ from its peer's fails the command.",
        "",
        f"Machine: {machine['processor']}, {machine['cores']} cores, load"
        f" {machine['load at start']:.1f} at the start; Python {machine['python']}, {versions},"
        f" g++ {machine['g++'] or 'not installed'}. BLAS on square matrices: {blas}.",
        "",
        table(results),
        *([f"Geometric mean over hls4ml's C simulation: {overall:.0f}.", ""] if overall else []),
        "- hls4ml's C simulation is single-threaded C++; the emulator and the limits use every"
        " core. alkaid counts with the faster of one and all threads.",
        "- zero weights: raw integers that are 0. distinct: the least and the greatest number of"
        " distinct values among the hidden tensors, on at most 2000 samples: a network whose"
        " activations collapse is an easy one.",
        "- limit: the hand-written trial (`benchmarks/limit.py`) is a numba loop for dense layers"
        " in this one format without the softmax; sgemm and dgemm are bare matrix products of the"
        " same shapes, without casts; sgemm at its best: the square product above.",
        "- first bits: a fresh process from `import` to the first outputs of 100 samples; cold"
        " with an empty cache of compiled kernels. hls4ml: convert, compile, predict.",
        "- peak memory: beyond the arrays that go in and come out, each in a fresh process.",
        "",
        *([f"![time against batch and model size]({figure})", ""] if figure else []),
    ]
    return "\n".join(lines)
