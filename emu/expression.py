"""Expressions as text: names, numbers, ``+ - * / **``, minus, calls of one argument.

Text is parsed into Python's syntax tree and walked; nothing is executed. Who walks it says what
the parts mean: formats, raw integers, reals, C++ text.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Protocol, TypeVar

__all__ = ["Expressions", "Meaning", "fold"]

T = TypeVar("T")

_SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}


@dataclass(frozen=True)
class Expressions:
    """``y[i] = texts[i]`` over x0, x1 ..., c0, c1 ... and calls of ``look_ups``."""

    texts: tuple[str, ...]
    look_ups: tuple[str, ...] = ()


class Meaning(Protocol[T]):
    """What the parts of an expression are; each may raise ValueError for a part it has not."""

    def name(self, name: str) -> T:
        """A variable."""

    def number(self, text: str) -> T:
        """An unsigned number, as it is written."""

    def call(self, function: str, argument: T) -> T:
        """``function(argument)``."""

    def negate(self, a: T) -> T:
        """``-a``."""

    def operate(self, symbol: str, a: T, b: T) -> T:
        """``a symbol b``, symbol one of ``+ - * / **``."""


def fold(text: str, meaning: Meaning[T]) -> T:
    """What ``text`` means; operators bind as in Python, and, without ``**``, as in C++.

    Raises ValueError for anything else than the parts of ``Meaning``, and for too deep nesting.

    >>> fold("x0 if x1 else 2", None)
    Traceback (most recent call last):
        ...
    ValueError: expression must be of names, numbers, + - * / ** and f(...), not 'x0 if x1 else 2'
    """
    source = " ".join(text.split())
    if not source.isascii():
        raise ValueError(f"expression must be ASCII, not {text!r}")
    try:
        return _fold(ast.parse(source, mode="eval").body, source, meaning)
    except SyntaxError as error:
        raise ValueError(f"expression must be well-formed, not {text!r}: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise ValueError(
            f"expression must be nested less deeply, not as the {len(text)} characters"
            f" {text[:40]!r}...: give its parts as expressions of their own"
        ) from None


def _fold(tree: ast.expr, source: str, meaning: Meaning[T]) -> T:
    written = source[tree.col_offset : tree.end_col_offset]
    match tree:
        case ast.Name(id=name):
            return meaning.name(name)
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return meaning.number(written)
        case ast.Call(func=ast.Name(id=function), args=[argument], keywords=[]):
            return meaning.call(function, _fold(argument, source, meaning))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return meaning.negate(_fold(operand, source, meaning))
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _SYMBOLS:
            symbol = _SYMBOLS[type(operator)]
            a, b = _fold(left, source, meaning), _fold(right, source, meaning)
            return meaning.operate(symbol, a, b)
    raise ValueError(
        f"expression must be of names, numbers, + - * / ** and f(...), not {written!r}"
    )
