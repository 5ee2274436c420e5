"""Format: what an ``ap_fixed``/``ac_fixed`` type says about its bits, read and printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction

from .errors import FormatError
from .modes import Overflow, Rounding

__all__ = ["MAX_WIDTH", "NARROW_WIDTH", "Format"]

MAX_WIDTH = 1024
"""The widest format, in bits."""

NARROW_WIDTH = 62
"""The widest format whose raw values run on int64; wider ones are Python integers."""

FAMILIES = ("ap", "ap_int", "ac", "ac_int")

_TEXT = re.compile(r"\s*(?P<name>[A-Za-z_]+)\s*<(?P<arguments>[^<>]*)>\s*")
_NAMES = {
    "ap_fixed": ("ap", True),
    "ap_ufixed": ("ap", False),
    "fixed": ("ap", True),
    "ufixed": ("ap", False),
    "ap_int": ("ap_int", True),
    "ap_uint": ("ap_int", False),
    "int": ("ap_int", True),
    "uint": ("ap_int", False),
    "ac_fixed": ("ac", None),
    "ac_int": ("ac_int", None),
}
_INTEGER_ROUNDING = {"ap_int": Rounding.TRN_ZERO, "ac_int": Rounding.TRN}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Format:
    """``value = raw * 2**(integer - width)``, raw an integer of ``width`` bits.

    ``integer`` includes the sign bit, as in ``ap_fixed``; it may be negative or exceed ``width``.
    ``rounding``, ``overflow`` and ``sat_bits`` say what a conversion *into* this format loses.
    The integer families convert by their own rule: ``ap_int`` truncates toward zero and ``ac_int``
    floors, then both wrap.

    Raises FormatError where a field is out of range or the family lacks the mode.
    Source: UG1399 "Arbitrary Precision Fixed-Point Data Types"; ac_datatypes reference, ac_fixed.

    >>> f = Format.parse("ap_fixed<16,6,AP_RND,AP_SAT>")
    >>> f.frac, f.raw_max, f.lsb
    (10, 32767, Fraction(1, 1024))
    >>> str(f), f.spell("hls4ml")
    ('ap_fixed<16,6,AP_RND,AP_SAT>', 'fixed<16,6,RND,SAT>')
    """

    width: int
    integer: int
    signed: bool = True
    rounding: Rounding = Rounding.TRN
    overflow: Overflow = Overflow.WRAP
    sat_bits: int = 0
    family: str = "ap"

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise FormatError(f"family must be one of {', '.join(FAMILIES)}, not {self.family!r}")
        for name in ("width", "integer", "sat_bits"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise FormatError(f"{name} must be an int, not {value!r}")
        if not 1 <= self.width <= MAX_WIDTH:
            raise FormatError(f"width must be 1 to {MAX_WIDTH} bits, not {self.width}")
        if not 0 <= self.sat_bits <= self.width:
            raise FormatError(f"sat_bits must be 0 to the width {self.width}, not {self.sat_bits}")
        if self.sat_bits and self.overflow not in (Overflow.WRAP, Overflow.WRAP_SM):
            raise FormatError(
                f"sat_bits must be 0 with {self.overflow.name}, not {self.sat_bits}:"
                " they belong to WRAP and WRAP_SM"
            )
        if self.overflow is Overflow.WRAP_SM and not self.signed:
            raise FormatError("WRAP_SM must have a signed format: ap_ufixed does not support it")
        if self.family in _INTEGER_ROUNDING:
            if self.integer != self.width:
                raise FormatError(
                    f"integer must equal the width {self.width} in {self.family},"
                    f" not {self.integer}"
                )
            if self.overflow is not Overflow.WRAP or self.sat_bits:
                raise FormatError(
                    f"overflow must be WRAP in {self.family}, not {self.overflow.name}"
                )
            object.__setattr__(self, "rounding", _INTEGER_ROUNDING[self.family])
        if self.family == "ac" and (self.overflow is Overflow.WRAP_SM or self.sat_bits):
            raise FormatError("ac_fixed must have WRAP, SAT, SAT_ZERO or SAT_SYM and no sat_bits")
        if self.rounding is Rounding.RND_CONV_ODD and self.family == "ap":
            raise FormatError("ap_fixed must have one of AMD's rounding modes, not RND_CONV_ODD")

    # ---- derived quantities ------------------------------------------------------------------

    @property
    def frac(self) -> int:
        """``width - integer``: bits right of the binary point; may be negative."""
        return self.width - self.integer

    @property
    def raw_min(self) -> int:
        """Least raw value the bits can hold, also under SAT_SYM."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def raw_max(self) -> int:
        """Greatest raw value the bits can hold."""
        return (1 << (self.width - 1)) - 1 if self.signed else (1 << self.width) - 1

    @property
    def lsb(self) -> Fraction:
        """``2**-frac``: the value of one raw unit."""
        return Fraction(2) ** -self.frac

    @property
    def is_integer(self) -> bool:
        """Whether this is ``ap_int``/``ac_int``, whose conversions truncate, not a fixed type."""
        return self.family in _INTEGER_ROUNDING

    @property
    def exact(self) -> Format:
        """The same bits with the default modes: the type of an expression, which never casts."""
        if self.is_integer:
            return self
        return Format(self.width, self.integer, self.signed, family=self.family)

    # ---- text --------------------------------------------------------------------------------

    @classmethod
    def parse(cls, text: str | Format) -> Format:
        """Read ``ap_``, ``ac_`` or hls4ml spelling; raise FormatError with the nearest valid word.

        >>> Format.parse("ufixed<8,0,RND_CONV,SAT>").signed
        False
        >>> Format.parse("int<5>") == Format.parse("fixed<5,5>")
        False
        """
        if isinstance(text, Format):
            return text
        match = _TEXT.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise FormatError(f'format must be written like "fixed<16,6,RND,SAT>", not {text!r}')
        name = match["name"]
        if name not in _NAMES:
            raise FormatError(
                f"type name must be one of {', '.join(_NAMES)}, not {name!r}{_near(name, _NAMES)}"
            )
        family, signed = _NAMES[name]
        arguments = [argument.strip() for argument in match["arguments"].split(",")]
        if family in ("ac", "ac_int"):
            position = 2 if family == "ac" else 1
            word = arguments.pop(position).lower() if len(arguments) > position else "true"
            if word not in _BOOLEANS:
                raise FormatError(f"sign argument of {text!r} must be true or false, not {word!r}")
            signed = _BOOLEANS[word]
        if family in _INTEGER_ROUNDING:
            if len(arguments) != 1:
                raise FormatError(f"{name} must have one width and no modes, not {text!r}")
            width = _number(arguments[0], text)
            return cls(width, width, bool(signed), family=family)
        limit = 4 if family == "ac" else 5
        if not 2 <= len(arguments) <= limit:
            raise FormatError(f"{name} must have 2 to {limit} arguments, not {text!r}")
        return cls(
            _number(arguments[0], text),
            _number(arguments[1], text),
            bool(signed),
            _mode(Rounding, arguments[2], text) if len(arguments) > 2 else Rounding.TRN,
            _mode(Overflow, arguments[3], text) if len(arguments) > 3 else Overflow.WRAP,
            _number(arguments[4], text) if len(arguments) > 4 else 0,
            family,
        )

    def spell(self, dialect: str = "vendor") -> str:
        """Text of this format as ``"vendor"`` (its own family), ``"ap"``, ``"ac"`` or ``"hls4ml"``.

        Defaults are left out. Raise FormatError where the dialect cannot say it.

        >>> Format.parse("fixed<8,2,RND>").spell("ac")
        'ac_fixed<8,2,true,AC_RND>'
        """
        own = "ac" if self.family.startswith("ac") else "ap"
        if dialect == "vendor":
            dialect = own
        if dialect not in ("ap", "ac", "hls4ml"):
            raise FormatError(f"dialect must be vendor, ap, ac or hls4ml, not {dialect!r}")
        if self.is_integer and dialect != own and {dialect, own} != {"ap", "hls4ml"}:
            raise FormatError(
                f"{self} has no {dialect} spelling: the integer types truncate differently"
            )
        if dialect == "ac" and (self.overflow is Overflow.WRAP_SM or self.sat_bits):
            raise FormatError(f"{self} has no ac spelling: ac_fixed lacks WRAP_SM and sat_bits")
        if dialect != "ac" and self.rounding is Rounding.RND_CONV_ODD:
            raise FormatError(f"{self} has no {dialect} spelling: RND_CONV_ODD is ac_fixed only")
        kind = "int" if self.is_integer else "fixed"
        prefix = {"ap": "AP_", "ac": "AC_", "hls4ml": ""}[dialect]
        if dialect == "ac":
            name, sign = f"ac_{kind}", [str(self.signed).lower()]
        else:
            name, sign = (
                ("ap_" if dialect == "ap" else "") + ("" if self.signed else "u") + kind,
                [],
            )
        if self.is_integer:
            return f"{name}<{','.join([str(self.width), *sign])}>"
        tail = [prefix + self.rounding.name, prefix + self.overflow.name, str(self.sat_bits)]
        defaults = [prefix + "TRN", prefix + "WRAP", "0"]
        while tail and tail[-1] == defaults[len(tail) - 1]:
            tail.pop()
        return f"{name}<{','.join([str(self.width), str(self.integer), *sign, *tail])}>"

    def __str__(self) -> str:
        return self.spell()


def _near(word: str, words: object) -> str:
    near = get_close_matches(word, list(words), n=1, cutoff=0.0)  # type: ignore[call-overload]
    return f"; did you mean {near[0]!r}?" if near else ""


def _number(word: str, text: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise FormatError(f"numbers in {text!r} must be integers, not {word!r}") from None


def _mode(kind: type[Rounding] | type[Overflow], word: str, text: str):  # type: ignore[no-untyped-def]
    name = word.upper()
    for prefix in ("AP_", "AC_", "SC_"):
        name = name.removeprefix(prefix)
    try:
        return kind[name]
    except KeyError:
        names = [member.name for member in kind]
        raise FormatError(
            f"{kind.__name__.lower()} mode in {text!r} must be one of {', '.join(names)},"
            f" not {word!r}{_near(name, names)}"
        ) from None
