"""The oracle, continued: spiking layers, one neuron and one time step after the other."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tests.oracle import Type, cast, cast_raw


def integrate(v: Fraction, x: Fraction, beta: Fraction | None, membrane: Type) -> Fraction:
    """The potential after one input."""
    kept = v if beta is None else cast(beta * v, membrane)
    return cast(kept + cast(x, membrane), membrane)


def neuron(
    x: Sequence[Fraction],
    threshold: Fraction,
    beta: Fraction | None,
    membrane: Type,
    result: Type,
    reset: str,
) -> list[int]:
    """Raw spikes of one neuron in a window."""
    v, spikes = Fraction(0), []
    for current in x:
        v = integrate(v, current, beta, membrane)
        fires = v >= threshold
        spikes.append(cast_raw(1, result) if fires else 0)
        if fires:
            v = cast(v - threshold, membrane) if reset == "subtract" else Fraction(0)
    return spikes


def readout(
    x: Sequence[Sequence[Fraction]],
    rule: str,
    class_threshold: int,
    membrane: Type | None,
    beta: Sequence[Fraction | None],
    result: Type,
) -> int:
    """The raw decision after a window; ``x[step][class]``."""
    scores = []
    for k in range(len(x[0])):
        score = Fraction(0)
        for row in x:
            if membrane is None:
                score += row[k] != 0
            else:
                score = integrate(score, row[k], beta[k], membrane)
        scores.append(score)
    if rule == "binary_logit":
        return cast_raw(scores[1] - scores[0], result)
    if rule in ("first_to_threshold", "threshold_then_argmax"):
        for k, score in enumerate(scores):
            if score >= class_threshold:
                return cast_raw(k, result)
    return cast_raw(scores.index(max(scores)), result)
