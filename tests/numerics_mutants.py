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
        ("selu without its scale", "_between(_SELU * low, 0)[0]", "low"),
        ("ends never meet", "low + (low * low * x.numerator != square)", "low + 3"),
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
        f"{CPP}[relu1]",
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
        ("text all the same", "attributes.get(\"direct_weights\")", "attributes.get(\"\")"),
        ("direct by default", "attributes.get(\"direct_weights\")", "name or True"),
        ("libm's table always", "return exact if draft.meets(", "return copied if draft.meets("),
        ("-2 stays by default", "np.where(twos, 1, found.raw)", "found.raw", LAYERS),
        (
            "-2 acts as 1 anyhow",
            "        return found\n    return Constant(np",
            "        pass\n    return Constant(np",
            LAYERS,
        ),
    ),
    *of(
        "emu/lower/activation.py",
        ONE,
        ("threshold of 1", "np.array(k / 2)) for k in (1, -1)", "np.array(k / 2)) for k in (2, -2)"),
        ("clamped below a table's end", "_REACH = 6", "_REACH = 3"),
        ("selu's constant in x's type", "source if other else", "source if stream else"),
        ("limit rounded down", "round(most / x.lsb)", "floor(most / x.lsb) - 1"),
    ),
    *of(
        "emu/lower/softmax.py",
        ONE,
        ("differences wrap", "overflow=Overflow.SAT", "overflow=Overflow.WRAP"),
        ("sizes of a stream", "sizes = (exp_size, inverse_size)", "sizes = (1024, 1024)"),
    ),
    *of(
        "emu/precision/assign.py",
        ONE,
        ("accum stays the default", 'layer.types["accum"] = SOFTMAX_TABLE', "pass"),
        ("strategy stays idle", 'layer.attributes["implementation"] = strategy', "pass"),
        ("types of tables dropped", "return found if corrected else None", "return None"),
    ),
    *of(
        "emu/lower/merge.py",
        LAYERS,
        ("cyclic all the same", "    return corrected\n", "    return False\n"),
    ),
    *of(
        "emu/lower/pooling.py",
        LAYERS,
        ("padding wins", "top_bit = not draft.meets(", "top_bit = True or draft.meets("),
        ("padding never wins", "padded, top_bit = any(map(any, attributes[\"padding\"])), True",
         "padded, top_bit = False, False"),
        ("streams cast first", '        return "cells"\n    return', '        pass\n    return'),
    ),
    *of(
        "emu/lower/lookup.py",
        LAYERS,
        ("power of ten", "        epsilon = nearest\n", "        pass\n"),
        ("range of 1", "return -reach", "return 0"),
        ("fraction kept", "Format(integer, integer, x.signed)", "Format(x.width, x.integer, x.signed)"),
    ),
    *of(
        "emu/frontends/keras/convolution.py",
        LAYERS,
        ("dilation dropped", "return reader.draft.meets(\"dilation\", entry.name, effect)",
         "return not reader.draft.meets(\"dilation\", entry.name, effect)"),
        ("padded as dense", "size = tuple((cells - 1) * step + 1", "size = tuple((cells - 1) + 1"),
        ("causal as same", "                before = size[0] - 1\n", "                pass\n"),
    ),
    *of(
        "emu/passes/batch_normalization.py",
        LAYERS,
        ("scales of other channels", ".reshape(*weight.shape[:-2], -1) * scale", " * scale[::-1, None]"),
    ),
    *of(
        "emu/passes/thresholds.py",
        LAYERS,
        ("rounded down", 'ceil(limit) if function == "binary_tanh"', 'floor(limit) if function == "binary_tanh"'),
        ("negative scales merge", "not np.all(before.weights[\"scale\"] > 0)", "False"),
        ("other readers lose it", "if readers or", "if"),
    ),
    *of(
        "emu/passes/transpose.py",
        LAYERS,
        ("removed in any order", "    if wrong and draft.meets(", "    if False and draft.meets("),
        ("one channel in any order", "if draft.config.corrected and (moved", "if False and (moved"),
    ),
    *of(
        "emu/lower/recurrent.py",
        RECURRENT,
        ("forward", 'back = bool(layer.attributes.get("go_backwards"))', "back = False"),
        ("states forgotten", "initial_state=states,", "initial_state=False,"),
    ),
    *of(
        "emu/passes/recurrent.py",
        RECURRENT,
        ("one factor for both", "if own else reuse)", "if False else reuse)"),
        ("three gates", "legal = [legal_reuse_factors(*shape) for shape in shapes]\n        if",
         "legal = [legal_reuse_factors(n, 6) for n, _ in shapes]\n        if"),
    ),
    *of(
        "emu/passes/binary.py",
        RECURRENT,
        ("bias dropped", "if draft.meets(\"binary_bias\", layer.name, effect):", "if False:"),
        ("bits left out", "if draft.meets(\"unrolled_bits\", layer.name, effect):", "if False:"),
    ),
    *of(
        "emu/text.py",
        ONE,
        ("JSON forgets the defects", "tuple(Met.of(fields) for fields in", "tuple(() for fields in"),
    ),
]  # fmt: skip
