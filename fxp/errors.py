"""The errors of fxp: each states what must hold, the value seen, and the way out."""

__all__ = ["FormatError", "RawRangeError"]


class FormatError(ValueError):
    """A format is not legal, or its text cannot be read."""


class RawRangeError(ValueError):
    """A raw integer, or an exact result, lies outside what the format or the int64 path holds."""
