"""Properties of the layer: its bits are those of its formula in exact rationals.

Run: python -m pytest examples/own_layer
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from quadratic import Quadratic

from emu.strategies import apply, constants
from fxp import FxArray
from fxp.strategies import formats, raws


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_quadratic_gives_the_bits_of_its_formula(data):
    """Whatever the formats, the exact value is cast once."""
    source, target = data.draw(formats(max_width=20)), data.draw(formats(max_width=24))
    gain = data.draw(constants((3,), max_width=12))
    raw = data.draw(raws(source, shape=(2, 3)))

    found = apply(Quadratic(result=target, gain=gain), FxArray.from_raw(raw, source))

    x = np.array(FxArray.from_raw(raw, source).to_fraction())
    g = np.array(FxArray.from_raw(gain.raw, gain.format).to_fraction())
    np.testing.assert_array_equal(found.raw, FxArray(x + x * x * g, target).raw)
