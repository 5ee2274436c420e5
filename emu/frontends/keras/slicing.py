"""Slices and splits, which files hold as operations: ``x[..., a:b:s]``, ``split(x, n, axis)``.

Keras 2 writes them as SlicingOpLambda and TFOpLambda, Keras 3 as GetItem and Split. Each part is a
layer of its own that keeps the type of its input; hls4ml has no such layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from types import EllipsisType
from typing import Any

from ...draft import Draft
from ..config import near
from ..files import ModelFileError
from .reader import Entry, Handler, Reader

__all__ = ["LAYERS", "drop_unread"]

_Index = slice | int | None | EllipsisType
_Along = tuple[int, int, int]
"""First element, number of elements, step."""


def drop_unread(draft: Draft) -> None:
    """Parts of a split that nobody reads take no hardware."""
    for layer in draft:
        unread = layer.name not in draft.outputs and not draft.consumers(layer)
        if unread and layer.attributes.get("part"):
            del draft.layers[layer.name]
            draft.removed[layer.name] = "removed: nobody reads this part"


# ---- slices ------------------------------------------------------------------------------------


def _get_item(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    if entry.kind == "SlicingOpLambda":
        _require_function(entry, "__operators__.getitem")
        given = entry.call.get("slice_spec")
    else:
        given = entry.call.get("key", entry.arguments[1] if len(entry.arguments) > 1 else None)
    if len(inputs) != 1:
        raise ModelFileError(
            f"slice {entry.name} must have constant ends, not tensors: it reads {len(inputs)}"
        )
    items = given if isinstance(given, (list, tuple)) else [given]
    shape = reader.shape(inputs[0])
    batch, *index = _every_axis([_item(entry, item) for item in items], 1 + len(shape), entry)
    if not isinstance(batch, slice) or (batch.start or 0, batch.stop, batch.step or 1) != (
        *(0, None, 1),
    ):
        raise ModelFileError(
            f"slice {entry.name} must begin with ':', the whole batch, not {_spelled(batch)}"
        )
    slices: list[_Along] = []
    target: list[int] = []
    for item in index:
        if item is None:
            target.append(1)
            continue
        slices.append(_along(item, shape[len(slices)], entry))
        if isinstance(item, slice):
            target.append(slices[-1][1])
    if not target:
        raise ModelFileError(
            f"slice {entry.name} must leave an axis besides the batch: 0:1 keeps the one that 0"
            f" drops, not {', '.join(map(_spelled, index))}"
        )
    _note(reader)
    return reader.add(entry.name, "Slice", inputs, tuple(target), slices=tuple(slices)).name


def _item(entry: Entry, item: Any) -> _Index:
    """An index, a slice, a new axis (None) or an ellipsis, as Keras 2 or 3 writes it."""
    if item is None or type(item) is int:
        return item
    if isinstance(item, Mapping):
        if item.get("class_name") == "__ellipsis__":
            return ...
        ends = item.get("config", item)
        if isinstance(ends, Mapping) and {"start", "stop", "step"} <= set(ends):
            found = [ends[end] for end in ("start", "stop", "step")]
            if all(end is None or type(end) is int for end in found) and found[2] != 0:
                return slice(*found)
    raise ModelFileError(
        f"slice {entry.name} must have integers, slices of integers, '...' and new axes,"
        f" not {item!r}"
    )


def _every_axis(index: list[_Index], axes: int, entry: Entry) -> list[_Index]:
    """The ellipsis, or what is missing at the end, as whole axes."""
    missing = axes - sum(item is not None and item is not ... for item in index)
    if missing < 0 or index.count(...) > 1:
        raise ModelFileError(
            f"slice {entry.name} must have at most {axes} axes, the batch one of them, and one"
            f" '...', not {', '.join(map(_spelled, index))}"
        )
    at = index.index(...) if ... in index else len(index)
    return [*index[:at], *[slice(None)] * missing, *index[at + 1 :]]


def _along(item: slice | int | EllipsisType, n: int, entry: Entry) -> _Along:
    start, count, step = 0, 0, 1
    if isinstance(item, slice):
        start, stop, step = item.indices(n)
        count = len(range(start, stop, step))
    elif isinstance(item, int):
        start, count = item + n * (item < 0), int(-n <= item < n)
    if not count:
        raise ModelFileError(
            f"slice {entry.name} must take something of an axis of {n}, not {_spelled(item)}"
        )
    return start, count, step


def _spelled(item: _Index) -> str:
    """As in Python: ``1:4:2``."""
    if not isinstance(item, slice):
        return "..." if item is ... else str(item)
    ends = [item.start, item.stop, *([] if item.step is None else [item.step])]
    return ":".join("" if end is None else str(end) for end in ends)


# ---- splits ------------------------------------------------------------------------------------


def _split(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    """A slice for every part; the parts are the outputs of the layer."""
    if entry.kind == "TFOpLambda":
        _require_function(entry, "split")
        given, axis = entry.call.get("num_or_size_splits"), entry.call.get("axis", 0)
    else:
        given, axis = entry.config.get("indices_or_sections"), entry.config.get("axis", 0)
    shape = reader.shape(inputs[0])
    rank = 1 + len(shape)
    if type(axis) is not int or not -rank <= axis < rank or axis % rank == 0:
        raise ModelFileError(
            f"axis of split {entry.name} must be 1 to {rank - 1} or {1 - rank} to -1, not {axis!r}"
        )
    place = axis % rank - 1
    ends = _ends(given, shape[place], sizes=entry.kind == "TFOpLambda")
    if ends is None:
        raise ModelFileError(
            f"split {entry.name} must cut {shape[place]} elements into parts that are not empty,"
            f" not by {given!r}"
        )
    _note(reader)
    for k, (start, stop) in enumerate(pairwise(ends)):
        whole = [(0, n, 1) for n in shape]
        whole[place] = (start, stop - start, 1)
        target = tuple(count for _, count, _ in whole)
        reader.tensors[entry.name, k] = reader.add(
            f"{entry.name}_part_{k}", "Slice", inputs, target, slices=tuple(whole), part=True
        ).name
    return reader.tensors[entry.name, 0]


def _ends(given: Any, n: int, *, sizes: bool) -> list[int] | None:
    """Where parts begin and end: ``given`` is their number, their sizes (-1: the rest) or cuts."""
    if type(given) is int:
        return list(range(0, n + 1, n // given)) if given > 0 and n % given == 0 else None
    if not isinstance(given, list) or not all(type(item) is int for item in given):
        return None
    ends = [0, *given, n]
    if sizes:
        rest = n - sum(size for size in given if size != -1)
        parts = [rest if size == -1 else size for size in given]
        ends = [sum(parts[:k]) for k in range(len(parts) + 1)]
    rising = all(start < stop for start, stop in pairwise(ends))
    return ends if len(ends) > 1 and rising and ends[-1] == n else None


def _require_function(entry: Entry, known: str) -> None:
    function = entry.config.get("function")
    if function != known:
        raise ModelFileError(
            f"function of {entry.kind} {entry.name} must be {known!r}, not"
            f" {function!r}{near(str(function), [known])}: of TensorFlow's functions slices and"
            " splits are supported; use a Keras layer"
        )


def _note(reader: Reader) -> None:
    reader.draft.note("hls4ml has no slices and splits; here each keeps the type of its input")


LAYERS: dict[str, Handler] = {
    "SlicingOpLambda": _get_item,
    "GetItem": _get_item,
    "TFOpLambda": _split,
    "Split": _split,
}
