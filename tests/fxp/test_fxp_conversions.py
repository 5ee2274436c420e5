"""Against the vendors' headers: text into a type, a op= b, C integers beside a type, bits and joins."""

from __future__ import annotations

import random

import numpy as np
import pytest

import fxp
from fxp import Format, FxArray
from tests.fxp import headers, sampling
from tests.fxp.test_fxp_random import apply, skipped_value


def ask(vendor: str, body: str, data: bytes = b"", *, before: str = "") -> bytes:
    """What a C++ body writes by ``put`` after reading ``data`` by ``get``."""
    headers.require(vendor)
    program = f"{sampling.PRELUDE[vendor]}{before}\nint main() {{\n{body}\n}}\n"
    return headers.run(program, kind=vendor, data=data)


# ---- text -------------------------------------------------------------------------------------

TEXTS = [
    *("0", "1", "-1", "1.5", "-1.5", "+1.5", "1.", "-.5", "0.1", "-0.1", "3.14159", "7.9375"),
    *("7.96875", "7.97", "8", "-8", "-8.03125", "100", "-100", "1000000", "-1000000"),
    *("123456789012345678901234567890", "-0.03125", "0.03125", "0.09375"),
    *("0.0312500000000000000000000001", "-0.0312499999999999999999999999"),
    *("1e1", "1.5e-1", "-2.5e-3", "1e-30", "-1e-30", "1e3", "0o17", "0o7.4"),
    *("0x1.8", "0xF", "-0x1.8", "0x0.08", "0x.8", "0x1p3", "0x1.8p-2"),
    *("0b1.1p1", "0b101", "-0b0.00001", "0b1p-3"),
]
TEXT_TYPES = [
    "ap_fixed<8,4,AP_RND_CONV,AP_SAT_SYM>",
    "ap_ufixed<8,4,AP_TRN_ZERO,AP_SAT_ZERO>",
    "ap_fixed<8,4,AP_RND,AP_WRAP_SM>",
    "ap_fixed<6,-1,AP_RND_ZERO>",
    "ap_fixed<6,9>",
    "ap_fixed<80,30,AP_RND,AP_SAT>",
]


@pytest.mark.cpp
def test_text_gives_amd_s_raw_value():
    """Decimal, hexadecimal, octal and binary text, with points, exponents, ties and overflows."""
    rng = random.Random(3)
    texts = [*TEXTS, *(f"{rng.randint(-300, 300) / 2 ** rng.randint(0, 9)!r}" for _ in range(60))]
    before = """template <class T> void all(const char *const *texts, int n) {
  for (int k = 0; k < n; k++) { T x(texts[k]); put(x); }
}"""
    quoted = ", ".join(f'"{text}"' for text in texts)
    calls = "\n".join(f"  all<{t}>(texts, {len(texts)});" for t in TEXT_TYPES)
    answer = ask("ap", f"const char *texts[] = {{{quoted}}};\n{calls}", before=before)
    start = 0
    for t in TEXT_TYPES:
        f = Format.parse(t)
        size = 4 * sampling.words(f.width) * len(texts)
        expected = sampling.unpack(answer[start : start + size], f)
        start += size
        got = [fxp.from_text(text, f) for text in texts]
        np.testing.assert_array_equal(np.array(got, dtype=object), expected, err_msg=t)
    assert start == len(answer)


# ---- a op= b ----------------------------------------------------------------------------------

LEFT = {
    "ap": [
        "ap_int<6>",
        "ap_uint<5>",
        "ap_fixed<6,3,AP_RND,AP_SAT>",
        "ap_ufixed<5,2,AP_TRN_ZERO,AP_WRAP,1>",
        "ap_int<70>",
    ],
    "ac": [
        "ac_int<6,true>",
        "ac_int<5,false>",
        "ac_fixed<6,3,true,AC_RND,AC_SAT>",
        "ac_fixed<5,2,false,AC_RND_CONV_ODD>",
        "ac_int<70,true>",
    ],
}
RIGHT = {
    "ap": ["ap_int<4>", "ap_uint<3>", "ap_fixed<5,3>", "ap_ufixed<5,2>"],
    "ac": ["ac_int<4,true>", "ac_int<3,false>", "ac_fixed<5,3,true>", "ac_fixed<5,2,false>"],
}


def values(f: Format) -> list[int]:
    """Every raw value of a small format, edges and random ones of a wide one."""
    if f.width <= 6:
        return list(range(f.raw_min, f.raw_max + 1))
    return sampling.raws(random.Random(5), f, 40)


def usable(op: str, vendor: str, a: int, b: int, f: Format, g: Format) -> bool:
    """Whether C++ defines ``a op= b`` and the header computes it (docs/numerics-fxp.md)."""
    if op not in "/%":
        return True
    divisor = int(FxArray.from_raw(b, g)) if f.is_integer else b
    if divisor == 0:
        return False
    whole = Format(max(g.integer, 1), max(g.integer, 1), g.signed, family=f"{vendor}_int")
    if f.is_integer and vendor == "ap" and f.signed != g.signed:
        return False  # ap_int division of mixed signs
    return not skipped_value(op, vendor, a, divisor, f, whole if f.is_integer else g)


@pytest.mark.cpp
@pytest.mark.parametrize("op", ["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"])
@pytest.mark.parametrize("vendor", ["ap", "ac"])
def test_compound_assignment(vendor, op):
    """a op= b casts the exact result into a's type; an integer type takes b's integer part first."""
    data, calls, cases = b"", [], []
    for left in LEFT[vendor]:
        for right in RIGHT[vendor]:
            f, g = Format.parse(left), Format.parse(right)
            fixed = not (f.is_integer and g.is_integer)
            if (op == "%" and fixed) or (op in ("<<", ">>") and not g.is_integer):
                continue
            pairs = [(a, b) for a in values(f) for b in values(g) if usable(op, vendor, a, b, f, g)]
            if not pairs:
                continue
            a, b = (list(column) for column in zip(*pairs, strict=True))
            sizes = [4 * sampling.words(x.width) for x in (f, g)]
            both = [sampling.pack(a, f), sampling.pack(b, g)]
            data += b"".join(
                part[k * size : (k + 1) * size]
                for k in range(len(pairs))
                for part, size in zip(both, sizes, strict=True)
            )
            calls.append(f"  all<{left}, {right}>({len(pairs)});")
            cases.append((f, g, a, b))
    loop = f"""template <class A, class B> void all(int n) {{
  for (int k = 0; k < n; k++) {{ A a; B b; get(a); get(b); a {op}= b; put(a); }}
}}"""
    answer = ask(vendor, "\n".join(calls), data, before=loop)
    start = 0
    for f, g, a, b in cases:
        got, right = FxArray.from_raw(a, f), FxArray.from_raw(b, g)
        size = 4 * sampling.words(f.width) * len(a)
        expected = sampling.unpack(answer[start : start + size], f)
        start += size
        same = got
        if op in ("<<", ">>"):
            got = got << right if op == "<<" else got >> right
        else:
            exec(f"same {op}= right", {}, {"same": same, "right": right})
        np.testing.assert_array_equal(got.raw.astype(object), expected, err_msg=f"{f} {op}= {g}")
    assert start == len(answer)
    assert len(cases) >= 3


# ---- C integers -------------------------------------------------------------------------------

C_TYPES = {
    "bool": True,
    "signed char": np.int8(-100),
    "unsigned char": np.uint8(200),
    "short": np.int16(-30000),
    "unsigned short": np.uint16(60000),
    "int": -2000000000,
    "unsigned": np.uint32(4000000000),
    "long long": -(1 << 62),
    "unsigned long long": np.uint64((1 << 64) - 3),
}


@pytest.mark.cpp
@pytest.mark.parametrize(
    ("vendor", "text"),
    [
        ("ap", "ap_fixed<8,4>"),
        ("ap", "ap_uint<7>"),
        ("ac", "ac_fixed<8,4,true>"),
        ("ac", "ac_int<7,false>"),
    ],
)
def test_c_integers_beside_a_type(vendor, text):
    """Result width and bits of ``a op c`` and ``c op a`` for each integer type of C."""
    f = Format.parse(text)
    raws, operators = [f.raw_min, f.raw_max, 1], "+*&"
    shown = " ".join(f"show(a {op} c); show(c {op} a);" for op in operators)
    before = f"""template <class T> void show(T r) {{
  uint32_t w = width_of<T>::value; fwrite(&w, 4, 1, stdout); put(r);
}}
template <class T, class C> void all(C c) {{
  for (int k = 0; k < {len(raws)}; k++) {{ T a; get(a); {shown} }}
}}"""
    body = [f"  all<{text}>(({name}){int(value) % 2**64}ULL);" for name, value in C_TYPES.items()]
    data = sampling.pack(raws, f) * len(C_TYPES)
    answer = ask(vendor, "\n".join(body), data, before=before)
    start = 0
    for value in C_TYPES.values():
        for m in raws:
            a = FxArray.from_raw(m, f)
            for op in operators:
                for got in (apply(op, a, value, 0), apply(op, value, a, 0)):
                    width = int.from_bytes(answer[start : start + 4], "little")
                    assert got.format.width == width, f"{text} {op} {value!r}"
                    size = 4 * sampling.words(width)
                    expected = sampling.unpack(answer[start + 4 : start + 4 + size], got.format)
                    start += 4 + size
                    assert got.raw[()] == expected[0], f"{m} {op} {value!r}"
    assert start == len(answer)


# ---- bits -------------------------------------------------------------------------------------


@pytest.mark.cpp
@pytest.mark.parametrize("text", ["ap_int<7>", "ap_ufixed<7,-2>"])
def test_every_range_of_amd_bits(text):
    """range(h, l) of every h and l, reversed ones too, and (a, b), from every value."""
    f = Format.parse(text)
    n, b = f.width, Format.parse("ap_uint<3>")
    lines = [
        f"  for (int k = 0; k < 128; k++) {{ {text} a; a.range(6, 0) = k;"
        f" put(ap_uint<{abs(h - low) + 1}>(a.range({h}, {low}))); }}"
        for h in range(n)
        for low in range(n)
    ]
    lines.append(
        f"  for (int k = 0; k < 128; k++) {{ {text} x; x.range(6, 0) = k; ap_int<7> a = x.range(6, 0);"
        " ap_uint<3> b = k; put(ap_uint<10>((a, b))); }"
    )
    found = np.frombuffer(ask("ap", "\n".join(lines)), dtype=np.uint32).reshape(-1, 128)
    a = FxArray.from_bits(np.arange(128), f)
    ours = [a.bits(h, low).raw for h in range(n) for low in range(n)]
    ours.append(a.join(FxArray.from_raw(np.arange(128) % 8, b)).raw)
    np.testing.assert_array_equal(np.array(ours), found)


@pytest.mark.cpp
@pytest.mark.parametrize("text", ["ac_int<7,true>", "ac_fixed<7,-2,false>"])
def test_every_slice_of_siemens_bits(text):
    """slc<h - l + 1>(l) of every h >= l, signed as the type, from every value."""
    f = Format.parse(text)
    places = [(h, low) for h in range(7) for low in range(h + 1)]
    lines = [
        f"  for (int k = 0; k < 128; k++) {{ {text} a; a.set_slc(0, ac_int<7, false>(k));"
        f" int32_t w = a.slc<{h - low + 1}>({low}).to_int(); fwrite(&w, 4, 1, stdout); }}"
        for h, low in places
    ]
    found = np.frombuffer(ask("ac", "\n".join(lines)), dtype=np.int32).reshape(-1, 128)
    a = FxArray.from_bits(np.arange(128), f)
    np.testing.assert_array_equal(np.array([a.bits(h, low).raw for h, low in places]), found)
