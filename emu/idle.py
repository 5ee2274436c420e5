"""Configuration entries that hls4ml knows and that change nothing here, each said once."""

from __future__ import annotations

from collections.abc import Mapping

from .draft import Draft, Layer
from .frontends.config import Config, snake_case
from .kinds import SUMS
from .ops import IMPLEMENTATIONS
from .passes.recurrent import RECURRENT
from .precision.assign import effect

__all__ = ["idle_notes"]

_MODEL_IDLE = {
    "BramFactor": "all weights are in the firmware",
    "TraceOutput": "graph.trace gives every layer without it",
    "ConvImplementation": "Vitis has one implementation",
    "BitExact": "the model has no FixedPointQuantizer",
    "ChannelsLastConversion": "it belongs to PyTorch and ONNX models",
    "TransposeOutputs": "it belongs to PyTorch and ONNX models",
    "AllowDAFallback": "every layer has its own operator",
    "AllowV2Fallback": "every layer has its own operator",
}
_SCHEDULE = ("ReuseFactor", "Precision")
_TABLE_HINT = {
    name: f"; the effective key is {name}_t, or Numerics: corrected"
    for name in ("table", "exp_table", "inv_table", "inv_inp")
}


def idle_notes(draft: Draft, known: Mapping[str, Layer]) -> list[str]:
    """One note per idle key, naming the layers. ``known``: every layer before the passes."""
    config = draft.config
    notes = [
        f"Model: {key} has no effect: {reason}"
        for key, reason in _MODEL_IDLE.items()
        if config.model.get(key) is not None and config.model.get(key) is not False
    ]
    found: dict[str, list[str]] = {}
    named = {**draft.layers, **known}
    for name, entry in config.layer_name.items():
        layer = next((own for own in named.values() if own.name.lower() == name.lower()), None)
        if layer is None or layer.name not in draft.layers:
            fate = draft.removed.get(layer.name if layer else name, "it is not in the hardware")
            notes.append(f"LayerName: {name} has no effect on bits: the layer was {_was(fate)}")
            continue
        for key in _idle_keys(entry, layer, name, config.corrected):
            found.setdefault(key, []).append(name)
    for name, entry in config.layer_type.items():
        layers = [layer for layer in draft if layer.kind.lower() == name.lower()]
        if layers:
            idle = [set(_idle_keys(entry, layer, layer.name, config.corrected)) for layer in layers]
            for key in sorted(set.intersection(*idle)):
                found.setdefault(key, []).append(f"LayerType {name}")
    notes += [f"{key} has no effect here: {', '.join(names)}" for key, names in found.items()]
    return notes + _unread(config)


def _was(fate: str) -> str:
    return fate if fate.startswith(("removed", "merged", "skipped")) else f"removed ({fate})"


def _idle_keys(entry: Mapping[str, object], layer: Layer, name: str, corrected: bool) -> list[str]:
    known, idle = effect(layer), []
    precision = entry.get("Precision")
    for variable in precision if isinstance(precision, dict) else ():
        tables = known.types if corrected else ()
        if variable != "default" and variable not in (*known.precisions, *tables):
            idle.append(f"Precision: {variable}{_TABLE_HINT.get(variable, '')}")
    for key in entry:
        if key in _SCHEDULE:
            continue
        if key in ("Strategy", "TargetCycles"):
            recurrent = layer.kind in RECURRENT
            softmax = layer.kind == "Softmax"
            if corrected and softmax and snake_case(str(entry[key])) in IMPLEMENTATIONS:
                continue
            if layer.kind not in SUMS and not (recurrent and key == "Strategy"):
                hint = "; the effective key is Implementation, or Numerics: corrected" * softmax
                idle.append(f"{key}{hint}")
            continue
        attribute = snake_case(key)
        if corrected and attribute == "recurrent_reuse_factor" and layer.kind in RECURRENT[:-1]:
            continue
        effective = attribute in known.attributes or (
            attribute.endswith("_t") and attribute.removesuffix("_t") in known.types
        )
        if not effective:
            idle.append(key)
        elif name != layer.name:
            idle.append(f"{key} (layer names match with case for it)")
    return idle


def _unread(config: Config) -> list[str]:
    keys = ("InputData", "OutputPredictions", "TraceOutput", "MaximumSize", "WriterConfig", "Board")
    given = [key for key in keys if config.top.get(key)]
    return [f"{key} has no effect on bits and is not used" for key in given]
