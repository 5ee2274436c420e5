"""Rounding and overflow modes of ``ap_fixed`` and ``ac_fixed``; one line of meaning per member."""

from enum import Enum

__all__ = ["Overflow", "Rounding"]


class Rounding(Enum):
    """``round(x)``: what happens to the bits below the least significant bit.

    Source: UG1399, "Quantization Modes"; ac_datatypes reference for RND_CONV_ODD.

    >>> [rounding.name for rounding in Rounding][:3]
    ['TRN', 'TRN_ZERO', 'RND']
    """

    TRN = "TRN"  # floor: toward minus infinity; the default
    TRN_ZERO = "TRN_ZERO"  # toward zero
    RND = "RND"  # nearest, ties toward plus infinity
    RND_ZERO = "RND_ZERO"  # nearest, ties toward zero
    RND_MIN_INF = "RND_MIN_INF"  # nearest, ties toward minus infinity
    RND_INF = "RND_INF"  # nearest, ties away from zero
    RND_CONV = "RND_CONV"  # nearest, ties to even
    RND_CONV_ODD = "RND_CONV_ODD"  # nearest, ties to odd; ac_fixed only


class Overflow(Enum):
    """``overflow(r)``: what happens to a rounded value outside the range.

    Source: UG1399, "Overflow Modes"; ap_fixed_base.h for sat_bits.

    >>> [overflow.name for overflow in Overflow]
    ['WRAP', 'SAT', 'SAT_ZERO', 'SAT_SYM', 'WRAP_SM']
    """

    WRAP = "WRAP"  # modulo 2^W; with sat_bits N > 0 the top N bits saturate; the default
    SAT = "SAT"  # the nearest bound
    SAT_ZERO = "SAT_ZERO"  # zero
    SAT_SYM = "SAT_SYM"  # the nearest of -max and max (signed), as SAT (unsigned)
    WRAP_SM = "WRAP_SM"  # sign-magnitude wrapping; ap_fixed only, signed only
