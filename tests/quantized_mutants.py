"""Mutants of binary and ternary layers and of exact sums (``python -m tests.mutants``)."""

from __future__ import annotations

from tests.mutation import of

LOADING = "tests/emu/test_loading_quantized.py"
DISTRIBUTED = "tests/emu/test_distributed.py"
STARTING = "tests/emu/test_starting_kinds.py"

MUTANTS = [
    *of(
        "emu/quantizers.py",
        LOADING,
        ("binary weights of 0 are -1", "values >= 0, 1.0, -1.0", "values > 0, 1.0, -1.0"),
        ("ternary weights of -0.5 are 0", "values <= -0.5", "values < -0.5"),
        ("ternary weights of 0.5 are 1", "values > 0.5", "values >= 0.5"),
    ),
    *of(
        "emu/passes/binary.py",
        LOADING,
        (
            "sums of signs in one bit less",
            "math.log2(len(weight))) + 2",
            "math.log2(len(weight))) + 1",
        ),
        (
            "trained biases stay",
            'layer.weights["bias"] = np.zeros_like(layer.weights["bias"])',
            "pass",
        ),
        (
            "thresholds behind sums keep their fraction's rounding up",
            "other.weights[name] = np.floor(limits)",
            "other.weights[name] = np.ceil(limits)",
        ),
        (
            "thresholds behind sums keep their type",
            "            other.types[name] = exact\n",
            "",
        ),
        ("bits are quantised once", "np.ones_like(weight)", "weight"),
        (
            "pooled bits are numbers",
            'return thresholds or bool(layer.attributes.get("signs"))',
            "return thresholds",
        ),
        ("pooled bits keep a wider type", '    layer.types["result"] = BIT\n', ""),
        ("unrolled code multiplies by bits of 0", "np.where(lost, 0.0, weight)", "weight"),
        (
            "what unrolled code leaves out counts nothing",
            "-lost.sum(axis=0).astype(np.float64)",
            "0 * lost.sum(axis=0).astype(np.float64)",
        ),
    ),
    *of(
        "emu/passes/batch_normalization.py",
        LOADING,
        (
            "an absent bias stays 0 where a norm is folded",
            'bias = quantizer(before.weights["bias"])',
            'bias = before.weights["bias"]',
        ),
    ),
    *of(
        "emu/passes/distributed.py",
        DISTRIBUTED,
        ("biases keep what lies below 2**-32", "np.trunc(np.ldexp", "np.array(np.ldexp"),
        ("biases are floored", "np.trunc(np.ldexp", "np.floor(np.ldexp"),
        (
            "weights in the configuration's type",
            'layer.types |= {"weight": _exact(weight), "bias": _exact(bias)}',
            'layer.types |= {"bias": _exact(bias)}',
        ),
        (
            "biases in the configuration's type",
            'layer.types |= {"weight": _exact(weight), "bias": _exact(bias)}',
            'layer.types |= {"weight": _exact(weight)}',
        ),
        (
            "accum without the largest sum's bit",
            "return _of(frac, [top, -top])",
            "return _of(frac, [top // 2, -top // 2])",
        ),
        (
            "accum with a bit too many",
            "return _of(frac, [top, -top])",
            "return _of(frac, [top * 2, -top * 2])",
        ),
        ("any reuse factor", "    if reuse != 1:", "    if False:"),
        ("integers too", "    if x.is_integer:", "    if False:"),
    ),
    *of(
        "emu/starting.py",
        STARTING,
        (
            "automatic types of ternary weights",
            '("weight", "bias"), "int<2>")',
            '("weight", "bias"), "auto")',
        ),
        ("reuse factors of quantisers", "_NO_REUSE = (*_HGQ, ", "_NO_REUSE = ("),
    ),
]
