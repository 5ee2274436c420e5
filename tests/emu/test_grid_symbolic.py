"""Symbolic expressions: every input of small formats against exact rationals, bit for bit."""

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from emu.op import Value
from emu.ops import Symbolic
from fxp import Format
from tests import oracle, oracle_symbolic
from tests.emu import grid

EXPRESSIONS = (
    "x0 + x1 * c0 - c1",
    "-(x0 - x1) * -x0",
    "x0 / x1",
    "(x0 + c0) / (x1 - c1)",
    "x0 * x0 / x1 / c0 + x1 / (x0 * x0)",
    "c0 / x0 - -x1 / c1",
    "-x0 / (c0 * x1)",
    "c1",
)
LOOK_UPS = (
    "f(x0) * g(x1) - c0",
    "g(f(x0 * x1) + x1)",
    "x0 / f(x1 - c0)",
    "-g(x0 / x1)",
)
INPUTS = ("fixed<4,2>", "ufixed<4,1>", "fixed<3,-1>", "fixed<3,5>", "ufixed<3,4>", "int<4>")
COEFFICIENTS = ("fixed<5,3,RND,SAT>", "ufixed<4,0>", "fixed<4,6>", "int<3>")
ARGUMENTS = ("fixed<6,3>", "fixed<5,2,RND_CONV,SAT>", "ufixed<5,2,RND,SAT_ZERO>", "fixed<4,5>")


def inputs(text):
    """Every pair of codes."""
    codes = grid.codes(text)
    return np.array(list(itertools.product(codes, codes)), dtype=np.int64)


def symbolic(rng, result, expressions, coefficient, argument="fixed<6,3>", names=("f", "g")):
    """An operator with two random coefficients, and random tables for the names.

    f climbs its table over two thirds of the argument's range, g descends over a half.
    """
    entries, t, sizes = grid.corners(argument, rng, 30), oracle.read(argument), (19, 8)
    span = Fraction(t.high - t.low) / 2**t.frac if t.frac >= 0 else (t.high - t.low) * 2**-t.frac
    slopes = [3 * Fraction(16 * sizes[0]) / (2 * span), -2 * Fraction(16 * sizes[1]) / span]
    starts = [t.low + (t.high - t.low) // 5, t.high - (t.high - t.low) // 3]
    count = len(names)
    return Symbolic(
        result=Format.parse(result),
        expressions=tuple(expressions),
        coefficients=grid.constant(coefficient, rng.choice(grid.codes(coefficient), size=2)),
        look_ups=names,
        functions=("sin", "exp")[:count],
        samples=tuple(
            grid.table(argument, rng.choice(entries, size=size)) for size in sizes[:count]
        ),
        starts=grid.constant(argument, starts) if count else None,
        scales=grid.constant("fixed<20,16>", [round(slope) for slope in slopes]) if count else None,
    )


def exact(op, raw, texts):
    """The oracle's values before the last cast; texts: of input's and coefficients' types."""
    x_type, c_type = (oracle.read(text) for text in texts)
    names = {
        f"c{k}": oracle_symbolic.variable(int(c), c_type) for k, c in enumerate(op.coefficients.raw)
    }
    for k, name in enumerate(op.look_ups):
        table, t = op.samples[k].raw.tolist(), oracle.read(str(op.starts.format))
        start, scale = int(op.starts.raw[k]), int(op.scales.raw[k])
        names[name] = oracle_symbolic.look_up(table, start, scale, t)
    rows = []
    for row in raw.tolist():
        names |= {f"x{k}": oracle_symbolic.variable(x, x_type) for k, x in enumerate(row)}
        rows.append([oracle_symbolic.expression(y, names) for y in op.expressions])
    return rows


def agree(op, raw, texts, results):
    """Compare for every result type; the distinct values of the first one."""
    values, distinct = exact(op, raw, texts), 0
    for result in results:
        t = oracle.read(result)
        found = grid.run_all(replace(op, result=Format.parse(result)), [raw], texts[:1])
        wanted = [[oracle.cast_raw(y, t) for y in row] for row in values]
        grid.agree(found, wanted, lambda result=result: f"{texts} {result} {op}")
        distinct = distinct or np.unique(found).size
    return distinct


@pytest.mark.parametrize("text", INPUTS)
def test_arithmetic(text):
    """Sums, products, quotients, minus, and their nesting; every pair of inputs, 0 among them."""
    rng, raw, distinct = np.random.default_rng(len(text)), inputs(text), 0
    for k, coefficient in enumerate(COEFFICIENTS):
        op = symbolic(rng, "fixed<24,12>", EXPRESSIONS, coefficient, names=())
        results = ("fixed<24,12>", *grid.RESULTS[k::4], *grid.MODES[k::31])
        distinct += agree(op, raw, (text, coefficient), results)
    assert distinct > 200


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_look_ups(argument):
    """Arguments cast to the table's type, indices beyond both ends, scales of both signs."""
    rng, distinct = np.random.default_rng(7), 0
    for k, text in enumerate(INPUTS):
        op = symbolic(rng, "fixed<24,12>", LOOK_UPS, COEFFICIENTS[k % 4], argument)
        results = ("fixed<24,12>", grid.RESULTS[k], grid.MODES[11 * k])
        distinct += agree(op, inputs(text), (text, COEFFICIENTS[k % 4]), results)
    assert distinct > 100


def test_wide_types():
    """Products beyond 62 bits, tables above 62 bits."""
    rng = np.random.default_rng(9)
    for text in ("fixed<40,12>", "fixed<70,30>", "ufixed<61,1>"):
        column = grid.corners(text, rng, 20)[::3]
        raw = np.stack([rng.permutation(column), column], axis=1)
        for argument in ("fixed<10,5>", "fixed<70,40>"):
            op = symbolic(rng, "fixed<24,12>", (*EXPRESSIONS, "f(x0) * x1"), "int<3>", argument)
            agree(op, raw, (text, "int<3>"), ("fixed<90,50,RND,SAT>",))


def test_an_index_keeps_32_bits():
    """Far beyond the table the index is a C int, which may have wrapped to any sign."""
    rng, text = np.random.default_rng(3), "fixed<40,36>"
    raw = np.stack([grid.corners(text, rng, 300)] * 2, axis=1)
    op = symbolic(rng, "fixed<12,6>", ("f(x0)", "g(x1)"), "int<3>", text)
    op = replace(op, scales=grid.constant("fixed<20,16>", [16, -(2**19)]))
    assert agree(op, raw, (text, "int<3>"), ("fixed<40,36>",)) > 3


def test_reference():
    """The same expressions in float64; look-ups as the functions that they sample."""
    op = symbolic(np.random.default_rng(0), "fixed<24,12>", ("x0 / x1 - c0", "g(x0)"), "fixed<5,3>")
    c0 = op.coefficients.value[0]
    found = op.reference(np.array([[1.0, 4.0], [-0.5, 0.25]]))
    np.testing.assert_array_equal(found, [[0.25 - c0, np.exp(1.0)], [-2 - c0, np.exp(-0.5)]])


def given(**changes):
    fields = {
        "result": Format(8, 4),
        "expressions": ("x0",),
        "coefficients": grid.constant("fixed<4,2>", [1, 2]),
    }
    return Symbolic(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "shape", "message"),
    [
        ({}, (2, 2), r"input of expressions must be a vector, not \(2, 2\)$"),
        ({"expressions": ()}, (2,), r"expressions must be at least one, not \(\)$"),
        (
            {"expressions": ("x2 + c0",)},
            (2,),
            "expression must be of x0 to x1 and c0 to c1, not 'x2'$",
        ),
        ({"expressions": ("x00",)}, (2,), "expression must be of x0 to x1 and c0 to c1, not 'x00'"),
        (
            {"expressions": ("c0",), "coefficients": None},
            (2,),
            "expression must be of x0 to x1, not 'c0'$",
        ),
        (
            {"expressions": ("2*x0",)},
            (2,),
            r"numbers of an expression must be coefficients c0, c1 ..., not 2$",
        ),
        (
            {"expressions": ("x0**x1",)},
            (2,),
            r"powers in an expression must be written as products, not with \*\*$",
        ),
        (
            {"expressions": ("sin(x0)",)},
            (2,),
            r"functions of an expression must be look-ups \(none\): 'sin'$",
        ),
        (
            {"expressions": ("x0 if x1 else x0",)},
            (2,),
            r"expression must be of names, numbers, \+ - \* / \*\* and f\(...\),"
            " not 'x0 if x1 else x0'$",
        ),
        ({"expressions": ("x0 +",)}, (2,), r"expression must be well-formed, not 'x0 \+': "),
        (
            {"expressions": ("+".join(["x0"] * 5000),)},
            (2,),
            r"expression must be nested less deeply, not as the 14999 characters 'x0\+x0",
        ),
        (
            {"look_ups": ("f",)},
            (2,),
            r"functions, samples, starts and scales must be 1 each, one a look-up, not"
            r" \[0, 0, 0, 0\]$",
        ),
    ],
)
def test_what_is_refused(changes, shape, message):
    """Each message names the rule and the value."""
    with pytest.raises(ValueError, match=f"^{message}"):
        given(**changes).check(Value("x", shape, Format(8, 4)))


@pytest.mark.parametrize(
    ("name", "function", "samples", "message"),
    [
        ("x1", "sin", "fixed<6,3>", "look-ups must have names of their own, not 'x1'$"),
        ("f", "sine", "fixed<6,3>", "functions must be of sin, cos, .*, not 'sine'$"),
        (
            "f",
            "sin",
            "fixed<7,3>",
            "samples of f must have the format of starts, ap_fixed<6,3>, not ap_fixed<7,3>$",
        ),
    ],
)
def test_what_is_refused_of_a_look_up(name, function, samples, message):
    """Each message names the rule and the value."""
    op = given(
        look_ups=(name,),
        functions=(function,),
        samples=(grid.table(samples, [1, 2]),),
        starts=grid.constant("fixed<6,3>", [0]),
        scales=grid.constant("fixed<20,16>", [16]),
    )
    with pytest.raises(ValueError, match=f"^{message}"):
        op.check(Value("x", (2,), Format(8, 4)))


def test_types_that_are_too_wide():
    """fxp has formats up to 1024 bits."""
    op = given(expressions=("*".join(["x0"] * 130),))
    with pytest.raises(ValueError, match="1024"):
        op.check(Value("x", (2,), Format(8, 4)))
