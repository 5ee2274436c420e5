"""Mutants of cast and growth: each changes one rule, and each must be killed by the tests.

Run: python -m tests.fxp.mutants [regular expression]      (some seconds a mutant)

Exit code 1 if one survives; with an expression only the mutants whose text matches are made.

A mutant is one edit of a source text, made in a temporary copy of the repository and tested there
with the tests that need no compiler. The copy without an edit must pass first.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = {
    "growth": ["test_fxp_growth.py", "test_fxp_random.py", "test_fxp_array.py"],
    "casting": ["test_fxp_exhaustive.py", "test_fxp_random.py", "test_fxp_array.py"],
    "wide": ["test_fxp_random.py", "test_fxp_exhaustive.py", "test_fxp_array.py"],
}
"""The tests of each module's mutants, the likeliest to kill first: pytest stops at a failure."""


def rounding_mutants() -> list[tuple[str, str, str]]:
    """Each rounding's tie moved, and each rounding replaced by its neighbour, narrow and wide."""
    ties = [
        ("Rounding.TRN: (0, 0, 0, 0)", "Rounding.TRN: (half, 0, 0, 0)"),
        ("Rounding.TRN_ZERO: (0, mask, 0, 0)", "Rounding.TRN_ZERO: (0, mask - 1, 0, 0)"),
        ("Rounding.TRN_ZERO: (0, mask, 0, 0)", "Rounding.TRN_ZERO: (0, 0, 0, 0)"),
        ("Rounding.RND: (half,", "Rounding.RND: (half - 1,"),
        ("Rounding.RND_MIN_INF: (half - 1,", "Rounding.RND_MIN_INF: (half,"),
        ("Rounding.RND_ZERO: (half - 1, 1,", "Rounding.RND_ZERO: (half - 1, 0,"),
        ("Rounding.RND_ZERO: (half - 1, 1,", "Rounding.RND_ZERO: (half, 1,"),
        ("Rounding.RND_INF: (half, -1,", "Rounding.RND_INF: (half, 0,"),
        ("Rounding.RND_INF: (half, -1,", "Rounding.RND_INF: (half - 1, -1,"),
        ("Rounding.RND_CONV: (half - 1, 0, 1, 0)", "Rounding.RND_CONV: (half - 1, 0, 0, 0)"),
        ("Rounding.RND_CONV: (half - 1, 0, 1, 0)", "Rounding.RND_CONV: (half - 1, 0, 1, 1)"),
        (
            "Rounding.RND_CONV_ODD: (half - 1, 0, 1, 1)",
            "Rounding.RND_CONV_ODD: (half - 1, 0, 1, 0)",
        ),
        ("shift = min(shift, 63)", "shift = min(shift, 3)"),
        ("half, mask = 1 << (shift - 1)", "half, mask = 1 << shift"),
    ]
    wide = [
        ("up = (m < 0) & (rest != 0)", "up = (m < 0) & (rest > 1)"),
        ("up = (m < 0) & (rest != 0)", "up = rest != 0"),
        ("is Rounding.RND:\n        up |= tie", "is Rounding.RND:\n        up |= tie & (m > 0)"),
        ("up |= tie & (m < 0)", "up |= tie & (m > 0)"),
        ("up |= tie & (m > 0)", "up |= tie"),
        ("up |= tie & ((floor & 1) == 1)", "up |= tie & ((floor & 1) == 0)"),
        ("up |= tie & ((floor & 1) == 0)", "up |= tie"),
        ("up = rest > half", "up = rest >= half"),
        ("min(shift, source.width + 2)", "min(shift, source.width - 1)"),
        ("max(shift, -target.width - 1)", "max(shift, -target.width + 1)"),
    ]
    return [("casting", *m) for m in ties] + [("wide", *m) for m in wide]


def overflow_mutants() -> list[tuple[str, str, str]]:
    """Each overflow's edge moved by one, each condition turned round."""
    narrow = [
        ("flip), low), high)", "flip), low), high - 1)"),
        ("flip), low), high)", "flip), low + 1), high)"),
        ("r if low <= r <= high", "r if low < r <= high"),
        ("r if low <= r <= high", "r if low <= r < high"),
        ("out[k] = above if value > high_in", "out[k] = above if value >= high_in"),
        ("(under if value < low_in else r)", "(under if value <= low_in else r)"),
        (
            "if target.signed and target.width > 1:\n            low = -high",
            "if target.signed:\n            low = -high",
        ),
        (
            "if target.signed and target.width > 1:\n            low = -high",
            "if target.width > 1:\n            low = -high",
        ),
        (
            "            low = -high\n    elif target.overflow is Overflow.WRAP_SM",
            "            pass\n    elif target.overflow is Overflow.WRAP_SM",
        ),
        ("flip) & high\n", "flip) & (high >> 1)\n"),
        ("flip) << lift) >> lift", "flip) << (lift + 1)) >> (lift + 1)"),
        ("moved = (m[k] << up) >> lift", "moved = (m[k] << up) >> (lift - 1)"),
        ("moved if signed != 0 else moved & high", "moved"),
        ("up = lift - shift", "up = lift - shift + 1"),
        ("if kind == 0 or over == 0:", "if kind == 0:"),
        ("return wrapped | (high & ~((np.int64(1) << (width - sat_bits)) - 1))", "return wrapped"),
        ("~wrapped if deleted != sign", "~wrapped if deleted == sign"),
        ("(width - 1)) & 1) != negative:", "(width - 1)) & 1) == negative:"),
        ("(width - sat_bits)) & 1) == negative:", "(width - sat_bits)) & 1) != negative:"),
        (
            "keep = (np.int64(1) << (width - max(sat_bits, 1))) - 1",
            "keep = (np.int64(1) << (width - 1)) - 1",
        ),
        ("return body | ((top - 1) & ~keep)", "return body"),
        ("return body - top", "return body"),
        ("index = width + shift", "index = width + shift - 1"),
        ("(r & high) | top", "r & high"),
        ("else (r & high) | top", "else high"),
        ("place = min(index, 63)", "place = min(index - 1, 63)"),
        ("by_sign = np.int64(-1 if sat_bits > 0", "by_sign = np.int64(-1 if sat_bits > 1"),
        ("inverse = np.int64(-1 if sat_bits > 1", "inverse = np.int64(-1 if sat_bits > 2"),
        ("magnitude = np.int64(-1 if kind == 4", "magnitude = np.int64(-1 if kind == 5"),
        ("above, under = (top - 1) & ~keep", "above, under = (top - 1) & keep"),
        ("-top & by_sign", "-top & ~by_sign"),
        ("(kept ^ wanted) & magnitude", "kept & magnitude"),
        # low < r beside "else over" would change nothing: the least raw value wraps to itself under
        # every kind of WRAP. Where the type is unsigned it does change a bit: zero gets ones.
        ("r if low <= r <= high else (r", "r if low < r <= high else (r"),
        ("r if low <= r <= high else over", "r if low <= r < high else over"),
        (
            "over = np.int64(value > high_in) - np.int64(value < low_in)",
            "over = np.int64(value > high_in) - np.int64(value <= low_in)",
        ),
    ]
    wide = [
        ("below, above = r < low, r > high", "below, above = r <= low, r > high"),
        ("below, above = r < low, r > high", "below, above = r < low, r >= high"),
        (
            "target.signed and width > 1:\n        low = -high",
            "target.signed:\n        low = -high",
        ),
        ("np.where(over, 0, r)", "np.where(over, 1, r)"),
        ("np.where(over, code | top, code) if bits else code", "code"),
        ("code & ~inner | sign", "code | sign"),
        ("(code | inner) & ~sign", "code & ~sign"),
        ("kept = code >> (width - max(bits, 1))", "kept = code >> (width - 1)"),
        ("negative if bits == 1 else 1 - negative", "negative if bits > 1 else 1 - negative"),
        ("place = target.width + shift", "place = target.width + shift + 1"),
    ]
    return [("casting", *m) for m in narrow] + [("wide", *m) for m in wide]


def growth_mutants() -> list[tuple[str, str, str]]:
    """One bit more, one bit less, one sign wrong, in each width rule."""
    edits = [
        ("left = a.integer + (b.signed and not a.signed)", "left = a.integer"),
        ("right = b.integer + (a.signed and not b.signed)", "right = b.integer"),
        (
            "return max(left, right), max(a.frac, b.frac)",
            "return max(left, right), min(a.frac, b.frac)",
        ),
        (
            "Format(integer + 1 + frac, integer + 1, a.signed or b.signed",
            "Format(integer + frac, integer, a.signed or b.signed",
        ),
        (
            "Format(integer + 1 + frac, integer + 1, a.signed or b.signed",
            "Format(integer + 1 + frac, integer + 1, a.signed and b.signed",
        ),
        (
            "Format(integer + 1 + frac, integer + 1, True",
            "Format(integer + 2 + frac, integer + 2, True",
        ),
        (
            "Format(integer + 1 + frac, integer + 1, True",
            "Format(integer + 1 + frac, integer + 1, a.signed or b.signed",
        ),
        (
            "a.width + b.width, a.integer + b.integer, a.signed or b.signed",
            "a.width + b.width - 1, a.integer + b.integer - 1, a.signed or b.signed",
        ),
        (
            "a.width + b.width, a.integer + b.integer, a.signed or b.signed",
            "a.width + b.width, a.integer + b.integer, a.signed and b.signed",
        ),
        ("width = a.width + max(b.frac, 0) + b.signed", "width = a.width + max(b.frac, 0) + 1"),
        ("width = a.width + max(b.frac, 0) + b.signed", "width = a.width + b.frac + b.signed"),
        ("integer = a.integer + b.frac + b.signed", "integer = a.integer + b.frac"),
        (
            "width = min(a.width, b.width + (a.signed and not b.signed))",
            "width = min(a.width, b.width)",
        ),
        ("width = min(a.width, b.width + (a.signed and not b.signed))", "width = a.width"),
        (
            "return Format(width, width, a.signed, family=family)",
            "return Format(width, width, b.signed, family=family)",
        ),
        (
            "Format(integer + frac, integer, a.signed or b.signed",
            "Format(integer + 1 + frac, integer + 1, a.signed or b.signed",
        ),
        ("max(a.width, 1 + a.signed) + 1 if", "a.width + 1 if"),
        ('if a.family == "ap_int" else a.width + 1', 'if a.family == "ap_int" else a.width'),
        ("grown = int(not a.signed)", "grown = 1"),
        ("grown = int(not a.signed)", "grown = 0"),
        ("(count - 1).bit_length() if count > 1", "count.bit_length() if count > 1"),
        (
            "return Format(a.width, a.integer, False, family=a.family)",
            "return Format(a.width + 1, a.integer + 1, False, family=a.family)",
        ),
        ("width = abs(high - low) + 1", "width = abs(high - low) + 2"),
        ('vendor == "ac" and a.signed', "a.signed"),
        ("a.integer + n, a.signed", "a.integer - n, a.signed"),
    ]
    return [("growth", *m) for m in edits]


def tests_pass(folder: Path, module: str) -> bool:
    """Whether the module's tests pass in the copy."""
    files = [f"tests/fxp/{name}" for name in TESTS[module]]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "not cpp and not long",
    ]
    done = subprocess.run([*command, *files], cwd=folder, capture_output=True, timeout=3600)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout.decode()[-3000:] + done.stderr.decode()[-3000:])
    return done.returncode == 0


def main(pattern: str = "") -> int:
    """Test the copy as it is, then each mutant whose text matches; the number of survivors."""
    mutants = [
        mutant
        for mutant in (*rounding_mutants(), *overflow_mutants(), *growth_mutants())
        if re.search(pattern, " ".join(mutant))
    ]
    survivors = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("fxp", "tests/fxp", "examples"):
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        shutil.copy(ROOT / "pyproject.toml", folder)
        if not all(tests_pass(folder, module) for module in {mutant[0] for mutant in mutants}):
            raise RuntimeError("the tests fail without a mutant")
        for module, old, new in mutants:
            file = folder / "fxp" / f"{module}.py"
            text = file.read_text()
            if old not in text:
                raise RuntimeError(f"fxp/{module}.py must hold {old!r}: the mutant is out of date")
            file.write_text(text.replace(old, new, 1))
            killed = not tests_pass(folder, module)
            file.write_text(text)
            survivors += not killed
            sys.stdout.write(
                f"{'killed  ' if killed else 'SURVIVED'} {module}: {old!r} -> {new!r}\n"
            )
            sys.stdout.flush()
    sys.stdout.write(f"{survivors} of {len(mutants)} mutants survived\n")
    return survivors


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
