"""Prediction of samples that arrive in batches, one batch in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .graph import Graph

__all__ = ["predict_batches"]


def predict_batches(
    graph: Graph, batches: Iterable[Any], *, raw: bool = False, memory: int | None = None
) -> Iterator[Any]:
    """``y[k] = graph.predict(x[k])`` for each batch, computed when it is asked for.

    batches: what ``Graph.predict`` takes, each of any number of samples. memory: bytes, as there.
    The bits do not depend on how the samples are cut into batches.
    Raises what ``Graph.predict`` raises, with the number of the batch (from 0) in front;
    TypeError for a batch that is an iterator itself.
    """
    for number, batch in enumerate(batches):
        if isinstance(batch, Iterator):
            raise TypeError(
                f"batch {number} must be an array, a list or a dict of arrays,"
                f" not {type(batch).__name__}: give the batches themselves"
            )
        try:
            found = graph.predict(batch, raw=raw, memory=memory)
        except ValueError as error:
            raise ValueError(f"batch {number}: {error}") from None
        yield found
