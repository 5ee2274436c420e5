"""Maximum and average pooling: every window, padding, format and mode of small sizes, exactly."""

import itertools

import numpy as np
import pytest

from emu.op import Value
from emu.ops import Pooling
from fxp import Format
from tests import oracle, oracle_layers
from tests.emu import grid
from tests.emu.test_grid_dense import vectors

SHORT = (
    "fixed<4,2>",
    "ufixed<4,3>",
    "fixed<3,-1>",
    "fixed<4,6>",
    "ufixed<3,0>",
    "int<4>",
    "uint<3>",
)
ACCUMS = ("fixed<9,5>", "fixed<5,3,RND,SAT>", "ufixed<5,2>", "int<4>", "ufixed<12,7,RND,SAT>")
GEOMETRIES = (
    # shape, window, strides, padding
    ((5, 2), (2,), (2,), ((0, 0),)),
    ((5, 1), (3,), (1,), ((1, 1),)),
    ((7, 2), (3,), (2,), ((0, 1),)),
    ((4, 1), (1,), (3,), ((0, 0),)),
    ((6, 3), (2,), (3,), ((1, 0),)),
    ((4, 4, 2), (2, 2), (2, 2), ((0, 0), (0, 0))),
    ((3, 5, 2), (2, 3), (1, 2), ((0, 1), (1, 1))),
    ((5, 4, 1), (3, 2), (2, 2), ((1, 1), (0, 0))),
    ((3, 3, 2), (3, 3), (1, 1), ((1, 1), (1, 1))),
    ((2, 3, 3), (2, 3), (2, 3), ((0, 0), (0, 0))),
)


def pooling(name, geometry, accum, result, **more):
    _, window, strides, padding = geometry
    return Pooling(
        result=Format.parse(result),
        name=name,
        window=window,
        strides=strides,
        padding=padding,
        accum=Format.parse(accum),
        **more,
    )


def expected(op, raw, text):
    """Window by window, cell by cell."""
    types = tuple(oracle.read(t) for t in (text, str(op.accum), str(op.result)))
    x = np.empty(raw.shape, dtype=object)
    x.flat[:] = grid.values(raw.reshape(-1), text)
    spatial = raw.shape[1:-1]
    places = [
        range(0, n + before + after - size + 1, stride)
        for n, (before, after), size, stride in zip(
            spatial, op.padding, op.window, op.strides, strict=True
        )
    ]
    rows = []
    for sample, start, channel in itertools.product(
        range(len(raw)), itertools.product(*places), range(raw.shape[-1])
    ):
        cells = []
        for offset in itertools.product(*map(range, op.window)):
            at = [s + o - pad[0] for s, o, pad in zip(start, offset, op.padding, strict=True)]
            inside = all(0 <= i < n for i, n in zip(at, spatial, strict=True))
            cells.append(x[(sample, *at, channel)] if inside else None)
        rows.append(
            oracle_layers.pool(
                op.name, cells, types, count_pad=op.count_pad, top_bit=op.top_bit, order=op.order
            )
        )
    return rows


def check(op, raw, text):
    found = grid.run_all(op, [raw], [text])
    what = f"{op.name} {text} accum {op.accum} -> {op.result} {op.window} {op.strides} {op.padding}"
    return grid.agree(found.reshape(-1), expected(op, raw, text), lambda: what)


@pytest.mark.parametrize("name", ["max", "average"])
@pytest.mark.parametrize("text", SHORT)
def test_every_window(name, text):
    """Every or many windows of three cells, of which the last is padding in every other place."""
    raw = vectors(text, 5, 60)[..., None]
    for k, accum in enumerate((*ACCUMS, text)):
        geometry = ((5, 1), (3,), (2,), ((0, 1),))
        for flags in itertools.product((False, True), repeat=2):
            more = dict(zip(("count_pad", "top_bit"), flags, strict=True))
            check(pooling(name, geometry, accum, grid.RESULTS[k], **more), raw, text)


@pytest.mark.parametrize("name", ["max", "average"])
def test_every_mode_of_the_result(name):
    """One cast from the accumulator."""
    geometry = ((3, 1), (3,), (1,), ((0, 0),))
    raw = vectors("fixed<4,3>", 3, 60)[..., None]
    for result in (*grid.MODES, *grid.RESULTS):
        check(pooling(name, geometry, "fixed<8,5>", result), raw, "fixed<4,3>")


@pytest.mark.parametrize("accum", grid.MODES)
def test_every_mode_of_the_accumulator(accum):
    """Every addition is cast, in row-major order; the quotient truncates toward zero."""
    geometry = ((2, 3, 1), (2, 2), (1, 1), ((1, 0), (0, 1)))
    raw = vectors("fixed<4,1>", 6, 30).reshape(-1, 2, 3, 1)
    for name in ("max", "average"):
        check(pooling(name, geometry, accum, "fixed<12,6>"), raw, "fixed<4,1>")


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_every_geometry(geometry):
    """Strides, borders, uneven padding; one and two axes."""
    rng = np.random.default_rng(3)
    for text, name in itertools.product(("fixed<5,2>", "ufixed<5,2>"), ("max", "average")):
        raw = rng.choice(grid.codes(text), size=(4, *geometry[0]))
        for flags in itertools.product((False, True), repeat=2):
            more = dict(zip(("count_pad", "top_bit"), flags, strict=True))
            check(pooling(name, geometry, "fixed<10,6>", "fixed<8,4,RND,SAT>", **more), raw, text)


@pytest.mark.parametrize("order", ["casts", "tree"])
@pytest.mark.parametrize("accum", grid.MODES[::2])
def test_the_orders_of_streams(accum, order):
    """Cells are cast first; a tree adds halves; both show in a tight accumulator."""
    raw = vectors("fixed<5,2>", 6, 20).reshape(-1, 2, 3, 1)
    for name, window in itertools.product(("max", "average"), ((2, 3), (2, 2), (1, 3))):
        geometry = ((2, 3, 1), window, (1, 1), ((0, 0), (0, 0)))
        check(pooling(name, geometry, accum, "fixed<12,6>", order=order), raw, "fixed<5,2>")


def test_no_axis_left():
    """Global pooling is a window over everything, without its axes."""
    raw = np.random.default_rng(4).integers(-8, 8, size=(5, 2, 3, 4))
    for name in ("max", "average"):
        geometry = ((2, 3, 4), (2, 3), (2, 3), ((0, 0), (0, 0)))
        op = pooling(name, geometry, "fixed<9,6>", "fixed<8,4>", flat=True)
        assert op.shape((2, 3, 4)) == (4,)
        check(op, raw, "fixed<4,2>")


@pytest.mark.parametrize("name", ["max", "average"])
def test_wide_values(name):
    """Inputs, accumulators and results above 62 bits."""
    rng = np.random.default_rng(5)
    geometry = ((5, 1), (3,), (2,), ((0, 1),))
    for text in ("fixed<61,30>", "ufixed<62,20>", "fixed<70,30>"):
        raw = rng.choice(grid.corners(text, rng, 30), size=(20, 5, 1))
        for accum in ("fixed<16,6,RND,SAT>", "fixed<62,31>", "fixed<80,40,TRN,SAT>"):
            for result in ("fixed<30,15,RND_CONV,SAT>", "fixed<75,35>"):
                check(pooling(name, geometry, accum, result), raw, text)


def test_the_real_meaning():
    """In float64, with padded cells left out; the bits agree where nothing is rounded."""
    rng = np.random.default_rng(6)
    raw = rng.integers(-8, 8, size=(3, 4, 4, 2)) * 12
    geometry = ((4, 4, 2), (2, 3), (1, 2), ((0, 1), (1, 1)))
    for name in ("max", "average"):
        op = pooling(name, geometry, "fixed<30,14>", "fixed<30,14>")
        found = grid.run_all(op, [raw], ["fixed<12,6>"])
        np.testing.assert_array_equal(found / 2**16, op.reference(raw / 64))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "sum"}, "pooling must be one of max, average, not 'sum'"),
        (
            {"window": (2,)},
            "window, strides and padding must have one entry for each of the 1 or 2",
        ),
        ({"strides": (1, 0)}, r"window and strides must be positive, not \(2, 2\) and \(1, 0\)"),
        ({"padding": ((0, 2), (0, 0))}, r"padding must be less than the window \(2, 2\), not "),
        ({"window": (5, 2)}, r"window \(5, 2\) must fit into the padded shape \(3, 3, 2\)"),
        ({"flat": True}, r"window \(2, 2\) must cover \(3, 3, 2\) where no axis is left"),
    ],
)
def test_what_pooling_refuses(fields, message):
    """Each message names the rule and the value."""
    given = {
        "name": "max",
        "window": (2, 2),
        "strides": (1, 1),
        "padding": ((0, 0), (0, 0)),
        **fields,
    }
    op = Pooling(result=Format(8, 4), accum=Format(8, 4), **given)
    with pytest.raises(ValueError, match=f"^{message}"):
        op.check(Value("x", (3, 3, 2), Format(8, 4)))
