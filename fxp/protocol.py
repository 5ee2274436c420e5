"""What numpy's own functions do with FxArray: the exact ones work, the others raise and say why."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .wide import to_storage

__all__ = ["function", "ufunc"]

OPERATORS: dict[Any, Callable[..., Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.true_divide: operator.truediv,
    np.fmod: operator.mod,
    np.bitwise_and: operator.and_,
    np.bitwise_or: operator.or_,
    np.bitwise_xor: operator.xor,
    np.left_shift: operator.lshift,
    np.right_shift: operator.rshift,
    np.matmul: operator.matmul,
    np.negative: operator.neg,
    np.positive: operator.pos,
    np.absolute: abs,
    np.invert: operator.invert,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
}
"""The ufuncs that are operators of FxArray."""

SAME = frozenset(
    {
        np.reshape,
        np.ravel,
        np.transpose,
        np.squeeze,
        np.expand_dims,
        np.moveaxis,
        np.swapaxes,
        np.broadcast_to,
        np.flip,
        np.fliplr,
        np.flipud,
        np.roll,
        np.rot90,
        np.repeat,
        np.tile,
        np.take,
        np.take_along_axis,
        np.diagonal,
        np.diag,
        np.tril,
        np.triu,
        np.atleast_1d,
        np.atleast_2d,
        np.atleast_3d,
        np.sort,
        np.copy,
        np.max,
        np.min,
        np.delete,
        np.compress,
        np.zeros_like,
        np.empty_like,
    }
)
"""Functions that move elements and leave each as it is: applied to the raw integers."""

PLAIN = frozenset(
    {
        np.shape,
        np.ndim,
        np.size,
        np.argmax,
        np.argmin,
        np.argsort,
        np.count_nonzero,
        np.nonzero,
        np.flatnonzero,
        np.argwhere,
        np.any,
        np.all,
    }
)
"""Functions whose answer is a shape, an index or a truth value."""

JOINS = frozenset({np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack})
SPLITS = frozenset({np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit})


def _refuse(name: str) -> TypeError:
    return TypeError(
        f"numpy.{name} must have an exact fixed-point result, which it has not:"
        " use .cast() for a rounding of your choice, or .to_float() for float64 values"
    )


def ufunc(array: Any, ufunc: Any, method: str, inputs: Any, options: dict[str, Any]) -> Any:
    """``ufunc(*inputs)`` where it is one of our operators; TypeError otherwise."""
    if options.get("axis") is None:
        options.pop("axis", None)
    if method == "reduce" and ufunc is np.add:
        return _plain_options(array.sum, "add.reduce", options, "axis")(**options)
    if ufunc in (np.maximum, np.minimum) and method == "__call__":
        return _extreme(array, ufunc, *inputs)
    chosen = OPERATORS.get(ufunc)
    if chosen is None or method != "__call__":
        raise _refuse(ufunc.__name__ + ("" if method == "__call__" else f".{method}"))
    _plain_options(chosen, ufunc.__name__, options)
    if len(inputs) == 2 and isinstance(inputs[0], np.ndarray | np.generic):
        # numpy's own operator would call this function again.
        inputs = (array._operand(inputs[0], wanted=ufunc.__name__), inputs[1])
    return chosen(*inputs)


def _plain_options(
    function: Callable[..., Any], name: str, options: dict[str, Any], *known: str
) -> Callable[..., Any]:
    for key in options:
        if key not in known:
            raise TypeError(f"numpy.{name} of FxArray must be called without {key}")
    return function


def _extreme(array: Any, ufunc: Any, a: Any, b: Any) -> Any:
    left, right = array._operand(a, wanted=ufunc.__name__), array._operand(b, wanted=ufunc.__name__)
    if left.format != right.format:
        raise TypeError(
            f"operands of {ufunc.__name__} must have one format, not {left.format} and"
            f" {right.format}: cast one"
        )
    return array._same(ufunc(left.raw, right.raw))


def function(array: Any, function: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """``numpy.function(*arguments)`` where it is exact; TypeError otherwise."""
    kind = type(array)
    name = function.__name__

    def raw(value: Any) -> Any:
        return value.raw if isinstance(value, kind) else value

    if function in SAME:
        first, *rest = arguments
        made = function(first.raw, *map(raw, rest), **{k: raw(v) for k, v in options.items()})
        return first._same(made)
    if function in PLAIN:
        return function(*map(raw, arguments), **options)
    if function in JOINS:
        parts = list(arguments[0])
        _one_format(name, parts, kind)
        joined = function([part.raw for part in parts], *arguments[1:], **options)
        return parts[0]._same(joined)
    if function in SPLITS:
        first, *rest = arguments
        return [first._same(part) for part in function(first.raw, *rest, **options)]
    if function is np.meshgrid:
        return [
            part._same(one)
            for part, one in zip(
                arguments, np.meshgrid(*map(raw, arguments), **options), strict=True
            )
        ]
    if function in (np.ones_like, np.full_like):
        value = 1 if function is np.ones_like else arguments[1]
        return kind.full(arguments[0].shape, value, arguments[0].format)
    if function is np.where and len(arguments) == 3:
        condition, a, b = arguments
        _one_format(name, [a, b], kind)
        return a._same(np.where(condition, a.raw, b.raw))
    if function is np.array_equal:
        a, b = arguments
        return np.shape(a) == np.shape(b) and bool(np.all(a == b))
    if function in (np.sum, np.cumsum, np.prod):
        _plain_options(function, name, options, "axis")
        return getattr(arguments[0], name)(*arguments[1:], **options)
    if function in (np.dot, np.inner, np.outer, np.convolve):
        return _products(array, function, *arguments, **options)
    raise _refuse(name)


def _one_format(name: str, parts: list[Any], kind: Any) -> None:
    formats = {
        str(part.format) if isinstance(part, kind) else type(part).__name__ for part in parts
    }
    if len(formats) != 1 or not isinstance(parts[0], kind):
        raise TypeError(
            f"numpy.{name} must have arrays of one format, not {', '.join(sorted(formats))}:"
            " cast them"
        )


def _products(array: Any, function: Any, a: Any, b: Any, mode: str = "full") -> Any:
    """dot, inner, outer and convolve, by exact products and sums."""
    left, right = (array._operand(x, wanted=function.__name__) for x in (a, b))
    if function is np.dot:
        return left.dot(right)
    if function is np.inner:
        return left.dot(right.T if right.ndim == 2 else right)
    if function is np.outer:
        return left.ravel()[:, None] * right.ravel()[None, :]
    if left.ndim != 1 or right.ndim != 1:
        raise ValueError(f"arrays of convolve must have one axis, not {left.ndim} and {right.ndim}")
    from . import growth

    result = growth.dot(left.format, right.format, min(left.size, right.size))
    raw = np.convolve(left.raw.astype(object), right.raw.astype(object), mode)  # type: ignore[call-overload]
    return array.from_raw(to_storage(raw, result), result)
