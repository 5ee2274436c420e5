"""``load``: model files and a configuration to a Graph."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .extension import Extension
from .frontends.config import (
    Config,
    ConfigError,
    check_type_names,
    compressed,
    near,
    read_yaml,
)
from .graph import Graph

__all__ = ["load"]

PathLike = str | os.PathLike[str]
MODEL_FILE_KEYS = ("KerasModel", "KerasJson", "KerasH5", "OnnxModel", "PytorchModel")


def load(
    model: PathLike,
    *,
    weights: PathLike | None = None,
    config: PathLike | Mapping[str, Any] | None = None,
    extensions: Sequence[Extension] = (),
) -> Graph:
    """``graph = typed(passes(front end(model), config))``.

    model: a YAML configuration that names the model files (paths relative to it), or a model file:
    ``.keras``, ``.h5``, or ``.json`` with ``weights``. config: a path or dict, the whole top level
    or its HLSConfig alone; without one, ``fixed<16,6>`` everywhere as hls4ml does.
    extensions: layers of your own (docs/extensions.md).
    Raises ConfigError, ModelFileError (both ValueError) or ValueError naming layer and key.
    """
    path = Path(model)
    if path.suffix.lower() in (".yml", ".yaml"):
        if config is not None or weights is not None:
            raise ConfigError(
                f"{path} is a configuration: weights and config must not be given too"
            )
        document = read_yaml(path)
        parsed = Config.parse(document)
        path, weights = _named_files(parsed, path)
    else:
        if isinstance(config, (str, os.PathLike)):
            config = read_yaml(config)
        parsed = Config.parse(copy.deepcopy(dict(config)) if config is not None else None)
        parsed.notes += [
            f"{key} of the configuration is not read: the model is {path.name}"
            for key in MODEL_FILE_KEYS
            if parsed.top.get(key) is not None
        ]
    return _build(path, weights, parsed, extensions)


def _named_files(config: Config, where: Path) -> tuple[Path, Path | None]:
    def resolve(key: str) -> Path | None:
        text = config.top.get(key)
        if text is None:
            return None
        if not isinstance(text, str):
            raise ConfigError(f"{key} must be a path, not {text!r}")
        path, beside = where.parent / text, where.parent / Path(text).name
        if not path.is_file() and beside.is_file():
            # hls4ml's writer stores the path as seen from where it ran.
            config.notes.append(
                f"{key} {text} is not there: {beside.name} beside {where.name} is read"
            )
            return beside
        return path

    for key in ("OnnxModel", "PytorchModel"):
        if config.top.get(key) is not None:
            raise ConfigError(
                f"model must be a Keras file, not {key}: this front end does not exist yet"
            )
    whole, architecture, weights = resolve("KerasModel"), resolve("KerasJson"), resolve("KerasH5")
    if whole is not None:
        if architecture is not None or weights is not None:
            raise ConfigError("KerasModel must not be given together with KerasJson or KerasH5")
        return whole, None
    if architecture is not None:
        return architecture, weights
    if weights is not None:
        return weights, None
    raise ConfigError(f"{where} must name a model: KerasJson and KerasH5, KerasH5, or KerasModel")


def _build(
    path: Path, weights: PathLike | None, config: Config, extensions: Sequence[Extension]
) -> Graph:
    from .csim import csim_notes
    from .extension import by_class
    from .frontends.files import open_keras
    from .frontends.keras import read_keras
    from .idle import idle_notes
    from .lower import lower
    from .passes import run_passes
    from .passes.reuse import resolve_schedule
    from .precision.assign import assign
    from .precision.infer import share_parameter_types

    own = by_class(extensions)
    arrays = {kind: extension.weights for kind, extension in own.items()}
    draft = read_keras(open_keras(path, weights, arrays), config, extensions)
    notes = [
        *config.notes,
        *check_type_names(config, {layer.kind for layer in draft} | draft.split, own),
    ]
    known = {layer.name: layer for layer in draft}
    for name in compressed(config):
        draft.meets("compression", name)
    assign(draft)
    run_passes(draft)
    _check_layer_names(config, {*known, *draft.layers, *draft.removed})
    share_parameter_types(draft)
    schedule = resolve_schedule(draft)
    resolved = {
        **config.top,
        "HLSConfig": {
            "Model": {**config.model, "Strategy": config.model["Strategy"]},
            "LayerName": schedule,
        },
    }
    graph = lower(draft, resolved, ())
    more = [*notes, *draft.notes, *idle_notes(draft, known), *csim_notes(graph)]
    more += map(str, graph.defects)
    return graph.with_notes(dict.fromkeys(more))


def _check_layer_names(config: Config, names: set[str]) -> None:
    by_lower = {name.lower() for name in names}
    for name in config.layer_name:
        if name.lower() not in by_lower:
            raise ConfigError(
                f"HLSConfig: LayerName must name a layer of the model,"
                f" not {name!r}{near(name, names)}"
            )
