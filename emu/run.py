"""Executes a graph: checks the caller's arrays, casts them, runs the operators batch by batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fxp import from_float

from .op import Raw, Value, storage
from .ops import Input

if TYPE_CHECKING:
    from .graph import Graph

__all__ = ["as_arrays", "execute"]

_BATCH_ELEMENTS = 1 << 21
"""Elements of the widest layer that one batch may hold: about 16 MiB of int64."""

_WORTH_THREADS = 10_000_000
"""Multiply-adds below which starting threads costs more than it gains."""


def execute(graph: Graph, x: Any, *, keep: Iterable[str]) -> dict[str, Raw]:
    """Raw values of the tensors named ``keep`` for all samples of ``x``."""
    arrays = as_arrays(graph, x)
    samples = len(next(iter(arrays.values())))
    names = tuple(dict.fromkeys(keep))
    out = {
        name: np.empty(
            (samples, *graph.values[name].shape), dtype=storage(graph.values[name].format)
        )
        for name in names
    }

    def run(rows: slice) -> None:
        found = _run_batch(graph, {name: array[rows] for name, array in arrays.items()}, names)
        for name in names:
            out[name][rows] = found[name]

    batches = list(_batches(graph, samples))
    if len(batches) < 4 or graph.multiplications() * samples < _WORTH_THREADS:
        for rows in batches:
            run(rows)
    else:
        # Kernels and numpy release the interpreter lock, so batches run side by side.
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for _ in pool.map(run, batches):
                pass
    return out


def _batches(graph: Graph, samples: int) -> Iterator[slice]:
    widest = max(value.size for value in graph.values.values())
    step = max(1, min(1024, _BATCH_ELEMENTS // widest))
    for start in range(0, samples, step):
        yield slice(start, min(start + step, samples))


def _run_batch(graph: Graph, x: Mapping[str, Any], keep: tuple[str, ...]) -> dict[str, Raw]:
    last_use = {name: node.name for node in graph.nodes for name in node.inputs}
    known: dict[str, Raw] = {}
    found: dict[str, Raw] = {}
    for node in graph.nodes:
        if isinstance(node.op, Input):
            known[node.name] = from_float(x[node.name], node.op.result)
        else:
            values = tuple(graph.values[name] for name in node.inputs)
            known[node.name] = node.op.evaluate(
                *(known[name] for name in node.inputs), values=values
            )
        if node.name in keep:
            found[node.name] = known[node.name]
        for name in node.inputs:
            if last_use[name] == node.name:
                known.pop(name, None)
    return found


def as_arrays(graph: Graph, x: Any) -> dict[str, npt.NDArray[np.float64]]:
    """One checked float64 array per input, by name; see ``Graph.predict`` for what is accepted."""
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


def _array(value: Value, item: Any) -> npt.NDArray[np.float64]:
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
    if array.dtype.kind in "iu":
        wide = np.abs(array.astype(object)) > 2**53 if array.dtype.itemsize == 8 else np.False_
        if np.any(wide):
            index = tuple(int(i) for i in np.argwhere(wide)[0])
            raise ValueError(
                f"input {value.name} must be exact in float64, not {array[index]} at index {index}"
            )
    array = array.astype(np.float64, copy=False)
    bad = ~np.isfinite(array)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"input {value.name} must be finite, not {array[index]} at index {index}")
    return array
