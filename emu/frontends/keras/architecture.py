"""The layers of a Keras architecture in an order in which each follows those it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..files import KerasFile, ModelFileError
from .reader import Entry, Source

__all__ = ["entries_of"]


def entries_of(file: KerasFile) -> tuple[list[Entry], list[Source]]:
    """``(layers, outputs)``; a Sequential model names no outputs."""
    kind, config = file.architecture["class_name"], file.architecture["config"]
    layers = config if isinstance(config, list) else config.get("layers")
    if kind not in ("Sequential", "Model", "Functional") or not layers:
        raise ModelFileError(f"{file.path} must be a Sequential or Functional model, not {kind!r}")
    if kind == "Sequential":
        entries: list[Entry] = []
        before: list[Source] = []
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
            before = [(name, 0)]
        for layer in layers:
            entries.append(Entry(layer["class_name"], layer["config"], before))
            before = [(entries[-1].name, 0)]
        return entries, []
    entries = [
        Entry(
            layer["class_name"],
            {**layer["config"], "name": layer["config"].get("name", layer.get("name"))},
            _inbound(layer, file),
            *_call(layer),
        )
        for layer in layers
    ]
    named = _input_names(config, entries, file)
    entries.sort(key=lambda entry: named.index(entry.name) if entry.name in named else len(named))
    return _ordered(entries, file), _sources(config["output_layers"])


def _sources(item: Any) -> list[Source]:
    """``[layer, call, output]``, or lists of such."""
    if item and isinstance(item[0], str):
        return [(item[0], int(item[2]))]
    return [source for part in item for source in _sources(part)]


def _inbound(layer: Mapping[str, Any], file: KerasFile) -> list[Source]:
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
        found: list[Source] = []

        def walk(item: Any) -> None:
            if isinstance(item, Mapping):
                if item.get("class_name") == "__keras_tensor__":
                    found.extend(_sources(item["config"]["keras_history"]))
                    return
                for value in item.values():
                    walk(value)
            elif isinstance(item, (list, tuple)):
                for value in item:
                    walk(value)

        walk(node.get("args"))
        walk(node.get("kwargs"))
        return found
    return _sources(node)


def _call(layer: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Any]]:
    """Arguments of the layer's call by keyword and, in Keras 3, by place."""
    node = next(iter(layer.get("inbound_nodes") or []), None)
    if isinstance(node, Mapping):
        return node.get("kwargs") or {}, node.get("args") or []
    source = node[0] if node and not isinstance(node[0], str) else node
    return (source[3] if source and len(source) > 3 else {}), []


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
        ready = next((e for e in waiting if {name for name, _ in e.inputs} <= known), None)
        if ready is None:
            raise ModelFileError(
                f"layers of {file.path} must not form a cycle: {waiting[0].name!r} waits"
            )
        waiting.remove(ready)
        done.append(ready)
        known.add(ready.name)
    return done
