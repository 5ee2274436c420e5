"""fxp: the arithmetic of ``ap_fixed`` and ``ac_fixed``, bit for bit, on numpy arrays.

>>> from fxp import Format, cast
>>> cast(300, Format.parse("fixed<16,6>"), Format.parse("fixed<8,4,RND,SAT>"))
array(5)
"""

from . import growth
from .array import FxArray
from .casting import CastStats, cast
from .convert import from_decimal, from_float, from_fraction, from_text, to_float, to_fraction
from .errors import FormatError, RawRangeError
from .format import MAX_WIDTH, NARROW_WIDTH, Format
from .modes import Overflow, Rounding
from .storage import load, save

__all__ = [
    "MAX_WIDTH",
    "NARROW_WIDTH",
    "CastStats",
    "Format",
    "FormatError",
    "FxArray",
    "Overflow",
    "RawRangeError",
    "Rounding",
    "cast",
    "from_decimal",
    "from_float",
    "from_fraction",
    "from_text",
    "growth",
    "load",
    "save",
    "to_float",
    "to_fraction",
]

__bitwright__ = True
"""Tells this package from others of the name; ``emu`` looks for it."""
