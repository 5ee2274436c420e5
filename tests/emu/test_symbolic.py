"""emu.symbolic reads expressions as hls4ml does, executes nothing, and says what it changes."""

from __future__ import annotations

import sys
from fractions import Fraction

import numpy as np
import pytest

import emu
from fxp import Format
from tests import oracle, oracle_symbolic

LUTS = {
    "sin_lut": {"math_func": "sin", "range_start": -4, "range_end": 4, "table_size": 64},
    "log_lut": {"math_func": "log", "range_start": 0, "range_end": 3.5, "table_size": 100},
}


def needs_sympy():
    pytest.importorskip("sympy", reason="needs sympy: pip install 'bitwright[symbolic]'")


def texts(expr, **options):
    needs_sympy()
    return emu.symbolic(expr, lut_functions=LUTS, **options).nodes[1].op.expressions


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        ("x0/x2*x1", "x0*x1/x2"),
        ("x0 - 2", "x0 + c0"),
        ("-0.3*x0 - x1", "-c0*x0 - x1"),
        ("2*(x0 + x1)", "c0*x0 + c0*x1"),
        ("(x0 + 2)**2", "((x0 + c0)*(x0 + c0))"),
        ("x0/x1**2", "x0/(x1*x1)"),
        ("1/(x0*x1)", "c0/(x0*x1)"),
        ("1.0/x0", "c0/x0"),
        ("sin_lut(x0)**2*x1", "x1*(sin_lut(x0)*sin_lut(x0))"),
        ("x0 - x0 + 3", "c0"),
        ("x0\n + x1", "x0 + x1"),
    ],
)
def test_expressions_are_what_hls4ml_writes(expr, text):
    """sympy simplifies and prints, with hls4ml's forms of numbers, variables and powers."""
    assert texts(expr) == (text,)


def test_numbers():
    """Doubles as they stand in the C++; each once, for all expressions."""
    needs_sympy()
    op = emu.symbolic(["x0/3 + 0.3", "0.3*x0 - 2", "1e-9*x0"]).nodes[1].op
    assert op.expressions == ("(c0)*x0 + c1", "c1*x0 + c2", "c3*x0")
    np.testing.assert_array_equal(op.coefficients.value, [1 / 3, 0.3, -2, 1e-9])
    np.testing.assert_array_equal(op.coefficients.raw, [341, 307, -2048, 0])
    wide = emu.symbolic("x0/3 - 1", precision="fixed<62,3>").nodes[1].op
    assert wide.coefficients.raw.tolist() == [int(Fraction(1 / 3) * 2**59), -(2**59)]


@pytest.mark.parametrize("precision", ["fixed<16,6>", "ufixed<9,4,RND,SAT>", "fixed<7,4,RND_CONV>"])
def test_look_ups_are_hls4mls_tables(precision):
    """Samples, start and scale against the oracle, where they round, too."""
    needs_sympy()
    graph = emu.symbolic("sin_lut(x0) + log_lut(x0)", lut_functions=LUTS, precision=precision)
    op, t = graph.nodes[1].op, oracle.read(precision)
    for k, name in enumerate(op.look_ups):
        function, low, high, size = LUTS[name].values()
        samples, start, scale = oracle_symbolic.lookup_table(function, low, high, size, t)
        np.testing.assert_array_equal(op.samples[k].raw, samples)
        assert (op.starts.raw[k], op.scales.raw[k]) == (start, scale)
    assert list(graph.tables()) == ["expr1.samples_0", "expr1.samples_1"]


def test_a_graph():
    """Nodes, types, shapes and configuration; bits of a case by hand."""
    needs_sympy()
    config = {"ProjectName": "own", "IOType": "io_stream", "Backend": "Vitis"}
    graph = emu.symbolic("1.5*x0 - x1**2", n_symbols=3, precision="ap_fixed<8,4>", config=config)
    assert [node.name for node in graph.nodes] == ["x", "expr1"]
    assert graph.formats == dict.fromkeys(("x", "expr1"), Format.parse("ap_fixed<8,4>"))
    assert graph.config["ProjectName"] == "own" and graph.values["x"].shape == (3,)
    assert graph.predict(np.array([[2.0, 0.5, 0]]))[0, 0] == 2.75
    np.testing.assert_array_equal(graph.reference(np.array([[2.0, 0.5, 0]])), [[2.75]])


def test_sympy_objects():
    """An expression of sympy is taken as its text is."""
    needs_sympy()
    import sympy

    x0, x1 = sympy.symbols("x0 x1")
    sine = sympy.Function("sin_lut")
    assert texts([x0 / x1 + sine(x0), "x1"]) == ("x0/x1 + sin_lut(x0)", "x1")


def test_formats_can_change():
    """But not those that look-ups were made for."""
    needs_sympy()
    graph = emu.symbolic("x0*0.3 + sin_lut(x0)", lut_functions=LUTS)
    other = graph.with_formats({"expr1": "fixed<9,3>", "expr1.coefficients": "fixed<20,4>"})
    np.testing.assert_array_equal(other.nodes[1].op.coefficients.raw, [19660])
    with pytest.raises(ValueError, match="samples of sin_lut must have the format of starts"):
        graph.with_formats({"expr1.starts": "fixed<9,3>"})
    with pytest.raises(ValueError, match=r"^tables of expr1 must keep the format they were made"):
        graph.with_formats({"expr1.scales": "fixed<9,3>"})


def test_notes():
    """What differs from the numbers that were written, and from hls4ml."""
    needs_sympy()
    notes = emu.symbolic("x0/x1 + 40 + log_lut(x0)", lut_functions=LUTS).notes
    assert [note.partition(":")[0] for note in notes[:1]] == [
        "number 40.0 is -24.0 in ap_fixed<16,6>"
    ]
    assert notes[1].startswith("look-up log_lut: its samples are log of ")
    assert notes[2] == (
        "look-up log_lut: its step is 0.0341796875 in ap_fixed<16,6>, not 0.035, as in hls4ml:"
        " entries are read beside their place"
    )
    assert "its scale is 28.0 in ap_fixed<20,16>, not 28.571428571428573" in notes[3]
    assert len(notes) == 5
    assert notes[4].startswith("a quotient by 0 is 0 here, where hls4ml's C simulation stops; ")
    assert emu.symbolic("x0 + 0.3").notes == ()


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        ("pi*x0", "variables must be x0, x1 ..., not 'pi'; a constant must be a number, which"),
        (
            "sin(x0)",
            r"functions must be of lut_functions \(sin_lut, log_lut\), not 'sin': the vendor's own"
            " have no free simulation; give sin_lut with math_func 'sin'$",
        ),
        ("1/x0", "1/x0 must be a look-up or a quotient: hls4ml calls a function of the vendor's"),
        ("x0 + x1**-2", r"x1\*\*\(-2\) must be a look-up or a quotient"),
        ("x0**0.5", "powers must be whole, from -64 to 64, not 0.5"),
        ("x0**x1", "powers must be whole, from -64 to 64, not x1"),
        ("x0**65", "powers must be whole, from -64 to 64, not 65"),
        ("(x0**64)**64", "powers must be whole, from -64 to 64, not 4096"),
        ("9**9**9", "powers must be whole, from -64 to 64, not 387420489"),
        ("(9**64)**64*x0", "numbers must have at most 1000 bits in an expression$"),
        ("x0/0", "numbers must be finite and real, not zoo in "),
        ("(-1)**0.5", "numbers must be finite and real, not I in "),
        ("1.5e400*x0", "numbers must be finite doubles, not 1.50"),
        ("1" * 101, "numbers must have at most 100 digits, not 101$"),
        ("__import__('os')", r"expression must be of names, numbers, .*, not \"'os'\"$"),
        ("x0.real", "expression must be of names, numbers, .*, not 'x0.real'$"),
        ("[x0 for x0 in x1]", r"expression must be of names, numbers, .*, not '\[x0 for x0 in x1"),
        ("x0 if x1 else 2", "expression must be of names, numbers, .*, not 'x0 if x1 else 2'$"),
        ("x0; x1", "expression must be well-formed, not 'x0; x1'"),
        ("xö", "expression must be ASCII, not 'xö'$"),
        ("+".join(["x0"] * 5000), "expression must be nested less deeply, not as the 14999"),
    ],
)
def test_what_is_refused_of_an_expression(expr, message):
    """Each message names the rule, the value and the way out; nothing is executed."""
    needs_sympy()
    with pytest.raises(ValueError, match=f"^expr .*: {message}"):
        emu.symbolic(expr, lut_functions=LUTS)


def lut(**changes):
    return {"lut_functions": {"f": LUTS["sin_lut"] | changes}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"use_built_in_lut_functions": True}, "use_built_in_lut_functions must be False"),
        ({"precision": "auto"}, "precision must be an ap_ type, not 'auto'$"),
        ({"precision": "ac_fixed<8,4>"}, "precision must be an ap_ type, not 'ac_fixed<8,4>'$"),
        ({"n_symbols": 1}, "n_symbols must be a whole number from 2 up, not 1$"),
        ({"config": {"HLSConfig": {}}}, "config must not have HLSConfig: "),
        ({"config": {"IOTyp": 1}}, "key of the configuration must be one that hls4ml knows"),
        (
            {"lut_functions": {"sin": LUTS["sin_lut"]}},
            "lut_functions must have names of their own, not sympy's 'sin': .*; sin_lut is one$",
        ),
        ({"lut_functions": {"x1": {}}}, "lut_functions must have identifiers as names, not 'x1'$"),
        ({"lut_functions": {"f": {}}}, "f must have math_func, range_start, .*, not $"),
        (lut(math_func="sine"), "math_func of f must be of sin, cos, .*, not 'sine'$"),
        (lut(table_size=65536), "table_size of f must be from 1 to 65535, not 65536$"),
        (lut(range_start="a"), "range_start of f must be a finite number, not 'a'$"),
        (lut(range_end=float("nan")), "range_end of f must be a finite number, not nan$"),
        (
            lut(range_start=-32, range_end=32),
            "range of f must have a length that ap_fixed<16,6> holds, not -32 to 32$",
        ),
        (lut(range_start=4), "range of f must have a length that .* holds, not 4 to 4$"),
        (
            lut(math_func="log"),
            "look-up f: range must lie where log is defined, not at -4.0$",
        ),
    ],
)
def test_what_is_refused(options, message):
    """Each message names the rule, the value and the way out."""
    needs_sympy()
    with pytest.raises(ValueError, match=f"^{message}"):
        emu.symbolic("x0 + x1", **options)


@pytest.mark.parametrize("expr", [[], {"x0"}, 3])
def test_what_is_no_expression(expr):
    """A set has no order, and a number no shape."""
    needs_sympy()
    with pytest.raises(ValueError, match=r"^expr must be "):
        emu.symbolic(expr)


def test_without_sympy(monkeypatch):
    """The message says what to install."""
    from emu.frontends.symbolic import _sympy

    _sympy.cache_clear()
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(ImportError, match=r"pip install 'bitwright\[symbolic\]'$"):
        emu.symbolic("x0")
    _sympy.cache_clear()
