"""Spells formats, constants, configurations and identifiers: the only C++ text made in Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from emu.expression import Expressions, fold
from emu.op import Constant, Field, Table
from fxp import Format

__all__ = [
    "HARDWARE_WORDS",
    "SUFFIXES",
    "each_step",
    "identifier",
    "identifiers",
    "literals",
    "storage",
    "structure",
    "type_name",
]

_CPP = """alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t
char32_t class compl const constexpr const_cast continue decltype default delete do double
dynamic_cast else enum explicit export extern false float for friend goto if inline int long main
mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public
register reinterpret_cast return short signed sizeof static static_assert static_cast struct
switch template this thread_local throw true try typedef typeid typename union unsigned using
virtual void volatile wchar_t while xor xor_eq"""

_MACROS = "NULL EOF INLINE BUFSIZ RAND_MAX assert errno linux unix i386 stdin stdout stderr bw std"

_HARDWARE = """abs access after alias all always architecture array assign attribute begin block
body buffer buf bus component configuration deassign disable disconnect downto edge elsif end
endcase endfunction endmodule entity event exit file forever fork function generate generic group
guarded impure in initial inout input integer is join label library linkage literal loop map mod
module nand nor null of on open others out output package parameter port posedge negedge postponed
procedure process pure range real record reg reject release rem repeat report result rol ror
scalared select severity signal sla sll sra srl subtype supply0 supply1 table task then time to
transport tri type unaffected units until use variable vectored wait wand when wire with wor xnor"""

_C_TYPES = """blkcnt blksize caddr clock clockid daddr dev div double fd float fpos fsid gid id
ino key ldiv lldiv loc locale max_align mbstate mode nlink off once pid ptrdiff quad register
sig_atomic size socklen ssize suseconds time timer uid useconds wctrans wctype wint"""

_RESERVED = frozenset(f"{_CPP} {_MACROS} {_C_TYPES}".split())
"""Words of C++, macros, and x of the C types x_t."""

HARDWARE_WORDS = frozenset(_HARDWARE.split())
"""Words of VHDL and Verilog, which a port of the top function must not be named."""

_RESERVED_FORM = re.compile(
    r"(ap|AP|hls|HLS|bitwright|BITWRIGHT)_.*|u?int(_?\w*\d+|max|ptr)|char\d+"
)

SUFFIXES = (
    *("", "_t", "_in", "_out", "_copy", "_config", "_layer", "_grid", "_beats"),
    *("_weight", "_bias", "_scale", "_alpha", "_theta", "_slope", "_shift"),
    *("_table", "_exponential", "_inverse", "_high", "_low", "_which"),
    *("_a_at", "_b_at", "_x_at", "_y_at"),
    *("_steps_config", "_rows", "_columns"),
    *("_recurrent_weight", "_recurrent_bias", "_recurrent_table"),
    *("_distance_weight", "_distance_bias", "_output_bias"),
    *(f"{port}{use}" for port in ("", "_in") for use in ("_raw", "_file", "_stream")),
    *(
        f"{port}{use}"
        for port in ("_out", "_copy")
        for use in ("_raw", "_file", "_expected", "_stream")
    ),
)
"""What the templates append to the identifier of a layer."""


def identifier(name: str) -> str:
    """A legal C++ identifier for ``name``; equal names give equal identifiers, others may clash.

    >>> identifier("fc1/relu"), identifier("2nd"), identifier("int"), identifier("größe")
    ('fc1_relu', 'n2nd', 'n_int', 'gr_e')
    """
    word = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_")[:100].strip("_") or "n"
    if word[0].isdigit():
        word = "n" + word
    return "n_" + word if word in _RESERVED or _RESERVED_FORM.fullmatch(word) else word


def identifiers(
    names: Iterable[str], taken: Iterable[str] = (), suffixes: Iterable[str] = SUFFIXES
) -> dict[str, str]:
    """One identifier per name; no two are equal or become so by a suffix, none is in ``taken``.

    >>> identifiers(["a b", "a/b", "a_b_t"])
    {'a b': 'a_b', 'a/b': 'a_b_2', 'a_b_t': 'a_b_t_2'}
    """
    used, found = set(taken), {}
    for name in names:
        word = base = identifier(name)
        count = 2
        while not used.isdisjoint(claims := {word + suffix for suffix in suffixes}):
            word, count = f"{base}_{count}", count + 1
        used |= claims
        found[name] = word
    return found


def type_name(format: Format) -> str:
    """``ap_fixed<...>`` or ``ap_int<...>``; raises ValueError for a type of another vendor."""
    if format.family not in ("ap", "ap_int"):
        raise ValueError(f"type must be ap_fixed or ap_int for AMD's tools, not {format}")
    return str(format)


def storage(format: Format) -> str:
    """The type of one constant of ``format`` in an array of raw integers."""
    return f"bw::constant<{format.width}, {str(format.signed).lower()}>::type"


def literals(values: Iterable[int], *, per_line: int = 16) -> str:
    """Integers as the body of an array initialiser."""
    words = [_literal(value) for value in values]
    lines = [", ".join(words[i : i + per_line]) for i in range(0, len(words), per_line)]
    return ",\n    ".join(lines)


def _literal(value: int) -> str:
    if -(2**31) < value < 2**31:
        return str(value)
    return f"(-{-value}LL)" if value < 0 else f"{value}LL"


def structure(name: str, fields: Mapping[str, Field]) -> str:
    """A configuration struct: integers as constants, formats as types named ``<field>_t``.

    A Constant or Table gives its type; its values are passed as an array beside the struct. Several
    formats become ``<field><K>::type`` and their number ``n_<field>``; expressions, a function of
    input, output and those arrays.
    """
    lines = [f"struct {name} {{"]
    arrays = [key for key, value in fields.items() if isinstance(value, (Constant, Table))]
    for key, value in fields.items():
        if isinstance(value, Format):
            lines.append(f"    typedef {type_name(value)} {key}_t;")
        elif isinstance(value, (Constant, Table)):
            lines.append(f"    typedef {type_name(value.format)} {key}_t;")
            if isinstance(value, Constant):
                lines.append(f"    static const int n_{key} = {value.raw.size};")
        elif isinstance(value, tuple):
            lines.append(f"    template <int K, int UNUSED = 0> struct {key};")
            lines += [
                f"    template <int UNUSED> struct {key}<{k}, UNUSED> {{"
                f" typedef {type_name(item)} type; }};"
                for k, item in enumerate(value)
            ]
            lines.append(f"    static const int n_{key} = {len(value)};")
        elif isinstance(value, Expressions):
            lines += _expressions(key, value, arrays)
        else:
            lines.append(f"    static const int {key} = {value};")
    return "\n".join([*lines, "};"])


def _expressions(name: str, expressions: Expressions, arrays: list[str]) -> list[str]:
    """The static function ``name(x, y, arrays...)``; what no expression reads has no name."""
    spelling = _Spelling(expressions.look_ups)
    body = [
        f"        y[{i}] = bw::convert<y_t>({fold(text, spelling)});"
        for i, text in enumerate(expressions.texts)
    ]
    read = spelling.read
    given = [f"const {key}_raw_t *{key if key in read else ''}" for key in arrays]
    x = "x" if "x" in read else ""
    types = ["class x_t", "class y_t", *(f"class {key}_raw_t" for key in arrays)]
    return [
        f"    template <{', '.join(types)}>",
        f"    static void {name}({', '.join([f'const x_t *{x}', 'y_t *y', *given])}) {{",
        "#pragma HLS INLINE",
        *body,
        "    }",
    ]


class _Spelling:
    """C++ of the parts of an expression, over ``hls_lib/symbolic.hpp``."""

    def __init__(self, look_ups: tuple[str, ...]) -> None:
        self.look_ups = look_ups
        self.read: set[str] = set()

    def name(self, name: str) -> str:
        self.read.add("x" if name[0] == "x" else "coefficients")
        if name[0] == "x":
            return f"x[{name[1:]}]"
        return f"bw::from_raw<coefficients_t>(coefficients[{name[1:]}])"

    def number(self, text: str) -> str:
        raise ValueError(f"numbers of an expression must be coefficients, not {text}")

    def call(self, function: str, argument: str) -> str:
        k = self.look_ups.index(function)
        given = (argument, *(f"bw::from_raw<{key}_t>({key}[{k}])" for key in ("starts", "scales")))
        table = f"samples_{k}"
        self.read |= {"starts", "scales", table}
        return f"bw::sampled<{table}_t, {table}_size>({', '.join(given)}, {table})"

    def negate(self, a: str) -> str:
        return f"bw::negated({a})"

    def operate(self, symbol: str, a: str, b: str) -> str:
        return f"bw::divided({a}, {b})" if symbol == "/" else f"({a} {symbol} {b})"


def each_step(name: str, sizes: tuple[int, int, int], kernel: str, config: str) -> str:
    """The configuration ``name`` of ``kernel<config>`` in a loop over ``sizes``' first."""
    words = [name, *map(str, sizes), kernel, config]
    return f"BITWRIGHT_EACH_STEP({', '.join(words)})"
