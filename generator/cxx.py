"""Spells formats, constants, configurations and identifiers: the only C++ text made in Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from emu.op import Constant, Field, Table
from fxp import Format

__all__ = ["identifier", "identifiers", "literals", "storage", "structure"]

_RESERVED = frozenset(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t
    class compl const constexpr const_cast continue decltype default delete do double dynamic_cast
    else enum explicit export extern false float for friend goto if inline int long main mutable
    namespace new noexcept not not_eq nullptr operator or or_eq private protected public register
    reinterpret_cast return short signed sizeof static static_assert static_cast struct switch
    template this thread_local throw true try typedef typeid typename union unsigned using virtual
    void volatile wchar_t while xor xor_eq bw std""".split()
)


def identifier(name: str) -> str:
    """A legal C++ identifier for ``name``; equal names give equal identifiers, others may clash.

    >>> identifier("fc1/relu"), identifier("2nd"), identifier("int")
    ('fc1_relu', 'n2nd', 'int_')
    """
    word = re.sub(r"[^0-9A-Za-z]+", "_", name)
    word = re.sub("_{2,}", "_", word).strip("_") or "n"
    if word[0].isdigit():
        word = "n" + word
    return word + "_" if word in _RESERVED else word


def identifiers(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """One identifier per name, all different, none of ``taken``.

    >>> identifiers(["a b", "a/b"])
    {'a b': 'a_b', 'a/b': 'a_b_2'}
    """
    used, found = set(taken), {}
    for name in names:
        word = base = identifier(name)
        count = 2
        while word in used:
            word, count = f"{base}_{count}", count + 1
        used.add(word)
        found[name] = word
    return found


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

    A Constant or Table gives its type; its values are passed as an array beside the struct.
    """
    lines = [f"struct {name} {{"]
    for key, value in fields.items():
        if isinstance(value, Format):
            lines.append(f"    typedef {value} {key}_t;")
        elif isinstance(value, Table):
            lines.append(f"    typedef {value.format} {key}_t;")
        elif isinstance(value, Constant):
            lines.append(f"    typedef {value.format} {key}_t;")
            lines.append(f"    static const int n_{key} = {value.raw.size};")
        else:
            lines.append(f"    static const int {key} = {value};")
    return "\n".join([*lines, "};"])
