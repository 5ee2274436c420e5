"""Mutants of merges, pooling, moves, look-ups and einsums (``python -m tests.mutants``)."""

from __future__ import annotations

from tests.mutation import of

CPP = "tests/generator/test_layers.py::test_layers_in_cpp"
MERGES, POOLING, MOVES = f"{CPP}[merges]", f"{CPP}[pooling]", f"{CPP}[moves]"
LOOKUPS, NORMALIZATIONS = f"{CPP}[lookups]", f"{CPP}[normalizations]"
MUTANTS = [
    *of(
        "emu/ops/merge.py",
        "tests/emu/test_grid_merge.py",
        ("maximum is minimum", "growth.add, np.maximum,", "growth.add, np.minimum,"),
        (
            "operands not aligned",
            "[aligned(view, f, exact) for view",
            "[aligned(view, f, f) for view",
        ),
        ("quotient not sticky", "(quotient * self.count != scaled)", "0"),
        ("average of two only", "quotient = scaled // self.count", "quotient = scaled // 2"),
        ("cyclic as numpy", "if self.cyclic:\n            a, b =", "if False:\n            a, b ="),
        ("subtract adds", "growth.subtract, np.subtract", "growth.subtract, np.add"),
    ),
    *of(
        "emu/ops/merge.py",
        MERGES,
        (
            "strides of the other input",
            'for which, name in ((1, "a"), (2, "b")):',
            'for which, name in ((2, "a"), (1, "b")):',
        ),
    ),
    *of(
        "emu/ops/dot.py",
        "tests/emu/test_grid_merge.py",
        (
            "products not cast",
            "terms = cast(roomy(a, product.width) * b, product, self.accum)",
            "terms = cast(roomy(a, product.width) * b, product, growth.add(product, self.accum))",
        ),
        (
            "sums not cast",
            "total = cast(roomy(total, wide.width) + terms[:, i], wide, self.accum)",
            "total = roomy(total, wide.width) + terms[:, i]",
        ),
        ("ternary product of -2", "np.where(b == -2, 1, b)", "np.where(b == -2, -1, b)"),
    ),
    *of(
        "emu/ops/concatenate.py",
        "tests/emu/test_grid_merge.py",
        (
            "joined along the last axis",
            "np.concatenate(parts, axis=1 + self.axis)",
            "np.concatenate(parts, axis=-1) if self.axis == parts[0].ndim - 2 else np.concatenate(parts[::-1], axis=1 + self.axis)",
        ),
        (
            "first input's format for both",
            "cast(x, v.format, self.result) for x, v in",
            "cast(x, values[0].format, self.result) for x, v in",
        ),
    ),
    *of(
        "emu/ops/pooling.py",
        "tests/emu/test_grid_pooling.py",
        (
            "padding of unsigned maxima",
            "if self.top_bit else 0\n        cells",
            "if not self.top_bit else 0\n        cells",
        ),
        (
            "padding of unsigned maxima in blocks",
            "if self.top_bit else 0\n        pad",
            "if not self.top_bit else 0\n        pad",
        ),
        ("sum cast once", "total = cast(step, wide, accum)", "total = step >> up"),
        (
            "quotient floored",
            "np.where(total < 0, -(-total // inside), total // inside)",
            "total // inside",
        ),
        ("padding counted", "if self.count_pad:", "if True:"),
        (
            "padding swapped",
            "np.pad(x, ((0, 0), *self.padding, (0, 0))",
            "np.pad(x, ((0, 0), *(p[::-1] for p in self.padding), (0, 0))",
        ),
        (
            "accumulator skipped",
            "else cast(most, source, self.accum)",
            "else cast(most, source, source)",
        ),
        (
            "fast path without proof",
            "if _keeps(accum, exact):",
            "if accum.frac >= exact.frac:",
        ),
        (
            "bound of an unsigned accumulator",
            "low = -accum.raw_max if accum.signed else 0",
            "low = -accum.raw_max",
        ),
    ),
    *of(
        "emu/ops/zero_padding.py",
        "tests/emu/test_grid_reshaping.py",
        (
            "after before before",
            "return np.pad(inside, ((0, 0), *self.padding))",
            "return np.pad(inside, ((0, 0), *(p[::-1] for p in self.padding)))",
        ),
    ),
    *of(
        "emu/ops/cropping.py",
        "tests/emu/test_grid_reshaping.py",
        (
            "one too early",
            "slice(before, n - after) for",
            "slice(max(before - 1, 0), n - after - (before > 0)) for",
        ),
    ),
    *of(
        "emu/ops/resize.py",
        "tests/emu/test_grid_reshaping.py",
        (
            "tiled",
            "np.repeat(y, self.factors[axis], 1 + axis)",
            "np.concatenate([y] * self.factors[axis], 1 + axis)",
        ),
    ),
    *of(
        "emu/ops/transpose.py",
        "tests/emu/test_grid_reshaping.py",
        (
            "inverse order",
            "return (0, *(1 + axis for axis in self.perm))",
            "return (0, *(1 + k for k in np.argsort(self.perm)))",
        ),
    ),
    *of(
        "emu/ops/embedding.py",
        "tests/emu/test_grid_lookup.py",
        (
            "whole rows only",
            "start = (roomy(inputs[0], width) * n_out) << max(-f.frac, 0)",
            "start = ((roomy(inputs[0], width) >> max(f.frac, 0) << max(f.frac, 0)) * n_out) << max(-f.frac, 0)",
        ),
        (
            "wraps beyond the table",
            "np.clip(places, 0, self.table.raw.size - 1)",
            "(places % self.table.raw.size)",
        ),
    ),
    *of(
        "emu/ops/unary_lut.py",
        "tests/emu/test_grid_lookup.py",
        (
            "signed order",
            "inputs[0] & (entries.size - 1)",
            "inputs[0] + values[0].format.signed * entries.size // 2",
        ),
    ),
    *of(
        "emu/ops/thresholds.py",
        "tests/emu/test_grid_lookup.py",
        (
            "binary strictly above",
            "self._above(x, values[0], self.high, equal=True), one, 0)",
            "self._above(x, values[0], self.high, equal=False), one, 0)",
        ),
        (
            "ternary at its low limit",
            "self._above(x, values[0], self.low, equal=False), 0,",
            "self._above(x, values[0], self.low, equal=True), 0,",
        ),
        (
            "limits not aligned",
            "right = aligned(limit.raw.reshape(-1), limit.format, wide)",
            "right = limit.raw.reshape(-1)",
        ),
        (
            "limits in blocks",
            "x.reshape(len(x), -1, limit.raw.size)",
            "x.reshape(len(x), limit.raw.size, -1).swapaxes(1, 2)",
        ),
    ),
    *of(
        "emu/ops/quantizer.py",
        "tests/emu/test_grid_lookup.py",
        (
            "one cast only",
            "cast(x[:, columns], values[0].format, format), format, self.result",
            "x[:, columns], values[0].format, self.result",
        ),
    ),
    *of(
        "emu/ops/layer_normalization.py",
        "tests/emu/test_grid_layer_normalization.py",
        (
            "mean not cast",
            "return cast(roomy(x, square.width) * y, square, self.accum)",
            "return cast(roomy(x, square.width) * y + 1, square, self.accum)",
        ),
        (
            "difference reversed",
            "d = cast(roomy(x, apart.width) - mean[..., None], apart, accum)",
            "d = cast(mean[..., None] - roomy(x, apart.width), apart, accum)",
        ),
        (
            "squares not cast",
            "variance = self._product(self._sum(self._product(d, d)), inverse)",
            "variance = self._product(self._product(self._sum(d), self._sum(d)), inverse)",
        ),
        ("span ignored", "self.table.size * self.span, self", "self.table.size, self"),
        (
            "index off by one",
            "np.clip(index, 0, self.table.size - 1)",
            "np.clip(index + 1, 0, self.table.size - 1)",
        ),
        (
            "sum cast once",
            "total = cast(roomy(total, wide.width) + x[..., i], wide, self.accum)",
            "total = roomy(total, wide.width) + x[..., i]",
        ),
        (
            "reciprocal rounded",
            "from_float(value, self.accum)",
            "from_float(np.round(value * 4) / 4, self.accum)",
        ),
    ),
    *of(
        "emu/tables.py",
        "tests/emu/test_grid_layer_normalization.py",
        (
            "root in double",
            "x = low + step * np.arange(size).astype(np.float32)",
            "x = low.astype(np.float64) + step.astype(np.float64) * np.arange(size)",
        ),
        (
            "quotient in single",
            "values = 1.0 / np.sqrt(x).astype(np.float64)",
            "values = np.float32(1) / np.sqrt(x)",
        ),
    ),
    *of(
        "hls_lib/merge.hpp",
        MERGES,
        ("quotient not sticky", "quotient += 1;", "quotient += 0;"),
        ("quotient toward zero", "quotient -= 1;", "quotient -= 0;"),
        (
            "minimum is maximum",
            "return above(b, a) ? convert<y_t>(a)",
            "return above(a, b) ? convert<y_t>(a)",
        ),
        ("axes mixed up", "i2 * s2 + i3 * s3", "i3 * s2 + i2 * s3"),
    ),
    *of(
        "hls_lib/dot.hpp",
        MERGES,
        ("product not cast", "const accum_t product = convert<accum_t>(", "const auto product = ("),
        ("ternary -2", "return b == -2 ? b_t(1) : b;", "return b;"),
    ),
    *of(
        "hls_lib/concatenate.hpp",
        MERGES,
        ("second first", "y[outer * n + CONFIG::n_a + i]", "y[outer * n + n - 1 - i]"),
        (
            "second not cast",
            "convert<y_t>(b[outer * CONFIG::n_b + i])",
            "from_raw<y_t>(raw_of(b[outer * CONFIG::n_b + i]))",
        ),
    ),
    *of(
        "hls_lib/pooling.hpp",
        POOLING,
        (
            "padding of unsigned maxima",
            "if (!format<x_t>::is_signed && !CONFIG::top_bit)",
            "if (!format<x_t>::is_signed && CONFIG::top_bit)",
        ),
        (
            "padding counted",
            "CONFIG::count_pad ? window_size : inside",
            "CONFIG::count_pad ? inside : window_size",
        ),
        (
            "stride of rows for columns",
            "const int j = column * CONFIG::stride_width",
            "const int j = column * CONFIG::stride_height",
        ),
    ),
    *of(
        "hls_lib/zero_padding.hpp",
        MOVES,
        (
            "row before",
            "at / plan::n_2 % plan::n_1 - CONFIG::before_1",
            "at / plan::n_2 % plan::n_1 - CONFIG::after_1",
        ),
    ),
    *of(
        "hls_lib/cropping.hpp",
        MOVES,
        ("column before", "at % CONFIG::left_2 + CONFIG::before_2", "at % CONFIG::left_2"),
    ),
    *of(
        "hls_lib/transpose.hpp",
        MOVES,
        (
            "strides swapped",
            "k2 * CONFIG::stride_2 + k3 * CONFIG::stride_3",
            "k2 * CONFIG::stride_3 + k3 * CONFIG::stride_2",
        ),
    ),
    *of(
        "hls_lib/layer_normalization.hpp",
        NORMALIZATIONS,
        (
            "squares not cast",
            "const accum_t square = convert<accum_t>(d[i] * d[i]);",
            "const auto square = d[i] * d[i];",
        ),
        (
            "mean added",
            "convert<accum_t>(convert<accum_t>(x[i]) - mean)",
            "convert<accum_t>(convert<accum_t>(x[i]) + mean)",
        ),
    ),
    *of(
        "hls_lib/thresholds.hpp",
        LOOKUPS,
        (
            "binary strictly above",
            "const bool below = above(from_raw<high_t>(high[i % CONFIG::n_high]), x[i]);",
            "const bool below = !above(x[i], from_raw<high_t>(high[i % CONFIG::n_high]));",
        ),
    ),
    *of(
        "hls_lib/embedding.hpp",
        LOOKUPS,
        (
            "wraps",
            "place > CONFIG::table_size - 1 ? CONFIG::table_size - 1",
            "place > CONFIG::table_size - 1 ? 0",
        ),
    ),
    *of(
        "emu/einsum.py",
        "tests/emu/test_grid_einsum.py",
        (
            "contracted in a's order",
            "contract = [x for x in right if x in left and x not in out]",
            "contract = [x for x in left if x in right and x not in out]",
        ),
    ),
    *of(
        "emu/ops/einsum.py",
        "tests/emu/test_grid_einsum.py",
        ("-2 is no ternary 1", "b = np.where(b == -2, 1, b)", "b = +b"),
        ("sums not put in place", "found[:, recipe.out.reshape(-1)] = cast(", "found[...] = cast("),
    ),
    *of(
        "emu/ops/einsum_dense.py",
        "tests/emu/test_grid_einsum.py",
        (
            "sums in the loops' order",
            "order = np.argsort(recipe.out.reshape(-1))",
            "order = np.arange(recipe.out.size)",
        ),
        (
            "begins at 0",
            "start=cast(self.bias.raw.reshape(-1),",
            "start=cast(0 * self.bias.raw.reshape(-1),",
        ),
    ),
    *of(
        "hls_lib/einsum.hpp",
        "tests/generator/test_grid_einsum.py::test_sums_in_cpp",
        (
            "products cast",
            "left * dot_factor<CONFIG::ternary>::of(right))",
            "convert<accum_t>(left * dot_factor<CONFIG::ternary>::of(right)))",
        ),
        (
            "b's place by its own length",
            "of_a / CONFIG::n_free_a * CONFIG::n_free_b",
            "of_a / CONFIG::n_free_b * CONFIG::n_free_b",
        ),
    ),
    *of(
        "hls_lib/einsum_dense.hpp",
        "tests/generator/test_grid_einsum.py::test_sums_in_cpp",
        (
            "products not cast",
            "const accum_t product = convert<accum_t>(element * factor);",
            "const auto product = element * factor;",
        ),
    ),
    *of(
        "generator/headers.py",
        "tests/test_extensions.py",
        (
            "own headers without those beside",
            "own[included] = found[name]\n            waiting.add(included)",
            "continue\n            waiting.add(included)",
        ),
    ),
    *of(
        "generator/project.py",
        "tests/test_extensions.py",
        ("own fields claim no names", "{*cxx.SUFFIXES, *fields}", "{*cxx.SUFFIXES}"),
    ),
    *of(
        "emu/ops/quantizer.py",
        "tests/emu/test_grid_lookup.py",
        (
            "formats in reverse",
            "in enumerate(self.formats):",
            "in enumerate(self.formats[::-1]):",
        ),
        (
            "elements without a format keep their value",
            "found = cast(zeros, self.result, self.result)",
            "found = cast(x, values[0].format, self.result)",
        ),
    ),
    *of(
        "emu/ops/thresholds.py",
        "tests/emu/test_grid_lookup.py",
        (
            "signs the other way",
            "ones = (from_fraction(1, self.result), from_fraction(-1, self.result))",
            "ones = (from_fraction(-1, self.result), from_fraction(1, self.result))",
        ),
    ),
    *of(
        "emu/ops/unary_lut.py",
        "tests/emu/test_grid_lookup.py",
        (
            "entries not cast",
            "entries = cast(self.table.raw.reshape(-1), self.table.format, self.result)",
            "entries = cast(self.table.raw.reshape(-1), self.result, self.result)",
        ),
        (
            "next entry",
            "inputs[0] & (entries.size - 1)]",
            "(inputs[0] + 1) & (entries.size - 1)]",
        ),
    ),
    *of(
        "emu/ops/embedding.py",
        "tests/emu/test_grid_lookup.py",
        (
            "entries not cast",
            "entries = cast(self.table.raw.reshape(-1), self.table.format, self.result)",
            "entries = cast(self.table.raw.reshape(-1), self.result, self.result)",
        ),
        (
            "one entry further",
            "+ np.arange(n_out)",
            "+ np.arange(1, n_out + 1)",
        ),
    ),
    *of(
        "emu/ops/zero_padding.py",
        "tests/emu/test_grid_reshaping.py",
        (
            "not cast",
            "inside = cast(inputs[0], values[0].format, self.result)",
            "inside = cast(inputs[0], self.result, self.result)",
        ),
    ),
    *of(
        "emu/ops/cropping.py",
        "tests/emu/test_grid_reshaping.py",
        (
            "not cast",
            "return cast(block, values[0].format, self.result)",
            "return cast(block, self.result, self.result)",
        ),
    ),
    *of(
        "emu/ops/resize.py",
        "tests/emu/test_grid_reshaping.py",
        (
            "not cast",
            "self._repeated(cast(inputs[0], values[0].format, self.result))",
            "self._repeated(cast(inputs[0], self.result, self.result))",
        ),
    ),
    *of(
        "emu/ops/transpose.py",
        "tests/emu/test_grid_reshaping.py",
        (
            "not cast",
            "return cast(turned, values[0].format, self.result)",
            "return cast(turned, self.result, self.result)",
        ),
    ),
    *of(
        "emu/ops/input.py",
        "tests/emu/test_grid_reshaping.py",
        (
            "axes in reverse",
            "return self.dimensions",
            "return self.dimensions[::-1]",
        ),
    ),
    *of(
        "hls_lib/quantizer.hpp",
        LOOKUPS,
        (
            "one cast only",
            "convert<y_t>(convert<format_t>(x))",
            "convert<y_t>(sizeof(format_t) > 0 ? x : x_t(0))",
        ),
        (
            "the format before",
            "return which == LEFT - 1",
            "return which + 1 == LEFT - 1",
        ),
        (
            "elements without a format keep their value",
            "of(const x_t &, int) { return y_t(0); }",
            "of(const x_t &x, int) { return convert<y_t>(x); }",
        ),
        (
            "every element takes the first number",
            "static_cast<int>(which[i])",
            "static_cast<int>(which[0])",
        ),
    ),
    *of(
        "hls_lib/unary_lut.hpp",
        LOOKUPS,
        (
            "next entry",
            "from_raw<typename CONFIG::table_t>(table[at])",
            "from_raw<typename CONFIG::table_t>(table[(at + 1) % CONFIG::table_size])",
        ),
        (
            "entries not cast",
            "convert<y_t>(from_raw<typename CONFIG::table_t>(table[at]))",
            "from_raw<y_t>(table[at])",
        ),
    ),
    *of(
        "hls_lib/embedding.hpp",
        LOOKUPS,
        (
            "entries not cast",
            "convert<y_t>(from_raw<typename CONFIG::table_t>(table[at]))",
            "from_raw<y_t>(table[at])",
        ),
        (
            "one entry further",
            "place = start + i;",
            "place = start + i + 1;",
        ),
        (
            "whole rows only",
            ">> largest(frac, 0);",
            ">> largest(frac, 0);\n        start = start / CONFIG::n_out * CONFIG::n_out;",
        ),
    ),
    *of(
        "hls_lib/thresholds.hpp",
        LOOKUPS,
        (
            "ternary at its low limit",
            "else if (above(x[i], from_raw<low_t>(low[i % CONFIG::n_low])))",
            "else if (!above(from_raw<low_t>(low[i % CONFIG::n_low]), x[i]))",
        ),
        (
            "every element has the first limit",
            "if (above(x[i], from_raw<high_t>(high[i % CONFIG::n_high])))",
            "if (above(x[i], from_raw<high_t>(high[0])))",
        ),
        (
            "sign of zero",
            "positive(x[i]) ? 1 : -1",
            "negative(x[i]) ? -1 : 1",
        ),
    ),
    *of(
        "hls_lib/resize.hpp",
        MOVES,
        (
            "rows tiled",
            "at / plan::n_2 % plan::n_1 / CONFIG::factor_1",
            "at / plan::n_2 % plan::n_1 % CONFIG::length_1",
        ),
        (
            "columns tiled",
            "at % plan::n_2 / CONFIG::factor_2",
            "at % plan::n_2 % CONFIG::length_2",
        ),
        (
            "not cast",
            "convert<y_t>(x[(i * CONFIG::length_1 + j) * CONFIG::length_2 + k])",
            "from_raw<y_t>(raw_of(x[(i * CONFIG::length_1 + j) * CONFIG::length_2 + k]))",
        ),
    ),
    *of(
        "hls_lib/cropping.hpp",
        MOVES,
        (
            "not cast",
            "convert<y_t>(x[(i * CONFIG::length_1 + j) * CONFIG::length_2 + k])",
            "from_raw<y_t>(raw_of(x[(i * CONFIG::length_1 + j) * CONFIG::length_2 + k]))",
        ),
    ),
    *of(
        "hls_lib/zero_padding.hpp",
        MOVES,
        (
            "not cast",
            "convert<y_t>(x[(i * CONFIG::length_1 + j) * CONFIG::length_2 + k])",
            "from_raw<y_t>(raw_of(x[(i * CONFIG::length_1 + j) * CONFIG::length_2 + k]))",
        ),
        (
            "the border repeated",
            " : y_t(0);",
            " : convert<y_t>(x[0]);",
        ),
    ),
    *of(
        "hls_lib/transpose.hpp",
        MOVES,
        (
            "not cast",
            "convert<y_t>(x[k0 * CONFIG::stride_0 + k1 * CONFIG::stride_1 +\n                               k2 * CONFIG::stride_2 + k3 * CONFIG::stride_3]);",
            "from_raw<y_t>(raw_of(x[k0 * CONFIG::stride_0 + k1 * CONFIG::stride_1 +\n                               k2 * CONFIG::stride_2 + k3 * CONFIG::stride_3]));",
        ),
    ),
    *of(
        "hls_lib/merge.hpp",
        MERGES,
        (
            "subtracted the other way",
            "convert<y_t>(a - b)",
            "convert<y_t>(b - a)",
        ),
        (
            "greater of equal codes",
            "return above(a, b) ? convert<y_t>(a) :",
            "return raw_of(a) > raw_of(b) ? convert<y_t>(a) :",
        ),
    ),
    *of(
        "hls_lib/dot.hpp",
        MERGES,
        (
            "sums wrap",
            "convert<accum_t>(sum + product)",
            "from_raw<accum_t>(raw_of(sum) + raw_of(product))",
        ),
        (
            "result reinterpreted",
            "convert<y_t>(sum)",
            "from_raw<y_t>(raw_of(sum))",
        ),
    ),
    *of(
        "hls_lib/pooling.hpp",
        POOLING,
        (
            "sums wrap",
            "convert<accum_t>(sum + x)",
            "from_raw<accum_t>(raw_of(sum) + raw_of(convert<accum_t>(x)))",
        ),
        (
            "quotient rounded down",
            "quotient = bits / cells;",
            "quotient = (bits - (bits < 0 ? cells - 1 : 0)) / cells;",
        ),
        (
            "greatest in its own type",
            "return convert<typename CONFIG::accum_t>(most);",
            "return from_raw<typename CONFIG::accum_t>(raw_of(most));",
        ),
        (
            "cells cast late",
            "bool EARLY = (CONFIG::order > 0)>",
            "bool EARLY = false>",
        ),
    ),
    *of(
        "hls_lib/layer_normalization.hpp",
        NORMALIZATIONS,
        (
            "next entry",
            "table[index]",
            "table[index + 1 < CONFIG::table_size ? index + 1 : 0]",
        ),
        (
            "product cast before the scale",
            "d[i] * root * from_raw",
            "convert<accum_t>(d[i] * root) * from_raw",
        ),
        (
            "elements summed in their own type",
            "sum + convert<accum_t>(x[i])",
            "sum + x[i]",
        ),
        (
            "every slice is the first",
            "from[i] = x[outer * CONFIG::n_slice + i];",
            "from[i] = x[i];",
        ),
    ),
    *of(
        "hls_lib/einsum.hpp",
        "tests/generator/test_grid_einsum.py::test_sums_in_cpp",
        (
            "result reinterpreted",
            "convert<y_t>(total)",
            "from_raw<y_t>(raw_of(total))",
        ),
    ),
    *of(
        "hls_lib/einsum_dense.hpp",
        "tests/generator/test_grid_einsum.py::test_sums_in_cpp",
        (
            "bias reinterpreted",
            "convert<accum_t>(from_raw<typename CONFIG::bias_t>(bias[sum]))",
            "from_raw<accum_t>(bias[sum])",
        ),
        (
            "begins with the bias of the first",
            "(bias[sum])",
            "(bias[0])",
        ),
        (
            "result reinterpreted",
            "convert<y_t>(total)",
            "from_raw<y_t>(raw_of(total))",
        ),
    ),
    *of(
        "hls_lib/time_distributed.hpp",
        "tests/generator/test_recurrent_models.py::test_each_step_in_cpp",
        (
            "every step is the first",
            "(x + step * CONFIG::n_step_in, x_now)",
            "(x, x_now)",
        ),
        (
            "steps in reverse",
            "y + step * CONFIG::n_step_out",
            "y + (CONFIG::n_steps - 1 - step) * CONFIG::n_step_out",
        ),
    ),
    *of(
        "emu/ops/slice.py",
        "tests/emu/test_grid_reshaping.py",
        (
            "backwards",
            "return slice(start, end if end >= 0 else None, step)",
            "return slice(end - step, None if 0 < step > start else start - step, -step)",
        ),
        (
            "not cast",
            "cast(self._taken(inputs[0]), values[0].format, self.result)",
            "cast(self._taken(inputs[0]), self.result, self.result)",
        ),
        (
            "columns first",
            "return taken.reshape(len(x), *self.target)",
            "return taken.swapaxes(1, -1).reshape(len(x), *self.target)",
        ),
        (
            "from the first element of the tensor",
            '"first": first,',
            '"first": first * 0,',
            f"{CPP}[moves]",
        ),
    ),
    *of(
        "hls_lib/slice.hpp",
        f"{CPP}[moves]",
        (
            "strides swapped",
            "k2 * CONFIG::stride_2 + k3 * CONFIG::stride_3",
            "k2 * CONFIG::stride_3 + k3 * CONFIG::stride_2",
        ),
        ("not cast", "convert<y_t>(x[", "from_raw<y_t>(x["),
    ),
    *of(
        "emu/ops/bilinear.py",
        "tests/emu/test_grid_bilinear.py",
        (
            "centres as if before",
            "(2 * phase + 1 < factor)",
            "(2 * phase + 1 <= factor)",
        ),
        (
            "the first line follows the last",
            "np.minimum(first + 1, n - 1)",
            "(first + 1) % n",
        ),
        (
            "neighbours swapped",
            "(one - share) * x.take(first, axis) + share * x.take(second, axis)",
            "share * x.take(first, axis) + (one - share) * x.take(second, axis)",
        ),
        (
            "last bit of the sum lost",
            "return cast(total, full, self.result)",
            "return cast(total >> 1 << 1, full, self.result)",
        ),
        (
            "neighbours of the sums swapped",
            "np.stack([(1 << item.format.frac) - share, share], axis=1)",
            "np.stack([share, (1 << item.format.frac) - share], axis=1)",
        ),
        (
            "channels of the sums reversed",
            "+ np.arange(channels)[:, None]",
            "+ np.arange(channels)[::-1, None]",
        ),
        (
            "corners on corners",
            "Fraction((2 * i + 1 - factor) % (2 * factor), 2 * factor)",
            "Fraction(i, factor)",
            "tests/emu/test_loading_slicing.py",
        ),
    ),
    *of(
        "hls_lib/bilinear.hpp",
        f"{CPP}[moves]",
        (
            "first line of the other half",
            "(2 * (at % FACTOR) + 1 < FACTOR ? 1 : 0)",
            "(2 * (at % FACTOR) + 1 < FACTOR ? 0 : 1)",
        ),
        (
            "neighbours swapped",
            "first + share * (second - first)",
            "second + share * (first - second)",
        ),
        ("phase of the line", "rows[i % CONFIG::n_rows]", "rows[i / CONFIG::in_height]"),
        (
            "pixels side by side for those below",
            "x + below + left,\n",
            "x + above + right,\n",
        ),
    ),
    *of(
        "emu/frontends/keras/slicing.py",
        "tests/emu/test_loading_slicing.py",
        ("from the other end", "item + n * (item < 0)", "abs(item)"),
        (
            "sizes in reverse",
            "parts = [rest if size == -1 else size for size in given]",
            "parts = [rest if size == -1 else size for size in given[::-1]]",
        ),
        (
            "integers keep their axis",
            "        if isinstance(item, slice):\n            target",
            "        if True:\n            target",
        ),
        ("unread parts stay", 'unread and layer.attributes.get("part")', "unread and False"),
    ),
    *of(
        "emu/frontends/keras/architecture.py",
        "tests/emu/test_loading_slicing.py",
        ("always the first output", "(item[0], int(item[2]))", "(item[0], 0)"),
    ),
    *of(
        "emu/precision/assign.py",
        "tests/emu/test_loading_slicing.py",
        (
            "types of the model on bilinear",
            'if config.found_precision(layer.name, layer.kind, variable)[1] == "Model":\n'
            "            layer.types[variable] = None",
            'if config.found_precision(layer.name, layer.kind, variable)[1] == "Model":\n'
            "            layer.types[variable] = config.default",
        ),
    ),
    *of(
        "emu/precision/infer.py",
        "tests/emu/test_loading_slicing.py",
        (
            "a bit short of the coefficients",
            "Format(1 + max(factors).bit_length(), 1",
            "Format(max(factors).bit_length(), 1",
        ),
    ),
]
