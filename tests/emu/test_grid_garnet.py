"""GarNet: every cast of distances, means and results, exactly."""

import itertools

import numpy as np
import pytest

from emu.op import Value
from emu.ops import GarNet
from emu.tables import edge_table
from fxp import Format
from tests import oracle, oracle_garnet
from tests.emu import grid

COUNTS = ("uint<3>", "int<4>", "ufixed<4,4>", "fixed<6,4>", "ufixed<4,0>", "fixed<3,4>")
"""Types of the number of vertices: integers, with a fraction, in steps of 2."""
SHAPES = ((1, 1, 1), (2, 1, 2), (4, 2, 1), (4, 1, 3), (6, 2, 2), (8, 2, 2))
"""Vertices, features, aggregators."""


def garnet(vertices, features, aggregators, *, seed=0, filters=2, **given):
    """An operator with random weights and a scrambled table; ``given``: types and settings."""
    rng = np.random.default_rng(seed)
    types = {"distance": "fixed<4,2,TRN,SAT>", "edge": "ufixed<5,0>", "edge_sum": "ufixed<7,2>"}
    types |= {"aggr": "fixed<9,5>", "norm": "ufixed<6,2>", "result": "fixed<9,4>"}
    types |= {key: given.pop(key) for key in tuple(given) if key in types}

    def constant(*shape):
        text = grid.INPUTS[rng.integers(len(grid.INPUTS))]
        return grid.constant(text, rng.choice(grid.codes(text), size=shape))

    edge, size = types.pop("edge"), 1 << Format.parse(types["distance"]).width
    return GarNet(
        distance_weight=constant(aggregators, features),
        distance_bias=constant(aggregators),
        weight=constant(filters, aggregators, features),
        bias=constant(filters, aggregators),
        output_bias=constant(filters),
        table=grid.table(edge, rng.choice(grid.corners(edge, rng, 20), size=size)),
        **{key: Format.parse(text) for key, text in types.items()},
        **given,
    )


def by_hand(op, raw, n, text, count):
    """The oracle's raw results of every sample, flat."""

    def nested(item):
        def walk(rows):
            return list(map(walk, rows)) if isinstance(rows, list) else unit(rows, item.format)

        return walk(item.raw.tolist())

    def unit(bits, format):
        return oracle.value(bits, oracle.read(str(format)))

    layer = oracle_garnet.Layer(
        **{"h": nested(op.distance_weight), "g": nested(op.distance_bias)},
        **{"w": nested(op.weight), "b": nested(op.bias), "c": nested(op.output_bias)},
        c_type=oracle.read(str(op.output_bias.format)),
        table=nested(op.table),
        x=oracle.read(text),
        n=oracle.read(count),
        edge=oracle.read(str(op.table.format)),
        **{
            name: oracle.read(str(getattr(op, name)))
            for name in ("distance", "edge_sum", "aggr", "norm", "result")
        },
        reuse=op.blocks,
        collapse=op.collapse,
        by_count=op.by_count,
        fraction=op.fraction,
    )
    return [
        oracle_garnet.garnet(
            [grid.values(row, text) for row in x], grid.values(many, count)[0], layer
        )
        for x, many in zip(raw, n, strict=True)
    ]


def check(op, raw, n, text, count):
    """The number of values compared."""
    found = grid.run_all(op, [raw, n], [text, count])
    expected = by_hand(op, raw, n, text, count)
    what = f"{text} {raw.shape[1:]}, {count} {n.tolist()}, {vars(op)}"
    return grid.agree(found.reshape(len(raw), -1), expected, lambda: what)


def samples(text, shape, count, many, seed):
    """Random vertices, the corners of their format often; every number of them in turn."""
    rng = np.random.default_rng(seed)
    raw = rng.choice(grid.corners(text, rng, 20), size=(many, *shape))
    return raw, np.resize(grid.codes(count), (many, 1))


def cases():
    """``(operator, x, n, formats of both)``: every mode of each type, every way to end."""
    texts, counts = itertools.cycle(grid.INPUTS), itertools.cycle(COUNTS)
    shapes, results = itertools.cycle(SHAPES), itertools.cycle(grid.RESULTS)
    varied = itertools.cycle(("aggr", "edge_sum", "edge", "distance", "norm", "result"))
    wide = ("fixed<40,20>", "fixed<66,33>", "int<6>", "int<4>", "fixed<5,9>", "uint<5>")
    for k, mode in enumerate((*grid.MODES[::4], *wide * 5)):
        vertices, features, aggregators = next(shapes)
        text, count, name = next(texts), next(counts), next(varied)
        types = {"result": next(results), "aggr": ("fixed<9,5>", "fixed<14,7>")[k % 2]}
        if name != "distance" or Format.parse(mode).width < 10:
            types[name] = mode
        divisors = [b for b in range(1, vertices + 1) if vertices % b == 0]
        sizes = (2, 2, len(divisors), 2)
        collapse, by_count, blocks, more = np.random.default_rng(k).integers(0, sizes)
        op = garnet(
            *(vertices, features, aggregators),
            **{"seed": k, "filters": 1 + int(more), "blocks": divisors[blocks]},
            **{"collapse": bool(collapse), "by_count": bool(by_count), "fraction": k % 5},
            **types,
        )
        raw, n = samples(text, (vertices, features), count, 12, k)
        yield op, raw, n, text, count


def test_every_mode():
    """Every rounding and overflow mode in each of the types; blocks, ends and means of each kind."""
    found = list(cases())
    assert sum(check(*case) for case in found) > 2000
    kinds = {(op.collapse, op.by_count, op.blocks > 1) for op, *_ in found}
    assert len(kinds) == 8


def test_integer_types():
    """What += adds to an ap_int, and *= multiplies it by, truncates before, not the sum."""
    count = 0
    for k in range(24):
        name = ("aggr", "result", "edge_sum")[k % 3]
        types = {"aggr": "fixed<12,6>", "result": "fixed<12,6>", name: "int<6>"}
        op = garnet(2, 2, 2, seed=k, collapse=k % 2 == 0, edge="ufixed<5,1>", **types)
        raw, n = samples("fixed<6,3>", (2, 2), "fixed<4,3>", 24, k)
        count += check(op, raw, n, "fixed<6,3>", "fixed<4,3>")
    assert count > 1000


@pytest.mark.parametrize("collapse", [False, True])
@pytest.mark.parametrize("by_count", [False, True])
def test_every_code_of_a_vertex(collapse, by_count):
    """Two vertices of one feature: all of their codes, with each number that counts."""
    text, count = "fixed<4,1,RND,SAT>", "uint<2>"
    op = garnet(2, 1, 1, collapse=collapse, by_count=by_count, blocks=2, result="fixed<12,5>")
    codes = grid.codes(text)
    raw = np.array(list(itertools.product(codes, repeat=2)))[..., None]
    n = np.repeat(grid.codes(count), len(raw))[:, None]
    check(op, np.tile(raw, (4, 1, 1)), n, text, count)


@pytest.mark.parametrize("distance", ["fixed<12,4,TRN,SAT>", "fixed<6,1>", "ufixed<5,3>"])
@pytest.mark.parametrize("edge", ["ufixed<10,0>", "ufixed<10,0,TRN,SAT>", "fixed<8,2,RND,SAT>"])
def test_the_table(distance, edge):
    """Every entry: exp(-d * d) by way of the type of -d * d, the entry of 0 below 1."""
    made = edge_table(Format.parse(distance), Format.parse(edge))
    expected = oracle_garnet.edge_table(oracle.read(distance), oracle.read(edge))
    np.testing.assert_array_equal(made.raw, expected)
    assert made.raw.size == 1 << Format.parse(distance).width
    assert len(np.unique(made.raw)) > 4


def test_the_other_vertices_are_0():
    """Those from n on, and none where n is negative."""
    op = garnet(4, 1, 1, filters=1)
    raw = np.full((3, 4, 1), 3)
    found = grid.run_all(op, [raw, np.array([[2], [0], [-1]])], ["fixed<4,2>", "int<4>"])
    assert (found[0, :2] != 0).all()
    assert not found[0, 2:].any()
    assert not found[1:].any()


def test_reference():
    """In float64, the formula; with fine formats the hardware is near it."""
    rng = np.random.default_rng(3)
    fine, edge = "fixed<40,10>", "ufixed<30,0,RND,SAT>"

    def constant(*shape):
        value = rng.normal(0, 0.5, shape)
        item = grid.constant(fine, np.rint(np.ldexp(value, 30)).astype(np.int64))
        return item

    for collapse, by_count in itertools.product((False, True), repeat=2):
        distance = Format.parse("fixed<14,3,RND,SAT>")
        op = GarNet(
            result=Format.parse(fine),
            distance_weight=constant(3, 2),
            distance_bias=constant(3),
            weight=constant(2, 3, 2),
            bias=constant(2, 3),
            output_bias=constant(2),
            distance=distance,
            table=edge_table(distance, Format.parse(edge)),
            edge_sum=Format.parse("ufixed<40,8>"),
            aggr=Format.parse(fine),
            norm=Format.parse("ufixed<30,6>"),
            blocks=2,
            collapse=collapse,
            by_count=by_count,
        )
        x, n = rng.normal(0, 0.5, (12, 8, 2)), np.array([[1], [2], [4]] * 4)
        raw = np.rint(np.ldexp(x, 30)).astype(np.int64)
        found = grid.run_all(op, [raw, n], [fine, "uint<4>"])
        real = op.reference(np.ldexp(raw.astype(float), -30), n.astype(float))
        assert np.abs(np.ldexp(found.astype(float), -30) - real).max() < 2e-3
        assert np.ptp(real) > 0.5
    assert op.multiplications((8, 2), (1,)) == 3 * (8 * 4 + 2 * 4)


@pytest.mark.parametrize(
    ("changes", "shape", "message"),
    [
        ({}, (4,), r"input of GarNet must be \(vertices, features\), not \(4,\)$"),
        (
            {},
            (4, 3),
            r"distance_weight of GarNet must have shape \(1, 3\), not \(1, 2\)$",
        ),
        ({"fraction": -1}, (4, 2), "fraction must be at least 0, not -1$"),
        ({"blocks": 3}, (4, 2), "blocks must divide the 4 vertices, not 3$"),
        (
            {"distance": "fixed<5,2>"},
            (4, 2),
            r"table must have an entry for each code of ap_fixed<5,2>, not 16 entries$",
        ),
    ],
)
def test_what_is_refused(changes, shape, message):
    """Each message names the rule and the value."""
    op = garnet(4, 2, 1)
    changes = {
        key: Format.parse(item) if isinstance(item, str) else item for key, item in changes.items()
    }
    op = GarNet(**{**op.fields(), **changes})
    with pytest.raises(ValueError, match=f"^{message}"):
        op.check(Value("x", shape, Format(8, 4)), Value("n", (1,), Format(8, 8)))
