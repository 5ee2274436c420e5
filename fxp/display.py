"""Raw integers as text for people: decimals, bits, hexadecimal, HTML; exact at any width."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from html import escape
from typing import Any

import numpy as np

from .convert import to_float
from .format import Format

__all__ = ["binary", "decimals", "each", "hexadecimal", "html", "text"]


def each(raw: Any, function: Callable[[Any], Any]) -> Any:
    """``function`` of every element, as nested lists; of the element itself without axes.

    >>> each(np.array([[1, 2]]), str)
    [['1', '2']]
    """
    if np.ndim(raw) == 0:
        return function(raw[()] if isinstance(raw, np.ndarray) else raw)
    return [each(part, function) for part in raw]


def decimals(raw: Any, source: Format) -> Any:
    """``raw * 2**-frac`` as exact decimals.

    >>> decimals(np.array([5]), Format.parse("fixed<8,4>"))
    [Decimal('0.3125')]
    """
    context = Context(prec=source.width + abs(source.frac) + 8)
    step = context.power(Decimal(2), Decimal(-source.frac))
    return each(raw, lambda one: context.multiply(Decimal(int(one)), step))


def binary(codes: Any, source: Format) -> Any:
    """Bits from the most significant, with the binary point where it lies between two of them.

    codes: two's complement bits, from 0 to 2**W - 1.

    >>> binary(np.array([0xCB]), Format.parse("fixed<8,4>"))
    ['1100.1011']
    """
    width, integer = source.width, source.integer

    def one(code: Any) -> str:
        digits = format(int(code), f"0{width}b")
        return f"{digits[:integer]}.{digits[integer:]}" if 0 < integer < width else digits

    return each(codes, one)


def hexadecimal(codes: Any, source: Format) -> Any:
    """Bits as hexadecimal text, all digits of the width.

    >>> hexadecimal(np.array([0xB]), Format.parse("fixed<8,4>"))
    ['0x0b']
    """
    digits = -(-source.width // 4)
    return each(codes, lambda code: f"0x{int(code):0{digits}x}")


def text(raw: Any, source: Format) -> str:
    """Values as numpy prints them; above 53 bits, where a float would round, exact decimals.

    >>> text(np.array([24, -4]), Format.parse("fixed<8,4>"))
    '[ 1.5  -0.25]'
    """
    if source.width <= 53:
        return np.array2string(to_float(raw, source))
    return _lines(decimals(raw, source))


def _lines(values: Any) -> str:
    if isinstance(values, list):
        return "[" + " ".join(_lines(part) for part in values) + "]"
    return format(values, "f")


def html(raw: Any, source: Format) -> str:
    """Format, shape and values for a notebook; of one axis at most the first 200 values.

    >>> html(np.array([24]), Format.parse("fixed<8,4>"))
    '<div><code>ap_fixed&lt;8,4&gt;</code> (1,)<pre>[1.5]</pre></div>'
    """
    shown = raw.reshape(-1)[:200] if raw.ndim < 2 else raw
    return (
        f"<div><code>{escape(str(source))}</code> {raw.shape}"
        f"<pre>{escape(text(shown, source))}</pre></div>"
    )
