"""Recurrent layers on every short sequence of small formats, in every mode, exactly."""

import functools

import numpy as np
import pytest

from emu.op import Value
from emu.ops import CELLS, Recurrent
from emu.tables import function_table
from fxp import Format
from tests import oracle, oracle_recurrent
from tests.emu import grid
from tests.emu.engine import every_path
from tests.emu.test_grid_dense import vectors

GATES = {"lstm": 4, "gru": 3, "gru_reset_before": 3, "simple_rnn": 1}
CELL_NAMES = tuple(GATES)
PAIRS = (("tanh", "sigmoid"), ("relu", "sigmoid"), ("sigmoid", "relu"), ("tanh", "tanh"))
"""Activation and recurrent activation."""


def scrambled(name, text, size, seed):
    """Raw entries, none like its neighbours: a wrong address gives a wrong output."""
    t, rng = oracle.read(text), np.random.default_rng(seed)
    if name == "relu":
        return None
    if t.width > 62:
        return [int(r) for r in rng.choice(grid.corners(text, rng, size), size)]
    return [int(r) for r in rng.integers(t.low, t.high, size, endpoint=True)]


def cell(
    name,
    *,
    accum="fixed<7,3>",
    result="fixed<6,2>",
    n_in=1,
    units=2,
    w="fixed<4,2>",
    wr="fixed<4,1>",
    b="fixed<5,2>",
    br="fixed<4,2>",
    table="fixed<6,2>",
    sizes=(16, 32),
    names=("tanh", "sigmoid"),
    orders=(1, 1),
    seed=0,
    **fields,
):
    """``(op, oracle layer)`` with random weights and scrambled tables."""
    rng = np.random.default_rng(seed)
    columns = GATES[name] * units
    shapes = ((w, (n_in, columns)), (wr, (units, columns)), (b, columns), (br, columns))
    raws = [rng.choice(grid.corners(text, rng, 30), size=shape) for text, shape in shapes]
    texts = (w, wr, b, br)
    tables = [scrambled(names[k], table, sizes[k], seed + k) for k in range(2)]
    if name == "simple_rnn":
        tables[1] = None
    op = Recurrent(
        result=Format.parse(result),
        cell=name,
        weight=grid.constant(w, raws[0]),
        recurrent_weight=grid.constant(wr, raws[1]),
        bias=grid.constant(b, raws[2]),
        recurrent_bias=grid.constant(br, raws[3]),
        accum=Format.parse(accum),
        activation=names[0],
        recurrent_activation=names[1],
        table=None if tables[0] is None else grid.table(table, tables[0]),
        recurrent_table=None if tables[1] is None else grid.table(table, tables[1]),
        interleave=orders[0],
        recurrent_interleave=orders[1],
        **fields,
    )
    exact = [
        [grid.values(row, text) for row in raw] if raw.ndim == 2 else grid.values(raw, text)
        for raw, text in zip(raws, texts, strict=True)
    ]
    gates = [
        oracle_recurrent.Gate(kind, [] if rows is None else grid.values(rows, table))
        for kind, rows in zip(names, tables, strict=True)
    ]
    terms = [
        functools.partial(oracle.resource_terms, reuse=reuse) if reuse > 1 else oracle.latency_terms
        for reuse in orders
    ]
    layer = oracle_recurrent.Layer(
        name,
        oracle_recurrent.Weights(*exact),
        oracle.read(accum),
        oracle.read(result),
        *gates,
        *terms,
    )
    return op, layer


def sequences(text, steps, n_in, limit=64):
    """Every sequence, or many of them: (N, steps, n_in)."""
    if oracle.read(text).width < 12:
        return vectors(text, steps * n_in, limit).reshape(-1, steps, n_in)
    rng = np.random.default_rng(steps)
    return rng.choice(grid.corners(text, rng, 60), size=(limit, steps, n_in))


def check(name, text, *, steps=2, limit=64, states=(), engine=True, **options):
    """One layer on sequences of ``text``; all steps are compared. The emulator's values.

    engine: on the engine's blocks too, which compiles loops for each combination of dtypes.
    """
    options.setdefault("return_sequences", True)
    op, layer = cell(name, **options)
    raw = sequences(text, steps, op.weight.shape[0], limit)
    rng = np.random.default_rng(5)
    given = [rng.choice(grid.corners(t, rng, 40), size=(len(raw), op.units)) for t in states]
    values = (
        Value("x", raw.shape[1:], Format.parse(text)),
        *(Value(f"s{k}", (op.units,), Format.parse(t)) for k, t in enumerate(states)),
    )
    op.check(*values)
    assert op.arity == len(values)
    found = op.evaluate(raw, *given, values=values)
    assert found.dtype == (np.int64 if op.result.width <= 62 else object)
    expected = []
    for k, sample in enumerate(raw):
        start = [grid.values(rows[k], t) for rows, t in zip(given, states, strict=True)]
        rows = oracle_recurrent.recurrent(
            layer,
            [grid.values(step, text) for step in sample],
            backward=op.go_backwards,
            initial=start or None,
        )
        rows = rows[::-1] if op.aligned and op.go_backwards else rows
        expected.append(rows if op.return_sequences else rows[-1])
    grid.agree(found, expected, lambda: f"{name} {text} {options}")
    paths = every_path(op, (raw, *given), values) if engine else {}
    for path, planned in paths.items():
        grid.agree(planned, expected, lambda path=path: f"{path}: {name} {text} {options}")
    return found


TIGHT = (*grid.every_mode("5,2"), *grid.every_mode("5,3", signed=False))


@pytest.mark.parametrize("part", range(4))
def test_every_mode_of_accumulator_and_state(part):
    """Products, sums, gates and states are each cast: rounded, then saturated or wrapped."""
    for k, mode in enumerate(TIGHT):
        if k % 4 != part:
            continue
        name = CELL_NAMES[k // 4 % 4]
        other = TIGHT[(7 * k + 3) % len(TIGHT)]
        options = {"names": PAIRS[k % 3], "seed": k, "limit": 16}
        check(name, "fixed<3,2>", accum=mode, result="fixed<7,2>", **options)
        check(name, "ufixed<3,1>", accum=other, result=mode, **options)


@pytest.mark.parametrize("name", CELL_NAMES)
def test_every_sequence(name):
    """All sequences of two steps, and many of four, of two features."""
    for names in PAIRS:
        check(name, "fixed<3,2>", names=names, units=1 + (names == PAIRS[0]))
    check(name, "fixed<3,2>", steps=4, n_in=2, units=3, limit=20)
    check(name, "fixed<3,2>", steps=1, n_in=2, units=1)


def every_kind(name, engine):
    kinds = [t for t in grid.RESULTS if t not in ("uint<1>", "int<1>", "int<2>")]
    for k, kind in enumerate(kinds):
        other = kinds[(5 * k + 2) % len(kinds)]
        options = {"seed": k, "limit": 12, "names": PAIRS[k % 4], "w": "fixed<5,3>"}
        options["engine"] = engine
        text = grid.INPUTS[k % len(grid.INPUTS)]
        check(name, text, accum=kind, **options)
        check(name, text, result=kind, table=other, **options)
        check(name, text, accum=other, result=kind, br=kind, wr="int<3>", **options)


@pytest.mark.parametrize("name", CELL_NAMES)
def test_every_kind_of_type(name):
    """Integers, negative integer bits and I > W in each place."""
    every_kind(name, engine=False)


@pytest.mark.long
@pytest.mark.parametrize("name", CELL_NAMES)
def test_every_kind_of_type_on_blocks(name):
    """The same as the engine runs them."""
    every_kind(name, engine=True)


@pytest.mark.parametrize("name", CELL_NAMES)
def test_sizes_and_spans_of_tables(name):
    """Tables of any size; indices that leave them."""
    for k, sizes in enumerate(((1, 2), (7, 100), (33, 1024))):
        for names in PAIRS:
            check(
                name, "fixed<6,4>", accum="fixed<9,6>", sizes=sizes, names=names, limit=15, seed=k
            )


@pytest.mark.parametrize("name", CELL_NAMES)
def test_orders_of_accumulation(name):
    """Each product has its own order, which a saturating accumulator shows."""
    seen = []
    for orders in ((1, 1), (2, 1), (1, 2), (2, 2)):
        options = {"n_in": 4, "units": 4, "w": "fixed<4,3>", "wr": "fixed<4,3>", "limit": 10}
        options |= {"accum": "fixed<6,3,TRN,SAT>", "result": "fixed<7,3>", "orders": orders}
        seen.append(check(name, "fixed<4,2>", steps=3, **options))
    for k in range(3):
        assert not np.array_equal(seen[k], seen[k + 1]), "the orders must show in the bits"


@pytest.mark.parametrize("name", CELL_NAMES)
def test_backward_aligned_and_last(name):
    """The last x first; y where x stood, or in the order of computation; or only the last y."""
    options = {"steps": 3, "limit": 12, "accum": "fixed<9,4>"}
    forward = check(name, "fixed<4,2>", **options)
    backward = check(name, "fixed<4,2>", go_backwards=True, **options)
    placed = check(name, "fixed<4,2>", go_backwards=True, aligned=True, **options)
    last = check(name, "fixed<4,2>", return_sequences=False, **options)
    np.testing.assert_array_equal(placed, backward[:, ::-1])
    np.testing.assert_array_equal(last, forward[:, -1])
    assert not np.array_equal(forward, backward)


@pytest.mark.parametrize("name", CELL_NAMES)
def test_initial_states(name):
    """Given states are cast once; each one changes the result."""
    states = ("fixed<9,4>", "ufixed<5,1>")[: CELLS[name].states]
    options = {"limit": 40, "accum": "fixed<9,4>", "wr": "fixed<4,2>"}
    given = check(name, "fixed<4,2>", states=states, initial_state=True, **options)
    assert not np.array_equal(given, check(name, "fixed<4,2>", **options))


@pytest.mark.parametrize("name", CELL_NAMES)
def test_beyond_62_bits(name):
    """Weights, accumulators, states or their products alone above 62 bits."""
    for k, (text, accum, result, w) in enumerate(
        (
            ("fixed<70,30>", "fixed<75,20,RND,SAT>", "fixed<66,20>", "fixed<16,4>"),
            ("fixed<16,6>", "fixed<40,12,RND,SAT>", "fixed<30,8,RND_CONV,SAT>", "fixed<16,4>"),
            ("fixed<16,6>", "fixed<16,6>", "fixed<80,20>", "fixed<50,4>"),
        )
    ):
        for names in PAIRS[:2]:
            options = {"accum": accum, "result": result, "w": w, "names": names, "seed": k}
            check(name, text, limit=12, table=("fixed<18,8>", "fixed<70,4>")[k % 2], **options)


@functools.cache
def real_table(name, t):
    return function_table(name, 1024, t)


@pytest.mark.parametrize("name", CELL_NAMES)
def test_reference_in_float(name):
    """Wide formats come within a few hundredths of the same cell in float64, in each direction."""
    wide = Format.parse("fixed<40,12,RND,SAT>")
    tables = {
        "table": real_table("tanh", wide),
        "recurrent_table": real_table("sigmoid", wide) if name != "simple_rnn" else None,
    }
    for fields in ({}, {"go_backwards": True}, {"go_backwards": True, "aligned": True}):
        op, _ = cell(name, n_in=3, units=4, accum="fixed<40,12>", result="fixed<40,12>")
        op = Recurrent(**{**op.fields(), "return_sequences": True, **tables, **fields})
        x = np.random.default_rng(0).integers(-(2**12), 2**12, (20, 5, 3))
        value = Value("x", (5, 3), Format.parse("fixed<20,8>"))
        raw = op.evaluate(x, values=(value,))
        real = op.reference(np.ldexp(x.astype(np.float64), -12))
        # An entry of the tables stands for 2**-7 or 2**-6 of x; slopes are at most 1.
        np.testing.assert_allclose(np.ldexp(raw.astype(np.float64), -28), real, atol=0.05)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cell": "rnn"}, "cell must be one of lstm, gru, gru_reset_before, simple_rnn, not 'rnn'"),
        ({"activation": "elu"}, "activation must be one of relu, tanh, sigmoid, not 'elu'"),
        ({"activation": "relu"}, "activation relu must have no table"),
        ({"recurrent_table": None}, "recurrent_activation sigmoid must have a table"),
        (
            {"weight": grid.constant("fixed<4,2>", np.zeros((1, 6), int))},
            r"weight of lstm must have shape \(1, 8\), not \(1, 6\)",
        ),
        ({"interleave": 2}, "interleave must divide n_in = 1, not 2"),
        ({"recurrent_interleave": 3}, "interleave must divide n_in = 2, not 3"),
    ],
)
def test_what_check_refuses(fields, message):
    """Each rule with the value seen."""
    op, _ = cell("lstm")
    op = Recurrent(**{**op.fields(), **fields})
    with pytest.raises(ValueError, match=message):
        op.check(Value("x", (3, 1), Format.parse("fixed<4,2>")))


def test_what_check_refuses_of_inputs():
    """Sequences of the right width, states of the right length."""
    x = Value("x", (3, 1), Format.parse("fixed<4,2>"))
    op, _ = cell("lstm", initial_state=True)
    with pytest.raises(ValueError, match=r"must have shape \(steps, 1\), not \(3,\)"):
        op.check(Value("x", (3,), Format.parse("fixed<4,2>")))
    with pytest.raises(ValueError, match=r"state must have shape \(2,\), not \(3,\)"):
        op.check(x, Value("h", (2,), op.result), Value("c", (3,), op.result))
