"""Runs a plan over samples: checks the caller's arrays, cuts them into blocks, uses all cores."""

from __future__ import annotations

import contextlib
import functools
import importlib
import itertools
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .op import Value, storage

if TYPE_CHECKING:
    from .engine.plan import Plan
    from .graph import Graph

__all__ = ["MEMORY", "as_floats", "checked", "empty_results", "execute", "run_plan"]

MEMORY = 64 << 20
"""Default limit of the working set, in bytes: all blocks and scratch of all threads."""

_LIKED = 2 << 20
"""Bytes of a block's tensors: twice a core's L2, because fewer calls are worth some misses."""

_LEAST, _MOST = 128, 8192
"""Samples of a block: fewer cost calls, more leave the cache."""

_BLAS_LEAST = 1024
"""Samples of a block with a float path: BLAS lays out the weights anew for each."""

_WORTH_THREADS = 20_000_000
"""Multiply-adds below which a second thread costs more than it gains."""


def execute(
    graph: Graph, x: Any, *, keep: Iterable[str], real: bool = False, memory: int | None = None
) -> dict[str, Any]:
    """Raw values (or with ``real`` float64 values) of the tensors named ``keep``, all samples.

    memory: bytes of working set beside ``x`` and the results. Raises ValueError where it does not
    hold one sample, and for what ``Graph.predict`` refuses.
    """
    arrays = checked(graph, x)
    plan = graph.plan(keep)
    samples = len(next(iter(arrays.values())))
    out = empty_results(plan, samples, real=real)
    run_plan(plan, arrays, out, work=graph.multiplications() * samples, memory=memory)
    return out


def empty_results(plan: Plan, samples: int, *, real: bool) -> dict[str, npt.NDArray[Any]]:
    """Arrays for what the plan keeps: raw integers, or with ``real`` float64."""
    return {
        name: np.empty((samples, *value.shape), dtype=np.float64 if real else storage(value.format))
        for name, value in plan.kept.items()
    }


def run_plan(
    plan: Plan,
    arrays: Mapping[str, npt.NDArray[Any]],
    out: Mapping[str, npt.NDArray[Any]],
    *,
    work: int,
    memory: int | None = None,
) -> None:
    """Fill ``out`` (raw integers or float64, by dtype) from the plan's inputs, block by block.

    arrays: the samples of each input, and the raw integers of each given tensor. work:
    multiply-adds in all; little work stays on one thread. memory: as in ``execute``.
    """
    samples = len(next(iter(arrays.values())))
    threads = _threads(work)
    size = _block(plan, samples, threads, MEMORY if memory is None else memory)
    starts = range(0, samples, size)
    threads = min(threads, len(starts))
    numbers = itertools.count()
    failures: list[tuple[int, BaseException]] = []

    def compute() -> None:
        full = None
        for number in numbers:
            if number >= len(starts) or failures:
                return
            rows = slice(starts[number], min(starts[number] + size, samples))
            try:
                count = rows.stop - rows.start
                if count < size:
                    workspace = plan.workspace(count)
                else:
                    workspace = full = full or plan.workspace(size)
                _run_block(plan, arrays, rows, workspace, out)
            except BaseException as error:  # given to the caller, the earliest block first
                failures.append((number, error))
                return

    with _one_blas_thread(plan):
        if threads < 2:
            compute()
        else:
            with ThreadPoolExecutor(threads) as pool:
                try:
                    for future in [pool.submit(compute) for _ in range(threads)]:
                        future.result()
                except BaseException as error:  # an interrupt: the threads stop at their next block
                    failures.append((len(starts), error))
    if failures:
        raise min(failures, key=lambda failure: failure[0])[1]


def _threads(work: int) -> int:
    if work < _WORTH_THREADS:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _block(plan: Plan, samples: int, threads: int, memory: int) -> int:
    """Samples a block: as many as the cache likes and the limit allows."""
    each = max(plan.bytes_per_sample(), 1)
    allowed = memory // (threads * each)
    if allowed < 1:
        raise ValueError(
            f"memory must be at least {threads * each} bytes for this model, not {memory}:"
            f" one sample's tensors take {each} bytes on each of {threads} threads"
        )
    floats = any(planned.path.startswith("float") for planned in plan.steps)
    liked = min(max(_LIKED // each, _BLAS_LEAST if floats else _LEAST), _MOST)
    most = max(1, min(liked, allowed))
    # Equal blocks, as many for each thread.
    rounds = -(-samples // (most * threads))
    return max(1, -(-samples // max(rounds * threads, 1)))


@functools.cache
def _blas() -> Any:
    return importlib.import_module("threadpoolctl").ThreadpoolController()


def _one_blas_thread(plan: Plan) -> Any:
    """BLAS on one thread while blocks run side by side: its own threads would stall them."""
    if any(planned.path.startswith("float") for planned in plan.steps):
        return _blas().limit(limits=1, user_api="blas")
    return contextlib.nullcontext()


def _run_block(
    plan: Plan, arrays: Mapping[str, Any], rows: slice, workspace: Any, out: Mapping[str, Any]
) -> None:
    blocks, rooms = workspace
    for planned in plan.steps:
        block = blocks[planned.writes]
        if planned.reads:
            planned.step.run(*(blocks[name] for name in planned.reads), out=block, rooms=rooms)
        else:
            _read(planned, arrays[planned.writes][rows], rows.start, block, rooms)
        for name in plan.kept_at[planned.writes]:
            _give(block, plan.kept[name], out[name][rows])


def _read(planned: Any, part: Any, first: int, block: Any, rooms: Any) -> None:
    """Some samples of an input, or of a given tensor, into its block."""
    from .engine.steps import InputStep

    step = planned.step
    if not isinstance(step, InputStep):
        step.run(part, out=block, rooms=rooms)
        return
    floats = _floats(part, planned.writes, first)
    if not step.fast(floats, out=block, rooms=rooms):
        _require_finite(floats.reshape(part.shape), planned.writes, first)
        step.run(floats, out=block)


def _give(block: Any, value: Value, out: Any) -> None:
    """A block as rows of the result: raw integers, or their values where ``out`` is float64."""
    from .engine import loops

    flat = out.reshape(len(out), -1)
    frac = value.format.frac
    if block.dtype == object or not -1000 < frac < 1000:
        raw = block.T
        flat[...] = np.ldexp(raw.astype(np.float64), -frac) if out.dtype == np.float64 else raw
    elif out.dtype == np.float64:
        loops.write_block(block, 2.0**-frac, flat)
    else:
        loops.write_block(block, 1, flat)


# ---- the caller's arrays ---------------------------------------------------------------------


def as_floats(graph: Graph, x: Any) -> dict[str, npt.NDArray[np.float64]]:
    """The caller's samples as one float64 array per input, by name; errors as ``Graph.predict``."""
    found = {}
    for name, array in checked(graph, x).items():
        found[name] = _floats(array, name, 0).reshape(array.shape)
        _require_finite(found[name], name, 0)
    return found


def checked(graph: Graph, x: Any) -> dict[str, npt.NDArray[Any]]:
    """One array of real numbers per input, by name, shapes checked; see ``Graph.predict``.

    Nothing is copied: blocks become float64 as they are read (``_floats``).
    """
    inputs = graph.inputs
    names = [value.name for value in inputs]
    if isinstance(x, Mapping):
        if set(x) != set(names):
            raise ValueError(f"x must have the inputs {names!r}, not {sorted(map(str, x))!r}")
        given = [x[name] for name in names]
    elif len(inputs) == 1:
        given = [x]
    else:
        if not isinstance(x, (list, tuple)) or len(x) != len(inputs):
            what = f"{len(x)} arrays" if isinstance(x, (list, tuple)) else type(x).__name__
            raise ValueError(f"x must be a list or dict of arrays for inputs {names!r}, not {what}")
        given = list(x)
    arrays = {value.name: _array(value, item) for value, item in zip(inputs, given, strict=True)}
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"inputs must have one number of samples, not {lengths!r}")
    return arrays


def _array(value: Value, item: Any) -> npt.NDArray[Any]:
    try:
        array = np.asarray(item)
    except ValueError:
        raise ValueError(
            f"input {value.name} must be a rectangular array, not ragged lists"
        ) from None
    if array.dtype.kind not in "fiub":
        raise ValueError(f"input {value.name} must be real numbers, not dtype {array.dtype}")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        raise ValueError(f"input {value.name} must be at most float64, not {array.dtype}")
    if array.shape[1:] != value.shape or array.ndim == 0:
        expected = ", ".join(["N", *map(str, value.shape)])
        raise ValueError(f"input {value.name} must have shape ({expected}), not {array.shape}")
    return array


def _floats(part: npt.NDArray[Any], name: str, first: int) -> npt.NDArray[np.float64]:
    """Samples as contiguous float64, (samples, features); errors name the whole array's index."""
    if part.dtype.kind in "iu" and part.dtype.itemsize == 8:
        _refuse(np.abs(part.astype(object)) > 2**53, part, name, first, "exact in float64")
    return np.ascontiguousarray(part, dtype=np.float64).reshape(len(part), -1)


def _require_finite(floats: npt.NDArray[np.float64], name: str, first: int) -> None:
    _refuse(~np.isfinite(floats), floats, name, first, "finite")


def _refuse(bad: Any, part: npt.NDArray[Any], name: str, first: int, must: str) -> None:
    if np.any(bad):
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        index = (place[0] + first, *place[1:])
        raise ValueError(f"input {name} must be {must}, not {part[place]} at index {index}")
