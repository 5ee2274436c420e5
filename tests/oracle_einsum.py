"""Einstein's summation in exact rationals, letter by letter; shares no code with the packages."""

from __future__ import annotations

import itertools
from fractions import Fraction

from tests import oracle


def indices(term, lengths):
    return itertools.product(*(range(lengths[letter]) for letter in term))


def einsum(equation, a, b, accum, result, *, bias=None):
    """``{index of the result: raw}`` for tensors ``{index: Fraction}``.

    With ``bias`` (by index too) each product is cast to accum; without one only the sums are.
    """
    terms, out = equation.split("->")
    left, right = terms.split(",")
    lengths = {}
    for term, tensor in ((left, a), (right, b)):
        for index in tensor:
            for letter, k in zip(term, index, strict=True):
                lengths[letter] = max(lengths.get(letter, 0), k + 1)
    summed = [letter for letter in right if letter not in out]
    found = {}
    for index in indices(out, lengths):
        known = dict(zip(out, index, strict=True))
        total = Fraction(0) if bias is None else oracle.cast(bias[index], accum)
        for more in indices(summed, lengths):
            at = known | dict(zip(summed, more, strict=True))
            product = a[tuple(at[x] for x in left)] * b[tuple(at[x] for x in right)]
            if bias is not None:
                product = oracle.cast(product, accum)
            total = oracle.cast(total + product, accum)
        found[index] = oracle.cast_raw(total, result)
    return found
