"""Mutants of corrected numerics and of hls4ml's copied ones (``python -m tests.mutants``)."""

from __future__ import annotations

from tests.mutation import of

ONE = "tests/emu/test_numerics.py"
LAYERS = "tests/emu/test_numerics_layers.py"
RECURRENT = "tests/emu/test_numerics_recurrent.py"
TABLES = "tests/emu/test_rounded_tables.py"
GRID = "tests/emu/test_grid_activation.py::test_every_input_of_every_format[bounded_relu]"
CPP = "tests/generator/test_grid_activation.py::test_activations_in_cpp"

MUTANTS = [
    *of(
        "emu/rounded_tables.py",
        TABLES,
        ("exponentials to few digits", "(bits + 1.5 * max(x, 0)) * 0.302", "bits * 0.1"),
        ("the lower end decides", "if low == high or raw ==", "if True or raw =="),
        ("float64 decides", "(raw == from_float(high, format)) &", "(raw == raw) &"),
        ("tanh of x", "_exp(2 * x, bits)", "_exp(x, bits)"),
        ("selu without its scale", 'Fraction("1.0507009873554804934193349852946")', "1"),
        (
            "root too large",
            "low = isqrt(square // x.numerator)",
            "low = isqrt(square // x.numerator) + 2**70",
        ),
        ("1 / 0 wraps", "[format.raw_max]", "[0]"),
        ("signed codes as unsigned", "codes = [i - size if format.signed", "codes = [i if True"),
        ("exp of the other sign", "(-1 if negative else 1)", "(1 if negative else -1)"),
    ),
    *of(
        "emu/ops/activation.py",
        GRID,
        ("slope from 0", "below = cast(moved * ", "below = cast(x * "),
        ("limit not cast", "limit.format, op.result)[0]", "op.result, op.result)[0]"),
        ("limit at theta", "np.where(_above(x, f, bound *", "np.where(_above(x, f, least *"),
        ("theta forgotten", "_above(x, f, least * theta.format.lsb), above", "x > 0, above"),
    ),
    *of(
        "hls_lib/activation.hpp",
        f"{CPP}[relu6]",
        ("limit not taken", "above(x[i], most) ? convert<y_t>(most)", "false ? convert<y_t>(most)"),
        ("slope from 0", "factor * (x[i] - least)", "factor * x[i]"),
    ),
    *of(
        "emu/ops/layer_normalization.py",
        f"{LAYERS}::test_layer_normalization_range",
        ("reach ignored", "self.table.size * self.span, self.reach)", "self.table.size, 1)"),
    ),
    *of(
        "emu/lower/common.py",
        ONE,
        (
            "text all the same",
            'attributes.get("direct_weights")',
            'attributes.get("")',
            f"{ONE}::test_weight_text",
        ),
        (
            "direct by default",
            'attributes.get("direct_weights")',
            "name or True",
            f"{ONE}::test_weight_text",
        ),
        (
            "libm's table always",
            "return exact if draft.meets(",
            "return copied if draft.meets(",
            f"{ONE}::test_libm_tables",
        ),
        (
            "-2 stays by default",
            "np.where(twos, 1, found.raw)",
            "found.raw",
            f"{LAYERS}::test_ternary_minus_two",
        ),
        (
            "-2 acts as 1 anyhow",
            "        return found\n    return Constant(np",
            "        pass\n    return Constant(np",
            f"{LAYERS}::test_ternary_minus_two",
        ),
    ),
    *of(
        "emu/lower/activation.py",
        ONE,
        (
            "threshold of 1",
            "np.array(k / 2)) for k in (1, -1)",
            "np.array(k / 2)) for k in (2, -2)",
            f"{ONE}::test_ternary_tanh",
        ),
        (
            "clamped below a table's end",
            "_REACH = 6",
            "_REACH = 3",
            f"{ONE}::test_table_index_wrap",
        ),
        (
            "selu's constant in x's type",
            "source if other else",
            "source if stream else",
            f"{ONE}::test_selu_stream",
        ),
        (
            "limit rounded down",
            "round(most / x.lsb)",
            "floor(most / x.lsb) - 1",
            f"{ONE}::test_relu_arguments",
        ),
    ),
    *of(
        "emu/lower/softmax.py",
        ONE,
        (
            "differences wrap",
            "overflow=Overflow.SAT",
            "overflow=Overflow.WRAP",
            f"{ONE}::test_softmax_difference",
        ),
        (
            "sizes of a stream",
            "sizes = (exp_size, inverse_size)",
            "sizes = (1024, 1024)",
            f"{ONE}::test_softmax_table_size",
        ),
    ),
    *of(
        "emu/precision/assign.py",
        ONE,
        (
            "accum stays the default",
            'layer.types["accum"] = SOFTMAX_TABLE',
            "pass",
            f"{ONE}::test_softmax_accum",
        ),
        (
            "strategy stays idle",
            'layer.attributes["implementation"] = strategy',
            "pass",
            f"{ONE}::test_softmax_strategy",
        ),
        (
            "types of tables dropped",
            "return found if corrected else None",
            "return None",
            f"{ONE}::test_table_precision",
        ),
    ),
    *of(
        "emu/lower/merge.py",
        LAYERS,
        (
            "cyclic all the same",
            "    return corrected\n",
            "    return False\n",
            f"{LAYERS}::test_merge_broadcast",
        ),
    ),
    *of(
        "emu/lower/pooling.py",
        LAYERS,
        (
            "padding wins",
            "top_bit = not draft.meets(",
            "top_bit = True or draft.meets(",
            f"{LAYERS}::test_max_padding",
        ),
        (
            "padding never wins",
            'padded, top_bit = any(map(any, attributes["padding"])), True',
            "padded, top_bit = False, False",
            f"{LAYERS}::test_max_padding",
        ),
        (
            "streams cast first",
            '        return "cells"\n    return',
            "        pass\n    return",
            f"{LAYERS}::test_pooling_order",
        ),
    ),
    *of(
        "emu/lower/lookup.py",
        LAYERS,
        (
            "power of ten",
            "        epsilon = nearest\n",
            "        pass\n",
            f"{LAYERS}::test_layer_normalization_epsilon",
        ),
        ("range of 1", "return -reach", "return 0", f"{LAYERS}::test_layer_normalization_range"),
        (
            "fraction kept",
            "Format(integer, integer, x.signed)",
            "Format(x.width, x.integer, x.signed)",
            f"{LAYERS}::test_embedding_fraction",
        ),
    ),
    *of(
        "emu/frontends/keras/convolution.py",
        LAYERS,
        (
            "dilation dropped",
            'return reader.draft.meets("dilation", entry.name, effect)',
            'return not reader.draft.meets("dilation", entry.name, effect)',
            f"{LAYERS}::test_dilation",
        ),
        (
            "padded as dense",
            "size = tuple((cells - 1) * step + 1",
            "size = tuple((cells - 1) + 1",
            f"{LAYERS}::test_dilation",
        ),
        (
            "causal as same",
            "                before = size[0] - 1\n",
            "                pass\n",
            f"{LAYERS}::test_causal_stride",
        ),
    ),
    *of(
        "emu/passes/batch_normalization.py",
        LAYERS,
        (
            "scales of other channels",
            ".reshape(*weight.shape[:-2], -1) * scale",
            " * scale[::-1, None]",
            f"{LAYERS}::test_depthwise_fold",
        ),
    ),
    *of(
        "emu/passes/thresholds.py",
        LAYERS,
        (
            "rounded down",
            'ceil(limit) if function == "binary_tanh"',
            'floor(limit) if function == "binary_tanh"',
            f"{LAYERS}::test_quantized_tanh",
        ),
        (
            "negative scales merge",
            'not np.all(before.weights["scale"] > 0)',
            "False",
            f"{LAYERS}::test_negative_scales_stay_a_batch_norm",
        ),
        (
            "other readers lose it",
            "if readers or",
            "if",
            f"{LAYERS}::test_other_readers_of_a_batch_norm",
        ),
    ),
    *of(
        "emu/passes/transpose.py",
        LAYERS,
        (
            "removed in any order",
            "    if wrong and draft.meets(",
            "    if False and draft.meets(",
            f"{LAYERS}::test_transpose_flatten",
        ),
        (
            "one channel in any order",
            "if draft.config.corrected and (moved",
            "if False and (moved",
            f"{LAYERS}::test_transpose_one_channel",
        ),
    ),
    *of(
        "emu/lower/recurrent.py",
        RECURRENT,
        (
            "forward",
            'back = bool(layer.attributes.get("go_backwards"))',
            "back = False",
            f"{RECURRENT}::test_go_backwards",
        ),
    ),
    *of(
        "emu/frontends/keras/recurrent.py",
        f"{RECURRENT}::test_initial_state",
        ("states forgotten", "inputs if keeps_states else inputs[:1],", "inputs[:1],"),
    ),
    *of(
        "emu/passes/recurrent.py",
        RECURRENT,
        (
            "one factor for both",
            "if own else reuse)",
            "if False else reuse)",
            f"{RECURRENT}::test_recurrent_reuse",
        ),
        (
            "three gates",
            "legal = [legal_reuse_factors(*shape) for shape in shapes]\n        if",
            "legal = [legal_reuse_factors(n, 6) for n, _ in shapes]\n        if",
            f"{RECURRENT}::test_bidirectional_reuse",
        ),
    ),
    *of(
        "emu/passes/binary.py",
        RECURRENT,
        (
            "bias dropped",
            'if draft.meets("binary_bias", layer.name, effect):',
            "if False:",
            f"{RECURRENT}::test_binary_bias",
        ),
        (
            "bits left out",
            'if draft.meets("unrolled_bits", layer.name, effect):',
            "if False:",
            f"{RECURRENT}::test_unrolled_bits",
        ),
    ),
    *of(
        "emu/text.py",
        ONE,
        (
            "JSON forgets the defects",
            "tuple(Met.of(fields) for fields in",
            "tuple(() for fields in",
            f"{ONE}::test_weight_text",
        ),
    ),
]
