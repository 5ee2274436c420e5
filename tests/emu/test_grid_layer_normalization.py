"""Layer normalisation: every cast of mean, variance and result, exactly."""

import numpy as np
import pytest

from emu.op import Value
from emu.ops import LayerNormalization
from emu.tables import inverse_root_table
from fxp import Format
from tests import oracle, oracle_layers
from tests.emu import grid
from tests.emu.test_grid_dense import vectors

SHORT = ("fixed<4,2>", "ufixed<4,3>", "fixed<3,-1>", "fixed<4,6>", "ufixed<3,0>", "int<4>")


def normalization(n, accum, result, *, scale="fixed<5,2>", bias="fixed<5,3>", seed=0, **table):
    """An operator with random weights; its table is scrambled, or hls4ml's own."""
    rng = np.random.default_rng(seed)
    size, text = table.get("size", 16), table.get("text", "ufixed<8,5>")
    entries = rng.choice(grid.codes(text), size=size)
    return LayerNormalization(
        result=Format.parse(result),
        accum=Format.parse(accum),
        scale=grid.constant(scale, rng.choice(grid.codes(scale), size=n)),
        bias=grid.constant(bias, rng.choice(grid.codes(bias), size=n)),
        table=grid.table(text, entries),
        span=table.get("span", 1),
    )


def check(op, raw, text):
    """Every slice along the last axis."""
    scale, bias, table = (
        grid.values(item.raw, str(item.format)) for item in (op.scale, op.bias, op.table)
    )
    accum, result = (oracle.read(str(f)) for f in (op.accum, op.result))
    slices = raw.reshape(-1, raw.shape[-1])
    expected = [
        oracle_layers.layer_normalization(
            grid.values(row, text), scale, bias, table, op.span, accum, result
        )
        for row in slices
    ]
    found = grid.run_all(op, [raw], [text]).reshape(slices.shape)
    what = f"{text} accum {op.accum} {op.table.format} x {op.span} -> {op.result}"
    return grid.agree(found, expected, lambda: what)


@pytest.mark.parametrize("text", SHORT)
def test_every_slice(text):
    """Every or many slices of 1 to 5 elements, in accumulators of several kinds."""
    for k, accum in enumerate(
        ("fixed<12,5>", "fixed<7,3,RND,SAT>", "ufixed<8,4>", "fixed<6,7>", "int<6>", "fixed<5,0>")
    ):
        for n in (1, 3, 5):
            raw = vectors(text, n, 40)
            op = normalization(n, accum, grid.RESULTS[k], seed=k, span=(1, 4)[k % 2])
            check(op, raw, text)


@pytest.mark.parametrize("accum", grid.MODES)
def test_every_mode_of_the_accumulator(accum):
    """Sums, mean, differences, squares and variance are all cast."""
    raw = vectors("fixed<4,1>", 3, 40)
    check(normalization(3, accum, "fixed<14,6>"), raw, "fixed<4,1>")


def test_every_mode_of_the_result():
    """One cast."""
    raw = vectors("fixed<3,2>", 3, 24)
    for result in (*grid.MODES, *grid.RESULTS):
        check(normalization(3, "fixed<10,5>", result), raw, "fixed<3,2>")


def test_slices_of_a_tensor_and_wide_values():
    """The last axis only; values, accumulators and results above 62 bits."""
    raw = np.random.default_rng(4).integers(-8, 8, size=(3, 2, 2, 4))
    check(normalization(4, "fixed<12,5>", "fixed<9,4>"), raw, "fixed<4,2>")
    rng = np.random.default_rng(5)
    for text in ("fixed<61,30>", "fixed<70,30>"):
        raw = rng.choice(grid.corners(text, rng, 30), size=(20, 3))
        for accum in ("fixed<16,6,RND,SAT>", "fixed<62,31>", "fixed<80,40,TRN,SAT>"):
            for result in ("fixed<30,15,RND_CONV,SAT>", "fixed<75,35>"):
                check(normalization(3, accum, result), raw, text)


@pytest.mark.parametrize(
    "text", ["ufixed<8,5,RND_CONV,SAT>", "fixed<18,8>", "ufixed<20,4,RND,SAT>"]
)
@pytest.mark.parametrize(("power_of_10", "power_of_2"), [(3, 0), (1, 2), (7, 0), (5, 3)])
def test_the_table(text, power_of_10, power_of_2):
    """hls4ml's recipe: float32 positions, a root in float, a quotient in double."""
    for size in (64, 1000):
        found = inverse_root_table(size, power_of_10, power_of_2, Format.parse(text))
        wanted = oracle_layers.inverse_root_table(size, power_of_10, power_of_2, oracle.read(text))
        grid.agree(found.raw, wanted, lambda: text)


def test_the_real_meaning():
    """In float64; the bits follow it to the step of the table where nothing is narrow."""
    rng = np.random.default_rng(6)
    raw = rng.integers(-128, 128, size=(50, 6))
    wide = "fixed<40,12,RND,SAT>"
    op = LayerNormalization(
        result=Format.parse("fixed<24,6,RND>"),
        accum=Format.parse(wide),
        scale=grid.constant("fixed<8,3>", rng.integers(-60, 60, 6)),
        bias=grid.constant("fixed<8,3>", rng.integers(-60, 60, 6)),
        table=inverse_root_table(1 << 12, 3, 0, Format.parse("ufixed<30,6,RND,SAT>")),
        epsilon=1e-3,
    )
    found = grid.run_all(op, [raw], ["fixed<9,1>"])
    x = raw / 256
    d, least = x - x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True) - 2.0**-12
    # A step s of the table moves 1 / sqrt(var) by less than s / 2 / var**1.5; 2**-16 for the rest.
    bound = np.abs(d * op.scale.value) * 2.0**-13 / least**1.5 + 2.0**-16
    assert (np.abs(found / 2**18 - op.reference(x)) < bound).all()
    assert bound.max() < 0.2


def test_what_is_refused():
    """One scale for each element of the last axis."""
    op = normalization(3, "fixed<8,4>", "fixed<8,4>")
    message = r"^scale and bias must have the length 2 of the last axis, not 3 and 3$"
    with pytest.raises(ValueError, match=message):
        op.check(Value("x", (3, 2), Format(8, 4)))
