"""The configuration in hls4ml's schema: read, checked key by key, looked up in hls4ml's order.

``LayerName`` precision, then the layer's default, ``LayerType`` precision, its default, ``Model``
precision, its default (hls4ml 1.3.0, ModelGraph configuration; names match without case).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from fxp import Format, FormatError

from .vocabulary import (
    ATTRIBUTES,
    BACKENDS,
    HLS_KEYS,
    IO_TYPES,
    LAYER_KEYS,
    MODEL_KEYS,
    PRECISIONS,
    STRATEGIES,
    TOP_KEYS,
    TYPE_NAMES,
    TYPES_WITHOUT_EFFECT,
)

__all__ = ["Config", "ConfigError", "read_yaml", "snake_case"]

DEFAULT_PRECISION = "fixed<16,6>"
DEFAULTS: dict[str, Any] = {
    "OutputDir": "my-hls-test",
    "ProjectName": "myproject",
    "Backend": "Vitis",
    "Part": "xcvu13p-flga2577-2-e",
    "ClockPeriod": 5,
    "IOType": "io_parallel",
}
NUMERICS = ("hls4ml", "corrected")
CLOCK_UNCERTAINTY = {"Vitis": "27%", "Vivado": "12.5%"}


class ConfigError(ValueError):
    """A configuration file or dict is not legal; says where, what was seen, and what is valid."""


def snake_case(key: str) -> str:
    """``TableSize -> table_size``, as hls4ml turns configuration keys into attributes."""
    return re.sub("_{2,}", "_", re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower())


def read_yaml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The mapping in a YAML file; ``!keras_model path`` is read as the path, nothing is executed.

    Raises ConfigError where the file is no YAML mapping, FileNotFoundError where there is none.
    """
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        pass

    def as_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
        return str(loader.construct_scalar(node))

    Loader.add_constructor("!keras_model", as_text)
    try:
        document = yaml.load(Path(path).read_text(encoding="utf-8"), Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration {path} must be YAML: {error}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"configuration {path} must be a mapping, not {type(document).__name__}")
    return document


@dataclass(eq=False)
class Config:
    """A checked configuration; every look-up is remembered so that idle entries can be named."""

    top: dict[str, Any]
    model: dict[str, Any]
    layer_type: dict[str, dict[str, Any]]
    layer_name: dict[str, dict[str, Any]]
    notes: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, document: Mapping[str, Any] | None) -> Config:
        """Check ``document``: the top level or its HLSConfig alone; None gives the defaults."""
        notes: list[str] = []
        whole = dict(document or {})
        if whole and set(whole) <= set(HLS_KEYS):
            whole = {"HLSConfig": whole}
        elif document is not None:
            if whole.get("IOType") is None:
                notes.append("IOType is not set: io_parallel")
            if whole.get("Backend") is None:
                notes.append("Backend is not set: Vitis")
        _check_keys(whole, TOP_KEYS, "the configuration")
        hls = _mapping(whole.pop("HLSConfig", None), "HLSConfig")
        _check_keys(hls, HLS_KEYS, "HLSConfig")
        for key in ("Flows", "Optimizers", "SkipOptimizers"):
            if hls.get(key):
                notes.append(
                    f"HLSConfig: {key} has no effect: hls4ml's own passes run in its order"
                )
        top = DEFAULTS | {key: value for key, value in whole.items() if value is not None}
        _check_choice(top, "Backend", BACKENDS)
        _check_choice(top, "IOType", IO_TYPES)
        top.setdefault("ClockUncertainty", CLOCK_UNCERTAINTY[top["Backend"]])
        model = _mapping(hls.get("Model"), "HLSConfig: Model")
        _check_keys(model, MODEL_KEYS, "HLSConfig: Model")
        config = cls(
            top,
            model,
            _entries(hls, "LayerType"),
            _entries(hls, "LayerName"),
            notes,
        )
        config._check_model()
        for section, entries in (
            ("LayerType", config.layer_type),
            ("LayerName", config.layer_name),
        ):
            for name, entry in entries.items():
                _check_layer(entry, f"HLSConfig: {section}: {name}", config.corrected)
        return config

    def _check_model(self) -> None:
        where = "HLSConfig: Model"
        precision = self.model.get("Precision")
        if precision is None:
            self.model["Precision"] = DEFAULT_PRECISION
        self.model["Precision"] = _precision_entry(self.model["Precision"], where, model=True)
        default = self.model["Precision"].setdefault("default", DEFAULT_PRECISION)
        if str(default).lower() == "auto":
            raise ConfigError(f"{where}: Precision: default must be a type, not 'auto'")
        if str(self.model["Precision"].get("maximum", "")).lower() == "auto":
            raise ConfigError(f"{where}: Precision: maximum must be a type, not 'auto'")
        self.model.setdefault("ReuseFactor", 1)
        _positive(self.model["ReuseFactor"], f"{where}: ReuseFactor")
        self.model["Strategy"] = _strategy(self.model.get("Strategy", "Latency"), where)
        style = self.model.setdefault("PipelineStyle", "auto")
        if style not in ("auto", "pipeline", "dataflow"):
            raise ConfigError(
                f"{where}: PipelineStyle must be auto, pipeline or dataflow, not {style!r}"
            )
        interval = self.model.get("PipelineInterval")
        if interval is not None:
            _positive(interval, f"{where}: PipelineInterval")
        if self.model.get("Compression") and not self.corrected:
            raise ConfigError(_no_compression(where, self.model["Compression"]))
        numerics = self.model.get("Numerics", "hls4ml")
        if numerics not in NUMERICS:
            raise ConfigError(
                f"{where}: Numerics must be {' or '.join(NUMERICS)}, not {numerics!r}"
                f"{near(str(numerics), NUMERICS)}"
            )

    # ---- look-ups ----------------------------------------------------------------------------

    @property
    def corrected(self) -> bool:
        """Whether hls4ml's defects are corrected (``emu.defects``)."""
        return self.model.get("Numerics") == "corrected"

    @property
    def io_type(self) -> str:
        """``io_parallel`` or ``io_stream``."""
        return str(self.top["IOType"])

    @property
    def default(self) -> Format:
        """The model's default type."""
        return Format.parse(self.model["Precision"]["default"])

    @property
    def maximum(self) -> Format | None:
        """The widest type that inference may choose."""
        text = self.model["Precision"].get("maximum")
        return None if text is None else Format.parse(text)

    def precision(self, name: str, kind: str, variable: str) -> Format | None:
        """Type of a layer's variable in the order of the module's first line; None is auto."""
        return self.found_precision(name, kind, variable)[0]

    def found_precision(self, name: str, kind: str, variable: str) -> tuple[Format | None, str]:
        """The type, and where it stands: ``LayerName``, ``LayerType`` or ``Model``."""
        sections = (("LayerName", self.layer_name, name), ("LayerType", self.layer_type, kind))
        for section, entries, key in sections:
            for own, entry in entries.items():
                if own.lower() == key.lower():
                    types = entry.get("Precision") or {}
                    text = types.get(variable, types.get("default"))
                    if text is not None:
                        return parse_type(text), section
        types = self.model["Precision"]
        return parse_type(types.get(variable, types["default"])), "Model"

    def own_precision(self, name: str, kind: str, variable: str) -> Format | None:
        """The type that an entry gives ``variable`` by its name, no default; auto is None too."""
        sections = ((self.layer_name, name), (self.layer_type, kind))
        for entries, key in sections:
            for own, entry in entries.items():
                text = (entry.get("Precision") or {}).get(variable)
                if own.lower() == key.lower() and text is not None:
                    return parse_type(text)
        text = self.model["Precision"].get(variable)
        return None if text is None else parse_type(text)

    def own_setting(self, name: str, kind: str, key: str) -> Any:
        """``Strategy`` and its like of a layer by name or type, not of the model; None if none."""
        for entries, own in ((self.layer_name, name), (self.layer_type, kind)):
            for other, entry in entries.items():
                if other.lower() == own.lower() and entry.get(key) is not None:
                    return entry[key]
        return None

    def setting(self, name: str, kind: str, key: str) -> Any:
        """``ReuseFactor``, ``Strategy`` or ``TargetCycles`` of a layer: name, type, model."""
        found = self.own_setting(name, kind, key)
        return self.model.get(key) if found is None else found

    def attributes(self, name: str, kind: str) -> dict[str, Any]:
        """Other keys in snake_case, type entry first; names match with case, as in hls4ml."""
        merged = {**self.layer_type.get(kind, {}), **self.layer_name.get(name, {})}
        skip = ("Precision", "ReuseFactor", "Strategy", "TargetCycles")
        return {snake_case(key): value for key, value in merged.items() if key not in skip}


def compressed(config: Config) -> list[str]:
    """Where the configuration asks for compressed layers: Model, and layers by name or type."""
    found = ["Model"] if config.model.get("Compression") else []
    for entries in (config.layer_type, config.layer_name):
        found += [name for name, entry in entries.items() if entry.get("Compression")]
    return found


def parse_type(text: Any) -> Format | None:
    """A precision string as a Format; ``auto`` is None. Raises ConfigError for the others."""
    if isinstance(text, Format):
        return text
    if isinstance(text, str) and text.strip().lower() == "auto":
        return None
    try:
        return Format.parse(text)
    except FormatError as error:
        raise ConfigError(str(error)) from None


def near(word: str, words: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the closest word, matched without case."""
    by_lower = {other.lower(): other for other in words}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.4)
    return f"; did you mean {by_lower[found[0]]!r}?" if found else ""


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} must be a mapping, not {value!r}")
    return dict(value)


def _entries(hls: Mapping[str, Any], section: str) -> dict[str, dict[str, Any]]:
    entries = _mapping(hls.get(section), f"HLSConfig: {section}")
    return {
        str(name): _mapping(entry, f"HLSConfig: {section}: {name}")
        for name, entry in entries.items()
    }


def _check_keys(entry: Mapping[str, Any], valid: Iterable[str], where: str) -> None:
    valid = tuple(valid)
    for key in entry:
        if key not in valid:
            raise ConfigError(
                f"key of {where} must be one that hls4ml knows, not {key!r}{near(str(key), valid)}"
            )


def _check_choice(entry: Mapping[str, Any], key: str, valid: tuple[str, ...]) -> None:
    for word in valid:
        if str(entry[key]).lower() == word.lower():
            entry[key] = word  # type: ignore[index]
            return
    raise ConfigError(
        f"{key} must be {' or '.join(valid)}, not {entry[key]!r}{near(str(entry[key]), valid)}"
    )


def _check_layer(entry: dict[str, Any], where: str, corrected: bool) -> None:
    for key in list(entry):
        if key in LAYER_KEYS or snake_case(str(key)) in ATTRIBUTES:
            continue
        valid = (*LAYER_KEYS, *ATTRIBUTES)
        raise ConfigError(
            f"key of {where} must be one that hls4ml knows, not {key!r}{near(str(key), valid)}"
        )
    if entry.get("Precision") is not None:
        entry["Precision"] = _precision_entry(entry["Precision"], where, model=False)
    if entry.get("ReuseFactor") is not None:
        _positive(entry["ReuseFactor"], f"{where}: ReuseFactor")
    if entry.get("Compression") and not corrected:
        raise ConfigError(_no_compression(where, entry["Compression"]))
    for key, value in entry.items():
        if snake_case(key).endswith("_t") and isinstance(value, str):
            _checked_type(value, f"{where}: {key}")
        if snake_case(key).endswith(
            ("table_size", "parallelization_factor", "recurrent_reuse_factor")
        ):
            _positive(value, f"{where}: {key}")


def _precision_entry(value: Any, where: str, *, model: bool) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        value = {"default": value}
    entry = dict(value)
    valid = (*PRECISIONS, "default", *(("maximum",) if model else ()))
    for variable, text in entry.items():
        if variable not in valid:
            raise ConfigError(
                f"variable of {where}: Precision must be one that hls4ml knows,"
                f" not {variable!r}{near(str(variable), valid)}"
            )
        if text is not None:
            _checked_type(text, f"{where}: Precision: {variable}")
    return {variable: text for variable, text in entry.items() if text is not None}


def _checked_type(text: Any, where: str) -> None:
    try:
        parse_type(text)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def _positive(value: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{where} must be a positive integer, not {value!r}")


def _no_compression(where: str, value: Any) -> str:
    return (
        f"{where}: Compression must be false, not {value!r}: hls4ml 1.3.0 cannot generate"
        " compressed layers either (KeyError 'dense_function'); with Numerics: corrected it is"
        " accepted and changes no bit"
    )


def _strategy(value: Any, where: str) -> str:
    word = snake_case(str(value))
    word = "distributed_arithmetic" if word == "da" else word
    if word not in STRATEGIES:
        raise ConfigError(
            f"{where}: Strategy must be one of {', '.join(STRATEGIES)},"
            f" not {value!r}{near(word, STRATEGIES)}"
        )
    return word


def strategy_of(value: Any, where: str) -> str:
    """A Strategy word in snake_case; ConfigError with the nearest valid one."""
    return _strategy(value, where)


def check_type_names(config: Config, kinds: set[str], own: Iterable[str] = ()) -> list[str]:
    """Notes on LayerType entries that match no layer; ConfigError for a name hls4ml lacks.

    own: classes of extensions.
    """
    notes = []
    valid = (*TYPE_NAMES, *own)
    by_lower = {name.lower() for name in valid}
    for name in config.layer_type:
        if name.lower() not in by_lower:
            raise ConfigError(
                f"HLSConfig: LayerType must name a layer class of hls4ml,"
                f" not {name!r}{near(name, valid)}"
            )
        if name in TYPES_WITHOUT_EFFECT:
            notes.append(
                f"LayerType: {name} has no effect: hls4ml matches its internal class"
                f" {TYPES_WITHOUT_EFFECT[name]}"
            )
        elif name.lower() not in {kind.lower() for kind in kinds}:
            notes.append(f"LayerType: {name} has no effect: the model has no such layer")
    return notes


def snake_case_class(name: str) -> str:
    """``QConv2D -> q_conv2d``: how Keras 3 names a layer's folder in its archive."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
