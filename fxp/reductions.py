"""Sums and products along axes with numpy's shapes: ``(raw, format)`` in, result and format out.

``accumulate`` has the loops. Where an accumulator format is given, ``acc = cast(acc + x)`` is
honoured at every step, in order of the index.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import accumulate, arithmetic, growth
from .casting import integers
from .format import Format

__all__ = ["matmul", "partial", "product", "total"]

Pair = tuple[Any, Format]


def _to_last(raw: Any, axis: Any) -> Any:
    """``raw`` with the given axes (None: all, in C order) merged into the last one."""
    if axis is None:
        return raw.reshape(-1)
    axes = axis if isinstance(axis, tuple) else (axis,)
    moved = np.moveaxis(raw, axes, range(-len(axes), 0))
    kept = moved.shape[: moved.ndim - len(axes)]
    return moved.reshape(*kept, int(np.prod(moved.shape[len(kept) :])))


def total(raw: Any, source: Format, axis: Any, *, accumulator: Format | None = None) -> Pair:
    """``sum(x)`` along ``axis``, exact or through ``accumulator``.

    >>> f = Format.parse("int<4>")
    >>> raw, g = total(np.array([[7, 7], [-7, 1]]), f, 0)
    >>> raw, str(g)
    (array([0, 8]), 'ap_int<5>')
    """
    moved = _to_last(raw, axis)
    if accumulator is not None:
        return accumulate.running_sum(moved, source, accumulator)
    result = growth.total(source, moved.shape[-1])
    return np.sum(integers(moved, result), axis=-1), result


def partial(raw: Any, source: Format, axis: Any, *, accumulator: Format | None = None) -> Pair:
    """Partial sums along ``axis``, in the format of the whole sum or of ``accumulator``.

    >>> partial(np.array([7, 7, -7]), Format.parse("int<4>"), None)[0]
    array([ 7, 14,  7])
    """
    moved = _to_last(raw, axis)
    if accumulator is not None:
        sums, target = accumulate.running_sum(moved, source, accumulator, every=True)
    else:
        target = growth.total(source, moved.shape[-1])
        sums = np.cumsum(integers(moved, target), axis=-1)
    return (sums if axis is None else np.moveaxis(sums, -1, axis)), target


def product(raw: Any, source: Format, axis: Any) -> Pair:
    """The product along ``axis``: W and I times the number of factors, exact.

    Raises ValueError where there is no factor.

    >>> product(np.array([6, 6]), Format.parse("fixed<4,2>"), None)[0]
    array(36)
    """
    moved = _to_last(raw, axis)
    if moved.shape[-1] == 0:
        raise ValueError("prod must have at least one factor, not an empty axis")
    result, format = moved[..., :1], source
    for k in range(1, moved.shape[-1]):
        result, format = arithmetic.binary("*", result, format, moved[..., k : k + 1], source)
    return np.asarray(result[..., 0]), format


def matmul(a: Any, fa: Format, b: Any, fb: Format, *, accumulator: Format | None = None) -> Pair:
    """``a @ b`` with numpy's shapes, vectors among them; ``acc = cast(acc + a * b)`` per k.

    Raises ValueError where an operand has no axis or the inner lengths differ.

    >>> f = Format.parse("int<4>")
    >>> matmul(np.array([1, 2]), f, np.array([[3], [4]]), f)[0]
    array([11])
    """
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(f"operands of @ must have an axis, not shapes {a.shape} and {b.shape}")
    left = a[None, :] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    if left.shape[-1] != right.shape[-2]:
        raise ValueError(f"inner lengths of @ must agree, not shapes {a.shape} and {b.shape}")
    raw, result = accumulate.matmul(left, fa, right, fb, accumulator=accumulator)
    raw = raw[..., 0] if b.ndim == 1 else raw
    if a.ndim == 1:
        raw = raw[..., 0, :] if b.ndim > 1 else raw[..., 0]
    return raw, result
