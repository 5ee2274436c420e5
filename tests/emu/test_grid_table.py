"""Every table recipe against the oracle, which calls libm one float at a time."""

import numpy as np
import pytest

from emu.tables import exp_table, function_table, inverse_table, legacy_tables
from fxp import Format
from tests import oracle
from tests.emu import grid

EXACT = "fixed<62,8>"
"""Keeps every bit of the floats below 256."""
TYPES = (
    "fixed<18,8>",
    "fixed<18,8,RND,SAT>",
    "ufixed<10,0,RND_CONV,SAT>",
    "fixed<8,1>",
    "fixed<6,3,TRN,WRAP>",
    "ufixed<7,2,TRN_ZERO,SAT_ZERO>",
    "fixed<9,-2,RND_INF,SAT_SYM>",
    "fixed<8,11,RND_MIN_INF>",
    EXACT,
    "int<5>",
    "uint<1>",
)
SIZES = (1024, 2048, 256, 100, 7, 3, 1)


def same(table, expected, what):
    grid.agree(table.raw, expected, lambda: what)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "softsign", "elu", "selu"])
def test_function_tables(name):
    """Every entry of every size, in types that round, saturate, wrap and truncate."""
    for size in SIZES:
        for text in TYPES if size == 256 else (EXACT, *TYPES[size % 3 :: 3]):
            expected = oracle.function_table(name, size, oracle.read(text))
            same(function_table(name, size, Format.parse(text)), expected, f"{name} {size} {text}")


ADDRESSES = (
    "fixed<16,6>",
    "fixed<8,4>",
    "ufixed<8,4>",
    "ufixed<9,-1>",
    "fixed<7,12>",
    "fixed<18,8,RND,SAT>",
    "ufixed<40,20>",
    "ufixed<6,6>",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_softmax_tables(address):
    """Addresses are the top bits of a value, its sign bit among them; exp(-d) where stable."""
    own = oracle.read(address)
    for size in (2, 16, 64, 1024):
        if size > 2**own.width:
            continue
        for k, text in enumerate(TYPES):
            t, f = oracle.read(text), Format.parse(text)
            scale, negative = (1.0, 0.1, 0.037)[k % 3], k % 2 == 1
            made = exp_table(Format.parse(address), size, f, scale, negative=negative)
            wanted = oracle.exp_table(own, size, t, scale, negative)
            same(made, wanted, f"exp {address} {size} {scale} {negative} {text}")
            made = inverse_table(Format.parse(address), size, f)
            same(made, oracle.inverse_table(own, size, t), f"1/x {address} {size} {text}")


def test_legacy_softmax_tables():
    """1/x is a double here, and 0 at 0."""
    for sizes in ((1024, 1024), (64, 100), (7, 16), (1, 1)):
        for text in TYPES:
            made = legacy_tables(*sizes, Format.parse(text))
            wanted = oracle.legacy_tables(*sizes, oracle.read(text))
            for table, entries in zip(made, wanted, strict=True):
                same(table, entries, f"legacy {sizes} {text}")


def test_infinity_is_the_largest_value_or_wraps_to_zero():
    """1 / 0: SAT gives the maximum, SAT_ZERO and WRAP give 0 (checked in hls4ml's C simulation)."""
    address = Format.parse("ufixed<8,4>")
    for text, first in (
        ("fixed<18,8,RND,SAT>", 2**17 - 1),
        ("ufixed<8,4,TRN,SAT>", 255),
        ("fixed<8,4>", 0),
        ("fixed<8,4,TRN,SAT_ZERO>", 0),
        ("fixed<8,4,TRN,SAT_SYM>", 127),
    ):
        assert inverse_table(address, 16, Format.parse(text)).raw[0] == first
    big = exp_table(
        Format.parse("fixed<8,12>"), 16, Format.parse("fixed<18,8,RND,SAT>"), 1.0, negative=False
    )
    assert big.raw[7] == 2**17 - 1
    assert np.unique(big.raw).size > 1
