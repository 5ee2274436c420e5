"""FxArray in ``.npz`` files: raw integers and the text of the format; nothing is unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .array import FxArray
from .errors import FormatError
from .format import NARROW_WIDTH, Format

__all__ = ["load", "save"]


def save(path: str | Path, **arrays: FxArray) -> None:
    """``file[name] = raw; file[name + ".format"] = str(format)`` of each named array, as .npz.

    Any shapes. Raw integers above 62 bits are stored as little-endian two's complement bytes along
    a last axis. Raises TypeError for what is no FxArray. Source: numpy's format for .npz files.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/a.npz", a=FxArray([1.5], "ap_fixed<8,4>"))
    ...     load(f"{folder}/a.npz")
    {'a': FxArray.from_raw([24], 'ap_fixed<8,4>')}
    """
    members: dict[str, Any] = {}
    for name, array in arrays.items():
        if not isinstance(array, FxArray):
            raise TypeError(f"{name} must be an FxArray, not {type(array).__name__}")
        members[name] = array.raw if array.format.width <= NARROW_WIDTH else _bytes(array)
        members[f"{name}.format"] = np.array(str(array.format))
    np.savez_compressed(path, allow_pickle=False, **members)


def load(path: str | Path) -> dict[str, FxArray]:
    """``{name: FxArray.from_raw(file[name], file[name + ".format"])}`` of what ``save`` wrote.

    Raises FormatError where a format is missing, RawRangeError where a raw integer does not fit,
    ValueError for pickled objects, which are never read. Source: numpy's format for .npz files.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/b.npz", b=FxArray([1], "ap_int<80>"))
    ...     load(f"{folder}/b.npz")["b"].is_identical(FxArray([1], "ap_int<80>"))
    True
    """
    found = {}
    with np.load(path, allow_pickle=False) as file:
        for name in file.files:
            if name.endswith(".format"):
                continue
            if f"{name}.format" not in file.files:
                raise FormatError(f"{name!r} in {path} must have a format: written by fxp.save?")
            format = Format.parse(str(file[f"{name}.format"]))
            raw = file[name]
            if format.width > NARROW_WIDTH:
                raw = _integers(raw, format)
            found[name] = FxArray.from_raw(raw, format)
    return found


def _bytes(array: FxArray) -> Any:
    size = -(-array.format.width // 8)
    codes = array.to_bits().reshape(-1)
    flat = np.frombuffer(b"".join(int(c).to_bytes(size, "little") for c in codes), dtype=np.uint8)
    return flat.reshape(*array.shape, size)


def _integers(stored: Any, format: Format) -> Any:
    raw = np.empty(stored.shape[:-1], dtype=object)
    for index in np.ndindex(raw.shape):
        code = int.from_bytes(stored[index].tobytes(), "little")
        raw[index] = code - (1 << format.width) if code > format.raw_max else code
    return raw
