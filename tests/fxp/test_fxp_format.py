"""Format: every spelling is read and written back, and every illegal type is refused by a message."""

from __future__ import annotations

from fractions import Fraction

import pytest

from fxp import Format, FormatError, Overflow, Rounding
from tests.fxp import grid, oracle


def test_the_fields_of_a_type():
    """Bits, bounds and modes as the vendor's type has them; integer bits may be negative."""
    f = Format.parse("ap_fixed<16,6,AP_RND,AP_SAT>")
    assert (f.width, f.integer, f.frac, f.signed, f.sat_bits) == (16, 6, 10, True, 0)
    assert (f.rounding, f.overflow, f.family) == (Rounding.RND, Overflow.SAT, "ap")
    assert (f.raw_min, f.raw_max, f.lsb) == (-32768, 32767, Fraction(1, 1024))
    g = Format.parse("ap_ufixed<6,-3,AP_TRN_ZERO,AP_WRAP,2>")
    assert (g.frac, g.signed, g.sat_bits, g.raw_min, g.raw_max) == (9, False, 2, 0, 63)
    assert Format.parse("ap_fixed<5,9>").lsb == 16
    assert (Format.parse("ap_uint<1>").raw_max, Format(1, 1).raw_min) == (1, -1)
    assert Format(1024, 1).raw_max == 2**1023 - 1


@pytest.mark.parametrize("vendor", ["ap", "ac"])
def test_every_type_comes_back_from_its_own_text(vendor):
    """str and parse are inverse on every mode; the fields are those an independent reader finds."""
    for width in (1, 3, 6):
        for signed in (True, False):
            for text in grid.destinations(width, signed, vendor=vendor):
                f, t = Format.parse(text), oracle.read(text)
                assert Format.parse(str(f)) == f
                assert hash(Format.parse(str(f))) == hash(f)
                assert (f.width, f.integer, f.signed, f.sat_bits) == (*t[:3], t.sat_bits)
                assert (f.rounding.name, f.overflow.name) == (t.rounding, t.overflow)


@pytest.mark.parametrize(
    ("text", "vendor", "hls4ml"),
    [
        ("ap_fixed< 16 , 6 >", "ap_fixed<16,6>", "fixed<16,6>"),
        ("fixed<16,6,trn,wrap,0>", "ap_fixed<16,6>", "fixed<16,6>"),
        ("ufixed<8,0,RND_CONV>", "ap_ufixed<8,0,AP_RND_CONV>", "ufixed<8,0,RND_CONV>"),
        ("fixed<8,2,TRN,SAT>", "ap_fixed<8,2,AP_TRN,AP_SAT>", "fixed<8,2,TRN,SAT>"),
        ("fixed<8,2,SC_RND,SC_SAT>", "ap_fixed<8,2,AP_RND,AP_SAT>", "fixed<8,2,RND,SAT>"),
        ("ap_fixed<8,2,AP_TRN,AP_WRAP,3>", "ap_fixed<8,2,AP_TRN,AP_WRAP,3>", "fixed<8,2,TRN,WRAP,3>"),
        ("int<5>", "ap_int<5>", "int<5>"),
        ("ap_uint<5>", "ap_uint<5>", "uint<5>"),
    ],
)  # fmt: skip
def test_ap_and_hls4ml_spellings(text, vendor, hls4ml):
    """Blanks, case and prefixes do not matter; defaults at the end are left out."""
    f = Format.parse(text)
    assert str(f) == f.spell() == f.spell("ap") == vendor
    assert f.spell("hls4ml") == hls4ml
    assert Format.parse(hls4ml) == f


def test_ac_spellings():
    """The sign is an argument, true where it is left out; ac_int too."""
    assert str(Format.parse("ac_fixed<8,4>")) == "ac_fixed<8,4,true>"
    assert not Format.parse("ac_fixed<8,4,0,AC_RND>").signed
    assert str(Format.parse("ac_int<8,FALSE>")) == "ac_int<8,false>"
    odd = Format.parse("ac_fixed<8,4,true,AC_RND_CONV_ODD,AC_SAT>")
    assert odd.rounding is Rounding.RND_CONV_ODD
    assert Format.parse("fixed<8,2,RND>").spell("ac") == "ac_fixed<8,2,true,AC_RND>"
    assert Format.parse("ac_fixed<8,2,false>").spell("hls4ml") == "ufixed<8,2>"


def test_equality_is_of_bits_and_family():
    """Spelling does not count; the family does, because conversions and growth depend on it."""
    assert Format.parse("fixed<8,4>") == Format.parse("ap_fixed<8,4,AP_TRN,AP_WRAP>")
    assert Format.parse("fixed<8,4>") != Format.parse("ac_fixed<8,4,true>")
    assert Format.parse("int<8>") != Format.parse("fixed<8,8>")
    assert len({Format.parse(t) for t in ("fixed<8,4>", "ap_fixed<8,4>", "ac_fixed<8,4>")}) == 2
    f = Format.parse("fixed<8,4,RND,SAT>")
    assert Format.parse(f) is f
    assert f.exact == Format(8, 4)
    assert Format.parse("ap_int<8>").exact == Format.parse("ap_int<8>")


def test_integer_families_have_one_conversion():
    """ap_int truncates toward zero and ac_int floors, whatever is asked."""
    assert Format.parse("ap_int<8>").rounding is Rounding.TRN_ZERO
    assert Format.parse("ac_int<8,true>").rounding is Rounding.TRN
    assert Format(8, 8, rounding=Rounding.RND, family="ap_int").rounding is Rounding.TRN_ZERO


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fixed 16,6", r'^format must be written like "fixed<16,6,RND,SAT>", not \'fixed 16,6\'$'),
        (16, r'^format must be written like "fixed<16,6,RND,SAT>", not 16$'),
        ("fixd<16,6>", r"^type name must be one of .*, not 'fixd'; did you mean 'fixed'\?$"),
        ("fixed<16,6,RND_CON>", r"^rounding mode in .* not 'RND_CON'; did you mean 'RND_CONV'\?$"),
        ("fixed<16,6,RND,SATT>", r"^overflow mode in .* not 'SATT'; did you mean 'SAT'\?$"),
        ("fixed<16,six>", r"^numbers in 'fixed<16,six>' must be integers, not 'six'$"),
        ("fixed<16>", r"^fixed must have 2 to 5 arguments, not 'fixed<16>'$"),
        ("fixed<16,6,RND,SAT,0,0>", r"^fixed must have 2 to 5 arguments"),
        ("ac_fixed<8>", r"^ac_fixed must have 2 to 4 arguments, not 'ac_fixed<8>'$"),
        ("ac_fixed<8,4,maybe>", r"^sign argument of .* must be true or false, not 'maybe'$"),
        ("ap_int<8,RND>", r"^ap_int must have one width and no modes, not 'ap_int<8,RND>'$"),
        ("fixed<0,6>", r"^width must be 1 to 1024 bits, not 0$"),
        ("fixed<1025,6>", r"^width must be 1 to 1024 bits, not 1025$"),
        ("fixed<8,6,TRN,WRAP,9>", r"^sat_bits must be 0 to the width 8, not 9$"),
        ("fixed<8,6,TRN,WRAP,-1>", r"^sat_bits must be 0 to the width 8, not -1$"),
        ("fixed<8,6,TRN,SAT,1>", r"^sat_bits must be 0 with SAT, not 1: they belong to WRAP"),
        ("ufixed<8,6,TRN,WRAP_SM>", r"^WRAP_SM must have a signed format"),
        ("ac_fixed<8,6,true,AC_TRN,WRAP_SM>", r"^ac_fixed must have WRAP, SAT, SAT_ZERO or SAT_SYM"),
        ("fixed<8,6,RND_CONV_ODD>", r"^ap_fixed must have one of AMD's rounding modes, not RND_CONV"),
    ],
)  # fmt: skip
def test_texts_that_are_no_type_are_refused(text, message):
    """The rule, the text and the nearest valid word."""
    with pytest.raises(FormatError, match=message):
        Format.parse(text)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"width": 8.0}, r"^width must be an int, not 8.0$"),
        ({"width": True}, r"^width must be an int, not True$"),
        ({"integer": "4"}, r"^integer must be an int, not '4'$"),
        ({"family": "sc"}, r"^family must be one of ap, ap_int, ac, ac_int, not 'sc'$"),
        ({"family": "ap_int"}, r"^integer must equal the width 8 in ap_int, not 4$"),
        (
            {"family": "ac_int", "integer": 8, "overflow": Overflow.SAT},
            r"^overflow must be WRAP in ac_int, not SAT$",
        ),
    ],
)
def test_fields_that_are_no_type_are_refused(fields, message):
    """The same rules where a Format is made from its fields."""
    with pytest.raises(FormatError, match=message):
        Format(**({"width": 8, "integer": 4} | fields))


@pytest.mark.parametrize(
    ("text", "dialect", "message"),
    [
        ("ap_fixed<8,4>", "vhdl", r"^dialect must be vendor, ap, ac or hls4ml, not 'vhdl'$"),
        ("ap_int<8>", "ac", r"^ap_int<8> has no ac spelling: the integer types truncate"),
        ("ac_int<8,true>", "hls4ml", r"^ac_int<8,true> has no hls4ml spelling: the integer"),
        ("fixed<8,4,TRN,WRAP,2>", "ac", r"^ap_fixed<.*> has no ac spelling: ac_fixed lacks WRAP_SM"),
        ("ac_fixed<8,4,true,AC_RND_CONV_ODD>", "ap", r"has no ap spelling: RND_CONV_ODD is ac_fixed"),
    ],
)  # fmt: skip
def test_spellings_that_do_not_exist_are_refused(text, dialect, message):
    """A dialect that cannot say the type is an error, never a near miss."""
    with pytest.raises(FormatError, match=message):
        Format.parse(text).spell(dialect)
