"""Embeddings, tables over codes, thresholds and signs: every input of small formats, exactly."""

import numpy as np
import pytest

from emu.op import Value
from emu.ops import Embedding, Quantizer, Sign, Thresholds, UnaryLUT
from fxp import Format
from tests import oracle, oracle_layers
from tests.emu import grid


def table(rng, text, *shape):
    """Random entries over the whole range of a format."""
    return grid.constant(text, rng.choice(grid.corners(text, rng, 60), size=shape))


@pytest.mark.parametrize("text", grid.INPUTS)
def test_embedding(text):
    """Whole numbers, fractions between rows, negative numbers and numbers beyond the table."""
    rng = np.random.default_rng(1)
    raw = grid.codes(text)[None]
    for k, (rows, n_out) in enumerate(((5, 3), (4, 4), (1, 2), (9, 1))):
        entries = ("fixed<9,4>", "ufixed<7,2>", "fixed<65,30>", "int<5>")[k]
        for result in (*grid.RESULTS, *grid.MODES[::9])[k::4]:
            op = Embedding(result=Format.parse(result), table=table(rng, entries, rows, n_out))
            flat, t = grid.values(op.table.raw.reshape(-1), entries), oracle.read(result)
            expected = [
                [oracle_layers.embedding(x, i, flat, n_out, t) for i in range(n_out)]
                for x in grid.values(raw[0], text)
            ]
            found = grid.run_all(op, [raw], [text])
            grid.agree(found[0], expected, lambda result=result: f"{text} {result}")


@pytest.mark.parametrize("text", grid.INPUTS)
def test_a_table_over_all_codes(text):
    """Two's complement is read as an unsigned number."""
    rng = np.random.default_rng(2)
    raw, data = grid.codes(text)[None], oracle.read(text)
    for k, result in enumerate((*grid.RESULTS, *grid.MODES[::9])[::3]):
        entries = ("fixed<9,4>", "ufixed<7,2>", "fixed<65,30>")[k % 3]
        op = UnaryLUT(result=Format.parse(result), table=table(rng, entries, 2**data.width))
        flat, t = grid.values(op.table.raw, entries), oracle.read(result)
        expected = [oracle_layers.unary(x, data, flat, t) for x in grid.values(raw[0], text)]
        found = grid.run_all(op, [raw], [text])
        grid.agree(found[0], expected, lambda result=result: f"{text} {result}")


@pytest.mark.parametrize("text", grid.INPUTS)
@pytest.mark.parametrize("ternary", [False, True])
def test_thresholds(text, ternary):
    """Every code against limits of its own type and of others; high may lie below low."""
    rng = np.random.default_rng(3)
    raw = np.stack([np.roll(grid.codes(text), k) for k in range(6)], axis=1)
    for k, limits in enumerate((text, "fixed<9,4>", "ufixed<5,3>", "fixed<66,30>")):
        for n in (2, 6):
            high, low = table(rng, limits, n), table(rng, limits, n)
            result = ("int<2>", "fixed<6,3>", "ufixed<1,1>", "fixed<4,2,RND,SAT>")[k]
            op = Thresholds(result=Format.parse(result), high=high, low=low if ternary else None)
            highs, lows = (grid.values(limit.raw, limits) for limit in (high, low))
            t = oracle.read(result)
            expected = [
                [
                    oracle_layers.threshold(x, highs[i % n], lows[i % n] if ternary else None, t)
                    for i, x in enumerate(grid.values(row, text))
                ]
                for row in raw
            ]
            found = grid.run_all(op, [raw], [text])
            grid.agree(found, expected, lambda limits=limits: f"{text} {limits}")


def test_equal_to_a_threshold():
    """Binary counts equality as above, ternary as below, hls4ml's comparisons."""
    raw = np.array([[-1, 0, 1]])
    limit = grid.constant("fixed<4,2>", [0])
    binary = Thresholds(result=Format.parse("uint<1>"), high=limit)
    ternary = Thresholds(result=Format.parse("int<2>"), high=limit, low=limit)
    assert grid.run_all(binary, [raw], ["fixed<4,2>"]).tolist() == [[0, 1, 1]]
    assert grid.run_all(ternary, [raw], ["fixed<4,2>"]).tolist() == [[-1, -1, 1]]
    np.testing.assert_array_equal(binary.reference(raw / 4), [[0, 1, 1]])
    np.testing.assert_array_equal(ternary.reference(raw / 4), [[-1, -1, 1]])


def test_signs_of_bits():
    """0 stands for -1."""
    for result in ("fixed<2,2>", "int<2>", "fixed<9,4,RND,SAT>"):
        op = Sign(result=Format.parse(result))
        expected = [oracle.cast_raw(value, oracle.read(result)) for value in (-1, 1)]
        assert grid.run_all(op, [np.array([[0, 1]])], ["uint<1>"]).tolist() == [expected]
    np.testing.assert_array_equal(op.reference(np.array([0.0, 1.0])), [-1, 1])


FORMATS = (
    "fixed<4,2,RND,SAT>",
    "ufixed<3,1>",
    "fixed<6,-1,RND_CONV,SAT_SYM>",
    "fixed<2,5,TRN,SAT>",
)


def quantizer(result, which, texts=FORMATS):
    return Quantizer(
        result=Format.parse(result), formats=tuple(map(Format.parse, texts)), which=which
    )


@pytest.mark.parametrize("text", grid.INPUTS)
def test_a_format_for_every_element(text):
    """Cast into its own format, then into the result's; -1 gives zero."""
    which = (0, 1, -1, 2, 3, 0)
    raw = np.repeat(grid.codes(text)[:, None], len(which), axis=1)
    for texts in (FORMATS, ("fixed<70,30>", *grid.MODES[7:70:30])):
        for result in ("fixed<16,6>", "fixed<5,2,RND,SAT>", "fixed<66,30>", "int<4>"):
            op, t = quantizer(result, which, texts), oracle.read(result)
            expected = [
                [
                    0 if k < 0 else oracle.cast_raw(oracle.cast(x, oracle.read(texts[k])), t)
                    for k, x in zip(which, grid.values(row, text), strict=True)
                ]
                for row in raw[:: max(1, len(raw) // 40)]
            ]
            found = grid.run_all(op, [raw[:: max(1, len(raw) // 40)]], [text])
            grid.agree(found, expected, lambda result=result: f"{text} {result}")
    real = quantizer("fixed<16,6>", which).reference(np.ones((2, 6)))
    np.testing.assert_array_equal(real, [[1, 1, 0, 1, 1, 1]] * 2)


@pytest.mark.parametrize(
    ("op", "shape", "message"),
    [
        (
            Embedding(result=Format(8, 4), table=grid.constant("fixed<4,2>", [[1], [2]])),
            (2, 2),
            r"input of an embedding must be a vector, not \(2, 2\)$",
        ),
        (
            Embedding(result=Format(8, 4), table=grid.constant("fixed<4,2>", [1, 2])),
            (2,),
            r"table must have two axes, not \(2,\)$",
        ),
        (
            UnaryLUT(result=Format(8, 4), table=grid.constant("fixed<4,2>", [1, 2])),
            (2,),
            r"table must have one value for each code of ap_fixed<8,4>, at most 2\*\*20, not 2$",
        ),
        (
            quantizer("fixed<8,4>", (0, 1)),
            (3,),
            "which must have 3 numbers, one an element, not 2$",
        ),
        (
            quantizer("fixed<8,4>", (0, 4)),
            (2,),
            "which must name one of 4 formats, or -1, not 4$",
        ),
        (
            Thresholds(result=Format(8, 4), high=grid.constant("fixed<4,2>", [1, 2])),
            (3,),
            "length of high must divide 3, not 2$",
        ),
    ],
)
def test_what_is_refused(op, shape, message):
    """Each message names the rule and the value."""
    with pytest.raises(ValueError, match=f"^{message}"):
        op.check(Value("x", shape, Format(8, 4)))
