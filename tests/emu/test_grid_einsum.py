"""Einsum and EinsumDense: equations of every kind, accumulators in every mode, exactly."""

import itertools

import numpy as np
import pytest

from emu.einsum import einsum_recipe
from emu.op import Value
from emu.ops import Einsum, EinsumDense
from fxp import Format
from tests import oracle, oracle_einsum
from tests.emu import grid

EQUATIONS = (
    ("a,a->", (3,), (3,)),
    ("a,a->a", (3,), (3,)),
    ("a,b->ba", (2,), (3,)),
    ("ab,bc->ac", (2, 3), (3, 2)),
    ("ab,cb->ca", (2, 3), (2, 3)),
    ("abc,abd->adc", (2, 2, 3), (2, 2, 2)),
    ("abc,cb->a", (2, 2, 3), (3, 2)),
    ("abcd,dcb->ba", (2, 1, 2, 2), (2, 2, 1)),
    ("qhd,khd->hqk", (2, 2, 2), (3, 2, 2)),
    ("hqk,khd->qhd", (2, 2, 3), (3, 2, 2)),
)
"""Equation and shapes: dot, elementwise, outer, matrix, batched, several axes, attention's two."""
ACCUMS = (*grid.MODES[::5], "fixed<6,3,RND,SAT>", "fixed<40,20>", "fixed<66,33>", "int<5>")


def tensor(raw, text):
    """``{index: value}`` of one sample."""
    return {
        index: oracle.value(int(raw[index]), oracle.read(text)) for index in np.ndindex(raw.shape)
    }


def draw(text, shape, seed, samples=12):
    rng = np.random.default_rng(seed)
    return rng.choice(grid.corners(text, rng, 30), size=(samples, *shape))


def by_hand(equation, shape, pairs, accum, result, bias=None):
    """Raw results sample by sample; ``pairs``: both tensors of each."""
    found = []
    for a, b in pairs:
        raw = oracle_einsum.einsum(
            equation, a, b, oracle.read(accum), oracle.read(result), bias=bias
        )
        found.append(np.array(list(raw.values()), dtype=object).reshape(shape).tolist())
    return found


def cases():
    """``(equation, shapes, formats of a and b, accum, result)``: every mode, every equation."""
    kinds = itertools.cycle(EQUATIONS)
    inputs = itertools.cycle(grid.INPUTS)
    results = itertools.cycle(grid.RESULTS)
    for accum in ACCUMS:
        equation, a, b = next(kinds)
        yield equation, a, b, next(inputs), next(inputs), accum, next(results)
    for equation, a, b in EQUATIONS:
        yield equation, a, b, "fixed<5,3>", "fixed<6,2>", "fixed<7,3,RND_CONV,SAT>", "fixed<5,2>"


def test_einsum():
    """The exact product is added, the sum is cast; order and rounding of the sign show."""
    count = 0
    for k, (equation, a, b, text_a, text_b, accum, result) in enumerate(cases()):
        op = Einsum(result=Format.parse(result), equation=equation, accum=Format.parse(accum))
        raws = [draw(text_a, a, k), draw(text_b, b, k + 1)]
        found = grid.run_all(op, raws, [text_a, text_b])
        pairs = [(tensor(x, text_a), tensor(y, text_b)) for x, y in zip(*raws, strict=True)]
        expected = by_hand(equation, found.shape[1:], pairs, accum, result)
        count += grid.agree(found, expected, lambda k=k: f"case {k}")
    assert count > 1000


def test_einsum_dense():
    """Each product is cast, too; a bias for each element of the result."""
    count = 0
    for k, (equation, a, b, text, weights, accum, result) in enumerate(cases()):
        shape = einsum_recipe(equation, a, b).shape
        op = EinsumDense(
            result=Format.parse(result),
            equation=equation,
            weight=grid.constant(weights, draw(weights, b, k)[0]),
            bias=grid.constant("fixed<6,3>", draw("fixed<6,3>", shape, k)[0]),
            accum=Format.parse(accum),
        )
        raw = draw(text, a, k + 2)
        found = grid.run_all(op, [raw], [text])
        weight, bias = tensor(op.weight.raw, weights), tensor(op.bias.raw, "fixed<6,3>")
        if not equation.split("->")[1]:
            bias = {(): bias[0,]}
        pairs = [(tensor(x, text), weight) for x in raw]
        expected = by_hand(equation, shape, pairs, accum, result, bias)
        count += grid.agree(found, expected, lambda k=k: f"case {k}")
    assert count > 1000


def test_ternary_factors():
    """-2 of an int<2> multiplies as 1 where hls4ml's product is ternary."""
    given = [np.array([[3, 3, 3, 3]]), np.array([[-2, -1, 0, 1]])]
    f = Format.parse("fixed<9,9>")
    for ternary, expected in ((True, [[3, -3, 0, 3]]), (False, [[-6, -3, 0, 3]])):
        op = Einsum(result=f, equation="a,a->a", accum=f, ternary=ternary)
        assert grid.run_all(op, given, ["fixed<4,4>", "int<2>"]).tolist() == expected


@pytest.mark.parametrize(("equation", "a", "b"), EQUATIONS)
def test_references(equation, a, b):
    """In float64, numpy's einsum."""
    rng, f = np.random.default_rng(0), Format(40, 20)
    x, y = rng.normal(size=(4, *a)), rng.normal(size=b)
    left, right, out = equation.replace("->", ",").split(",")
    expected = np.einsum(f"Z{left},{right}->Z{out}", x, y)
    op = Einsum(result=f, equation=equation, accum=f)
    repeated = np.broadcast_to(y, (4, *b))
    expected = expected.reshape(4, *op.shape(a, b))
    np.testing.assert_allclose(op.reference(x, repeated), expected, rtol=1e-12, atol=1e-14)
    weight = grid.constant("fixed<8,4>", np.zeros(b, dtype=np.int64))
    object.__setattr__(weight, "value", y)
    bias = grid.constant("fixed<8,4>", np.zeros(op.shape(a, b), dtype=np.int64))
    dense = EinsumDense(result=f, equation=equation, weight=weight, bias=bias, accum=f)
    np.testing.assert_allclose(dense.reference(x), expected, rtol=1e-12, atol=1e-14)
    assert dense.multiplications(a) == op.multiplications(a, b)


def test_dots_stand_for_the_axes_without_letters():
    """In one tensor, in both, and for none."""
    for equation, same, a, b in (
        ("...b,bc->...c", "xyb,bc->xyc", (2, 3, 4), (4, 2)),
        ("...b,...b->...", "xyb,xyb->xy", (2, 3, 4), (2, 3, 4)),
        ("...b,bc->...c", "b,bc->c", (4,), (4, 2)),
    ):
        with_dots, plain = einsum_recipe(equation, a, b), einsum_recipe(same, a, b)
        assert with_dots.shape == plain.shape
        for name in ("a", "b", "out"):
            np.testing.assert_array_equal(getattr(with_dots, name), getattr(plain, name))


@pytest.mark.parametrize(
    ("equation", "a", "b", "message"),
    [
        ("ab->ab", (2, 2), (2,), "equation must be of the form 'ab,bc->ac', not 'ab->ab'$"),
        ("ab,bc->ac", (2,), (2, 2), "'ab' of equation .* must name the axes of a tensor of 1 axes"),
        ("a,bc->ac", (2, 2), (2, 2), "'a' of equation .* must name the axes of a tensor of 2 axes"),
        ("aa,ab->b", (2, 2), (2, 2), "each term of equation .* must be of different letters, or"),
        ("a1,ab->b", (2, 2), (2, 2), "each term of equation .* must be of different letters, or"),
        ("ab,bc->ad", (2, 2), (2, 2), "result of equation .* must have axes of the tensors, not d"),
        ("ab,bc->ac", (2, 2), (3, 2), "axis 'b' of equation .* must have one length, not 2 and 3$"),
        (
            "ab,bc->c",
            (2, 2),
            (2, 2),
            "equation must not sum axes of one tensor alone, as .* does a",
        ),
        ("...a,...a->...", (2, 2), (2, 2, 2), r"\.\.\. of equation .* as many .*, not 1 and 2$"),
    ],
)
def test_what_an_equation_must_be(equation, a, b, message):
    """Each message names the rule and the value."""
    with pytest.raises(ValueError, match=f"^{message}"):
        einsum_recipe(equation, a, b)


def test_a_bias_of_another_shape_is_refused():
    """It has the result's shape."""
    op = EinsumDense(
        result=Format(8, 4),
        equation="ab,bc->ac",
        weight=grid.constant("fixed<8,4>", np.zeros((3, 2), dtype=np.int64)),
        bias=grid.constant("fixed<8,4>", [0, 0]),
        accum=Format(8, 4),
    )
    with pytest.raises(ValueError, match=r"^bias must have shape \(2, 2\), not \(2,\)$"):
        op.check(Value("x", (2, 3), Format(8, 4)))
