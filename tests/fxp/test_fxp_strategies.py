"""The public strategies draw what they promise, and the example of a user's test runs."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import find, given, settings

from fxp import Format, FxArray, Overflow, Rounding, cast, strategies
from tests.fxp import oracle


@settings(max_examples=300, deadline=None)
@given(strategies.casts(max_width=100))
def test_casts_agree_with_the_oracle(case):
    """Drawn casts, bounds and ties over-weighted, give the oracle's bits."""
    raw, source, target = case
    s, t = oracle.read(str(source)), oracle.read(str(target))
    expected = [oracle.cast(int(m), s, t) for m in raw]
    wanted = np.array(expected, dtype=object)  # some exceed int64, and numpy would make floats
    np.testing.assert_array_equal(cast(raw, source, target).astype(object), wanted)


@pytest.mark.parametrize("family", ["ap", "ap_int", "ac", "ac_int"])
def test_formats_are_legal_and_reach_the_extremes(family):
    """Every family; the widest and the narrowest are found."""
    drawn = strategies.formats(family=family, min_width=3, max_width=70)
    assert find(drawn, lambda f: f.width == 3).family == family
    assert find(drawn, lambda f: f.width == 70).width == 70


def test_formats_respect_every_bound():
    """signed, rounding, overflow and integer bits as asked."""
    drawn = strategies.formats(
        signed=False,
        rounding=[Rounding.RND],
        overflow=[Overflow.SAT],
        min_integer=2,
        max_integer=5,
    )

    @given(drawn)
    def check(f):
        assert (f.signed, f.rounding, f.overflow) == (False, Rounding.RND, Overflow.SAT)
        assert 2 <= f.integer <= 5

    check()


def test_raws_find_bounds_and_ties():
    """The least and greatest raw value and a tie of the shift are found at once."""
    f = Format.parse("ap_fixed<20,10>")
    drawn = strategies.raws(f, shape=(1,), shift=4)
    for wanted in (f.raw_min, f.raw_max):
        assert find(drawn, lambda raw, w=wanted: raw[0] == w)[0] == wanted
    assert find(drawn, lambda raw: raw[0] % 16 == 8)[0] % 16 == 8


def test_arrays_have_shape_and_format():
    """An FxArray of the shape asked for."""

    @given(strategies.arrays("ap_fixed<70,9>", shape=(2, 3)))
    @settings(max_examples=10)
    def check(a):
        assert isinstance(a, FxArray)
        assert a.shape == (2, 3)
        assert a.raw.dtype == object

    check()


def test_reals_find_a_tie():
    """A value half way between two steps is drawn."""
    f = Format.parse("ap_fixed<8,4>")
    assert find(strategies.reals(f), lambda x: (x / f.lsb) % 1 == 0.5)


def test_bounds_must_make_sense():
    """The messages say what must hold."""
    with pytest.raises(ValueError, match=r"^widths must be 1 <= min_width .* not 9 to 8$"):
        strategies.formats(min_width=9, max_width=8)
    with pytest.raises(ValueError, match=r"^min_integer must be at most 1, not 2$"):
        strategies.formats(min_integer=2, max_integer=1)


def test_the_example_of_a_users_kernel_passes():
    """examples/property_test_kernel.py is run as it stands."""
    path = Path(__file__).parents[2] / "examples" / "property_test_kernel.py"
    spec = importlib.util.spec_from_file_location("property_test_kernel", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.test_leaky_relu_gives_the_bits_of_its_formula()
