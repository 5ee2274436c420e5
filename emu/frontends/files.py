"""Model files opened without their framework: architecture as JSON, weights as numpy arrays.

Nothing a file brings is executed or unpickled; a truncated file gives ModelFileError.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["KerasFile", "ModelFileError", "open_keras"]

Array = npt.NDArray[Any]


class ModelFileError(ValueError):
    """A model file is missing, truncated, or not of the kind its name says."""


class KerasFile:
    """An opened Keras model: ``architecture`` and ``weight(layer, class, name)``.

    generation: 2 for JSON and H5 files, 3 for ``.keras`` archives: hls4ml converts them by
    different rules.
    """

    def __init__(
        self,
        architecture: Mapping[str, Any],
        generation: int,
        find: Callable[[str, str], Array | None],
        path: str,
    ) -> None:
        self.architecture = architecture
        self.generation = generation
        self.path = path
        self._find = find

    def inside(self, layer: str, model: Mapping[str, Any] | None = None) -> KerasFile:
        """What ``layer`` wraps: one layer, or ``model`` with a folder for each of its layers."""

        def find(own: str, name: str) -> Array | None:
            return self._find(layer, name if model is None else f"{own}/{name}")

        return KerasFile(model or self.architecture, self.generation, find, self.path)

    def weight(self, layer: str, name: str) -> Array:
        """The array ``name`` (kernel, bias, gamma ...) of a layer, in the file's dtype."""
        array = self._find(layer, name)
        if array is None:
            raise ModelFileError(
                f"weights in {self.path} must have {name!r} of layer {layer!r}: not found"
            )
        if array.dtype.kind not in "fiu":
            raise ModelFileError(
                f"weight {name!r} of layer {layer!r} must be real numbers, not dtype {array.dtype}"
            )
        bad = np.argwhere(~np.isfinite(array.astype(np.float64)))
        if len(bad):
            index = tuple(int(i) for i in bad[0])
            raise ModelFileError(
                f"weight {name!r} of layer {layer!r} must be finite,"
                f" not {array[index]} at index {index}"
            )
        return array


def open_keras(
    model: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    arrays: Mapping[str, Sequence[str]] | None = None,
) -> KerasFile:
    """Open ``.json`` with ``weights``, ``.h5``/``.hdf5``, or ``.keras``.

    arrays: names of the trained arrays of further classes, in the order of a ``.keras`` archive.
    Raises ModelFileError where a file is missing, unreadable or of another kind.
    """
    path = Path(model)
    if not path.is_file():
        raise ModelFileError(f"model file must exist, not {str(path)!r}")
    suffix = path.suffix.lower()
    if suffix == ".json":
        if weights is None:
            raise ModelFileError(
                f"{path} holds no weights: name the H5 file as weights= or KerasH5"
            )
        return KerasFile(
            _json(path.read_bytes(), str(path)), 2, _h5_weights(Path(weights)), str(weights)
        )
    if suffix in (".h5", ".hdf5"):
        with _h5(path) as file:
            text = file.attrs.get("model_config")
        if text is None:
            raise ModelFileError(
                f"{path} must hold a whole model, not weights alone:"
                " name its JSON file as the model"
            )
        raw = text.encode() if isinstance(text, str) else bytes(text)
        return KerasFile(_json(raw, str(path)), 2, _h5_weights(path), str(path))
    if suffix == ".keras":
        return _keras_archive(path, arrays or {})
    hint = (
        " (a pickle, which is never loaded: export to ONNX)"
        if suffix in (".pt", ".pth", ".pkl")
        else ""
    )
    raise ModelFileError(f"model file must be .json, .h5 or .keras, not {path.name!r}{hint}")


def _json(raw: bytes, where: str) -> Mapping[str, Any]:
    try:
        document = json.loads(raw)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelFileError(f"architecture in {where} must be JSON: {error}") from None
    if not isinstance(document, dict) or "class_name" not in document or "config" not in document:
        raise ModelFileError(
            f"architecture in {where} must be a Keras model: no class_name and config"
        )
    return document


def _h5(source: Any) -> Any:
    try:
        import h5py
    except ModuleNotFoundError:
        raise ModelFileError(
            "reading Keras weights needs h5py: pip install 'bitwright[keras]'"
        ) from None
    if isinstance(source, Path) and not source.is_file():
        raise ModelFileError(f"weights file must exist, not {str(source)!r}")
    try:
        return h5py.File(source, "r")
    except OSError as error:
        name = source if isinstance(source, Path) else "the archive's weights"
        raise ModelFileError(f"{name} must be a whole HDF5 file: {error}") from None


def _h5_weights(path: Path) -> Callable[[str, str], Array | None]:
    """Keras 2 layout: ``[model_weights/]<layer>/.../<name>:0``; also found: ``<folder>/<name>``."""
    arrays: dict[tuple[str, str], Array] = {}
    with _h5(path) as file:
        root = file.get("model_weights", file)
        if "layers" in root and "vars" in root:
            raise ModelFileError(
                f"{path} has Keras 3's weight layout, which has no layer names:"
                " save the model as .keras"
            )

        def visit(name: str, item: Any) -> None:
            if hasattr(item, "shape"):
                parts = name.split("/")
                own, array = parts[-1].split(":")[0], np.asarray(item[()])
                arrays.setdefault((parts[0], own), array)
                for part in parts[1:-1]:  # the two layers inside a Bidirectional one
                    arrays.setdefault((parts[0], f"{part}/{own}"), array)

        root.visititems(visit)
    return lambda layer, name: arrays.get((layer, name))


def _cell_arrays(config: Mapping[str, Any]) -> list[str]:
    return ["kernel", "recurrent_kernel", *(["bias"] if config.get("use_bias", True) else [])]


# Order of ``vars/<n>`` in a ``.keras`` archive.
_KERAS3_ORDER: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), _cell_arrays),
    **dict.fromkeys(
        (
            "Dense",
            *(f"{kind}Conv{n}D" for kind in ("", "Depthwise") for n in (1, 2)),
            *("Conv1DTranspose", "Conv2DTranspose"),
        ),
        lambda c: ["kernel", *(["bias"] if c.get("use_bias", True) else [])],
    ),
    **dict.fromkeys(
        ("SeparableConv1D", "SeparableConv2D"),
        lambda c: [
            *("depthwise_kernel", "pointwise_kernel"),
            *(["bias"] if c.get("use_bias", True) else []),
        ],
    ),
    "EinsumDense": lambda c: ["kernel", *(["bias"] if c.get("bias_axes") else [])],
    "PReLU": lambda c: ["alpha"],
    "Embedding": lambda c: ["embeddings"],
    "LayerNormalization": lambda c: [
        *(["gamma"] if c.get("scale", True) else []),
        *(["beta"] if c.get("center", True) else []),
    ],
    "BatchNormalization": lambda c: [
        *(["gamma"] if c.get("scale", True) else []),
        *(["beta"] if c.get("center", True) else []),
        "moving_mean",
        "moving_variance",
    ],
}


def _keras3_arrays(kind: str, config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """``(place in the layer's folder, name)`` of a layer's arrays."""
    if kind == "MultiHeadAttention":
        return [
            (f"{private}{part}_dense/vars/{i}", f"{part}/{name}")
            for part in ("query", "key", "value", "output")
            for private in ("", "_")  # whichever attribute Keras visited first
            for i, name in enumerate(("kernel", "bias")[: 1 + config.get("use_bias", True)])
        ]
    if kind == "Bidirectional":
        return [
            (f"{direction}_layer/{place}", f"{direction}/{name}")
            for direction, key in (("forward", "layer"), ("backward", "backward_layer"))
            for place, name in _keras3_arrays(config[key]["class_name"], config[key]["config"])
        ]
    if kind == "TimeDistributed":
        wrapped = config["layer"]
        arrays = _keras3_arrays(wrapped["class_name"], wrapped["config"])
        return [(f"layer/{place}", name) for place, name in arrays]
    folder = "cell/" if _KERAS3_ORDER.get(kind) is _cell_arrays else ""
    names = _KERAS3_ORDER[kind](config) if kind in _KERAS3_ORDER else []
    return [(f"{folder}vars/{i}", name) for i, name in enumerate(names)]


def _keras_archive(path: Path, more: Mapping[str, Sequence[str]]) -> KerasFile:
    from .config import snake_case_class

    try:
        with zipfile.ZipFile(path) as archive:
            architecture = _json(archive.read("config.json"), str(path))
            stored = io.BytesIO(archive.read("model.weights.h5"))
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise ModelFileError(f"{path} must be a whole .keras archive: {error}") from None
    arrays: dict[tuple[str, str], Array] = {}
    with _h5(stored) as file:
        seen: dict[str, int] = {}
        for layer in architecture["config"].get("layers", []):
            kind, config = layer["class_name"], layer["config"]
            folder = snake_case_class(kind)
            count = seen.get(folder, 0)
            seen[folder] = count + 1
            place = f"layers/{folder}_{count}" if count else f"layers/{folder}"
            own = [(f"vars/{i}", name) for i, name in enumerate(more.get(kind, ()))]
            for where, name in own or _keras3_arrays(kind, config):
                if f"{place}/{where}" in file:
                    arrays[config["name"], name] = np.asarray(file[f"{place}/{where}"][()])
    return KerasFile(architecture, 3, lambda layer, name: arrays.get((layer, name)), str(path))
