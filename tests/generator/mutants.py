"""Mutants of the C++ and of what writes it, each with its test (``python -m tests.mutants``)."""

from __future__ import annotations

from tests import mutation

ACTIVATION = "test_grid_activation.py::test_activations_in_cpp"
SUMS = "test_grid_dense.py::test_sums_in_cpp"
SOFTMAX = "test_grid_softmax.py::test_softmax_in_cpp"
FIRMWARE = "test_firmware.py"
CONVOLUTION = "test_grid_convolution.py::test_convolutions_in_cpp"
PICTURE = "test_stream.py::TestBits::test_every_kind_of_layer_on_a_picture"
GRIDS = "test_stream.py::TestBits::test_the_grids_through_streams"
ORDER = "test_project.py::TestOrder"
RECURRENT = "test_grid_recurrent.py::test_recurrent_layers_in_cpp"


def of(path, *changes):
    """Mutants as ``(label, old, new, test)``, the test without its folder."""
    return mutation.of(
        path, "", *[(*change[:3], f"tests/generator/{change[3]}") for change in changes]
    )


MUTANTS = [
    *of(
        "hls_lib/recurrent.hpp",
        (
            "products of the state's cell cast one by one",
            "convert<y_t>(gate[2 * n + k] * gate[k] + state[1][k] * gate[n + k])",
            "convert<y_t>(convert<y_t>(gate[2 * n + k] * gate[k]) + state[1][k] * gate[n + k])",
            RECURRENT,
        ),
        (
            "output from the accumulator's copy of the state",
            "state_activation<CONFIG, n>::of(state[1], seen, table);",
            "for (int k = 0; k < n; k++) q[k] = convert<A>(state[1][k]);\n"
            "        state_activation<CONFIG, n>::of(q, seen, table);",
            RECURRENT,
        ),
        (
            "1 - z in the gate's own bits",
            "g[k] * (whole<2>(1) - z[k])",
            "g[k] * convert<A>(whole<2>(1) - z[k])",
            RECURRENT,
        ),
        (
            "sums of the gates uncast",
            "y[i] = convert<A>(p[i] + q[i]);",
            "y[i] = from_raw<A>(raw_of(p[i]) + raw_of(q[i]));",
            RECURRENT,
        ),
        (
            "reset product reinterpreted",
            "q[2 * n + k] = convert<A>(gate[n + k] * q[2 * n + k]);",
            "q[2 * n + k] = convert<A>(convert<y_t>(gate[n + k] * q[2 * n + k]));",
            RECURRENT,
        ),
        (
            "state's product in the input's order",
            "static const int steps = CONFIG::recurrent_steps, interleave ="
            " CONFIG::recurrent_interleave;",
            "static const int steps = n_in, interleave = 1;",
            RECURRENT,
        ),
        (
            "gates over the range of a sigmoid",
            "look_up<recurrent_activation_table<CONFIG, SIZE>, SPAN>",
            "look_up<recurrent_activation_table<CONFIG, SIZE>, 16>",
            RECURRENT,
        ),
        (
            "backward from the step before the last",
            "CONFIG::go_backwards ? CONFIG::n_steps - 1 - step : step",
            "CONFIG::go_backwards ? (2 * CONFIG::n_steps - 2 - step) % CONFIG::n_steps : step",
            RECURRENT,
        ),
        (
            "outputs never aligned",
            "CONFIG::aligned ? position : step",
            "step",
            RECURRENT,
        ),
        (
            "given state without its cast",
            "state[k] = convert<y_t>(given[k]);",
            "state[k] = from_raw<y_t>(raw_of(given[k]));",
            RECURRENT,
        ),
    ),
    *of(
        "generator/calls.py",
        (
            "recurrent weights input by input",
            'raws["recurrent_weight"] = op.recurrent_weight.raw.T',
            'raws["recurrent_weight"] = op.recurrent_weight.raw',
            RECURRENT,
        ),
    ),
    *of(
        "hls_lib/platform.hpp",
        (
            "integers straight from values without integer bits",
            "typedef typename common<X, whole<2>>::type wide;\n        return R(wide(x));",
            "return R(x);",
            f"{ACTIVATION}[linear]",
        ),
        (
            "comparison of mixed signs",
            "typedef typename common<A, B>::type wide;\n    return wide(x) > wide(y);",
            "return x > y;",
            f"{ACTIVATION}[linear]",
        ),
        (
            "table address rounded down",
            "const bool minus = scaled < 0;",
            "const bool minus = false;",
            f"{ACTIVATION}[linear]",
        ),
        (
            "table address saturates at 32 bits",
            "return whole<32>(steps).to_int();",
            "return above(steps, whole<32>(0x7fffffff)) ? 0x7fffffff : whole<32>(steps).to_int();",
            f"{ACTIVATION}[linear]",
        ),
        (
            "first table entry never read",
            "return index < 0 ? 0 :",
            "return index < 1 ? 1 :",
            f"{ACTIVATION}[linear]",
        ),
        (
            "low bits address the softmax table",
            "x.range(width - 1, width - bits)",
            "x.range(bits - 1, 0)",
            SOFTMAX,
        ),
    ),
    *of(
        "hls_lib/dense.hpp",
        (
            "product added before it is cast",
            "convert<accum_t>(accum[out] + product)",
            "convert<accum_t>(accum[out] + x[in] *"
            " from_raw<typename CONFIG::weight_t>(weight[flat]))",
            f"{SUMS}[accumulators]",
        ),
        (
            "last input forgotten",
            "accum[out] = convert<accum_t>(accum[out] + product);",
            "if (in + 1 < plan::n_in || plan::n_in == 1)"
            " accum[out] = convert<accum_t>(accum[out] + product);",
            f"{SUMS}[accumulators]",
        ),
        (
            "lanes of one output in reverse",
            "for (int lane = 0; lane < plan::lanes; lane++) {",
            "for (int lane = plan::lanes - 1; lane >= 0; lane--) {",
            f"{SUMS}[orders]",
        ),
        (
            "ascending order for every strategy",
            "static const int steps = CONFIG::steps < n_in ? CONFIG::steps : n_in;",
            "static const int steps = n_in;",
            f"{SUMS}[orders]",
        ),
        (
            "bias wrapped before it is cast",
            "convert<typename CONFIG::accum_t>(from_raw<typename CONFIG::bias_t>(bias[j]))",
            "from_raw<typename CONFIG::accum_t>(bias[j])",
            f"{SUMS}[accumulators]",
        ),
        (
            "accumulator reinterpreted as the result",
            "y[j] = convert<y_t>(accum[j]);",
            "y[j] = from_raw<y_t>(raw_of(accum[j]));",
            f"{SUMS}[kinds]",
        ),
    ),
    *of(
        "hls_lib/batch_normalization.hpp",
        (
            "product cast before the bias",
            "convert<y_t>(x[i] * from_raw<typename CONFIG::scale_t>(scale[k]) +",
            "convert<y_t>(convert<y_t>(x[i] * from_raw<typename CONFIG::scale_t>(scale[k])) +",
            f"{SUMS}[batch_normalization]",
        ),
        (
            "channels in blocks",
            "const int k = i % CONFIG::n_scale_bias;",
            "const int k = i / (CONFIG::n_in / CONFIG::n_scale_bias);",
            f"{SUMS}[batch_normalization]",
        ),
    ),
    *of(
        "hls_lib/activation.hpp",
        (
            "relu casts before it clips",
            "return positive(x) ? convert<y_t>(x) : y_t(0);",
            "return positive(convert<y_t>(x)) ? convert<y_t>(x) : y_t(0);",
            f"{ACTIVATION}[relu]",
        ),
        (
            "relu1 gives its limit a unit early",
            "return above(x, limit) ?",
            "return above(x, whole<8>(LIMIT - 1)) ?",
            f"{ACTIVATION}[relu1]",
        ),
        (
            "every element takes the first slope",
            "values[COUNT == 1 ? 0 : i]",
            "values[i * 0]",
            f"{ACTIVATION}[relu]",
        ),
        (
            "threshold included",
            "y[i] = above(x[i], limit) ? convert<y_t>(x[i]) : y_t(0);",
            "y[i] = above(limit, x[i]) ? y_t(0) : convert<y_t>(x[i]);",
            f"{ACTIVATION}[relu1]",
        ),
        (
            "hard functions bounded by 1 where a 1 is 0",
            "return type(sum_frac < 0 ? 0 : 1);",
            "return type(1);",
            f"{ACTIVATION}[relu1]",
        ),
        (
            "hard functions without their lower bound",
            "return negative(line) ? type(0) : line;",
            "return line;",
            f"{ACTIVATION}[relu1]",
        ),
        (
            "middle of the table off by one",
            "natural<32>(CONFIG::table_size / 2);",
            "natural<32>(CONFIG::table_size / 2 - 1);",
            f"{ACTIVATION}[relu]",
        ),
        (
            "elu's table entry cast before its product",
            "convert<y_t>(slope * entry)",
            "convert<y_t>(slope * convert<y_t>(entry))",
            f"{ACTIVATION}[relu6]",
        ),
        (
            "selu reads its last entry for a wrapped address",
            "scaled_elu<CONFIG, 0>(x, y, scale, table);",
            "scaled_elu<CONFIG, CONFIG::table_size - 1>(x, y, scale, table);",
            f"{ACTIVATION}[linear]",
        ),
        (
            "binary tanh of zero is -1",
            "if (!negative(x))\n            return convert<y_t>(whole<2>(1));",
            "if (positive(x))\n            return convert<y_t>(whole<2>(1));",
            f"{ACTIVATION}[linear]",
        ),
        (
            "ternary tanh doubles without overflow",
            "const x_t doubled = convert<x_t>(whole<3>(2) * x);\n"
            "        return ternary_tanh_stream_function::template at<y_t>(doubled);",
            "typedef fixed<format<x_t>::width + 4, format<x_t>::integer + 4> wide;\n"
            "        return ternary_tanh_stream_function::template at<y_t>(wide(whole<3>(2) * x));",
            f"{ACTIVATION}[relu]",
        ),
    ),
    *of(
        "hls_lib/softmax.hpp",
        (
            "difference the other way",
            "convert<difference_t>(greatest - x[i])",
            "convert<difference_t>(x[i] - greatest)",
            SOFTMAX,
        ),
        (
            "next inverse",
            "inverse[top_bits<CONFIG::inverse_size>(sum)]",
            "inverse[(top_bits<CONFIG::inverse_size>(sum) + 1) % CONFIG::inverse_size]",
            SOFTMAX,
        ),
        (
            "legacy inverse over half its span",
            "int_steps<CONFIG::inverse_size, 64>",
            "int_steps<CONFIG::inverse_size, 32>",
            SOFTMAX,
        ),
        (
            "exponentials not cast to the accumulator before the product",
            "y[i] = convert<y_t>(e[i] * factor);",
            "y[i] = convert<y_t>(convert<y_t>(e[i]) * factor);",
            SOFTMAX,
        ),
        (
            "argmax takes the last of equals",
            "if (above(x[i], greatest)) {",
            "if (!above(greatest, x[i])) {",
            SOFTMAX,
        ),
        (
            "legacy softmax looks its own element up",
            "i == j ? convert<table_t>(whole<2>(1))\n"
            "                                            : from_raw",
            "from_raw",
            SOFTMAX,
        ),
        (
            "axes in another order",
            "from[i] = x[first + i * CONFIG::n_inner];",
            "from[i] = x[outer * CONFIG::n_slice * CONFIG::n_inner + inner * CONFIG::n_slice + i];",
            SOFTMAX,
        ),
    ),
    *of(
        "hls_lib/tree_sum.hpp",
        (
            "sum from left to right",
            "if (i % (2 * reach) == 0 && i + reach < SIZE)\n"
            "                x[i] = convert<T>(x[i] + x[i + reach]);",
            "if (level == 0 && i > 0 && reach > 0)\n                x[0] = convert<T>(x[0] + x[i]);",
            SOFTMAX,
        ),
        (
            "nodes wrap",
            "convert<T>(x[i] + x[i + reach])",
            "from_raw<T>(raw_of(x[i]) + raw_of(x[i + reach]))",
            SOFTMAX,
        ),
        ("the last level left out", "1 + log2_floor(SIZE - 1)", "log2_floor(SIZE)", SOFTMAX),
    ),
    *of(
        "hls_lib/trace.hpp",
        (
            "elements in reverse",
            "raw_of(x[i]).to_int64()",
            "raw_of(x[SIZE - 1 - i]).to_int64()",
            f"{FIRMWARE}::test_every_layer_under_every_schedule[latency]",
        ),
    ),
    *of(
        "hls_lib/platform/ap.hpp",
        (
            "saturating sums in any order",
            "static const bool value = format<T>::is_integer;",
            "static const bool value = true;",
            "test_headers.py::test_which_sums_commute",
        ),
        (
            "unsigned values have a sign",
            "struct format<ap_ufixed<W, I, Q, O, N>> {\n"
            "    static const int width = W, integer = I, frac = W - I;\n"
            "    static const bool is_signed = false,",
            "struct format<ap_ufixed<W, I, Q, O, N>> {\n"
            "    static const int width = W, integer = I, frac = W - I;\n"
            "    static const bool is_signed = true,",
            f"{ACTIVATION}[linear]",
        ),
        (
            "constants of synthesis without sign",
            "struct sized_integer {\n    typedef ap_int<W> type;",
            "struct sized_integer {\n    typedef ap_uint<W> type;",
            f"{FIRMWARE}::test_every_layer_under_every_schedule[latency]",
        ),
    ),
    *of(
        "generator/cxx.py",
        (
            "rounding mode lost",
            "    return str(format)\n",
            '    return str(format).replace("AP_RND,", "AP_TRN,")\n',
            f"{FIRMWARE}::test_every_layer_under_every_schedule[latency]",
        ),
    ),
    *of(
        "generator/calls.py",
        (
            "weights input by input",
            'raws["weight"] = op.weight.raw.T\n        function',
            'raws["weight"] = op.weight.raw\n        function',
            f"{FIRMWARE}::test_the_outputs_without_trace",
        ),
    ),
    *of(
        "emu/ops/dense.py",
        (
            "order ignored for SAT_ZERO",
            "self.accum.overflow is not Overflow.WRAP or",
            "self.accum.overflow in (Overflow.SAT, Overflow.SAT_SYM) or",
            ORDER,
        ),
        ("order ignored for saturated bits", "or self.accum.sat_bits > 0", "or False", ORDER),
    ),
    *of(
        "generator/schedule.py",
        (
            "unrolled in the latency order",
            'return op.weight.shape[0] if entry.strategy == "latency" else entry.reuse_factor',
            'return entry.reuse_factor if entry.strategy == "resource" else op.weight.shape[0]',
            f"{SUMS}[orders]",
        ),
    ),
    *of(
        "hls_lib/stream.hpp",
        (
            "streams: elements of a beat in reverse",
            "x[k * N + i] = values[i];",
            "x[k * N + N - 1 - i] = values[i];",
            PICTURE,
        ),
        (
            "streams: the last beat of a tensor is not written",
            "for (int k = 0; k < SIZE / N; k++) {\n#pragma HLS PIPELINE II=1\n        beat<T, N> values;",
            "for (int k = 0; k < SIZE / N - (SIZE > 30); k++) {\n        beat<T, N> values;",
            PICTURE,
        ),
        (
            "streams: the last but one reader of a clone gets no beat",
            "into.write(values);\n    write_all(values, more...);",
            "if (sizeof...(more) != 1)\n        into.write(values);\n    write_all(values, more...);",
            PICTURE,
        ),
        (
            "streams: repacking forgets where it was in the beat it takes apart",
            "out[filled + i] = in[taken + i];",
            "out[filled + i] = in[i];",
            PICTURE,
        ),
        (
            "streams: a layer that starves is not noticed",
            "starved() = starved() || from.empty();",
            "starved() = false;",
            "test_stream.py::TestFaults::test_the_harness_names_the_stream",
        ),
        (
            "streams: beats are not counted",
            "static_cast<long>(held.size()) != wanted)",
            "static_cast<long>(held.size()) < 0)",
            "test_stream.py::TestFaults::test_the_harness_names_the_stream",
        ),
    ),
    *of(
        "hls_lib/frame.hpp",
        (
            "streams: padding repeats the border",
            "pixel[c] = 0;",
            "pixel[c] = row > 0 ? pixel[c] : T(1);",
            PICTURE,
        ),
        (
            "streams: cropping keeps one row more",
            "const int i = row - G::crop_top, j",
            "const int i = row - G::crop_top + (G::crop_top > 0), j",
            PICTURE,
        ),
        (
            "streams: slices take every line",
            "i / G::step_height < G::out_height",
            "i < G::out_height",
            PICTURE,
        ),
        (
            "streams: columns by the step of rows",
            "j % G::step_width == 0",
            "j % G::step_height == 0",
            PICTURE,
        ),
    ),
    *of(
        "generator/templates/stream/layers.h.j2",
        (
            "streams: one line held for two",
            "bw::read<{{ channels }}>(from0, lines[held % 2][column]);",
            "bw::read<{{ channels }}>(from0, lines[0][column]);",
            PICTURE,
        ),
        (
            "streams: the line below for the one above",
            "lines[above % 2][left]",
            "lines[below % 2][left]",
            PICTURE,
        ),
    ),
    *of(
        "hls_lib/window.hpp",
        (
            "streams: lines of the buffer swapped",
            "copy<W::n_channel>(newest[i + 1], lines[i][column]);",
            "copy<W::n_channel>(newest[i], lines[i][column]);",
            PICTURE,
        ),
        (
            "streams: the window keeps its oldest column",
            "copy<W::n_channel>(held[i][j + 1], held[i][j]);",
            "if (j > 0) copy<W::n_channel>(held[i][j + 1], held[i][j]);",
            PICTURE,
        ),
        (
            "streams: dilated cells side by side",
            "held[i * W::dilation_height][j * W::dilation_width]",
            "held[i][j]",
            PICTURE,
        ),
        (
            "streams: windows one column late",
            "void next_row() { columns = window_plan<W>::reach_width - 1; }",
            "void next_row() { columns = window_plan<W>::reach_width - (W::stride_width > 1 ? 0 : 1); }",
            GRIDS,
        ),
        (
            "streams: strides of rows taken from columns",
            "rows = rows == 0 ? W::stride_height - 1 : rows - 1;",
            "rows = rows == 0 ? W::stride_width - 1 : rows - 1;",
            PICTURE,
        ),
    ),
    *of(
        "hls_lib/convolution.hpp",
        (
            "convolution: dilation dropped",
            "place * STRIDE + cell * DILATION - BEFORE",
            "place * STRIDE + cell - BEFORE",
            CONVOLUTION,
        ),
        (
            "convolution: padding ignored",
            "place * STRIDE + cell * DILATION - BEFORE",
            "place * STRIDE + cell * DILATION",
            CONVOLUTION,
        ),
        (
            "convolution: transposed places between the inputs see one too",
            "up % STRIDE == 0 ? up / STRIDE : -1",
            "up / STRIDE",
            CONVOLUTION,
        ),
        (
            "convolution: rows before the image are read",
            "row < 0 || column < 0 ? x_t(0)",
            "column < 0 ? x_t(0)",
            CONVOLUTION,
        ),
        (
            "convolution: columns after the image are read",
            "return line < LENGTH ? line : -1;",
            "return line < LENGTH + 1 ? line : -1;",
            CONVOLUTION,
        ),
        (
            "convolution: every group reads the first channels",
            "CONFIG::n_channel + group * n_group",
            "CONFIG::n_channel + group * 0",
            CONVOLUTION,
        ),
        (
            "convolution: every group has the weights of the first",
            "weight + group * CONFIG::n_out * CONFIG::n_in",
            "weight + group * 0",
            CONVOLUTION,
        ),
        (
            "convolution: every group has the bias of the first",
            "bias + group * CONFIG::n_out",
            "bias + group * 0",
            CONVOLUTION,
        ),
        (
            "convolution: positions of a block in the place of groups",
            "block * CONFIG::parallel + lane / CONFIG::groups",
            "block * CONFIG::parallel + lane % CONFIG::parallel",
            CONVOLUTION,
        ),
    ),
    *of(
        "generator/turns.py",
        (
            "streams: padded maximum with zeros around it",
            'if any(map(any, padding)) and not (op.name == "average" and op.count_pad):',
            'if any(map(any, padding)) and op.name == "average" and not op.count_pad:',
            PICTURE,
        ),
        (
            "streams: a softmax over several beats taken beat by beat",
            "if (op.n_slice, op.n_inner) == (width, 1) else None",
            "if op.n_inner == 1 else None",
            PICTURE,
        ),
    ),
    *of(
        "generator/stream.py",
        (
            "streams: every turn uses the constants of the first",
            "if isinstance(own, Constant) and own.raw.size < sizes",
            "if isinstance(own, Constant) and own.raw.size > sizes",
            PICTURE,
        ),
        (
            "streams: the port of a flattened tensor keeps narrow beats",
            "width = self.graph.values[reader.name].shape[-1]\n        port",
            "width = self.width[reader.name]\n        port",
            "test_stream.py::TestTop::test_ports_and_directives",
        ),
    ),
]
