"""Which reuse factors hls4ml's resource kernels take."""

from __future__ import annotations

import math

__all__ = ["closest", "is_legal", "legal_reuse_factors"]


def is_legal(n_in: int, n_out: int, reuse: int) -> bool:
    """Whether hls4ml's resource kernels take this reuse factor (``_validate_reuse_factor``)."""
    multipliers = math.ceil(n_in * n_out / min(n_in, reuse))
    return (
        (multipliers % n_out == 0 or reuse >= n_in)
        and (reuse % n_in == 0 or reuse < n_in)
        and n_in * n_out % reuse == 0
    )


def legal_reuse_factors(n_in: int, n_out: int) -> list[int]:
    """Every legal reuse factor, ascending."""
    total = n_in * n_out
    divisors = {
        d for k in range(1, math.isqrt(total) + 1) if total % k == 0 for d in (k, total // k)
    }
    return [reuse for reuse in sorted(divisors) if is_legal(n_in, n_out, reuse)]


def closest(legal: list[int], wanted: float) -> int:
    """The nearest of ``legal``; of two as near, the smaller.

    >>> closest([1, 2, 5, 10], 4), closest([2, 4], 3)
    (5, 2)
    """
    return min(legal, key=lambda reuse: (abs(reuse - wanted), reuse))
