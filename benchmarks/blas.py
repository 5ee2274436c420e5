"""Float matrix products of a network's shapes, nothing else: no casts, no activations."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from .limit import cores

__all__ = ["Blocks", "Whole", "multiply_adds_a_second"]

BLOCK = 2048


def _threads(count: int) -> Any:
    """BLAS with this many threads, whatever it had before."""
    return threadpool_limits(count, user_api="blas")


class Whole:
    """``x @ w @ w ...`` of all samples at once, BLAS using every core."""

    def __init__(self, sizes: Sequence[int], dtype: Any, samples: int) -> None:
        rng = np.random.default_rng(0)
        draw = lambda *shape: rng.integers(-8, 8, shape).astype(dtype)  # noqa: E731
        self.weights = [draw(*shape) for shape in pairwise(sizes)]
        self.x = draw(samples, sizes[0])
        self.out = np.empty((samples, sizes[-1]), dtype=dtype)

    def __call__(self) -> None:
        """One pass over the samples."""
        with _threads(cores()):
            h = self.x
            for w in self.weights[:-1]:
                h = h @ w
            np.matmul(h, self.weights[-1], out=self.out)


class Blocks(Whole):
    """The same in blocks of 2048 samples, one thread a core, BLAS single-threaded in each."""

    def __call__(self) -> None:
        """One pass over the samples."""
        starts = range(0, len(self.x), BLOCK)
        with _threads(1), ThreadPoolExecutor(cores()) as pool:
            for _ in pool.map(self._block, starts):
                pass

    def _block(self, start: int) -> None:
        h = self.x[start : start + BLOCK]
        for w in self.weights[:-1]:
            h = h @ w
        np.matmul(h, self.weights[-1], out=self.out[start : start + BLOCK])


def multiply_adds_a_second(dtype: Any, *, size: int = 1024) -> float:
    """What BLAS reaches on square matrices with every core: the machine's own limit."""
    from .result import interleaved

    call = Whole((size, size), dtype, size * cores())
    return call.x.shape[0] * size**2 / interleaved({"blas": call}, 7)["blas"]
