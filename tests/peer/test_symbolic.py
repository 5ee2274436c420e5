"""Symbolic expressions, with look-ups, equal hls4ml's compiled C simulation in every bit."""

import importlib.util
import json
import re

import numpy as np
import pytest

import emu
from fxp import Format
from tests.peer import project

pytestmark = [
    *project.needs_hls4ml,
    pytest.mark.skipif(
        importlib.util.find_spec("sympy") is None,
        reason="needs sympy: pip install 'bitwright[symbolic]'",
    ),
]

LUTS = {
    "sin_lut": {"math_func": "sin", "range_start": -4, "range_end": 4, "table_size": 512},
    "exp_lut": {"math_func": "exp", "range_start": 0, "range_end": 3.5, "table_size": 100},
    "log_lut": {"math_func": "log", "range_start": 0, "range_end": 8, "table_size": 256},
    "wide_lut": {"math_func": "atan", "range_start": -20, "range_end": 20, "table_size": 64},
    "tiny_lut": {"math_func": "sqrt", "range_start": 0.25, "range_end": 0.75, "table_size": 1000},
}
NAMED = (
    "x0*x1/x2 + 0.3",
    "-0.3*x0",
    "x0/3 - 2/3",
    "2*(x0 + x1)",
    "(x0 + 2)**2 - x1**3",
    "1/(x0*x2)",
    "x0/x2*x1/x2",
    "-x0 - 3*x1",
    "2.5/x2**2",
    "5",
    "0.1234567890123456789*x0 + 1e-9",
    "x0*2**0.5 + 123456789",
    "-1/(x0*x2) - x1/(x1**2 + 1)",
    "sin_lut(x0)",
    "exp_lut(x0*x1)*sin_lut(x1 + 2)**2",
    "log_lut(x0) - log_lut(-x1)",
    "wide_lut(x0) + tiny_lut(x1)",
    "x0/(sin_lut(x2)**2 + 0.5) + tiny_lut(sin_lut(x1) + 0.5)",
)
PRECISIONS = (
    "ap_fixed<16,6>",
    "ap_fixed<14,7,AP_RND,AP_SAT>",
    "ap_ufixed<13,6,AP_RND_CONV,AP_SAT_ZERO>",
    "ap_fixed<18,5,AP_TRN_ZERO,AP_SAT_SYM>",
    "ap_fixed<12,6,AP_RND_INF,AP_WRAP>",
)


def drawn(rng, depth=3):
    """A random expression; what is divided by is never zero."""
    kind = rng.integers(0, 6) if depth else 0
    if kind == 0:
        leaves = ("x0", "x1", "x2", repr(round(rng.uniform(-4, 4), 3)), str(rng.integers(1, 6)))
        return str(rng.choice(leaves))
    if kind < 4:
        return f"({drawn(rng, depth - 1)} {rng.choice(list('+-*'))} {drawn(rng, depth - 1)})"
    if kind == 4:
        return f"({drawn(rng, depth - 1)})/{rng.choice(['x2', '(x2*x2)', '3', '0.7'])}"
    return f"{rng.choice(list(LUTS)[:3])}({drawn(rng, depth - 1)})"


def accepted(rng, count):
    """Drawn expressions without what hls4ml leaves to the vendor: 1/x2 alone, say."""
    found = []
    while len(found) < count:
        text = drawn(rng)
        try:
            emu.symbolic(text, lut_functions=LUTS)
        except ValueError as error:
            assert re.search("function of the vendor's|finite and real", str(error))
        else:
            found.append(text)
    return found


def compare(folder, precision, expressions, rng):
    """Both sides on the same inputs: as many equal values as there are."""
    f = Format.parse(precision)
    raw = rng.integers(f.raw_min, f.raw_max, (400, 3), endpoint=True)
    raw[:100] >>= 4
    # A zero stops hls4ml's C simulation, and -1 meets a defect of the header's division.
    raw[:, 0] += raw[:, 0] == 0
    raw[:, 2] = np.where(np.abs(raw[:, 2]) < 2**8, 2**8 + 3, raw[:, 2])
    x = np.ldexp(raw.astype(np.float64), -f.frac)
    given = {"expr": list(expressions), "n_symbols": 3, "lut_functions": LUTS}
    (folder / "expressions.json").write_text(json.dumps({**given, "precision": precision}))
    np.savez(folder / "x.npz", x=x)
    project.run_script("simulate_symbolic.py", folder)
    graph = emu.symbolic(**given, precision=precision)
    op = graph.nodes[1].op
    texts = json.loads((folder / "text.json").read_text())
    assert [own.replace(" ", "") for own in op.expressions] == [as_own(text, op) for text in texts]
    with np.load(folder / "y.npz") as file:
        theirs = np.ldexp(file["y"], f.frac).reshape(len(x), -1)
    mine = graph.predict(x, raw=True)
    wrong = [text for k, text in enumerate(texts) if (mine[:, k] != theirs[:, k]).any()]
    assert wrong == []
    return mine


def as_own(text, op):
    """hls4ml's C++ in the words of ``Symbolic.expressions``: the same operations in its order."""
    numbers = {float(value): f"c{k}" for k, value in enumerate(op.coefficients.value)}

    def coefficient(found):
        up, _, down = found[1].partition("/")
        return numbers[float(up) / float(down or 1)]

    text = re.sub(r"result_t\(([^()]*)\)", coefficient, text)
    return re.sub(r"x\[(\d+)\]", r"x\1", text).replace(" ", "")


@pytest.mark.parametrize(
    "precision",
    [pytest.param(p, marks=[pytest.mark.long] * (k != 1)) for k, p in enumerate(PRECISIONS)],
)
def test_expressions(precision, tmp_path, record_property):
    """The named cases and drawn ones: C++ text by text, and then bit by bit."""
    rng = np.random.default_rng(PRECISIONS.index(precision))
    expressions = [*NAMED, *accepted(rng, 12)]
    found = compare(tmp_path, precision, expressions, rng)
    record_property("values_compared", found.size)
    assert np.mean([np.unique(column).size > 2 for column in found.T]) > 0.6
