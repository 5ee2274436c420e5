"""The hand-written limit: dense layers in fixed<16,6>, as fast as a short numba loop makes them.

``y = relu(wrap16(b + sum_i floor(x[i] * w[i] / 2**10)))``, or each product and each sum rounded and
saturated for fixed<16,6,RND,SAT>. Features x samples in int16, blocks of 1024 samples, four inputs
to a pass, one thread for each core; float64 in, float64 out; the softmax is left out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

__all__ = ["Trial", "cores"]

BLOCK = 1024


def cores() -> int:
    """CPUs this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@numba.njit(nogil=True)
def _read(x, h, half, low, high):
    # h[i, k] = floor(1024 x[k, i] + half), clipped where low and high are those of 16 bits
    for i in range(len(h)):
        for k in range(len(x)):
            v = np.floor(x[k, i] * 1024.0 + half)
            h[i, k] = np.int16(np.int64(min(max(v, low), high)))


@numba.njit(nogil=True)
def _truncating(x, w, b, y, relu):
    for j in range(len(w)):
        row = y[j]
        row[:] = b[j]
        for i in range(0, w.shape[1], 4):
            u0, u1, u2, u3 = w[j, i], w[j, i + 1], w[j, i + 2], w[j, i + 3]
            x0, x1, x2, x3 = x[i], x[i + 1], x[i + 2], x[i + 3]
            for k in range(len(row)):
                row[k] += (
                    np.int16(np.int32(u0 * np.int32(x0[k])) >> np.int32(10))
                    + np.int16(np.int32(u1 * np.int32(x1[k])) >> np.int32(10))
                    + np.int16(np.int32(u2 * np.int32(x2[k])) >> np.int32(10))
                    + np.int16(np.int32(u3 * np.int32(x3[k])) >> np.int32(10))
                )
        if relu:
            for k in range(len(row)):
                row[k] = max(row[k], np.int16(0))


@numba.njit(nogil=True)
def _saturating(x, w, b, y, relu):
    low, high = np.int32(-32768), np.int32(32767)
    for j in range(len(w)):
        row = y[j]
        row[:] = b[j]
        for i in range(0, w.shape[1], 4):
            u0, u1, u2, u3 = w[j, i], w[j, i + 1], w[j, i + 2], w[j, i + 3]
            x0, x1, x2, x3 = x[i], x[i + 1], x[i + 2], x[i + 3]
            for k in range(len(row)):
                s = np.int32(row[k])
                p = np.int32(np.int32(u0 * np.int32(x0[k])) + np.int32(512)) >> np.int32(10)
                s = min(max(np.int32(s + min(max(p, low), high)), low), high)
                p = np.int32(np.int32(u1 * np.int32(x1[k])) + np.int32(512)) >> np.int32(10)
                s = min(max(np.int32(s + min(max(p, low), high)), low), high)
                p = np.int32(np.int32(u2 * np.int32(x2[k])) + np.int32(512)) >> np.int32(10)
                s = min(max(np.int32(s + min(max(p, low), high)), low), high)
                p = np.int32(np.int32(u3 * np.int32(x3[k])) + np.int32(512)) >> np.int32(10)
                row[k] = np.int16(min(max(np.int32(s + min(max(p, low), high)), low), high))
        if relu:
            for k in range(len(row)):
                row[k] = max(row[k], np.int16(0))


class Trial:
    """Call it with float64 samples for float64 sums of the last layer.

    weights: raw fixed<16,6> integers (inputs, outputs) of each layer, biases likewise. Inputs of a
    layer must be a multiple of four. Wraps unless ``saturate``.
    """

    def __init__(
        self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray], *, saturate: bool
    ) -> None:
        self.loop = _saturating if saturate else _truncating
        self.saturate = saturate
        self.layers = [
            (np.ascontiguousarray(w.T, dtype=np.int32), b.astype(np.int16))
            for w, b in zip(weights, biases, strict=True)
        ]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Outputs of all samples, one thread a core."""
        out = np.empty((len(x), len(self.layers[-1][0])))
        blocks = [slice(k, k + BLOCK) for k in range(0, len(x), BLOCK)]
        with ThreadPoolExecutor(cores()) as pool:
            for _ in pool.map(lambda rows: self._block(x[rows], out[rows]), blocks):
                pass
        return out

    def _block(self, x: np.ndarray, out: np.ndarray) -> None:
        h = np.empty((x.shape[1], len(x)), dtype=np.int16)
        half, bound = (0.5, 2.0**15) if self.saturate else (0.0, 2.0**62)
        _read(x, h, half, -bound, bound - 1)
        for number, (w, b) in enumerate(self.layers, 1):
            y = np.empty((len(w), h.shape[1]), dtype=np.int16)
            self.loop(h, w, b, y, number < len(self.layers))
            h = y
        np.multiply(h.T, 2.0**-10, out=out)
