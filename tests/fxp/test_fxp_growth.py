"""The width tables are those of the vendors' headers, type by type.

``growth_types.json`` holds what the headers' compilers answered; a test with g++ asks them again.
Rewrite it with: python -m tests.fxp.test_fxp_growth
"""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest

from fxp import Format, FormatError, FxArray, growth
from tests.fxp import headers

FILE = Path(__file__).with_name("growth_types.json")
TYPES = {
    "ap": [
        "ap_fixed<8,4>",
        "ap_ufixed<8,4>",
        "ap_fixed<5,9>",
        "ap_ufixed<6,-3>",
        "ap_fixed<1,1>",
        "ap_ufixed<7,12>",
        "ap_int<6>",
        "ap_uint<6>",
        "ap_int<1>",
        "ap_uint<11>",
    ],
    "ac": [
        "ac_fixed<8,4,true>",
        "ac_fixed<8,4,false>",
        "ac_fixed<5,9,true>",
        "ac_fixed<6,-3,false>",
        "ac_fixed<1,1,true>",
        "ac_fixed<7,12,false>",
        "ac_int<6,true>",
        "ac_int<6,false>",
        "ac_int<1,true>",
        "ac_int<11,false>",
    ],
}
RULES = {
    "+": growth.add,
    "-": growth.subtract,
    "*": growth.multiply,
    "/": growth.divide,
    "%": growth.remainder,
    "&": growth.logic,
}
ONE = {"-a": growth.negate, "~a": growth.invert, "a<<1": growth.shift}
SHOW = {
    "ap": """#include <cstdio>
#include <ap_fixed.h>
#include <ap_int.h>
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
void show(const ap_fixed_base<W, I, S, Q, O, N>*) { printf("ap_%sfixed<%d,%d>\\n", S ? "" : "u", W, I); }
template <int W, bool S> void show(const ap_int_base<W, S>*) { printf("ap_%sint<%d>\\n", S ? "" : "u", W); }
""",
    "ac": """#include <cstdio>
#include <ac_fixed.h>
#include <ac_int.h>
template <int W, int I, bool S, ac_q_mode Q, ac_o_mode O>
void show(const ac_fixed<W, I, S, Q, O>*) { printf("ac_fixed<%d,%d,%s>\\n", W, I, S ? "true" : "false"); }
template <int W, bool S> void show(const ac_int<W, S>*) { printf("ac_int<%d,%s>\\n", W, S ? "true" : "false"); }
""",
}


def questions(vendor: str) -> list[tuple[str, str, str]]:
    """Every (left, operator, right), and every (type, unary operator, "")."""
    asked = []
    for a, b in itertools.product(TYPES[vendor], repeat=2):
        for op in RULES:
            if op == "%" and "fixed" in a + b:
                continue
            asked.append((a, op, b))
    return asked + [(a, op, "") for a in TYPES[vendor] for op in ONE]


def ask_headers(vendor: str) -> dict[str, str]:
    """The type of each expression as the header declares it."""
    body = []
    for a, op, b in questions(vendor):
        expression = op if not b else f"a {op} b"
        declared = f"{b} b;" if b else ""
        body.append(f"{{ {a} a; {declared} decltype({expression}) *p = 0; show(p); }}")
    text = SHOW[vendor] + "int main() {\n" + "\n".join(body) + "\n}\n"
    lines = headers.run(text, kind=vendor).decode().split()
    return {"".join(q): line for q, line in zip(questions(vendor), lines, strict=True)}


def ours(a: str, op: str, b: str) -> Format:
    if b:
        return RULES[op](Format.parse(a), Format.parse(b))
    return ONE[op](Format.parse(a))


@pytest.mark.parametrize("vendor", ["ap", "ac"])
def test_every_result_format(vendor):
    """growth gives the recorded type of each expression."""
    recorded = json.loads(FILE.read_text())[vendor]
    for a, op, b in questions(vendor):
        assert str(ours(a, op, b)) == str(Format.parse(recorded[a + op + b])), f"{a} {op} {b}"


@pytest.mark.cpp
@pytest.mark.parametrize("vendor", ["ap", "ac"])
def test_headers_still_declare_the_recorded_types(vendor):
    """The record is what the header says."""
    headers.require(vendor)
    assert ask_headers(vendor) == json.loads(FILE.read_text())[vendor]


@pytest.mark.parametrize("text", [*TYPES["ap"], *TYPES["ac"]])
def test_our_own_rules_hold_their_extremes(text):
    """abs, sums, dot products and point moves hold the extreme values, with no bit to spare."""
    f = Format.parse(text)
    extremes = FxArray.from_raw([f.raw_min, f.raw_max], f)
    wide = abs(extremes)
    assert wide.to_fraction() == [abs(x) for x in extremes.to_fraction()]
    assert wide.format == growth.absolute(f)
    assert growth.absolute(f).width == f.width
    for count in (1, 2, 3, 4, 5, 8, 9):
        total = growth.total(f, count)
        for bound in (f.raw_min, f.raw_max):
            assert total.raw_min <= count * bound <= total.raw_max
        assert (total.width - f.width, total.frac) == ((count - 1).bit_length(), f.frac)
    assert growth.scale2(f, -3).lsb * 8 == f.lsb
    assert growth.scale2(f, 5).width == f.width


def test_the_formats_of_bits_and_c_integers():
    """range, slc, concat, and C's integer types beside either vendor's."""
    f, c = Format.parse("ap_fixed<8,4>"), Format.parse("ac_int<8,true>")
    assert str(growth.select(f, 6, 2)) == str(growth.select(f, 2, 6)) == "ap_uint<5>"
    assert str(growth.select(c, 6, 2)) == "ac_int<5,true>"
    assert str(growth.join(f, Format.parse("ap_int<3>"))) == "ap_uint<11>"
    assert str(growth.c_integer(32, signed=True, like=f)) == "ap_int<32>"
    assert str(growth.c_integer(1, signed=False, like=c)) == "ac_int<1,false>"
    assert str((FxArray([1], f) + 1).format) == "ap_fixed<37,33>"
    assert str((FxArray([1], f) + True).format) == "ap_fixed<9,5>"
    assert str((FxArray([1], f) + (1 << 40)).format) == "ap_fixed<69,65>"


def test_vendors_do_not_mix():
    """An ap operand beside an ac one is refused, with the way out."""
    a, c = Format.parse("ap_fixed<8,4>"), Format.parse("ac_fixed<8,4,true>")
    message = r"^operands must be of one vendor, not ap_fixed<8,4> and ac_fixed<8,4,true>; convert"
    with pytest.raises(FormatError, match=message):
        growth.add(a, c)


def test_remainder_needs_integers():
    """Neither vendor defines % for fixed types."""
    f = Format.parse("ap_fixed<8,4>")
    with pytest.raises(
        FormatError, match=r"^operands of % must be integer types, not ap_fixed<8,4>"
    ):
        growth.remainder(f, f)


def test_results_beyond_the_widest_format_are_refused():
    """1024 bits is the limit, and the message says so."""
    f = Format(600, 300)
    with pytest.raises(FormatError, match=re.escape("width must be 1 to 1024 bits, not 1200")):
        growth.multiply(f, f)


if __name__ == "__main__":
    FILE.write_text(json.dumps({v: ask_headers(v) for v in TYPES}, indent=0) + "\n")
