"""Times of fxp beside numpy and APyTypes, in one run, on one core, as ratios.

Run: taskset -c 0 python benchmarks/fxp_arithmetic.py [sizes, default 65536 1000000 10000000]

Needs apytypes beside Bitwright's own requirements (rows of it are left out otherwise, and said so).
Each time is the least of the repeats, of CPU time, so other load on the machine matters little.
"Copy" is numpy's copy of the same int64 array into memory that is already there.

Freed arrays stay with the process: glibc's allocator otherwise hands megabytes back to the system
after some calls and not after others, and every library then pays about 3 ns for each fresh value.
"""

from __future__ import annotations

import os
import sys

_SETTINGS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "2000000000",
}
if __name__ == "__main__" and any(os.environ.get(k) != v for k, v in _SETTINGS.items()):
    os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | _SETTINGS)

import importlib
import resource
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


def least(function: Callable[[], object], repeats: int = 7, *, number: int = 1) -> float:
    """Least CPU seconds of a call, each timed over ``number`` calls."""
    function()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        for _ in range(number):
            function()
        times.append((time.process_time() - start) / number)
    return min(times)


def faults(function: Callable[[], object]) -> int:
    """Page faults of a call: memory that was new to the process."""
    function()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    function()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def row(*cells: object) -> None:
    sys.stdout.write("| " + " | ".join(str(cell) for cell in cells) + " |\n")


def table(*heads: str) -> None:
    row(*heads)
    row(*("---" for _ in heads))


def casts(sizes: list[int], apy: object) -> None:
    """One row for each mode: at each size the time, the share of copy bandwidth, the ratio."""
    rng = np.random.default_rng(0)
    source = Format.parse(SOURCE)
    raws = [rng.integers(-(1 << 31), 1 << 31, n) for n in sizes]
    outs = [np.empty_like(raw) for raw in raws]
    numbers = [max(1, 1_000_000 // n) for n in sizes]
    copies = [
        least(lambda out=out, raw=raw: np.copyto(out, raw), number=number)
        for out, raw, number in zip(outs, raws, numbers, strict=True)
    ]
    shown = ", ".join(f"{copy / n * 1e9:.3f}" for copy, n in zip(copies, sizes, strict=True))
    sys.stdout.write(f"\nCast of int64 values, {SOURCE} to <16,6>; copy: {shown} ns\n\n")
    heads = [f"{n}: ns, of copy bandwidth, apytypes / fxp" for n in sizes]
    table("mode", *heads)
    theirs = [
        apy.APyFixedArray.from_array(raw[:1_000_000] / 2.0**source.frac, 12, 20) if apy else None
        for raw in raws
    ]
    for overflow in OVERFLOWS:
        for rounding in ROUNDINGS:
            target = Format.parse(f"fixed<16,6,{rounding},{overflow}>")
            cells = []
            for n, raw, out, number, copy, their in zip(
                sizes, raws, outs, numbers, copies, theirs, strict=True
            ):
                ours = least(
                    lambda t=target, r=raw, o=out: cast(r, source, t, out=o), number=number
                )
                ratio = "not offered" if apy else "not measured"
                if apy and overflow in ("WRAP", "SAT"):
                    q = getattr(apy.QuantizationMode, rounding)
                    o = getattr(apy.OverflowMode, overflow)
                    other = least(lambda t=their, q=q, o=o: t.cast(6, 10, q, o), 3, number=number)
                    ratio = f"{other / their.shape[0] * n / ours:.0f}"
                cells.append(f"{ours / n * 1e9:.3f}, {copy / ours:.0%}, {ratio}")
            row(f"{rounding}, {overflow}", *cells)


def multiply_add(n: int, apy: object) -> None:
    """``a * b + c`` of 16-bit values."""
    rng = np.random.default_rng(1)
    raws = [rng.integers(-(1 << 15), 1 << 15, n) for _ in range(3)]
    a, b, c = (FxArray.from_raw(raw, "fixed<16,6>") for raw in raws)
    number = max(1, 1_000_000 // n)
    functions = {
        "fxp": lambda: a * b + c,
        "numpy, int64": lambda: raws[0] * raws[1] + (raws[2] << 10),
    }
    if apy:
        x, y, z = (apy.APyFixedArray.from_array(raw / 1024, 6, 10) for raw in raws)
        functions["apytypes"] = lambda: x * y + z
    sys.stdout.write(f"\na * b + c of {n} <16,6> values, exact\n\n")
    table("", "ns", "of fxp", "page faults a call")
    ours = 0.0
    for name, function in functions.items():
        spent = least(function, number=number)
        ours = ours or spent
        row(name, f"{spent / n * 1e9:.2f}", f"{spent / ours:.2f}", faults(function))


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


def main(*sizes: str) -> None:
    try:
        apy = importlib.import_module("apytypes")
    except ImportError:
        apy = None
        sys.stdout.write("apytypes is not installed: its columns are not measured\n")
    casts([int(size) for size in sizes or ("65536", "1000000", "10000000")], apy)
    for n in (65_536, 1_000_000):
        multiply_add(n, apy)
    matmuls(apy)


if __name__ == "__main__":
    main(*sys.argv[1:])
