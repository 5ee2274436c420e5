"""Random formats and HLSConfig sections for a random network: each key that acts on its layers."""

from __future__ import annotations

ROUNDINGS = ("TRN", "TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_MIN_INF", "RND_INF", "RND_CONV")
LIMITS = ("WRAP", "WRAP", "SAT", "SAT_ZERO", "SAT_SYM")

LINEAR = ("result", "weight", "bias", "accum")
RECURRENT = ("weight", "bias", "recurrent_weight", "recurrent_bias")
VARIABLES = {
    "Dense": LINEAR,
    "Conv1D": LINEAR,
    "Conv2D": LINEAR,
    "DepthwiseConv1D": LINEAR,
    "DepthwiseConv2D": LINEAR,
    "SeparableConv1D": (
        *("depthwise", "pointwise", "bias", "result"),
        *("depthwise_accum", "pointwise_accum", "depthwise_result"),
    ),
    "BatchNormalization": ("result", "scale", "bias"),
    "LayerNormalization": ("result", "scale", "bias", "accum"),
    "Embedding": ("result", "embeddings"),
    "LSTM": RECURRENT,
    "GRU": ("result", "accum", *RECURRENT),
    "Bidirectional": tuple(
        f"{way}_{name}" for way in ("forward", "backward") for name in RECURRENT
    ),
    "Dot": ("result", "accum"),
}
VARIABLES["SeparableConv2D"] = VARIABLES["SeparableConv1D"]
VARIABLES["BinaryDense"] = VARIABLES["TernaryDense"] = LINEAR
POOLING = ("result", "accum")
ACTIVATED = (
    *("Dense", "Conv1D", "Conv2D", "DepthwiseConv1D", "DepthwiseConv2D"),
    *("SeparableConv1D", "SeparableConv2D", "BinaryDense", "TernaryDense"),
)
"""Layers whose ``activation`` becomes a layer of its own."""
TYPES = (
    *("Dense", "Activation", "BatchNormalization", "Softmax", "ParametrizedActivation"),
    *("Conv1D", "Conv2D", "Pooling1D", "Pooling2D", "GlobalPooling1D", "Merge", "Concatenate"),
)
"""hls4ml's classes that a LayerType section may name."""


def random_format(pick, widest=16):
    """Fixed formats of every mode, some with the point outside, some integers."""
    sign = "u" if pick.random() < 0.2 else ""
    if pick.random() < 0.08:
        return f"{sign}int<{pick.randint(3, 10)}>"
    width = pick.randint(4, widest)
    inside = pick.random() < 0.85
    integer = pick.randint(1, min(width, 8)) if inside else pick.randint(-1, width + 1)
    limit = pick.choice(LIMITS)
    saturated = limit == "WRAP" and pick.random() < 0.15
    bits = f",{pick.randint(1, 3)}" if saturated else ""
    return f"{sign}fixed<{width},{integer},{pick.choice(ROUNDINGS)},{limit}{bits}>"


def model_section(pick):
    """Precision, reuse factor, strategy of the model."""
    default = random_format(pick) if pick.random() < 0.5 else "fixed<16,6>"
    return {
        "Precision": {
            "default": "fixed<14,6,RND,SAT>" if "int" in default else default,
            "maximum": f"fixed<{pick.randint(16, 26)},{pick.randint(6, 14)}>",
        },
        "ReuseFactor": pick.choice([1, 1, 2, 3, 4]),
        "Strategy": pick.choice(["Latency", "Latency", "Resource", "resource_unrolled"]),
    }


def type_section(pick, kinds):
    """An entry for some of hls4ml's classes."""
    return {
        kind: {"Precision": _precision(pick, (*LINEAR, "scale", "param"))}
        for kind in kinds
        if pick.random() < 0.6
    }


def name_section(pick, layers, keras3, fixed):
    """An entry for most layers; ``fixed``: types that a layer must have."""
    found = {}
    for item in layers:
        kind, name = item["class_name"], item["name"]
        own = item["config"].get("activation") if kind in ACTIVATED else None
        names = [(name, kind, item["config"].get("activation", ""))]
        if own and not (keras3 and own == "linear"):
            names.append((f"{name}_{own}", "Activation", own))
        for name, kind, function in names:
            if pick.random() < 0.75 or name in fixed:
                found[name] = _entry(pick, kind, function, name in fixed)
                if name in fixed and isinstance(found[name]["Precision"], dict):
                    found[name]["Precision"] |= fixed[name]
    return found


def _entry(pick, kind, function, is_fixed):
    if "Pooling" in kind:
        variables = POOLING
    elif kind in VARIABLES:
        variables = VARIABLES[kind]
    else:
        variables = ("result", "param")
    entry = {"Precision": _precision(pick, variables, whole=not is_fixed)}
    types = entry["Precision"]
    types = entry["Precision"]
    if kind == "Dot" and isinstance(types, dict) and types.get("accum") == "auto":
        del types["accum"]  # hls4ml cannot infer it
    if pick.random() < 0.3:
        entry["ReuseFactor"] = pick.choice([1, 2, 4, 6, 8])
    if pick.random() < 0.2:
        entry["Strategy"] = pick.choice(["Resource", "Latency"])
    if pick.random() < 0.2:
        entry["TableSize"] = pick.choice([16, 64, 256, 512])
    if pick.random() < 0.2 and kind != "LayerNormalization":
        entry["table_t"] = random_format(pick)
    if kind in ("Conv1D", "Conv2D") and pick.random() < 0.2:
        entry["ParallelizationFactor"] = pick.choice([2, 3, 4])
    if kind == "Softmax" or function == "softmax":
        entry["Implementation"] = pick.choice(["stable", "latency", "legacy", "argmax"])
        if pick.random() < 0.3:
            entry["exp_table_t"] = random_format(pick)
        if pick.random() < 0.3:
            entry["inv_table_t"] = random_format(pick)
    return entry


def _precision(pick, variables, whole=True):
    """A type for all variables, or for some of them, or ``auto``."""
    if whole and pick.random() < 0.1:
        return random_format(pick, 14)
    found = {}
    for variable in variables:
        lot = pick.random()
        if lot < 0.6:
            found[variable] = random_format(pick, 14) if lot < 0.35 else "auto"
    return found
