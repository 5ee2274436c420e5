"""Keras models into a draft, by the rules of hls4ml's Keras 2 and Keras 3 converters.

JSON and H5 files follow the Keras 2 converter: every activation of a layer, linear too, becomes a
layer ``<layer>_<activation>``. ``.keras`` archives follow the Keras 3 converter: no layer for
linear, ``ReLU`` becomes a thresholded relu, dropout becomes a linear activation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..draft import Draft, Layer
from ..op import Shape
from .config import Config, near
from .files import KerasFile, ModelFileError

__all__ = ["KERAS_LAYERS", "read_keras"]


@dataclass(frozen=True)
class Entry:
    """One layer of a Keras file: class, configuration, names of the layers it reads."""

    kind: str
    config: Mapping[str, Any]
    inputs: list[str]

    @property
    def name(self) -> str:
        return str(self.config["name"])


@dataclass
class Reader:
    """What the handlers share: the file, the draft, and the tensors by Keras layer name."""

    file: KerasFile
    draft: Draft
    tensors: dict[str, str] = field(default_factory=dict)

    @property
    def keras3(self) -> bool:
        return self.file.generation == 3

    def add(
        self, name: str, kind: str, inputs: list[str], shape: Shape, **attributes: Any
    ) -> Layer:
        """A draft layer with the attributes that hls4ml's converter gives it."""
        return self.draft.add(Layer(name, kind, inputs, shape, attributes=attributes))

    def weight(self, entry: Entry, name: str) -> np.ndarray[Any, Any]:
        return self.file.weight(entry.name, name)


def read_keras(file: KerasFile, config: Config) -> Draft:
    """``draft = layers of the file``, untyped; raises ModelFileError for what is not supported."""
    reader = Reader(file, Draft(config))
    entries, outputs = _entries(file, reader)
    for entry in entries:
        handler = KERAS_LAYERS.get(entry.kind)
        if handler is None:
            raise ModelFileError(
                f"layer {entry.name} must be of a supported class, not {entry.kind!r}"
                f"{near(entry.kind, KERAS_LAYERS)}; supported: {', '.join(KERAS_LAYERS)}"
            )
        inputs = [reader.tensors[name] for name in entry.inputs]
        reader.tensors[entry.name] = handler(reader, entry, inputs)
    last = next(reversed(reader.draft.layers))
    reader.draft.outputs = [reader.tensors[name] for name in outputs] if outputs else [last]
    return reader.draft


def _entries(file: KerasFile, reader: Reader) -> tuple[list[Entry], list[str]]:
    kind, config = file.architecture["class_name"], file.architecture["config"]
    layers = config if isinstance(config, list) else config.get("layers")
    if kind not in ("Sequential", "Model", "Functional") or not layers:
        raise ModelFileError(f"{file.path} must be a Sequential or Functional model, not {kind!r}")
    if kind == "Sequential":
        entries: list[Entry] = []
        before: list[str] = []
        if layers[0]["class_name"] != "InputLayer":
            # hls4ml names the input of a Sequential model without InputLayer itself.
            if reader.keras3:
                shape = layers[0].get("build_config", {}).get("input_shape")
            else:
                shape = layers[0]["config"].get("batch_input_shape")
            if shape is None:
                raise ModelFileError(
                    f"{file.path} must tell its input shape: the model was never built"
                )
            name = "input_layer" if reader.keras3 else "input1"
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


# ---- handlers: one per Keras class, each returns the name of the tensor it makes -----------------


def _input(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    shape = entry.config.get("batch_input_shape", entry.config.get("batch_shape"))
    if shape is None or None in shape[1:]:
        raise ModelFileError(f"input {entry.name} must have a fixed shape, not {shape!r}")
    dtype = str(entry.config.get("dtype", "float32"))
    if dtype.startswith(("int", "uint")):
        reader.draft.note(
            f"input {entry.name} is {dtype} in Keras; its type is that of the configuration"
        )
    dimensions = tuple(int(length) for length in shape[1:])
    if not dimensions:
        raise ModelFileError(
            f"input {entry.name} must have a shape besides the batch, not {shape!r}"
        )
    return reader.add(entry.name, "Input", [], dimensions).name


def _dense(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    kernel = reader.weight(entry, "kernel")
    before = reader.draft.layers[inputs[0]]
    if len(before.shape) != 1:
        raise ModelFileError(
            f"input of Dense layer {entry.name} must be a vector, not of shape {before.shape!r}:"
            " Dense on tensors is not supported yet; flatten first"
        )
    if kernel.ndim != 2 or kernel.shape[0] != before.size:
        raise ModelFileError(
            f"kernel of {entry.name} must have shape ({before.size}, n_out), not {kernel.shape!r}"
        )
    layer = reader.add(entry.name, "Dense", inputs, (kernel.shape[1],))
    layer.weights["weight"] = kernel
    if entry.config.get("use_bias", True):
        layer.weights["bias"] = reader.weight(entry, "bias")
    return _own_activation(reader, entry, layer)


def _own_activation(reader: Reader, entry: Entry, layer: Layer) -> str:
    """The layer that hls4ml appends for the ``activation`` argument of ``layer``."""
    name = _activation_name(entry.config.get("activation", "linear"), entry)
    if reader.keras3 and name == "linear":
        return layer.name
    return _activation_layer(reader, f"{layer.name}_{name}", name, layer.name, {})


def _activation_name(activation: Any, entry: Entry) -> str:
    if activation is None:
        return "linear"
    if isinstance(activation, Mapping) and activation.get("class_name") == "function":
        activation = activation.get("config")
    if not isinstance(activation, str):
        kind = activation.get("class_name") if isinstance(activation, Mapping) else activation
        raise ModelFileError(f"activation of {entry.name} must be a named function, not {kind!r}")
    return activation


_SIMPLE = (
    "linear",
    "relu",
    "relu1",
    "relu6",
    "sigmoid",
    "tanh",
    "softplus",
    "softsign",
    "selu",
    "binary_tanh",
    "ternary_tanh",
)
"""Activations whose hls4ml function has the name that Keras uses."""
_KERAS2_ONLY = ("relu1", "binary_tanh", "ternary_tanh")


def _activation_layer(
    reader: Reader, name: str, activation: str, source: str, config: Mapping[str, Any]
) -> str:
    shape = reader.draft.layers[source].shape
    slope = config.get("negative_slope", config.get("alpha", 0.2))
    # name -> internal class, function, parameters
    if activation == "softmax":
        return _softmax_layer(reader, name, source, axis=config.get("axis", -1), own_axis=False)
    if activation == "elu":
        kind, function, more = (
            "ParametrizedActivation",
            "elu",
            {"activ_param": config.get("alpha", 1.0)},
        )
    elif activation == "leaky_relu":
        kind, function, more = "ParametrizedActivation", "leaky_relu", {"activ_param": slope}
    elif activation == "hard_sigmoid":
        kind, function, more = "HardActivation", "hard_sigmoid", {"slope": 0.2, "shift": 0.5}
        if reader.keras3:
            reader.draft.note(
                f"layer {name}: hard_sigmoid has slope 0.2 and shift 0.5 as in hls4ml;"
                " Keras 3 computes x / 6 + 0.5"
            )
    elif activation in _SIMPLE and not (reader.keras3 and activation in _KERAS2_ONLY):
        kind, function, more = "Activation", activation, {}
    else:
        known = (*_SIMPLE, "softmax", "elu", "leaky_relu", "hard_sigmoid")
        raise ModelFileError(
            f"activation of {name} must be one that hls4ml has,"
            f" not {activation!r}{near(activation, known)};"
            f" known: {', '.join(known)}"
        )
    return reader.add(name, kind, [source], shape, function=function, **more).name


def _softmax_layer(reader: Reader, name: str, source: str, *, axis: Any, own_axis: bool) -> str:
    """Where hls4ml gives the kernel no axis (``own_axis``), it normalises the whole tensor."""
    shape = reader.draft.layers[source].shape
    if not isinstance(axis, int):
        raise ModelFileError(f"axis of softmax {name} must be one integer, not {axis!r}")
    position = axis - 1 if axis >= 0 else len(shape) + axis
    if not 0 <= position < len(shape):
        raise ModelFileError(f"axis of softmax {name} must lie in {shape!r}, not {axis!r}")
    stream = reader.draft.config.io_type == "io_stream"
    if stream and position != len(shape) - 1:
        raise ModelFileError(
            f"axis of softmax {name} must be the last one in io_stream, not {axis!r}"
        )
    outer, inner = 1, 1
    if own_axis:
        outer = int(np.prod(shape[:position]))
        inner = int(np.prod(shape[position + 1 :]))
    elif stream:
        outer = int(np.prod(shape[:-1]))
    elif len(shape) > 1 and int(np.prod(shape)) != shape[position]:
        reader.draft.note(
            f"layer {name}: hls4ml normalises the whole tensor of shape {shape!r}, not axis {axis}"
        )
    return reader.add(name, "Softmax", [source], shape, n_outer=outer, n_inner=inner).name


def _activation(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    name = _activation_name(entry.config.get("activation", "linear"), entry)
    return _activation_layer(reader, entry.name, name, inputs[0], entry.config)


def _relu(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    config, shape = entry.config, reader.draft.layers[inputs[0]].shape
    slope = float(config.get("negative_slope") or 0.0)
    threshold = float(config.get("threshold") or 0.0)
    if not reader.keras3:
        ignored = {
            "max_value": config.get("max_value"),
            "negative_slope": slope,
            "threshold": threshold,
        }
        for key, value in ignored.items():
            if value not in (None, 0.0):
                reader.draft.note(
                    f"layer {entry.name}: {key} {value} of ReLU has no effect, as in hls4ml"
                )
        return reader.add(entry.name, "Activation", inputs, shape, function="relu").name
    if config.get("max_value") not in (None, float("inf")):
        raise ModelFileError(
            f"max_value of ReLU {entry.name} must be None, not {config['max_value']!r}"
        )
    if slope and threshold:
        raise ModelFileError(
            f"ReLU {entry.name} must have negative_slope or threshold,"
            f" not both: {slope} and {threshold}"
        )
    function, parameter = ("leaky_relu", slope) if slope else ("thresholded_relu", threshold)
    return reader.add(
        entry.name,
        "ParametrizedActivation",
        inputs,
        shape,
        function=function,
        activ_param=parameter,
    ).name


def _parametrized(
    function: str, *keys: str, default: float
) -> Callable[[Reader, Entry, list[str]], str]:
    def handler(reader: Reader, entry: Entry, inputs: list[str]) -> str:
        value = next((entry.config[key] for key in keys if key in entry.config), default)
        if isinstance(value, Mapping):  # Keras writes numpy scalars as {"class_name": "__numpy__"}
            value = value.get("config", {}).get("value", value.get("value"))
        shape = reader.draft.layers[inputs[0]].shape
        return reader.add(
            entry.name,
            "ParametrizedActivation",
            inputs,
            shape,
            function=function,
            activ_param=float(value),
        ).name

    return handler


def _prelu(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    if entry.config.get("shared_axes") is not None:
        raise ModelFileError(
            f"shared_axes of PReLU {entry.name} must be None, not {entry.config['shared_axes']!r}"
        )
    layer = reader.add(
        entry.name, "PReLU", inputs, reader.draft.layers[inputs[0]].shape, function="prelu"
    )
    layer.weights["param"] = reader.weight(entry, "alpha")
    return layer.name


def _softmax(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    axis = entry.config.get("axis", -1)
    return _softmax_layer(reader, entry.name, inputs[0], axis=axis, own_axis=reader.keras3)


def _batch_normalization(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    shape = reader.draft.layers[inputs[0]].shape
    axis = entry.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis not in (-1, len(shape)):
        raise ModelFileError(f"axis of {entry.name} must be the last one, not {axis!r}")
    if len(shape) > 3:
        raise ModelFileError(f"input of {entry.name} must have at most 3 axes, not shape {shape!r}")
    one: Any = 1
    zero: Any = 0
    gamma = reader.weight(entry, "gamma") if entry.config.get("scale", True) else one
    beta = reader.weight(entry, "beta") if entry.config.get("center", True) else zero
    mean = reader.weight(entry, "moving_mean")
    variance = reader.weight(entry, "moving_variance")
    # In the arrays' own float32, as hls4ml folds: scale = gamma / sqrt(var + eps).
    scale = gamma / np.sqrt(variance + entry.config["epsilon"])
    layer = reader.add(entry.name, "BatchNormalization", inputs, shape)
    layer.weights["scale"] = np.asarray(scale)
    layer.weights["bias"] = np.asarray(beta - scale * mean)
    return layer.name


def _reshape(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    before = reader.draft.layers[inputs[0]]
    if entry.kind == "Flatten":
        target: Shape = (before.size,)
    else:
        wanted = [int(length) for length in entry.config["target_shape"]]
        if wanted.count(-1) > 1:
            raise ModelFileError(f"target_shape of {entry.name} must have one -1, not {wanted!r}")
        known = int(np.prod([length for length in wanted if length != -1]))
        target = tuple(before.size // known if length == -1 else length for length in wanted)
        if int(np.prod(target)) != before.size:
            raise ModelFileError(
                f"target_shape of {entry.name} must have {before.size} elements, not {wanted!r}"
            )
    return reader.add(entry.name, "Reshape", inputs, target).name


def _dropout(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    if not reader.keras3:
        reader.draft.removed[entry.name] = "skipped: it does nothing at inference"
        return inputs[0]
    shape = reader.draft.layers[inputs[0]].shape
    return reader.add(entry.name, "Activation", inputs, shape, function="linear").name


KERAS_LAYERS: dict[str, Callable[[Reader, Entry, list[str]], str]] = {
    "InputLayer": _input,
    "Dense": _dense,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _parametrized("leaky_relu", "negative_slope", "alpha", default=0.3),
    "ThresholdedReLU": _parametrized("thresholded_relu", "theta", default=1.0),
    "ELU": _parametrized("elu", "alpha", default=1.0),
    "PReLU": _prelu,
    "Softmax": _softmax,
    "BatchNormalization": _batch_normalization,
    "Flatten": _reshape,
    "Reshape": _reshape,
    "Dropout": _dropout,
}
"""Keras class -> handler."""
