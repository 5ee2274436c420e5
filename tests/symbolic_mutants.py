"""Mutants of symbolic expressions and spiking layers (``python -m tests.mutants``)."""

from __future__ import annotations

from tests.mutation import of

SYMBOLIC = "tests/emu/test_grid_symbolic.py"
SYMBOLIC_CPP = "tests/generator/test_grid_symbolic.py::test_expressions_in_cpp[io_parallel]"
FRONTEND = "tests/emu/test_symbolic.py"
SPIKING = "tests/emu/test_grid_spiking.py"
SPIKING_CPP = "tests/generator/test_grid_spiking.py::test_spiking_layers_in_cpp[io_stream]"

MUTANTS = [
    *of(
        "emu/ops/symbolic.py",
        SYMBOLIC,
        (
            "arguments not cast to the table's type",
            "steps = (argument.cast(start.format) - start) * scale",
            "steps = (argument - start) * scale",
        ),
        (
            "indices not from the start",
            "steps = (argument.cast(start.format) - start) * scale",
            "steps = argument.cast(start.format) * scale",
        ),
        (
            "indices floored",
            "index = int_steps(steps.raw, steps.format, 1, 1)",
            "index = np.asarray(steps.raw >> max(steps.format.frac, 0), dtype=np.int64)",
        ),
        (
            "indices of any width",
            "index = int_steps(steps.raw, steps.format, 1, 1)",
            "index = np.asarray(np.clip([int(a * steps.format.lsb) for a in steps.raw],"
            " -(2**62), 2**62), dtype=np.int64)",
        ),
        (
            "the last sample is never read",
            "0, table.size - 1)], table.format",
            "0, table.size - 2)], table.format",
        ),
        (
            "quotients by zero are one step",
            "np.where(zero, 0, found.raw)",
            "np.where(zero, 1, found.raw)",
        ),
        (
            "coefficients in the input's format",
            "self.op.coefficients.raw.reshape(-1)[at : at + 1], self.op.coefficients.format",
            "self.op.coefficients.raw.reshape(-1)[at : at + 1], Format(40, 38)",
        ),
        ("minus is plus", "return left - b if", "return left + b if"),
        (
            "results in the first one's place",
            "for text in self.expressions:\n            y = fold(text, meaning)",
            "for text in self.expressions:\n            y = fold(self.expressions[0], meaning)",
        ),
        (
            "look-ups in the second one's table",
            "table = op.samples[k]\n",
            "table = op.samples[-1]\n",
        ),
    ),
    *of(
        "emu/frontends/symbolic.py",
        FRONTEND,
        (
            "positions not cast",
            "step, scale = ((end - start) / count).cast(format), (count / span).cast(_SCALE)",
            "step, scale = (end - start) / count, (count / span).cast(_SCALE)",
        ),
        (
            "scale of the exact length",
            "span = (end - start).cast(format)",
            "span = end - start",
        ),
        (
            "fractions rounded once",
            "Fraction(float(int(number.p)) / float(int(number.q)))",
            "Fraction(int(number.p), int(number.q))",
        ),
        (
            "powers of one factor less",
            "[base] * int(count)",
            "[base] * (int(count) - 1)",
        ),
    ),
    *of(
        "hls_lib/symbolic.hpp",
        SYMBOLIC_CPP,
        (
            "quotients without the divisor's fraction",
            "whole<bits>(raw_of(a)) << made::shift, below",
            "(whole<bits>(raw_of(a)) >> 1) << made::shift, below",
        ),
        (
            "quotients by zero are one",
            "        return 0;\n    const natural",
            "        return 1;\n    const natural",
        ),
        (
            "quotients of positive sign",
            "(above < 0) != (below < 0) ? whole<bits + 1>(-size) : size",
            "above < 0 ? whole<bits + 1>(-size) : size",
        ),
        (
            "the last digit of a long quotient is 0",
            "found[k] = 1;",
            "found[k] = k > 0;",
        ),
        (
            "arguments not cast to the table's type",
            "int_steps<1, 1>((convert<T>(x) - start) * scale)",
            "int_steps<1, 1>((x - start) * scale)",
        ),
        (
            "samples of the next place",
            "samples[clamped<SIZE>(index)]",
            "samples[clamped<SIZE>(index + 1)]",
        ),
        (
            "minus of the bits",
            "(bits(-bits(raw_of(x))))",
            "(bits(~bits(raw_of(x))))",
        ),
    ),
    *of(
        "generator/cxx.py",
        SYMBOLIC_CPP,
        (
            "every look-up has the first one's start",
            'f"bw::from_raw<{key}_t>({key}[{k}])"',
            'f"bw::from_raw<{key}_t>({key}[0])"',
        ),
        (
            "operands in the other order",
            'return f"bw::divided({a}, {b})" if symbol',
            'return f"bw::divided({b}, {a})" if symbol',
        ),
    ),
    *of(
        "emu/ops/spiking.py",
        SPIKING,
        ("a spike above the threshold only", "(above >= 0).astype", "(above > 0).astype"),
        (
            "inputs not cast to the membrane",
            "cast(x, f, m), wide, m)  # type: ignore",
            "cast(x, f, Format(f.width, f.width - m.frac)), wide, m)  # type: ignore",
        ),
        (
            "leaks not cast to the membrane",
            "beta.raw.reshape(-1), product, m)",
            "beta.raw.reshape(-1), product, Format(m.width, m.integer, m.signed))",
        ),
        (
            "a reset that is not cast",
            "cast(above, apart, m)",
            "cast(above, apart, Format(m.width, m.integer, m.signed))",
        ),
        ("a reset to zero subtracts", 'after = 0 if self.reset == "zero" else', "after ="),
        (
            "the potential is not reset",
            "v = np.where(spikes, after, v)\n        return",
            "v = v\n        return",
        ),
        (
            "the last of equals",
            "best: npt.NDArray[np.int64] = np.argmax(state, axis=1)",
            "best = state.shape[1] - 1 - np.argmax(state[:, ::-1], axis=1)",
        ),
        (
            "classes above the threshold",
            "state >= self.class_threshold",
            "state > self.class_threshold",
        ),
        (
            "the class with the most of those that reached",
            "np.argmax(reached, axis=1), best)",
            "best, best)",
        ),
        (
            "only positive inputs are spikes",
            "(x != 0).sum(axis=1).astype(np.int64)",
            "(x > 0).sum(axis=1).astype(np.int64)",
        ),
        (
            "first less second",
            "roomy(state[:, 1:], wide.width) - state[:, :1]",
            "roomy(state[:, :1], wide.width) - state[:, 1:]",
        ),
    ),
    *of(
        "hls_lib/spiking.hpp",
        SPIKING_CPP,
        (
            "a spike above the threshold only",
            "const bool spike = !above(limit, now);",
            "const bool spike = above(now, limit);",
        ),
        (
            "a reset of the whole potential",
            "v[i] = convert<M>(now - limit);",
            "v[i] = convert<M>(now - now);",
        ),
        ("a reset to zero subtracts", "else if (CONFIG::reset_to_zero)", "else if (false)"),
        (
            "leaks not cast to the membrane",
            "return convert<M>(from_raw<typename CONFIG::beta_t>(beta[i % CONFIG::n_beta]) * v);",
            "return from_raw<M>(raw_of(from_raw<typename CONFIG::beta_t>(beta[i % CONFIG::n_beta]) * v));",
        ),
        ("one threshold for all", "threshold[i % CONFIG::n_threshold]", "threshold[0]"),
        ("the last of equals", "if (above(v[i], most))", "if (!above(most, v[i]))"),
        (
            "classes above the threshold",
            "if (!above(whole<33>(CONFIG::class_threshold), v[i]))",
            "if (above(v[i], whole<33>(CONFIG::class_threshold)))",
        ),
        ("only positive inputs are spikes", "if (raw_of(x) != 0)", "if (positive(x))"),
        ("first less second", "convert<y_t>(v[1] - v[0])", "convert<y_t>(v[0] - v[1])"),
    ),
    *of(
        "generator/templates/stream/layers.h.j2",
        SPIKING_CPP,
        (
            "potentials that are not 0 at first",
            "    bw::rest<{{ channels }}>(state);\n",
            "    bw::rest<{{ channels }}>(state);\n    state[0] = 1;\n",
        ),
    ),
]
