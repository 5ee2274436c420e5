"""Convolutions of every geometry, order and kind of format against the oracle, exactly."""

import itertools

import numpy as np
import pytest

from emu.op import Value
from emu.ops import Convolution
from fxp import Format
from tests import oracle, oracle_convolution
from tests.emu import grid

SATURATING = (
    "fixed<5,2,TRN,SAT>",
    "fixed<6,3,RND,SAT_SYM>",
    "fixed<5,2,RND_CONV,SAT_ZERO>",
    "fixed<5,3,TRN,WRAP,1>",
    "ufixed<5,3,RND,SAT>",
)
GEOMETRIES = (
    # image and channels, kernel, filters, strides, padding, dilation
    ((5, 2), (3,), 2, (1,), ((0, 0),), (1,)),
    ((5, 2), (3,), 2, (1,), ((1, 1),), (1,)),
    ((6, 1), (4,), 3, (2,), ((1, 2),), (1,)),
    ((7, 2), (3,), 1, (3,), ((2, 0),), (1,)),
    ((9, 1), (3,), 2, (1,), ((0, 0),), (3,)),
    ((4, 3), (1,), 2, (2,), ((0, 0),), (1,)),
    ((1, 2), (3,), 2, (1,), ((1, 1),), (1,)),
    ((4, 4, 2), (3, 3), 2, (1, 1), ((1, 1), (1, 1)), (1, 1)),
    ((4, 5, 1), (2, 3), 2, (2, 1), ((0, 1), (1, 1)), (1, 1)),
    ((5, 3, 2), (3, 2), 3, (2, 2), ((0, 0), (0, 1)), (1, 1)),
    ((5, 6, 1), (2, 3), 2, (1, 1), ((1, 0), (2, 2)), (2, 2)),
    ((2, 3, 4), (1, 1), 3, (1, 1), ((0, 0), (0, 0)), (1, 1)),
    ((5, 3, 2), (1, 2), 2, (1, 1), ((0, -3), (0, 0)), (1, 1)),
)
TRANSPOSED = (
    ((4, 2), (3,), 2, (1,), ((0, 0),), (1,)),
    ((4, 2), (3,), 2, (2,), ((0, 1),), (1,)),
    ((3, 1), (2,), 3, (3,), ((0, -1),), (1,)),
    ((3, 2), (3,), 1, (2,), ((1, 1),), (2,)),
    ((3, 2, 2), (3, 2), 2, (2, 2), ((0, 1), (0, 0)), (1, 1)),
    ((2, 3, 1), (2, 4), 2, (1, 3), ((0, 0), (1, 0)), (1, 1)),
)


def convolution(
    geometry,
    accum,
    result,
    *,
    w="fixed<4,2>",
    b="fixed<5,2>",
    groups=1,
    reuse=0,
    transposed=False,
    seed=0,
):
    """A layer with random weights; ``reuse`` 0 is the ascending order."""
    rng = np.random.default_rng(seed)
    (*_, channels), kernel, filters, strides, padding, dilation = geometry
    shape = (*kernel, channels // groups, filters)
    pick = grid.codes(w) if Format.parse(w).width < 20 else grid.corners(w, rng, 40)
    return Convolution(
        result=Format.parse(result),
        weight=grid.constant(w, rng.choice(pick, size=shape)),
        bias=grid.constant(b, rng.choice(grid.corners(b, rng, 20), size=filters)),
        accum=Format.parse(accum),
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        transposed=transposed,
        interleave=reuse or 1,
    )


def expected(op, raw, text):
    """Sample by sample, output by output."""
    shape = raw.shape[1:]
    geometry = oracle_convolution.Geometry(
        shape[:-1], op.kernel, op.strides, op.padding, op.dilation, op.transposed
    )
    weight = dict(
        zip(
            np.ndindex(op.weight.shape),
            grid.values(op.weight.raw.reshape(-1), str(op.weight.format)),
            strict=True,
        )
    )
    bias = grid.values(op.bias.raw, str(op.bias.format))
    types = (oracle.read(str(op.accum)), oracle.read(str(op.result)))
    rows = []
    for sample in raw:
        x = dict(zip(np.ndindex(shape), grid.values(sample.reshape(-1), text), strict=True))
        rows.append(
            oracle_convolution.convolution(
                x,
                geometry,
                weight,
                bias,
                types,
                channels=shape[-1],
                groups=op.groups,
                reuse=op.interleave if op.interleave > 1 else 0,
            )
        )
    return np.array(rows, dtype=object).reshape(len(raw), *op.shape(shape)).tolist()


def images(text, shape, count, seed=0):
    """Random images, the ends of the format among them."""
    rng = np.random.default_rng(seed)
    pick = grid.codes(text) if Format.parse(text).width < 12 else grid.corners(text, rng, 60)
    raw = rng.choice(pick, size=(count, *shape))
    raw[0], raw[-1] = pick.min(), pick.max()
    return raw


def check(geometry, accum, result, text, *, count=4, **more):
    op = convolution(geometry, accum, result, **more)
    raw = images(text, geometry[0], count, seed=more.get("seed", 0))
    what = f"{text} accum {accum} -> {result} {geometry} {more}"
    return grid.agree(grid.run(op, raw, text), expected(op, raw, text), lambda: what)


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_every_geometry(geometry):
    """Strides, uneven padding, dilation, one and two axes, saturating sums."""
    for k, accum in enumerate(("fixed<12,6>", *SATURATING[:2])):
        check(geometry, accum, "fixed<8,4,RND,SAT>", "fixed<5,2>", seed=k, w="fixed<4,1>")


@pytest.mark.parametrize("geometry", TRANSPOSED, ids=str)
def test_every_transposed_geometry(geometry):
    """Inputs are spread by the stride; what is cut off or appended; saturating sums."""
    for k, accum in enumerate(("fixed<12,6>", *SATURATING[2:4])):
        more = {"seed": k, "w": "fixed<4,1>", "transposed": True}
        check(geometry, accum, "fixed<8,4,RND,SAT>", "fixed<5,2>", **more)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(
    ("channels", "filters", "groups"), [(3, 3, 3), (3, 6, 3), (4, 2, 2), (2, 6, 2)]
)
def test_groups(channels, filters, groups, transposed):
    """Depthwise with and without a multiplier, and groups of channels."""
    for k, accum in enumerate(("fixed<12,6>", SATURATING[0], SATURATING[4])):
        one = ((5, channels), (3,), filters, (2,), ((1, 1),), (1,))
        two = ((3, 4, channels), (2, 3), filters, (1, 2), ((0, 1), (1, 1)), (1, 1))
        for geometry in (one, two):
            more = {"seed": k, "groups": groups, "transposed": transposed}
            check(geometry, accum, "fixed<9,4>", "ufixed<4,2>", count=3, **more)


@pytest.mark.parametrize("accum", grid.MODES)
def test_every_mode_of_the_accumulator(accum):
    """Each product and each sum is cast to it; a cell of padding changes nothing."""
    seed = grid.MODES.index(accum)
    geometry = ((3, 1), (3,), 2, (1,), ((1, 1),), (1,))
    text = ("fixed<3,2>", "ufixed<3,2>", "fixed<3,0>")[seed % 3]
    check(geometry, accum, "fixed<12,6>", text, count=24, seed=seed)


@pytest.mark.parametrize("result", (*grid.MODES, *grid.RESULTS))
def test_every_mode_of_the_result(result):
    """The accumulator is cast once to the result."""
    geometry = ((2, 2), (2,), 2, (1,), ((0, 0),), (1,))
    check(geometry, "fixed<9,4>", result, "fixed<3,2>", count=24, seed=len(result))


@pytest.mark.parametrize("text", grid.INPUTS)
def test_every_kind_of_format(text):
    """Integers, negative integer bits and I > W as input, weight, bias, accumulator."""
    geometry = ((2, 2, 1), (2, 2), 1, (1, 1), ((1, 0), (0, 1)), (1, 1))
    for k, accum in enumerate(
        (*grid.RESULTS[len(text) % 2 :: 2], "fixed<6,9>", "ufixed<40,20,RND,SAT>")
    ):
        w = grid.INPUTS[(k + len(text)) % len(grid.INPUTS)]
        b = ("fixed<5,2>", "int<4>", "ufixed<3,-1>")[k % 3]
        check(geometry, accum, grid.RESULTS[k % 16], text, count=6, w=w, b=b, seed=k)


@pytest.mark.parametrize("reuse", [2, 3, 4, 6, 12])
def test_orders_of_accumulation(reuse):
    """The resource kernel visits a window in passes, as a dense layer its inputs."""
    geometry = ((2, 3, 3), (2, 2), 2, (1, 1), ((0, 1), (1, 0)), (1, 1))
    for k, accum in enumerate(SATURATING):
        more = {"reuse": reuse, "seed": k, "w": "fixed<4,1>"}
        check(geometry, accum, "fixed<8,4>", "fixed<4,2>", count=6, **more)


def test_the_orders_differ():
    """Otherwise the grid of orders would prove nothing."""
    geometry = ((2, 3, 3), (2, 2), 2, (1, 1), ((0, 1), (1, 0)), (1, 1))
    raw = images("fixed<4,2>", geometry[0], 40)
    outputs = [
        grid.run(
            convolution(geometry, SATURATING[0], "fixed<8,4>", w="fixed<4,1>", reuse=reuse),
            raw,
            "fixed<4,2>",
        )
        for reuse in (0, 2, 3, 4, 6)
    ]
    for one, other in itertools.combinations(outputs, 2):
        assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("text", "w", "accum"),
    [
        ("fixed<31,10>", "fixed<31,5>", "fixed<62,14,RND,SAT>"),
        ("fixed<16,30>", "fixed<18,30>", "fixed<8,1,RND,SAT>"),
        ("fixed<40,10>", "fixed<30,4>", "fixed<75,20>"),
        ("fixed<70,30>", "fixed<8,2>", "fixed<70,12,RND_CONV,SAT>"),
        ("fixed<10,4>", "fixed<70,2>", "fixed<24,6,TRN,SAT_ZERO>"),
    ],
)
def test_wide_sums(text, w, accum):
    """Products and accumulators to 62 bits and above."""
    geometry = ((3, 2), (2,), 2, (1,), ((0, 1),), (1,))
    wide = Format.parse(accum).width > 62
    for result in ("fixed<16,6,RND,SAT>", "fixed<100,40>" if wide else "fixed<62,30>"):
        for reuse in (0, 2):
            check(geometry, accum, result, text, w=w, b="fixed<20,8>", reuse=reuse, count=8)


def test_an_entry_for_every_cell_inside():
    """Cells of padding have no entry; 10**7 entries in well under the time of reading them."""
    op = convolution(((3, 3, 1), (3, 3), 1, (1, 1), ((1, 1), (1, 1)), (1, 1)), "int<9>", "int<9>")
    found = op.linear(Value("x", (3, 3, 1), Format(4, 2)))
    assert np.diff(found.pointer).tolist() == [4, 6, 4, 6, 9, 6, 4, 6, 4]
    assert found.row[:4].tolist() == [0, 1, 3, 4]
    assert found.weight[:4].tolist() == op.weight.raw.reshape(-1)[[4, 5, 7, 8]].tolist()
    assert op.multiplications((3, 3, 1)) == 81


@pytest.mark.parametrize("geometry", (*GEOMETRIES, *TRANSPOSED), ids=str)
def test_the_real_meaning(geometry):
    """In float64; the bits agree where nothing is rounded and nothing overflows."""
    transposed = geometry in TRANSPOSED
    for groups in {1, geometry[0][-1]}:
        filters = geometry[2] * groups
        own = (*geometry[:2], filters, *geometry[3:])
        op = convolution(own, "fixed<40,20>", "fixed<40,20>", groups=groups, transposed=transposed)
        raw = images("fixed<5,2>", own[0], 3)
        found = grid.run(op, raw, "fixed<5,2>")
        np.testing.assert_array_equal(found / 2**20, op.reference(raw / 2**3))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"strides": (1,)}, r"strides, padding and dilation must have 2 entries each, not \(1,\)"),
        ({"strides": (1, 0)}, r"kernel, strides and dilation must be positive, not \(2, 2\)"),
        ({"padding": ((-1, 0), (0, 0))}, r"padding before an image must not be negative, not"),
        ({"groups": 2}, r"weight must be \(\*kernel, 3 / groups, a multiple of groups\), not"),
        ({"dilation": (4, 1)}, r"kernel \(2, 2\) must fit into the padded shape \(3, 3, 3\)"),
        ({"interleave": 5}, "interleave must divide n_in = 12, not 5"),
        ({"bias": grid.constant("int<4>", [1])}, r"bias must have shape \(2,\), not \(1,\)"),
    ],
)
def test_what_a_convolution_refuses(fields, message):
    """Each message names the rule and the value."""
    given = {
        "weight": grid.constant("int<4>", np.zeros((2, 2, 3, 2), dtype=np.int64)),
        "bias": grid.constant("int<4>", [0, 0]),
        "strides": (1, 1),
        "padding": ((0, 0), (0, 0)),
        "dilation": (1, 1),
        **fields,
    }
    op = Convolution(result=Format(8, 4), accum=Format(8, 4), **given)
    with pytest.raises(ValueError, match=f"^{message}"):
        op.check(Value("x", (3, 3, 3), Format(8, 4)))


def test_the_shape_of_the_input():
    """Channels last, as many axes as the kernel has."""
    op = convolution(GEOMETRIES[0], "int<9>", "int<9>")
    with pytest.raises(ValueError, match=r"^input of a convolution must have 1 or 2 spatial axes"):
        op.check(Value("x", (3, 3, 2), Format(8, 4)))
