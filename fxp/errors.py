"""The errors of fxp: each states what must hold, the value seen, and the way out."""

__all__ = ["FormatError", "RawRangeError"]


class FormatError(ValueError):
    """A format is not legal, a text cannot be read, or operands do not go together."""


class RawRangeError(ValueError):
    """A raw integer lies outside ``raw_min`` to ``raw_max`` of its format."""
