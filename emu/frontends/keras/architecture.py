"""The layers of a Keras architecture in an order in which each follows those it reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..files import KerasFile, ModelFileError
from .reader import Entry

__all__ = ["entries_of"]


def entries_of(file: KerasFile) -> tuple[list[Entry], list[str]]:
    """``(layers, names of the outputs)``; a Sequential model names no outputs."""
    kind, config = file.architecture["class_name"], file.architecture["config"]
    layers = config if isinstance(config, list) else config.get("layers")
    if kind not in ("Sequential", "Model", "Functional") or not layers:
        raise ModelFileError(f"{file.path} must be a Sequential or Functional model, not {kind!r}")
    if kind == "Sequential":
        entries: list[Entry] = []
        before: list[str] = []
        if layers[0]["class_name"] != "InputLayer":
            # hls4ml names the input of a Sequential model without InputLayer itself.
            if file.generation == 3:
                shape = layers[0].get("build_config", {}).get("input_shape")
            else:
                shape = layers[0]["config"].get("batch_input_shape")
            if shape is None:
                raise ModelFileError(
                    f"{file.path} must tell its input shape: the model was never built"
                )
            name = "input_layer" if file.generation == 3 else "input1"
            entries.append(Entry("InputLayer", {"name": name, "batch_input_shape": shape}, []))
            before = [name]
        for layer in layers:
            entries.append(Entry(layer["class_name"], layer["config"], before))
            before = [entries[-1].name]
        return entries, []
    entries = [
        Entry(
            layer["class_name"],
            {**layer["config"], "name": layer["config"].get("name", layer.get("name"))},
            _inbound(layer, file),
            _call(layer),
        )
        for layer in layers
    ]
    named = _input_names(config, entries, file)
    entries.sort(key=lambda entry: named.index(entry.name) if entry.name in named else len(named))
    outputs = config["output_layers"]
    if outputs and isinstance(outputs[0], str):
        outputs = [outputs]
    return _ordered(entries, file), [str(output[0]) for output in outputs]


def _inbound(layer: Mapping[str, Any], file: KerasFile) -> list[str]:
    nodes = layer.get("inbound_nodes") or []
    if len(nodes) > 1:
        raise ModelFileError(
            f"layer {layer['config'].get('name')} of {file.path} must be used once,"
            f" not {len(nodes)} times:"
            " shared layers are not supported yet"
        )
    if not nodes:
        return []
    node = nodes[0]
    if isinstance(node, Mapping):  # Keras 3
        found: list[str] = []

        def walk(item: Any) -> None:
            if isinstance(item, Mapping):
                if item.get("class_name") == "__keras_tensor__":
                    found.append(str(item["config"]["keras_history"][0]))
                    return
                for value in item.values():
                    walk(value)
            elif isinstance(item, (list, tuple)):
                for value in item:
                    walk(value)

        walk(node.get("args"))
        walk(node.get("kwargs"))
        return found
    if node and isinstance(node[0], str):
        node = [node]
    return [str(source[0]) for source in node]


def _call(layer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keyword arguments of the layer's call, where the file has them."""
    nodes = layer.get("inbound_nodes") or []
    return (nodes[0].get("kwargs") or {}) if nodes and isinstance(nodes[0], Mapping) else {}


def _input_names(config: Mapping[str, Any], entries: list[Entry], file: KerasFile) -> list[str]:
    """Names of the inputs in model order; they must be the InputLayers."""
    inputs = config.get("input_layers") or []
    if inputs and isinstance(inputs[0], str):
        inputs = [inputs]
    named = [str(item[0]) for item in inputs]
    own = [entry.name for entry in entries if entry.kind == "InputLayer"]
    if sorted(named) != sorted(own):
        raise ModelFileError(
            f"input_layers of {file.path} must be its InputLayers {own!r}, not {named!r}"
        )
    return named


def _ordered(entries: list[Entry], file: KerasFile) -> list[Entry]:
    """Every entry after those it reads, otherwise in file order."""
    done: list[Entry] = []
    known: set[str] = set()
    waiting = list(entries)
    while waiting:
        ready = next((entry for entry in waiting if set(entry.inputs) <= known), None)
        if ready is None:
            raise ModelFileError(
                f"layers of {file.path} must not form a cycle: {waiting[0].name!r} waits"
            )
        waiting.remove(ready)
        done.append(ready)
        known.add(ready.name)
    return done
