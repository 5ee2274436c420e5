"""A property test of a kernel of your own: a leaky ReLU with a shift in place of a multiplier.

The kernel works on raw integers, as hardware does. The test draws formats and raw values, with
bounds and ties over-weighted, and asks for the bits of the formula ``cast(max(x, x / 8))``.

Run: python -m pytest examples/property_test_kernel.py
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fxp import Format, FxArray
from fxp.strategies import formats, raws


def leaky_relu(raw, source: Format, target: Format):
    """Raw integers of ``cast(x if x > 0 else x / 8)``."""
    widened = Format(source.width + 3, source.integer, source.signed)  # three bits more fraction
    x = FxArray.from_raw(raw * 8, widened)
    y = FxArray.from_raw(np.where(raw > 0, x.raw, raw), widened)
    return y.cast(target).raw


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_leaky_relu_gives_the_bits_of_its_formula(data):
    """Whatever the formats, the kernel casts the exact value once."""
    source = data.draw(formats(max_width=24, signed=True))
    target = data.draw(formats(max_width=24))
    raw = data.draw(raws(source, shape=16, shift=max(source.frac + 3 - target.frac, 0)))

    x = FxArray.from_raw(raw, source).to_fraction()
    expected = FxArray([value if value > 0 else value / 8 for value in x], target)
    np.testing.assert_array_equal(leaky_relu(raw, source, target), expected.raw)
