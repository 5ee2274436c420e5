"""The defects of AMD's C simulation headers (docs/numerics-fxp.md): seen, and not copied.

Each test shows what the header does (hls4ml 1.3.0's copy, the same as the public 2019 one) beside
the documented value that fxp gives. A header that is mended fails its test here: then the input
comes back into the comparisons that leave it out by name.
"""

import numpy as np
import pytest

from fxp import Format, FormatError, FxArray, cast
from tests.fxp import headers

PROGRAM = """#include <cstdio>
#include <ap_fixed.h>
#include <ap_int.h>
int main() {{
  {body}
}}
"""


def header(body: str, **options) -> str:
    """What a C++ body prints."""
    headers.require("ap")
    return headers.run(PROGRAM.format(body=body), kind="ap", **options).decode()


def value(expression: str) -> float:
    """An expression of the header as a double."""
    return float(header(f'printf("%.17g", double({expression}));'))


def fx(number, text: str) -> FxArray:
    return FxArray(number, text)


@pytest.mark.cpp
def test_least_value_divided_by_minus_one_lsb():
    """ap_fixed: the quotient wraps to the negative number; documented: 128."""
    assert value("(ap_fixed<8,8>(-128) / ap_fixed<8,8>(-1)).to_double()") == -128
    assert float(fx(-128, "ap_fixed<8,8>") / fx(-1, "ap_fixed<8,8>")) == 128


@pytest.mark.cpp
@pytest.mark.parametrize(
    ("left", "op", "right", "wrong", "right_value"),
    [
        (("ap_uint<16>", 100), "/", ("ap_int<8>", -5), 0, -20),
        (("ap_int<8>", -100), "/", ("ap_uint<16>", 5), 82, -20),
        (("ap_uint<16>", 100), "%", ("ap_int<8>", -7), 100, 2),
    ],
)
def test_integer_division_of_mixed_signs(left, op, right, wrong, right_value):
    """ap_int and ap_uint: the signed operand is taken as unsigned."""
    expression = f"({left[0]}({left[1]}) {op} {right[0]}({right[1]})).to_int()"
    assert value(expression) == wrong
    a, b = fx(left[1], left[0]), fx(right[1], right[0])
    assert int(a / b if op == "/" else a % b) == right_value


@pytest.mark.cpp
def test_a_c_integer_on_the_left():
    """100 / x has the type of x / 100: the quotient 33 is cut to the five bits of ap_int<5>."""
    assert value("(100 / ap_int<4>(3)).to_int()") == 1
    assert int(100 / fx(3, "ap_int<4>")) == 33


@pytest.mark.cpp
def test_wide_division_has_wrong_quotients():
    """Above 64 bits a step of the long division is sometimes missed."""
    body = """ap_ufixed<65,65> a; ap_fixed<82,0> b;
  a.range(64, 0) = ap_uint<65>("36893488147419103230", 10);
  b.range(81, 0) = ap_uint<82>("2417851639229258349412351", 10);
  auto q = a / b; ap_uint<200> r = 0; r.range(decltype(q)::width - 1, 0) = q.range();
  printf("%s", r.to_string(10, false).c_str());"""
    a = FxArray.from_raw(36893488147419103230, "ap_ufixed<65,65>")
    b = FxArray.from_raw(2417851639229258349412351, "ap_fixed<82,0>")
    ours = int((a / b).raw[()])
    assert ours == (36893488147419103230 << 82) // 2417851639229258349412351
    assert header(body) not in ("", str(ours))


@pytest.mark.cpp
def test_wide_products_of_negative_factors():
    """Above 128 bits a carry of the long multiplication is lost: here the product is negative."""
    body = """ap_int<96> a = 1; ap_int<72> b = 1; a <<= 65; a = ap_int<96>(-a - 1); b <<= 41;
  b = ap_int<72>(-b - 1); printf("%d", int((a * b) < 0));"""
    a, b = (1 << 65) + 1, (1 << 41) + 1
    product = FxArray.from_raw(-a, "ap_int<96>") * FxArray.from_raw(-b, "ap_int<72>")
    assert product.raw[()] == a * b
    assert header(body) == "1"


@pytest.mark.cpp
def test_comparison_of_mixed_signs():
    """From 32 bits on, a negative number beside an unsigned type counts as a huge one."""
    assert value("ap_fixed<40,20>(-1) < ap_ufixed<40,20>(1)") == 0
    assert value("ap_int<8>(-1) == ap_uint<32>(0xffffffff)") == 1
    assert (fx(-1, "ap_fixed<40,20>") < fx(1, "ap_ufixed<40,20>")).all()
    assert not (fx(-1, "ap_int<8>") == fx(2**32 - 1, "ap_uint<32>")).any()


@pytest.mark.cpp
def test_ap_int_of_a_small_negative_double():
    """ap_int<8>(-0.25) is 1; documented: truncation toward zero."""
    assert value("ap_int<8>(-0.25).to_int()") == 1
    assert value("ap_int<8>(-1e-300).to_int()") == 1
    assert int(fx(-0.25, "ap_int<8>")) == int(fx(-1e-300, "ap_int<8>")) == 0


@pytest.mark.cpp
def test_to_int_without_integer_bits():
    """ap_fixed with I = 0 gives -1 for -0.25, to int and to ap_int; documented: toward zero."""
    assert value("ap_fixed<8,0>(-0.25).to_int()") == -1
    assert value("ap_int<8>(ap_fixed<8,0>(-0.25)).to_int()") == -1
    assert int(fx(-0.25, "ap_fixed<8,0>")) == 0
    assert int(fx(-0.25, "ap_fixed<8,0>").cast("ap_int<8>")) == 0


@pytest.mark.cpp
def test_rounding_away_more_bits_than_there_are():
    """With assertions a bit outside the source is asked for and the program stops; without: right."""
    body = 'ap_fixed<4,-6> s(0.001); ap_fixed<8,4,AP_RND> d(s); printf("%g", d.to_double());'
    assert header(body) == "0"
    with pytest.raises(RuntimeError, match="the program ended with"):
        header(body, checks=True)
    assert cast(1, Format(4, -6), Format.parse("fixed<8,4,RND>")) == 0


@pytest.mark.cpp
def test_sign_magnitude_wrapping_reads_the_unrounded_source():
    """WRAP_SM with a rounding carry: the deleted bit is that of the source. This one is copied."""
    body = 'ap_fixed<6,5> s; s.range(5, 0) = 31; ap_fixed<4,4,AP_RND,AP_WRAP_SM> d(s); printf("%d", d.to_int());'
    got = cast(31, Format(6, 5), Format.parse("fixed<4,4,RND,WRAP_SM>"))
    assert int(header(body)) == got == 0  # of the rounded 16 it would be -1


@pytest.mark.cpp
def test_unsigned_sign_magnitude_wrapping():
    """A copy of ap_ufixed<..., AP_WRAP_SM> ends the program; fxp refuses the type."""
    body = 'ap_fixed<8,6> s(3); ap_ufixed<8,4,AP_TRN,AP_WRAP_SM> d(s); printf("%g", d.to_double());'
    with pytest.raises(RuntimeError, match="cannot support AP_WRAP_SM"):
        header(body)
    with pytest.raises(FormatError, match=r"^WRAP_SM must have a signed format"):
        Format.parse("ap_ufixed<8,4,AP_TRN,AP_WRAP_SM>")


@pytest.mark.cpp
def test_one_bit_symmetric_saturation():
    """SAT_SYM of one signed bit keeps -1 (SystemC gives 0). This one is copied."""
    assert value("ap_fixed<1,1,AP_TRN,AP_SAT_SYM>(ap_fixed<8,8>(-1)).to_double()") == -1
    assert cast(-1, Format(8, 8), Format.parse("fixed<1,1,TRN,SAT_SYM>")) == -1


@pytest.mark.cpp
def test_wide_integers_to_double():
    """ap_int above 64 bits gives the low 64 bits."""
    body = 'ap_int<80> x = 1; x <<= 64; x += 4096; printf("%.17g", x.to_double());'
    assert header(body) == "4096"
    assert float(FxArray.from_raw(2**64 + 4096, "ap_int<80>")) == 2.0**64 + 4096


@pytest.mark.cpp
def test_text_of_over_long_integer_bits():
    """to_string of I > W prints 0; the value is right."""
    body = 'ap_fixed<8,16> x(25600); printf("%s", x.to_string(10).c_str());'
    assert header(body) == "0"
    assert str(fx(25600, "ap_fixed<8,16>")) == "25600. ap_fixed<8,16>"


@pytest.mark.cpp
def test_not_a_number():
    """The header takes NaN as a number near 2**1024; fxp refuses it (see test_fxp_array)."""
    assert value("ap_fixed<8,4,AP_TRN,AP_SAT>(0.0 / 0.0 * -1).to_double()") in (7.9375, -8.0)
    with pytest.raises(ValueError, match=r"^values must be finite"):
        fx(np.nan, "ap_fixed<8,4,AP_TRN,AP_SAT>")


@pytest.mark.cpp
def test_doubles_at_the_end_of_the_exponent():
    """Siemens: a double scaled out of its exponent range is lost before it is rounded."""
    headers.require("ac")
    body = """#include <cstdio>
#include <ac_fixed.h>
int main() { ac_fixed<8,4,true> x(-5e-324); printf("%g", x.to_double()); }
"""
    assert float(headers.run(body, kind="ac").decode()) == 0
    assert float(fx(-5e-324, "ac_fixed<8,4,true>")) == -0.0625
    assert float(fx(-5e-324, "ap_fixed<8,4>")) == value("ap_fixed<8,4>(-5e-324).to_double()")
