"""Einstein's summation of two tensors as four loops: in place, free of a, free of b, contracted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from string import ascii_letters

import numpy as np
import numpy.typing as npt

from .op import Shape

__all__ = ["Positions", "Recipe", "einsum_recipe"]

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Recipe:
    """``y[out[i, p, q]] = sum_c a[a[i, p, c]] * b[b[i, q, c]]`` on flattened tensors.

    a: (in place, free of a, contracted) flat positions; b: (in place, free of b, contracted); out:
    (in place, free of a, free of b). Axes of each kind run in the order of b's, those of a's in
    a's: hls4ml's einsum_utils.py, whose order of additions this is. shape: that of the result.
    """

    a: Positions
    b: Positions
    out: Positions
    shape: Shape

    @property
    def products(self) -> int:
        """Number of multiplications."""
        return int(self.out.size * self.a.shape[-1])


def einsum_recipe(equation: str, a: Shape, b: Shape) -> Recipe:
    """The loops of ``equation`` (without the batch) on tensors of shapes a and b.

    ``...`` stands for the axes that no letter names. A sum over axes of one tensor alone is refused
    as in hls4ml, and so is a letter twice in one tensor. Raises ValueError.

    >>> recipe = einsum_recipe("ab,cb->ca", (2, 3), (4, 3))
    >>> recipe.shape, recipe.a.shape, recipe.b.shape
    ((4, 2), (1, 2, 3), (1, 4, 3))
    """
    left, right, out = _letters(equation, len(a), len(b))
    length = dict(zip(left, a, strict=True))
    for letter, n in zip(right, b, strict=True):
        if length.setdefault(letter, n) != n:
            raise ValueError(
                f"axis {letter!r} of equation {equation!r} must have one length,"
                f" not {length[letter]} and {n}"
            )
    alone = sorted((set(left) ^ set(right)) - set(out))
    if alone:
        raise ValueError(
            f"equation must not sum axes of one tensor alone, as {equation!r} does"
            f" {''.join(alone)}: hls4ml refuses it; sum them before"
        )
    in_place = [x for x in right if x in left and x in out]
    contract = [x for x in right if x in left and x not in out]
    free_a = [x for x in left if x not in right]
    free_b = [x for x in right if x not in left]

    def places(axes: list[str], *groups: list[str]) -> Positions:
        shape = tuple(length[x] for x in axes)
        flat = np.arange(math.prod(shape), dtype=np.int64).reshape(shape)
        turned = flat.transpose([axes.index(x) for group in groups for x in group])
        return turned.reshape([math.prod(length[x] for x in group) for group in groups])

    return Recipe(
        places(left, in_place, free_a, contract),
        places(right, in_place, free_b, contract),
        places(out, in_place, free_a, free_b),
        tuple(length[x] for x in out) or (1,),
    )


def _letters(equation: str, *ranks: int) -> list[list[str]]:
    """Letters of both tensors and of the result, ``...`` replaced by letters that are free."""
    terms = [term.strip() for part in equation.split("->") for term in part.split(",")]
    if len(terms) != 3 or equation.count(",") != 1 or equation.count("->") != 1:
        raise ValueError(f"equation must be of the form 'ab,bc->ac', not {equation!r}")
    free = "".join(x for x in ascii_letters if x not in equation)
    named = [len(term.replace("...", "")) for term in terms[:2]]
    extra = [rank - n for rank, n in zip(ranks, named, strict=True)]
    for term, more, rank in zip(terms, extra, ranks, strict=False):
        if more < 0 or (more and "..." not in term):
            raise ValueError(
                f"{term!r} of equation {equation!r} must name the axes of a tensor of {rank} axes"
            )
    dots = {more for term, more in zip(terms, extra, strict=False) if "..." in term}
    if len(dots) > 1:
        raise ValueError(
            f"... of equation {equation!r} must stand for as many axes in both tensors,"
            f" not {' and '.join(map(str, extra))}"
        )
    letters = [list(term.replace("...", free[: max(dots, default=0)])) for term in terms]
    for found in letters:
        if len(set(found)) != len(found) or not set(found) <= set(ascii_letters):
            raise ValueError(
                f"each term of equation {equation!r} must be of different letters, or ..."
            )
    unknown = set(letters[2]) - {*letters[0], *letters[1]}
    if unknown:
        raise ValueError(
            f"result of equation {equation!r} must have axes of the tensors,"
            f" not {''.join(sorted(unknown))}"
        )
    return letters
