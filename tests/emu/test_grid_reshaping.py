"""Padding, cropping, slices, up-sampling and transposes: every element from its place, cast once."""

import itertools

import numpy as np
import pytest

from emu.op import Value
from emu.ops import Cropping, Resize, Slice, Transpose, ZeroPadding
from fxp import Format
from tests import oracle, oracle_layers
from tests.emu import grid

OPERATORS = {
    "zero_padding": (ZeroPadding, "padding"),
    "cropping": (Cropping, "cropping"),
    "slice": (Slice, "slices", "target"),
    "resize": (Resize, "factors"),
    "transpose": (Transpose, "perm"),
}
CASES = (
    ("zero_padding", (3,), ((1, 2),)),
    ("zero_padding", (4, 2), ((0, 3), (0, 0))),
    ("zero_padding", (2, 3, 2), ((1, 0), (2, 1), (0, 0))),
    ("zero_padding", (2, 2, 2), ((0, 1), (1, 0), (1, 1))),
    ("cropping", (5,), ((1, 2),)),
    ("cropping", (4, 3), ((0, 3), (0, 0))),
    ("cropping", (3, 5, 2), ((1, 0), (2, 1), (0, 0))),
    ("cropping", (3, 3, 3), ((0, 1), (1, 0), (1, 1))),
    ("slice", (6,), (((1, 3, 2),), (3,))),
    ("slice", (4, 3), (((3, 2, -2), (1, 2, 1)), (2, 2))),
    ("slice", (5, 2), (((1, 2, 3), (0, 2, 1)), (2, 2))),
    ("slice", (4, 3), (((3, 1, 1), (0, 3, 1)), (3,))),
    ("slice", (3, 4, 3), (((0, 3, 1), (1, 1, -1), (2, 2, -2)), (3, 2))),
    ("slice", (5, 4, 3), (((0, 3, 2), (1, 2, 2), (1, 2, 1)), (3, 2, 2))),
    ("slice", (3, 4, 2), (((0, 2, 2), (3, 1, 1), (0, 2, 1)), (2, 1, 2))),
    ("slice", (2, 3), (((0, 2, 1), (0, 3, 1)), (2, 1, 3, 1))),
    ("slice", (2, 3, 2, 3), (((1, 2, -1), (0, 2, 2), (1, 1, 1), (0, 3, 1)), (2, 2, 3))),
    ("resize", (3,), (2,)),
    ("resize", (2, 3), (3, 1)),
    ("resize", (2, 3, 2), (2, 3, 1)),
    ("resize", (2, 2, 3), (1, 4, 2)),
    ("transpose", (4,), (0,)),
    *(("transpose", (2, 3), perm) for perm in itertools.permutations(range(2))),
    *(("transpose", (2, 3, 4), perm) for perm in itertools.permutations(range(3))),
    *(("transpose", (2, 3, 1, 2), perm) for perm in ((3, 1, 0, 2), (1, 2, 3, 0), (2, 3, 0, 1))),
)


def operator(kind, given, result):
    made, *fields = OPERATORS[kind]
    values = given if len(fields) > 1 else (given,)
    return made(result=Format.parse(result), **dict(zip(fields, values, strict=True)))


def check(kind, shape, given, text, result, samples=3):
    """Distinct random values; every output element against its source."""
    rng = np.random.default_rng(len(shape))
    raw = rng.choice(grid.corners(text, rng, 60), size=(samples, *shape))
    op, t = operator(kind, given, result), oracle.read(result)
    found = grid.run_all(op, [raw], [text])
    expected = np.zeros(found.shape, dtype=object)
    for n in range(samples):
        for at in np.ndindex(found.shape[1:]):
            source = oracle_layers.source_of(kind, at, shape, given)
            if source is not None:
                (x,) = grid.values([raw[(n, *source)]], text)
                expected[(n, *at)] = oracle.cast_raw(x, t)
    return grid.agree(found, expected.tolist(), lambda: f"{kind} {shape} {given} {text} {result}")


@pytest.mark.parametrize(("kind", "shape", "given"), CASES, ids=str)
def test_every_element_from_its_place(kind, shape, given):
    """The types may differ, and then every element is cast."""
    for text, result in (
        ("fixed<6,3>", "fixed<6,3>"),
        ("fixed<9,4>", "ufixed<5,2,RND,SAT>"),
        ("fixed<70,30>", "fixed<61,25,RND_CONV,SAT>"),
        ("ufixed<8,1>", "fixed<66,3>"),
    ):
        check(kind, shape, given, text, result)


@pytest.mark.parametrize("kind", OPERATORS)
def test_every_mode(kind):
    """Each rounding with each overflow."""
    shape, given = next(case[1:] for case in CASES if case[0] == kind and len(case[1]) == 2)
    for result in (*grid.MODES, *grid.RESULTS):
        check(kind, shape, given, "fixed<7,4>", result, samples=1)


@pytest.mark.parametrize(("kind", "shape", "given"), CASES, ids=str)
def test_the_real_meaning(kind, shape, given):
    """In float64 the same elements come from the same places."""
    raw = np.random.default_rng(1).integers(-20, 20, size=(2, *shape))
    op = operator(kind, given, "fixed<10,6>")
    found = grid.run_all(op, [raw], ["fixed<10,6>"])
    np.testing.assert_array_equal(found / 16, op.reference(raw / 16))


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("zero_padding", ((1, 1),), "padding must be two numbers from 0 for each of the 1 to 3"),
        ("zero_padding", ((1, -1), (0, 0)), "padding must be two numbers from 0 for each of the"),
        ("cropping", ((1, 1),), "cropping must be two numbers from 0 for each of the 1 to 3 axes"),
        (
            "cropping",
            ((1, 1), (0, 0)),
            r"cropping must leave something of \(2, 3\), not \(\(1, 1\), \(0, 0\)\)$",
        ),
        (
            "slice",
            (((0, 2, 1),), (2,)),
            r"slices must be \(start, count, step\) for each of the 1 to 4 axes of \(2, 3\), not \(\(0,",
        ),
        *(
            (
                "slice",
                (((0, 2, 1), along), (4,)),
                r"slices must lie within \(2, 3\), not \(\(0, 2, 1",
            )
            for along in ((0, 0, 1), (3, 1, 1), (-1, 2, 1), (1, 2, 2), (1, 3, -1))
        ),
        (
            "slice",
            (((0, 2, 1), (0, 2, 1)), (3,)),
            r"target must have the 4 elements of the slices, not shape \(3,\)$",
        ),
        (
            "resize",
            (2, 0),
            r"factors must be a positive number for each of the 1 to 3 axes of \(2, 3\), not \(2, 0",
        ),
        (
            "transpose",
            (0, 0),
            r"perm must be an order of the 1 to 4 axes of \(2, 3\), not \(0, 0\)$",
        ),
    ],
)
def test_what_is_refused(kind, given, message):
    """Each message names the rule and the value."""
    with pytest.raises(ValueError, match=f"^{message}"):
        operator(kind, given, "fixed<8,4>").check(Value("x", (2, 3), Format(8, 4)))
