"""Hypothesis strategies for formats, raw values and arrays, where bounds and ties come often.

To test a kernel of your own: draw formats, draw raw arrays of them, run the kernel, and compare raw
integers with ``fxp`` (examples/property_test_kernel.py is a whole test).
Source: the types that ``Format`` allows, those of UG1399 and of the ac_datatypes reference.

>>> from fxp import cast
>>> from hypothesis import given, settings
>>> @settings(max_examples=20, database=None)
... @given(casts(max_width=16))
... def saturated_values_stay_in_range(case):
...     raw, source, target = case
...     result = cast(raw, source, target)
...     assert target.raw_min <= result.min() and result.max() <= target.raw_max
>>> saturated_values_stay_in_range()
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .array import FxArray
from .format import MAX_WIDTH, NARROW_WIDTH, Format
from .modes import Overflow, Rounding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["arrays", "casts", "formats", "raws", "reals"]

Shape = int | tuple[int, ...]


def _st() -> Any:
    import hypothesis.strategies

    return hypothesis.strategies


def formats(
    *,
    family: str = "ap",
    min_width: int = 1,
    max_width: int = 32,
    signed: bool | None = None,
    rounding: Sequence[Rounding] | None = None,
    overflow: Sequence[Overflow] | None = None,
    min_integer: int | None = None,
    max_integer: int | None = None,
) -> SearchStrategy[Format]:
    """Formats of a family: every legal mode, negative and over-long integer bits, extreme widths.

    ``integer`` lies from -8 to width + 8 unless bounded. Raises ValueError for empty bounds.

    >>> from hypothesis import find
    >>> f = find(formats(max_width=8), lambda f: f.width == 8 and f.integer < 0)
    >>> f.width, f.frac > 8, f.family
    (8, True, 'ap')
    """
    st = _st()
    if not 1 <= min_width <= max_width <= MAX_WIDTH:
        raise ValueError(
            f"widths must be 1 <= min_width <= max_width <= {MAX_WIDTH},"
            f" not {min_width} to {max_width}"
        )
    if min_integer is not None and max_integer is not None and min_integer > max_integer:
        raise ValueError(f"min_integer must be at most {max_integer}, not {min_integer}")

    @st.composite  # type: ignore[untyped-decorator]
    def draw_format(draw: Any) -> Format:
        edges = [
            w for w in (min_width, max_width, 1, 2, NARROW_WIDTH) if min_width <= w <= max_width
        ]
        width = draw(st.one_of(st.sampled_from(edges), st.integers(min_width, max_width)))
        sign = draw(st.booleans()) if signed is None else signed
        if family in ("ap_int", "ac_int"):
            return Format(width, width, sign, family=family)
        low = -8 if min_integer is None else min_integer
        high = max(width + 8, low) if max_integer is None else max_integer
        low = min(low, high)
        inside = [i for i in (0, 1, width) if low <= i <= high]
        spread = st.integers(low, high)
        integer = draw(st.one_of(st.sampled_from(inside), spread) if inside else spread)
        known_roundings = [r for r in Rounding if family == "ac" or r is not Rounding.RND_CONV_ODD]
        chosen = draw(st.sampled_from(known_roundings if rounding is None else list(rounding)))
        legal = [o for o in Overflow if o is not Overflow.WRAP_SM or (family == "ap" and sign)]
        over = draw(st.sampled_from(legal if overflow is None else list(overflow)))
        bits = 0
        if family == "ap" and over in (Overflow.WRAP, Overflow.WRAP_SM) and overflow is None:
            bits = draw(st.sampled_from([0, 0, 1, 2, width])) % (width + 1)
        return Format(width, integer, sign, chosen, over, bits, family)

    return draw_format()  # type: ignore[no-any-return]


def _raw_elements(format: Format, *, shift: int) -> Any:
    """Raw values of a format: any, the bounds and their neighbours, and ties of a shift."""
    st = _st()
    low, high = format.raw_min, format.raw_max
    edges = {e for b in (low, 0, high) for e in (b - 1, b, b + 1) if low <= e <= high}
    kinds = [st.sampled_from(sorted(edges)), st.integers(low, high)]
    if 0 < shift <= format.width:
        half = 1 << (shift - 1)
        ties = st.integers(low >> shift, high >> shift).map(lambda k: (k << shift) + half)
        near = st.builds(lambda tie, by: max(low, min(high, tie + by)), ties, st.integers(-1, 1))
        kinds.append(near)
    return st.one_of(*kinds)


def raws(
    format: Format | str, *, shape: Shape = (8,), shift: int = 0
) -> SearchStrategy[npt.NDArray[Any]]:
    """Raw arrays of a format; with ``shift``, also values at and beside ties of that many bits.

    Raises FormatError for text that is no format.

    >>> from hypothesis import find
    >>> find(raws("ap_fixed<8,4>", shape=(1, 2)), lambda raw: raw.min() == -128).shape
    (1, 2)
    """
    st = _st()
    target = Format.parse(format)
    lengths = (shape,) if isinstance(shape, int) else shape
    size = int(np.prod(lengths))
    dtype = np.int64 if target.width <= NARROW_WIDTH else object

    def build(values: list[int]) -> npt.NDArray[Any]:
        flat = np.empty(size, dtype=dtype)
        flat[:] = values
        return flat.reshape(lengths)

    elements = _raw_elements(target, shift=shift)
    return st.lists(elements, min_size=size, max_size=size).map(build)  # type: ignore[no-any-return]


def arrays(format: Format | str, *, shape: Shape = (8,)) -> SearchStrategy[FxArray]:
    """FxArray of a format, bounds over-weighted.

    Raises FormatError for text that is no format.

    >>> from hypothesis import find
    >>> find(arrays("ap_fixed<8,4>", shape=1), lambda a: bool((a > 7.9).all()))
    FxArray.from_raw([127], 'ap_fixed<8,4>')
    """
    target = Format.parse(format)
    return raws(target, shape=shape).map(lambda raw: FxArray.from_raw(raw, target))


def reals(format: Format | str, *, extra_bits: int = 3) -> SearchStrategy[Fraction]:
    """Exact rationals in and around a format's range, ``extra_bits`` finer: its ties among them.

    Raises FormatError for text that is no format.

    >>> from hypothesis import find
    >>> find(reals("ap_fixed<8,4>"), lambda x: x > 8).denominator in (1, 2, 4, 8, 16, 32, 64, 128)
    True
    """
    st = _st()
    target = Format.parse(format)
    reach = 2 * (target.raw_max + 1) << extra_bits
    edges = [
        (bound << extra_bits) + by
        for bound in (target.raw_min, 0, target.raw_max)
        for by in (-1, 0, 1, (1 << extra_bits) // 2)
    ]
    step = target.lsb / (1 << extra_bits)
    points = st.one_of(st.sampled_from(edges), st.integers(-reach, reach))
    return points.map(lambda k: k * step)  # type: ignore[no-any-return]


def casts(
    *, family: str = "ap", max_width: int = 32, shape: Shape = (8,)
) -> SearchStrategy[tuple[npt.NDArray[Any], Format, Format]]:
    """``(raw, source, target)`` for ``cast``: shifts of few bits, ties and both range ends.

    Raises ValueError where ``formats`` does.

    >>> from hypothesis import find
    >>> raw, source, target = find(casts(shape=1), lambda case: case[1].frac > case[2].frac)
    >>> raw.shape, source.frac > target.frac
    ((1,), True)
    """
    st = _st()

    @st.composite  # type: ignore[untyped-decorator]
    def draw_cast(draw: Any) -> tuple[npt.NDArray[Any], Format, Format]:
        target = draw(formats(family=family, max_width=max_width))
        width = draw(st.integers(1, max_width))
        shift = draw(st.integers(-4, 12))
        sign = draw(st.booleans())
        frac = target.frac + shift
        source = Format(width, width - frac, sign, family="ac" if family.startswith("ac") else "ap")
        return draw(raws(source, shape=shape, shift=shift)), source, target

    return draw_cast()  # type: ignore[no-any-return]
