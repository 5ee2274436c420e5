"""Times of fxp beside numpy and APyTypes, in one run, on one core, as ratios.

Run: taskset -c 0 python benchmarks/fxp_arithmetic.py [millions of elements, default 10]

Needs apytypes beside Bitwright's own requirements (rows of it are left out otherwise, and said so).
Each time is the least of the repeats, of CPU time, so other load on the machine matters little.
"Copy" is numpy's copy of the same int64 array into memory that is already there.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import importlib
import sys
import time
from collections.abc import Callable

import numpy as np

from fxp import Format, FxArray, cast

SOURCE = "fixed<32,12>"
ROUNDINGS = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_MIN_INF", "RND_INF", "RND_CONV")
OVERFLOWS = (
    "WRAP",
    "SAT",
    "SAT_ZERO",
    "SAT_SYM",
    "WRAP,1",
    "WRAP,3",
    "WRAP_SM",
    "WRAP_SM,1",
    "WRAP_SM,3",
)
APY_ROUNDINGS = dict(zip(ROUNDINGS, ROUNDINGS, strict=True))


def least(function: Callable[[], object], repeats: int = 7) -> float:
    """Least CPU seconds of a call."""
    function()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def row(*cells: object) -> None:
    sys.stdout.write("| " + " | ".join(str(cell) for cell in cells) + " |\n")


def table(*heads: str) -> None:
    row(*heads)
    row(*("---" for _ in heads))


def casts(raw: np.ndarray, apy: object) -> None:
    """One row for each mode."""
    out = np.empty_like(raw)
    copy = least(lambda: np.copyto(out, raw))
    n = raw.size
    sys.stdout.write(
        f"\nCast of {n} int64 values, {SOURCE} to <16,6>; copy: {copy / n * 1e9:.3f} ns\n\n"
    )
    table("mode", "fxp, ns", "of copy bandwidth", "apytypes / fxp")
    source = Format.parse(SOURCE)
    part = raw[: n // 10]
    theirs = apy.APyFixedArray.from_array(part / 2.0**source.frac, 12, 20) if apy else None
    for overflow in OVERFLOWS:
        for rounding in ROUNDINGS:
            target = Format.parse(f"fixed<16,6,{rounding},{overflow}>")
            ours = least(lambda target=target: cast(raw, source, target, out=out))
            ratio = "not offered" if apy else "not measured"
            if apy and overflow in ("WRAP", "SAT"):
                q = getattr(apy.QuantizationMode, rounding)
                o = getattr(apy.OverflowMode, overflow)
                other = least(lambda q=q, o=o: theirs.cast(6, 10, q, o), 3) * n / part.size
                ratio = f"{other / ours:.0f}"
            row(f"{rounding}, {overflow}", f"{ours / n * 1e9:.3f}", f"{copy / ours:.0%}", ratio)


def multiply_add(n: int, apy: object) -> None:
    """``a * b + c`` of 16-bit values."""
    rng = np.random.default_rng(1)
    raws = [rng.integers(-(1 << 15), 1 << 15, n) for _ in range(3)]
    a, b, c = (FxArray.from_raw(raw, "fixed<16,6>") for raw in raws)
    ours = least(lambda: a * b + c)
    plain = least(lambda: raws[0] * raws[1] + (raws[2] << 10))
    cells = [f"{ours / n * 1e9:.2f}", f"{plain / n * 1e9:.2f}", "not measured"]
    if apy:
        x, y, z = (apy.APyFixedArray.from_array(raw / 1024, 6, 10) for raw in raws)
        cells[2] = f"{least(lambda: x * y + z, 3) / ours:.2f}"
    sys.stdout.write(f"\na * b + c of {n} <16,6> values, exact\n\n")
    table("fxp, ns", "numpy int64 expression, ns", "apytypes / fxp")
    row(*cells)


def matmuls(apy: object) -> None:
    """256 x 256 x 256, exact and through two accumulators."""
    rng = np.random.default_rng(2)
    size = 256
    raws = [rng.integers(-(1 << 15), 1 << 15, (size, size)) for _ in range(2)]
    a, b = (FxArray.from_raw(raw, "fixed<16,6>") for raw in raws)
    floats = [raw.astype(np.float64) for raw in raws]
    blas = least(lambda: floats[0] @ floats[1])
    macs = size**3
    theirs = [apy.APyFixedArray.from_array(raw / 1024, 6, 10) for raw in raws] if apy else None
    sys.stdout.write(
        f"\nmatmul {size}^3 of <16,6>; float64 BLAS alone: {blas / macs * 1e9:.3f} ns/MAC\n\n"
    )
    table("accumulator", "fxp, ns/MAC", "fxp / BLAS", "apytypes / fxp")
    for text, modes in (
        (None, None),
        ("fixed<40,20>", None),
        ("fixed<16,6>", ("TRN", "WRAP")),
        ("fixed<16,6,RND,SAT>", ("RND", "SAT")),
    ):
        ours = least(lambda text=text: a.matmul(b, accumulator=text), 5)
        ratio = "not measured"
        if apy and modes:
            with apy.APyFixedAccumulatorContext(
                int_bits=6,
                frac_bits=10,
                quantization=getattr(apy.QuantizationMode, modes[0]),
                overflow=getattr(apy.OverflowMode, modes[1]),
            ):
                ratio = f"{least(lambda: theirs[0] @ theirs[1], 3) / ours:.0f}"
        elif apy:
            ratio = f"{least(lambda: theirs[0] @ theirs[1], 3) / ours:.1f}"
        row(text or "exact", f"{ours / macs * 1e9:.3f}", f"{ours / blas:.1f}", ratio)


def main(millions: str = "10") -> None:
    try:
        apy = importlib.import_module("apytypes")
    except ImportError:
        apy = None
        sys.stdout.write("apytypes is not installed: its columns are not measured\n")
    n = int(float(millions) * 1e6)
    rng = np.random.default_rng(0)
    casts(rng.integers(-(1 << 31), 1 << 31, n), apy)
    multiply_add(n // 10, apy)
    matmuls(apy)


if __name__ == "__main__":
    main(*sys.argv[1:])
