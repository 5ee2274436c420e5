"""Spiking neurons and readouts: every window of small formats against exact rationals."""

import itertools

import numpy as np
import pytest

from emu.op import Constant, Value
from emu.ops import RESETS, RULES, SpikingNeuron, SpikingReadout
from fxp import Format
from tests import oracle, oracle_spiking
from tests.emu import grid

INPUTS = ("fixed<3,1>", "ufixed<2,1>", "fixed<2,3>", "fixed<3,-1>", "int<3>")
MEMBRANES = (
    *("fixed<7,3>", "fixed<5,2,RND,SAT>", "ufixed<4,2,RND_CONV,SAT>", "fixed<4,1,RND_INF,SAT_SYM>"),
    *("fixed<4,6,TRN_ZERO,SAT_ZERO>", "int<4>", "fixed<6,2,TRN,WRAP,2>"),
)
THRESHOLDS = ("fixed<6,2>", "ufixed<3,1>", "fixed<9,5>", "fixed<66,30>")
BETAS = (None, "ufixed<5,0>", "fixed<6,2>", "fixed<4,0,RND,SAT>")
RESULTS = ("uint<1>", "fixed<4,2>", "fixed<3,1,RND,SAT>", "ufixed<3,3>", "int<1>")


def windows(text, steps, limit=200):
    """Every window of one neuron, (N, steps, 1), or ``limit`` of them."""
    rng, codes = np.random.default_rng(steps), grid.codes(text)
    if len(codes) ** steps > limit:
        return rng.choice(codes, size=(limit, steps, 1))
    return np.array(list(itertools.product(codes, repeat=steps)))[..., None]


def several(text, steps, n):
    """Windows of n neurons: those of one, each a different one."""
    one = windows(text, steps)
    return np.concatenate([np.roll(one, 7 * k, axis=0) for k in range(n)], axis=2)


def small(rng, text, n):
    """Values below 2 and above a quarter where the format has such, for spikes to come and go."""
    f = Format.parse(text)
    ends = (
        max(1, f.raw_max >> 40 if f.width > 40 else 1),
        min(f.raw_max, int(2 * 2.0**f.frac) or 1),
    )
    return grid.constant(text, rng.integers(min(ends), max(ends) + 1, size=n))


def neuron(k, n=2, result=None):
    """The k'th combination of types, with random constants: one for all neurons, or one each."""
    rng, beta = np.random.default_rng(k), BETAS[k % len(BETAS)]
    return SpikingNeuron(
        result=Format.parse(result or RESULTS[k % len(RESULTS)]),
        membrane=Format.parse(MEMBRANES[k % len(MEMBRANES)]),
        threshold=small(rng, THRESHOLDS[(k // 2) % len(THRESHOLDS)], (1, n)[k % 2]),
        beta=None if beta is None else small(rng, beta, (n, 1)[k // 3 % 2]),
        reset=RESETS[k // 2 % 2],
    )


def each(constant, n):
    """Fractions, one a neuron; None where there is no constant."""
    if constant is None:
        return [None] * n
    return grid.values(np.broadcast_to(constant.raw.reshape(-1), (n,)), str(constant.format))


@pytest.mark.parametrize("text", INPUTS)
def test_neurons(text):
    """IF and LIF, both resets, a threshold and beta for all neurons or one each."""
    raw, spikes, beside = several(text, 4, 2), 0, 0
    for k in range(28):
        op = neuron(k)
        found = grid.run_all(op, [raw], [text])
        m, t = oracle.read(str(op.membrane)), oracle.read(str(op.result))
        pairs = list(zip(each(op.threshold, 2), each(op.beta, 2), strict=True))
        expected = []
        for window in raw[:: 1 + k % 3]:
            columns = [
                oracle_spiking.neuron(grid.values(window[:, i], text), *pair, m, t, op.reset)
                for i, pair in enumerate(pairs)
            ]
            expected.append(list(zip(*columns, strict=True)))
        grid.agree(found[:: 1 + k % 3], expected, lambda k=k: f"{text} {k} {neuron(k)}")
        spikes, beside = spikes + np.count_nonzero(found), beside + np.count_nonzero(found == 0)
    assert spikes > 100 and beside > 100


CASES = [
    (rule, membrane, beta)
    for rule in RULES
    for membrane, beta in (
        [(None, None)] * (rule not in ("argmax_membrane",))
        + [
            (membrane, BETAS[k % len(BETAS)])
            for k, membrane in enumerate(MEMBRANES)
            if rule in ("argmax_membrane", "binary_logit")
        ]
    )
]


def reader(k, n):
    """The k'th readout of n classes."""
    rule, membrane, beta = CASES[k]
    rng = np.random.default_rng(k)
    return SpikingReadout(
        result=Format.parse(("uint<3>", "fixed<9,4>", "fixed<4,2,RND,SAT>", "int<2>")[k % 4]),
        rule=rule,
        class_threshold=1 + k % 3,
        membrane=None if membrane is None else Format.parse(membrane),
        beta=None if beta is None else small(rng, beta, (1, n)[k % 2]),
    )


@pytest.mark.parametrize("text", INPUTS)
def test_readouts(text):
    """Every rule; equal counts and potentials are common."""
    distinct = 0
    for k, (rule, membrane, _) in enumerate(CASES):
        n = 2 if rule == "binary_logit" else 3
        op, raw = reader(k, n), several(text, 4, n)[::3]
        found = grid.run_all(op, [raw], [text])
        m = None if membrane is None else oracle.read(membrane)
        t, betas = oracle.read(str(op.result)), each(op.beta, n)
        expected = [
            [
                oracle_spiking.readout(
                    [grid.values(row, text) for row in window],
                    rule,
                    op.class_threshold,
                    m,
                    betas,
                    t,
                )
            ]
            for window in raw
        ]
        grid.agree(found, expected, lambda k=k: f"{text} {reader(k, 3)}")
        distinct += np.unique(found).size > 1
    assert distinct > len(CASES) // 2


def test_wide_potentials():
    """Above 62 bits."""
    rng, text = np.random.default_rng(5), "fixed<70,20>"
    raw = rng.permutation(grid.corners(text, rng, 80))[: 3 * 60].reshape(-1, 3, 2)
    m = "fixed<80,22,RND,SAT>"
    op = SpikingNeuron(
        result=Format.parse("fixed<70,5>"),
        membrane=Format.parse(m),
        threshold=grid.constant("fixed<30,10>", [12345]),
        beta=grid.constant("ufixed<10,0>", [900, 31]),
    )
    types = oracle.read(m), oracle.read("fixed<70,5>")
    expected = [
        list(
            zip(
                *(
                    oracle_spiking.neuron(
                        grid.values(window[:, i], text),
                        each(op.threshold, 2)[i],
                        each(op.beta, 2)[i],
                        *types,
                        "subtract",
                    )
                    for i in range(2)
                ),
                strict=True,
            )
        )
        for window in raw
    ]
    found = grid.run_all(op, [raw], [text])
    assert grid.agree(found, expected, lambda: text) and 10 < np.count_nonzero(found) < found.size


def test_a_window_by_hand():
    """A threshold of 1, inputs of 0.75: 0.75, 1.5 spikes and leaves 0.5, 1.25 spikes, 1.0 spikes."""
    x = np.full((1, 4, 1), 3)
    fields = {"result": Format.parse("uint<1>"), "membrane": Format.parse("fixed<8,4>")}
    subtract = SpikingNeuron(threshold=Constant.of(1, "fixed<8,4>"), **fields)
    zero = SpikingNeuron(threshold=Constant.of(1, "fixed<8,4>"), reset="zero", **fields)
    leaky = SpikingNeuron(
        threshold=Constant.of(1, "fixed<8,4>"), beta=Constant.of(0.25, "fixed<8,4>"), **fields
    )
    found = [
        grid.run_all(op, [x], ["fixed<4,2>"]).reshape(-1).tolist() for op in (subtract, zero, leaky)
    ]
    assert found == [[0, 1, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0]]


def test_reference():
    """The same in float64."""
    x = np.array([[[0.75, 0.0], [0.75, -1.0], [0.75, 3.0]]])
    op = SpikingNeuron(
        result=Format(4, 2),
        membrane=Format(8, 4),
        threshold=Constant.of(1, "fixed<8,4>"),
        beta=Constant.of([1, 0.5], "fixed<8,4>"),
    )
    np.testing.assert_array_equal(op.reference(x), [[[0, 0], [1, 0], [1, 1]]])
    zero = SpikingNeuron(
        result=Format(4, 2), membrane=Format(8, 4), threshold=op.threshold, reset="zero"
    )
    np.testing.assert_array_equal(zero.reference(x), [[[0, 0], [1, 0], [0, 1]]])
    for rule, wanted in (("argmax_spike_count", 0), ("binary_logit", -1)):
        assert SpikingReadout(result=Format(4, 4), rule=rule).reference(x).tolist() == [[wanted]]
    owned = SpikingReadout(result=Format(8, 4), rule="binary_logit", membrane=Format(8, 4))
    assert owned.reference(x).tolist() == [[2 - 2.25]]
    first = SpikingReadout(result=Format(4, 4), rule="first_to_threshold", class_threshold=4)
    assert first.reference(x).tolist() == [[0]]


@pytest.mark.parametrize(
    ("op", "shape", "message"),
    [
        (neuron(0), (4,), r"input of a spiking layer must be \(steps, n\), not \(4,\)$"),
        (neuron(1, n=3), (4, 2), "threshold must have 1 or 2 values, not 3$"),
        (
            SpikingNeuron(
                result=Format(4, 2),
                membrane=Format(8, 4),
                threshold=Constant.of(1, "fixed<8,4>"),
                reset="none",
            ),
            (4, 2),
            "reset must be subtract or zero, not 'none'$",
        ),
        (
            SpikingReadout(result=Format(4, 4), rule="argmax"),
            (4, 2),
            "rule must be one of argmax_spike_count, .*, not 'argmax'$",
        ),
        (
            SpikingReadout(result=Format(4, 4), rule="argmax_membrane"),
            (4, 2),
            "rule must fit no membrane, not 'argmax_membrane'$",
        ),
        (
            SpikingReadout(result=Format(4, 4), membrane=Format(8, 4)),
            (4, 2),
            "rule must fit a membrane, not 'argmax_spike_count'$",
        ),
        (
            SpikingReadout(result=Format(4, 4), rule="binary_logit"),
            (4, 3),
            "binary_logit must have 2 classes, not 3$",
        ),
        (
            SpikingReadout(result=Format(4, 4), class_threshold=0),
            (4, 3),
            r"class_threshold must be from 1 to 2\*\*31 - 1, not 0$",
        ),
        (
            SpikingReadout(result=Format(4, 4), beta=Constant.of(1, "fixed<8,4>")),
            (4, 3),
            "beta must come with a membrane, not alone$",
        ),
    ],
)
def test_what_is_refused(op, shape, message):
    """Each message names the rule and the value."""
    with pytest.raises(ValueError, match=f"^{message}"):
        op.check(Value("x", shape, Format(8, 4)))
