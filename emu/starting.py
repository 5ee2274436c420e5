"""``config``: what hls4ml's ``config_from_keras_model`` gives, without Keras."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from fxp import Format, Overflow, Rounding

from .draft import Layer
from .frontends.config import Config, ConfigError, near
from .kinds import CONVOLUTIONS, SEPARABLE, SUMS, TRANSPOSED
from .precision.assign import garnet_types

__all__ = ["GRANULARITIES", "config"]

GRANULARITIES = ("model", "type", "name")

_TABLE = "fixed<18,8,TRN,WRAP,0>"
_SOFTMAX = "fixed<18,8,RND,SAT,0>"
_NORMALIZED, _ROOT = "fixed<14,4,RND_CONV,SAT,0>", "ufixed<8,5,RND_CONV,SAT,0>"
_WAYS = ("forward", "backward")
_WEIGHTS = ("weight", "bias", "recurrent_weight", "recurrent_bias")
_QUANTIZED = ("BinaryDense", "TernaryDense")
_DENSE = (*SUMS, *_QUANTIZED)
# Keras class as hls4ml's converters name it -> type variables beside result.
_TYPES: dict[str, tuple[str, ...]] = {
    "InputLayer": (),
    "Reshape": (),
    **dict.fromkeys(_DENSE, ("weight", "bias")),
    **dict.fromkeys(SEPARABLE, ("depthwise", "pointwise", "bias")),
    "BatchNormalization": ("scale", "bias"),
    "Activation": (),
    "ELU": ("param",),
    "LeakyReLU": ("param",),
    "ThresholdedReLU": ("param",),
    "PReLU": ("param",),
    "HardActivation": ("slope", "shift"),
    "SimpleRNN": _WEIGHTS[:3],
    "LSTM": _WEIGHTS,
    "GRU": _WEIGHTS,
    "TimeDistributed": (),
    "Bidirectional": tuple(f"{way}_{name}" for way in _WAYS for name in _WEIGHTS),
    "Softmax": (),
    "LayerNormalization": ("scale", "bias"),
    "Embedding": ("embeddings",),
    "Einsum": ("accum",),
    "EinsumDense": ("weight", "bias", "accum"),
}
_GARNETS = ("GarNet", "GarNetStack")
_PARAMETRIZED = {"elu": "ELU", "leaky_relu": "LeakyReLU", "thresholded_relu": "ThresholdedReLU"}
_RECURRENT = ("SimpleRNN", "LSTM", "GRU", "Bidirectional")
_MOVES = (
    "Transpose",
    "Slice",
    *(f"{kind}{n}D" for kind in ("ZeroPadding", "Cropping", "UpSampling") for n in (1, 2)),
)
_POOLINGS = tuple(f"{op}Pooling{n}D" for op in ("Max", "Average") for n in (1, 2))
_GLOBAL_POOLINGS = tuple(f"Global{kind}" for kind in _POOLINGS)
_MERGES = ("Merge", "Concatenate", "Dot")
_HGQ = ("FixedPointQuantizer", "UnaryLUT")
_NO_REUSE = (*_HGQ, "InputLayer", "TimeDistributed", "Reshape", "Einsum", "EinsumDense", *_MOVES)
_NO_TABLE = (
    *_GARNETS,
    *(*_NO_REUSE, *_MERGES, *_POOLINGS, *_GLOBAL_POOLINGS),
    *(*_DENSE, *SEPARABLE, "BatchNormalization", "LayerNormalization", "Embedding"),
)


def config(
    model: str | os.PathLike[str],
    granularity: str = "name",
    default_precision: str = "fixed<16,6>",
    *,
    weights: str | os.PathLike[str] | None = None,
    default_reuse_factor: int = 1,
    max_precision: str | None = None,
    backend: str | None = "Vitis",
) -> dict[str, Any]:
    """``HLSConfig`` with every key one may set, at its default, for a Keras model file.

    granularity: "model", "type" or "name": whether keys for each layer class or layer are added.
    backend: "Vitis" (or "Vivado") adds the keys of that backend (accum, ReuseFactor, tables), as
    ``config_from_keras_model(model, granularity, backend="Vitis")`` does; None leaves them out.
    Note that granularity "name" changes bits: its types are ``auto``, not the default.
    Raises ConfigError for an unknown granularity, backend or type, ModelFileError for the model.
    """
    from .frontends.files import open_keras
    from .frontends.keras import read_keras

    if granularity not in GRANULARITIES:
        raise ConfigError(
            "granularity must be model, type or name,"
            f" not {granularity!r}{near(str(granularity), GRANULARITIES)}"
        )
    if backend not in (None, "Vitis", "Vivado"):
        raise ConfigError(f"backend must be Vitis, Vivado or None, not {backend!r}")
    Format.parse(default_precision)
    precision = {"default": default_precision}
    if max_precision is not None:
        precision["maximum"] = str(max_precision)
    made: dict[str, Any] = {
        "Model": {
            "Precision": precision,
            "ReuseFactor": default_reuse_factor,
            "Strategy": "Latency",
            "BramFactor": 1_000_000_000,
            "TraceOutput": False,
        }
    }
    if granularity == "model":
        return made
    # Quantisers of HGQ are read only where types are the configuration's own.
    own_types = Config.parse({"Model": {"BitExact": False}})
    draft = read_keras(open_keras(model, weights), own_types)
    entries: dict[str, Any] = {}
    for layer in draft:
        if "time_steps" in layer.attributes or layer.attributes.get("ends"):
            continue  # hls4ml lists a TimeDistributed layer without what it wraps
        name, kind = layer.attributes.get("keras", (layer.name, _kind(layer)))
        if layer.attributes.get("exact"):
            continue  # an inner link of a merge of more than two tensors
        key = kind if granularity == "type" else name
        if key not in entries:
            entries[key] = _entry(kind.removeprefix("HGQ>"), default_reuse_factor, backend)
            if layer.attributes.get("algorithm") == "bilinear":
                entries[key] |= {"Algorithm": "bilinear"}
                entries[key]["Precision"]["weight"] = "auto"
            if kind in _GARNETS:
                types = garnet_types(draft.source(layer).shape[0], default_reuse_factor)
                entries[key]["Precision"] = {
                    name: str(replace(type, rounding=Rounding.TRN, overflow=Overflow.SAT))
                    for name, type in types.items()
                }
                entries[key]["ReuseFactor"] = default_reuse_factor
    made["LayerType" if granularity == "type" else "LayerName"] = entries
    return made


def _kind(layer: Layer) -> str:
    if layer.kind == "Input":
        return "InputLayer"
    if "Pooling" in layer.kind:
        op = str(layer.attributes["pool_op"]).title()
        return layer.kind.replace("Pooling", f"{op}Pooling")
    if layer.kind == "Resize":
        return f"UpSampling{len(layer.shape) - 1}D"
    return _PARAMETRIZED.get(str(layer.attributes.get("function")), layer.kind)


def _entry(kind: str, reuse: int, backend: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"Trace": False, "Precision": {"result": "auto"}}
    entry["Precision"] |= dict.fromkeys(_TYPES.get(kind, ()), "auto")
    if kind in _QUANTIZED:
        entry["Precision"] |= dict.fromkeys(("weight", "bias"), "int<2>")
    if kind == "UnaryLUT":
        entry["Precision"]["table"] = _TABLE
    if kind.startswith("UpSampling"):
        entry["Algorithm"] = "nearest"
    if kind == "SimpleRNN":
        entry["Direction"] = "forward"
    if kind == "TimeDistributed" and backend is not None:
        entry["TimeStepLoopParallelism"] = "Off"
    if backend is None or kind in _NO_REUSE:
        return entry
    if kind in SEPARABLE:
        parts = ("depthwise", "pointwise")
        types = (*(f"{part}_accum" for part in parts), "depthwise_result")
        entry["Precision"] |= dict.fromkeys(types, "auto")
        entry |= {f"{part.title()}ReuseFactor": 1 for part in parts}
        return entry | {"ConvImplementation": "LineBuffer"}
    entry["ReuseFactor"] = reuse
    if kind in CONVOLUTIONS:
        entry["ParallelizationFactor"] = 1
        if kind not in TRANSPOSED:
            entry["ConvImplementation"] = "LineBuffer"
    if kind in (*_DENSE, "Dot", *_POOLINGS, *_GLOBAL_POOLINGS):
        entry["Precision"]["accum"] = "auto"
    if kind in _POOLINGS:
        entry["ConvImplementation"] = "LineBuffer"
    if kind == "LayerNormalization":
        entry |= {"TableRangePower2": 0, "TableSize": 4096}
        entry["Precision"] |= {"accum": _NORMALIZED, "table": _ROOT}
    if kind in _RECURRENT:
        entry["Precision"]["accum"] = "auto"
        products = [name.title() for name in _WAYS] if kind == "Bidirectional" else [""]
        if kind == "Bidirectional":
            entry |= {f"{way}ReuseFactor": 1 for way in products}
        entry |= {f"{way}RecurrentReuseFactor": 1 for way in products}
        entry["Static"] = True
    if kind not in _NO_TABLE:
        entry["TableSize"] = 1024
        entry["Precision"]["table"] = _TABLE
    if kind == "Softmax":
        entry |= {"Implementation": "stable", "Skip": False}
        entry["Precision"] |= dict.fromkeys(
            ("exp_table", "inv_table", "inv_inp", "accum"), _SOFTMAX
        )
    return entry
