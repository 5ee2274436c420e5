"""Merges of two tensors: every pair of small values, every mode, every way to broadcast, exactly."""

import itertools

import numpy as np
import pytest

from emu.op import Value
from emu.ops import MERGES, Concatenate, Dot, Merge
from fxp import Format
from tests import oracle, oracle_layers
from tests.emu import grid

PAIRS = (
    ("fixed<4,2>", "fixed<4,2>"),
    ("fixed<4,2>", "ufixed<4,2>"),
    ("ufixed<4,3>", "fixed<3,-1>"),
    ("ufixed<3,1>", "ufixed<4,0>"),
    ("fixed<4,6>", "fixed<4,1,RND,SAT>"),
    ("int<4>", "fixed<4,3>"),
    ("uint<3>", "int<4>"),
    ("ufixed<1,1>", "fixed<1,1>"),
)
SHAPES = (
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((1, 3), (2, 3)),
    ((2, 1), (2, 3)),
    ((2, 3, 4), (1, 3, 1)),
    ((2, 1, 4), (2, 3, 1)),
    ((4, 1), (1, 3)),
    ((1,), (5,)),
    ((1, 1), (1,)),
    ((2, 3, 2, 2), (1, 3, 1, 2)),
)


def elementwise(name, left, right, result, count=2):
    """One operator on every pair."""
    raws = grid.pairs(left, right)
    op = Merge(result=Format.parse(result), name=name, count=count)
    t = oracle.read(result)
    expected = [
        oracle_layers.merge(name, a, b, t, count)
        for a, b in zip(grid.values(raws[0][0], left), grid.values(raws[1][0], right), strict=True)
    ]
    found = grid.run_all(op, raws, (left, right))
    return grid.agree(found[0], expected, lambda: f"{name} {left} {right} -> {result} of {count}")


@pytest.mark.parametrize("name", MERGES)
def test_every_pair(name):
    """All kinds of inputs into all kinds of results."""
    count = 0
    for k, (left, right) in enumerate(PAIRS):
        for result in grid.RESULTS[k % 2 :: 2]:
            count += elementwise(name, left, right, result)
    assert count > 5_000


@pytest.mark.parametrize("name", MERGES)
def test_every_mode(name):
    """Each rounding with each overflow."""
    for result in grid.MODES:
        elementwise(name, "fixed<4,2>", "ufixed<3,1>", result)


@pytest.mark.parametrize("count", [3, 4, 5, 7, 12])
def test_average_of_more(count):
    """An exact quotient rounds right in every mode, though its expansion never ends."""
    for result in (*grid.MODES[::3], *grid.RESULTS):
        elementwise("average", "fixed<5,4>", "fixed<4,2>", result, count)


@pytest.mark.parametrize("name", MERGES)
@pytest.mark.parametrize("left", ["fixed<61,30>", "fixed<70,20>", "ufixed<62,62>"])
def test_wide_values(name, left):
    """Intermediates and results above 62 bits are exact."""
    rng = np.random.default_rng(5)
    right = "fixed<40,3>"
    raws = [rng.choice(grid.corners(text, rng, 40), size=(1, 60)) for text in (left, right)]
    for result in ("fixed<16,6,RND_CONV,SAT>", "fixed<75,30,RND,SAT>", "fixed<62,20>"):
        op = Merge(result=Format.parse(result), name=name)
        values = [grid.values(raw[0], text) for raw, text in zip(raws, (left, right), strict=True)]
        expected = [
            oracle_layers.merge(name, a, b, oracle.read(result))
            for a, b in zip(*values, strict=True)
        ]
        grid.agree(grid.run_all(op, raws, (left, right))[0], expected, lambda result=result: result)


def positions(shapes, cyclic):
    """For each output element, row-major, the flat positions in both inputs; and its shape."""
    sizes = [int(np.prod(shape)) for shape in shapes]
    if cyclic:
        target = shapes[0] if sizes[0] >= sizes[1] else shapes[1]
        return [[i % sizes[0], i % sizes[1]] for i in range(max(sizes))], target
    rank = max(map(len, shapes))
    full = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    target = tuple(max(lengths) for lengths in zip(*full, strict=True))
    rows = []
    for index in itertools.product(*map(range, target)):
        row = []
        for shape in full:
            flat = 0
            for i, length in zip(index, shape, strict=True):
                flat = flat * length + (i if length > 1 else 0)
            row.append(flat)
        rows.append(row)
    return rows, target


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("cyclic", [False, True])
def test_broadcasting(shapes, cyclic):
    """numpy's rule, and hls4ml's modulo rule, element by element, either tensor being the larger."""
    rng = np.random.default_rng(1)
    for ordered in (shapes, shapes[::-1]):
        sizes = sorted(int(np.prod(shape)) for shape in ordered)
        if cyclic and sizes[1] % sizes[0]:
            continue
        raws = [rng.integers(-8, 8, size=(3, *shape)) for shape in ordered]
        rows, target = positions(ordered, cyclic)
        op = Merge(result=Format(12, 6), name="subtract", cyclic=cyclic)
        found = grid.run_all(op, raws, ("fixed<4,2>", "fixed<4,2>"))
        assert found.shape == (3, *target)
        for n in range(3):
            a, b = (raw[n].reshape(-1) for raw in raws)
            expected = [int(a[i] - b[j]) << 4 for i, j in rows]
            grid.agree(found[n].reshape(-1), expected, lambda ordered=ordered: str(ordered))


def test_a_real_reference_broadcasts_alike():
    """The float64 meaning of every operator has the same shape and, unquantised, the same values."""
    rng = np.random.default_rng(2)
    for name, shapes in itertools.product(MERGES, (((2, 3), (3,)), ((2, 1), (2, 3)))):
        raws = [rng.integers(-8, 8, size=(4, *shape)) for shape in shapes]
        op = Merge(result=Format(20, 10), name=name)
        found = grid.run_all(op, raws, ("fixed<4,2>", "fixed<4,2>"))
        real = op.reference(*(raw / 4 for raw in raws))
        np.testing.assert_array_equal(found / 1024, real)


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ({"name": "divide"}, ((2,), (2,)), "merge must be one of add, .*, not 'divide'"),
        ({"name": "add", "count": 3}, ((2,), (2,)), "count of add must be 2, or more of an ave"),
        ({"name": "add"}, ((2, 3), (2,)), r"shapes must broadcast, not \(2, 3\) and \(2,\)"),
        (
            {"name": "add", "cyclic": True},
            ((2, 3), (4,)),
            r"sizes must divide one another, not shapes \(2, 3\) and \(4,\)",
        ),
        (
            {"name": "add"},
            ((2, 2, 2, 2, 2), (2, 1, 2, 1, 2)),
            "axes along which inputs broadcast must form at most 4 groups, not those of .*; merge",
        ),
    ],
)
def test_what_a_merge_refuses(fields, shapes, message):
    """Each message names the rule and the value."""
    op = Merge(result=Format(8, 4), **fields)
    values = [Value(f"x{k}", shape, Format(8, 4)) for k, shape in enumerate(shapes)]
    with pytest.raises(ValueError, match=f"^{message}"):
        op.check(*values)


# ---- dot and concatenate ----------------------------------------------------------------------


@pytest.mark.parametrize("accum", [*grid.every_mode("5,2"), *grid.every_mode("4,2", signed=False)])
def test_dot_casts_every_product_and_sum(accum):
    """Random vectors of every code: order and casts show in the bits of a tight accumulator."""
    rng = np.random.default_rng(3)
    for n, (left, right) in itertools.product((1, 2, 5), PAIRS[:6]):
        raws = [rng.choice(grid.codes(text), size=(12, n)) for text in (left, right)]
        op = Dot(result=Format.parse("fixed<7,3,RND,SAT>"), accum=Format.parse(accum))
        check_dot(op, raws, (left, right), accum)


def check_dot(op, raws, texts, accum):
    rows = [[grid.values(row, text) for row in raw] for raw, text in zip(raws, texts, strict=True)]
    t = oracle.read(str(op.result))
    expected = [
        [oracle_layers.dot(a, b, oracle.read(accum), t, bool(op.ternary))]
        for a, b in zip(*rows, strict=True)
    ]
    return grid.agree(grid.run_all(op, raws, texts), expected, lambda: f"dot {texts} {accum}")


def test_dot_with_ternary_weights_and_wide_sums():
    """-2 counts as 1 where hls4ml takes int<2> for ternary; sums above 62 bits stay exact."""
    for ternary in (False, True):
        raws = grid.pairs("fixed<4,2>", "int<2>")
        op = Dot(result=Format(12, 6), accum=Format(9, 5), ternary=ternary)
        check_dot(op, [raw.reshape(-1, 4) for raw in raws], ("fixed<4,2>", "int<2>"), "fixed<9,5>")
    rng = np.random.default_rng(4)
    texts = ("fixed<50,20>", "fixed<40,30>")
    raws = [rng.choice(grid.corners(text, rng, 40), size=(30, 3)) for text in texts]
    for accum in ("fixed<62,30,RND,SAT>", "fixed<80,40,RND_CONV,SAT>", "fixed<61,30>"):
        op = Dot(result=Format.parse("fixed<70,40,RND,SAT>"), accum=Format.parse(accum))
        check_dot(op, raws, texts, accum)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_concatenate_joins_and_casts(rank, axis):
    """Two formats into one, along each axis."""
    if axis >= rank:
        return
    rng = np.random.default_rng(6)
    base, texts = [2, 3, 4][:rank], ("fixed<4,2>", "ufixed<5,1>")
    shapes = [tuple(n + more * (k == axis) for k, n in enumerate(base)) for more in (0, 2)]
    for result in (*grid.MODES[::5], *grid.RESULTS):
        raws = [
            rng.choice(grid.codes(text), size=(3, *shape))
            for text, shape in zip(texts, shapes, strict=True)
        ]
        op = Concatenate(result=Format.parse(result), axis=axis)
        t = oracle.read(result)
        expected = np.empty((3, *op.shape(*shapes)), dtype=int)
        for index in np.ndindex(*expected.shape):
            here = list(index)
            which = int(here[1 + axis] >= shapes[0][axis])
            here[1 + axis] -= which * shapes[0][axis]
            (value,) = grid.values([raws[which][tuple(here)]], texts[which])
            expected[index] = oracle.cast_raw(value, t)
        grid.agree(grid.run_all(op, raws, texts), expected.tolist(), lambda result=result: result)


@pytest.mark.parametrize(
    ("op", "shapes", "message"),
    [
        (
            Dot(result=Format(8, 4), accum=Format(8, 4)),
            ((2, 2), (2, 2)),
            r"dot must be of two vectors of one length, not \(2, 2\), \(2, 2\)",
        ),
        (
            Concatenate(result=Format(8, 4), axis=2),
            ((2, 2), (2, 2)),
            "axis must be one of 0 to 1, not 2",
        ),
        (
            Concatenate(result=Format(8, 4), axis=0),
            ((2, 2), (2, 3)),
            r"shapes must be equal but for axis 0, not \(2, 2\) and \(2, 3\)",
        ),
    ],
)
def test_what_dot_and_concatenate_refuse(op, shapes, message):
    """Each message names the rule and the value."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        op.check(*(Value(f"x{k}", shape, Format(8, 4)) for k, shape in enumerate(shapes)))
