"""GarNet and GarNetStack: a custom class of Keras 2, hls4ml's ``contrib.garnet`` and others."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fxp import Format, Overflow, Rounding

from ..files import ModelFileError
from .reader import Entry, Handler, Reader

__all__ = ["LAYERS", "WEIGHTS"]

Array = npt.NDArray[Any]
WEIGHTS = ("distance_weight", "distance_bias", "weight", "bias", "output_bias")
"""Arrays of one GarNet; those of the k'th in a stack end in ``_<k>``."""


def _garnet(reader: Reader, entry: Entry, inputs: list[str]) -> str:
    """One layer, or a stack of them that share n, the second input."""
    _require_convertible(reader, entry, inputs)
    config, shape = entry.config, reader.shape(inputs[0])
    stack = entry.kind == "GarNetStack"
    sizes = [config[key] for key in ("n_aggregators", "n_propagate", "n_filters")]
    parts = list(zip(*sizes, strict=True)) if stack else [tuple(sizes)]
    collapse = config.get("collapse") is not None
    filters = int(parts[-1][2])
    layer = reader.add(
        entry.name,
        entry.kind,
        inputs,
        (filters,) if collapse else (shape[0], filters),
        collapse=collapse,
        by_count=bool(config.get("mean_by_nvert", False)),
        parts=[f"_{k}" for k in range(len(parts))] if stack else [""],
    )
    layer.attributes["nodes"] = [f"{entry.name}{part}" for part in layer.attributes["parts"][:-1]]
    ternary = bool(config.get("quantize_transforms"))
    if ternary:
        reader.draft.meets("garnet_transforms", entry.name)
    features = shape[1]
    for k, (aggregators, propagate, filters) in enumerate(parts):
        part = layer.attributes["parts"][k]
        own = _arrays(reader, entry, part[1:], (features, aggregators, propagate, filters), ternary)
        for name, array in own.items():
            layer.weights[name + part] = array
            whole = ternary and name in ("weight", "bias")
            layer.types[name + part] = _least_type(array, whole=whole)
        features = filters
    return layer.name


def _require_convertible(reader: Reader, entry: Entry, inputs: list[str]) -> None:
    """ModelFileError for what hls4ml's converter or kernel does not have."""
    config, where = entry.config, f"{entry.kind} {entry.name}"
    if reader.keras3:
        raise ModelFileError(f"{where} must be in a Keras 2 file: hls4ml converts it from there")
    if config.get("simplified") is not True:
        raise ModelFileError(
            f"simplified of {where} must be true, not {config.get('simplified')!r}: hls4ml has no"
            " kernel that takes maxima, too"
        )
    if config.get("output_activation") not in (None, "linear"):
        raise ModelFileError(
            f"output_activation of {where} must be linear, not {config['output_activation']!r}, as"
            " in hls4ml; put an Activation behind it"
        )
    if config.get("input_format", "xn") != "xn":
        raise ModelFileError(
            f"input_format of {where} must be 'xn', not {config['input_format']!r}, as in hls4ml:"
            " features and the number of vertices"
        )
    if config.get("collapse") not in (None, "mean"):
        why = {"max": "does not compile", "sum": "writes behind the end of its result"}
        raise ModelFileError(
            f"collapse of {where} must be 'mean' or null, not {config['collapse']!r}: hls4ml's"
            f" kernel for it {why.get(config['collapse'], 'does not exist')}"
        )
    shapes = [reader.shape(name) for name in inputs]
    if len(shapes) != 2 or len(shapes[0]) != 2 or shapes[1] != (1,):
        raise ModelFileError(
            f"inputs of {where} must be (vertices, features) and (1,), not of shapes"
            f" {', '.join(map(str, shapes))}"
        )
    if entry.kind == "GarNet":
        return
    lengths = {len(config[key]) for key in ("n_aggregators", "n_propagate", "n_filters")}
    if len(lengths) != 1 or lengths == {1}:
        raise ModelFileError(
            f"{where} must have two sublayers or more, with n_aggregators, n_propagate and"
            f" n_filters for each, not {', '.join(map(str, sorted(lengths)))}: hls4ml runs a single"
            " one twice; GarNet is that"
        )


def _arrays(
    reader: Reader, entry: Entry, part: str, sizes: tuple[int, int, int, int], ternary: bool
) -> dict[str, Array]:
    """Trained arrays; ``w[o, a, i] = sum_p kernel[i, p] * out[a, p, o]``, contracted in float32.

    Both transforms are linear, so that hls4ml's firmware has their product alone.
    """
    features, aggregators, propagate, filters = sizes
    wanted = {
        "FLR_kernel": (features, propagate),
        "FLR_bias": (propagate,),
        "S_kernel": (features, aggregators),
        "S_bias": (aggregators,),
        "Fout_kernel": (aggregators * propagate, filters),
        "Fout_bias": (filters,),
    }
    found = {}
    for name, shape in wanted.items():
        stored = name.replace("_", f"{part}_")
        found[name] = reader.weight(entry, stored)
        if found[name].shape != shape:
            raise ModelFileError(
                f"{stored} of {entry.name} must have shape {shape!r}, not {found[name].shape!r}"
            )
    transforms = [found[name] for name in ("FLR_kernel", "FLR_bias", "Fout_kernel")]
    kernel, bias, out = map(_ternary, transforms) if ternary else transforms
    out = out.reshape(aggregators, propagate, filters)
    return {
        "distance_weight": found["S_kernel"].T,
        "distance_bias": found["S_bias"],
        "weight": np.dot(kernel, out).transpose(2, 1, 0),
        "bias": np.dot(bias, out).T,
        "output_bias": found["Fout_bias"],
    }


def _ternary(x: Array) -> Array:
    """1 above 0.5, -1 up to -0.5, else 0."""
    return np.where(x > 0.5, 1, np.where(x <= -0.5, -1, 0)).astype(x.dtype)


def _least_type(x: Array, *, whole: bool) -> Format:
    """The type that hls4ml gives weights by their values: 10 fraction bits, or none.

    Integer bits hold the largest magnitude; a power of two counts as beyond itself.
    """
    signed = bool(np.amin(x) < 0)
    largest = np.amax(np.abs(x))
    integer = 1
    if largest > 0:
        exponent = np.log2(largest)
        integer = max(0, int(np.ceil(exponent)))
        integer += (integer == int(np.floor(exponent))) + signed
    if whole:
        return Format(integer, integer, signed, family="ap_int")
    return Format(integer + 10, integer, signed, rounding=Rounding.RND, overflow=Overflow.SAT)


LAYERS: dict[str, Handler] = {"GarNet": _garnet, "GarNetStack": _garnet}
