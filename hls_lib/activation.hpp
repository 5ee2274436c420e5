// y[i] = f(x[i]), f one of the structs below; each states its formula bit for bit.
#ifndef BITWRIGHT_ACTIVATION_HPP
#define BITWRIGHT_ACTIVATION_HPP

#include "platform.hpp"

namespace bw {

// A parameter that all elements share (one value) or that each element has for itself.
template <class T, int COUNT, class raw_t> T parameter(const raw_t *values, int i) {
#pragma HLS INLINE
    return from_raw<T>(values[COUNT == 1 ? 0 : i]);
}

// ---- functions without parameters or tables: at<y_t>(x) -----------------------------------------

struct linear_function { // cast(x)
    template <class y_t, class x_t> static y_t at(const x_t &x) { return convert<y_t>(x); }
};

struct relu_function { // x > 0 ? cast(x) : 0
    template <class y_t, class x_t> static y_t at(const x_t &x) {
        return positive(x) ? convert<y_t>(x) : y_t(0);
    }
};

template <int LIMIT> struct relu_max_function { // x < 0 ? 0 : x > LIMIT ? cast(LIMIT) : cast(x)
    template <class y_t, class x_t> static y_t at(const x_t &x) {
        const whole<8> limit = LIMIT;
        if (negative(x))
            return y_t(0);
        return above(x, limit) ? convert<y_t>(limit) : convert<y_t>(x);
    }
};

struct binary_tanh_function { // x >= 0 ? cast(1) : cast(-1), or 1 and 0 where the result is uint<1>
    template <class y_t, class x_t> static y_t at(const x_t &x) {
        const bool one_bit =
            format<y_t>::is_integer && format<y_t>::width == 1 && !format<y_t>::is_signed;
        if (!negative(x))
            return convert<y_t>(whole<2>(1));
        return one_bit ? y_t(0) : convert<y_t>(whole<2>(-1));
    }
};

struct ternary_tanh_stream_function { // x > 1 ? cast(1) : x > -1 ? 0 : cast(-1)
    template <class y_t, class x_t> static y_t at(const x_t &x) {
        if (above(x, whole<2>(1)))
            return convert<y_t>(whole<2>(1));
        return above(x, whole<2>(-1)) ? y_t(0) : convert<y_t>(whole<2>(-1));
    }
};

struct ternary_tanh_function { // the same of x's own type of 2 * x
    template <class y_t, class x_t> static y_t at(const x_t &x) {
        const x_t doubled = convert<x_t>(whole<3>(2) * x);
        return ternary_tanh_stream_function::template at<y_t>(doubled);
    }
};

template <class CONFIG, class FUNCTION, class x_t, class y_t>
void apply(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        y[i] = FUNCTION::template at<y_t>(x[i]);
    }
}

#define BITWRIGHT_PLAIN(name, function)                                                            \
    template <class CONFIG, class x_t, class y_t>                                                  \
    void name(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in]) {                                    \
        apply<CONFIG, function>(x, y);                                                             \
    }
BITWRIGHT_PLAIN(linear, linear_function)
BITWRIGHT_PLAIN(relu, relu_function)
BITWRIGHT_PLAIN(relu1, relu_max_function<1>)
BITWRIGHT_PLAIN(relu6, relu_max_function<6>)
BITWRIGHT_PLAIN(binary_tanh, binary_tanh_function)
BITWRIGHT_PLAIN(ternary_tanh, ternary_tanh_function)
BITWRIGHT_PLAIN(ternary_tanh_stream, ternary_tanh_stream_function)
#undef BITWRIGHT_PLAIN

// ---- functions with parameters ------------------------------------------------------------------

// x > 0 ? cast(x) : cast(alpha * x), alpha shared
template <class CONFIG, class x_t, class y_t, class alpha_raw_t>
void leaky_relu(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
                const alpha_raw_t alpha[CONFIG::n_alpha]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ARRAY_PARTITION variable=alpha complete
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        const typename CONFIG::alpha_t slope =
            parameter<typename CONFIG::alpha_t, CONFIG::n_alpha>(alpha, i);
        y[i] = positive(x[i]) ? convert<y_t>(x[i]) : convert<y_t>(slope * x[i]);
    }
}

// x > 0 ? cast(x) : cast(alpha[i] * x), alpha per element
template <class CONFIG, class x_t, class y_t, class alpha_raw_t>
void prelu(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
           const alpha_raw_t alpha[CONFIG::n_alpha]) {
#pragma HLS INLINE
    leaky_relu<CONFIG>(x, y, alpha);
}

// x > theta ? cast(x) : 0
template <class CONFIG, class x_t, class y_t, class theta_raw_t>
void thresholded_relu(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
                      const theta_raw_t theta[CONFIG::n_theta]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        const typename CONFIG::theta_t limit =
            parameter<typename CONFIG::theta_t, CONFIG::n_theta>(theta, i);
        y[i] = above(x[i], limit) ? convert<y_t>(x[i]) : y_t(0);
    }
}

// x > theta ? cast(x > limit ? limit : x) : cast(slope * (x - theta))
template <class CONFIG, class x_t, class y_t, class slope_raw_t, class theta_raw_t,
          class limit_raw_t>
void bounded_relu(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
                  const slope_raw_t slope[CONFIG::n_slope],
                  const theta_raw_t theta[CONFIG::n_theta],
                  const limit_raw_t limit[CONFIG::n_limit]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        const typename CONFIG::slope_t factor =
            parameter<typename CONFIG::slope_t, CONFIG::n_slope>(slope, i);
        const typename CONFIG::theta_t least =
            parameter<typename CONFIG::theta_t, CONFIG::n_theta>(theta, i);
        const typename CONFIG::limit_t most =
            parameter<typename CONFIG::limit_t, CONFIG::n_limit>(limit, i);
        if (above(x[i], least))
            y[i] = above(x[i], most) ? convert<y_t>(most) : convert<y_t>(x[i]);
        else
            y[i] = convert<y_t>(factor * (x[i] - least));
    }
}

// min(max(slope * x + shift, 0), 1), exact. Where the sum's least bit is worth more than 1, the
// upper bound is 0: a 1 of the sum's own type.
template <class SLOPE, class SHIFT, class x_t> struct hard_line {
    static const int product_integer = format<SLOPE>::integer + format<x_t>::integer;
    static const int product_frac = format<SLOPE>::frac + format<x_t>::frac;
    static const int sum_frac = largest(product_frac, format<SHIFT>::frac);
    static const int integer = largest(largest(product_integer, format<SHIFT>::integer) + 2, 3);
    static const int frac = largest(sum_frac, 0);
    typedef fixed<integer + frac, integer> type;

    static type at(const x_t &x, const SLOPE &slope, const SHIFT &shift) {
#pragma HLS INLINE
        const type line = slope * x + shift;
        if (above(line, whole<2>(1)))
            return type(sum_frac < 0 ? 0 : 1);
        return negative(line) ? type(0) : line;
    }
};

// cast(min(max(slope * x + shift, 0), 1))
template <class CONFIG, class x_t, class y_t, class slope_raw_t, class shift_raw_t>
void hard_sigmoid(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
                  const slope_raw_t slope[CONFIG::n_slope],
                  const shift_raw_t shift[CONFIG::n_shift]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
    typedef typename CONFIG::slope_t slope_t;
    typedef typename CONFIG::shift_t shift_t;
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        y[i] = convert<y_t>(hard_line<slope_t, shift_t, x_t>::at(
            x[i], parameter<slope_t, CONFIG::n_slope>(slope, i),
            parameter<shift_t, CONFIG::n_shift>(shift, i)));
    }
}

// cast(2 * min(max(slope * x + shift, 0), 1) - 1)
template <class CONFIG, class x_t, class y_t, class slope_raw_t, class shift_raw_t>
void hard_tanh(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
               const slope_raw_t slope[CONFIG::n_slope], const shift_raw_t shift[CONFIG::n_shift]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
    typedef typename CONFIG::slope_t slope_t;
    typedef typename CONFIG::shift_t shift_t;
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        y[i] = convert<y_t>(whole<3>(2) * hard_line<slope_t, shift_t, x_t>::at(
                                                x[i], parameter<slope_t, CONFIG::n_slope>(slope, i),
                                                parameter<shift_t, CONFIG::n_shift>(shift, i)) -
                            whole<2>(1));
    }
}

// ---- functions with a table ---------------------------------------------------------------------

// cast(table[clamp(int(x * N / SPAN) + N / 2)])
template <class CONFIG, int SPAN, class x_t, class y_t, class table_raw_t>
void look_up(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
             const table_raw_t table[CONFIG::table_size]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        // Added modulo 2^32, as in the emulator.
        const natural<32> moved =
            natural<32>(whole<32>(int_steps<CONFIG::table_size, SPAN>(x[i]))) +
            natural<32>(CONFIG::table_size / 2);
        const int index = clamped<CONFIG::table_size>(whole<32>(moved).to_int());
        y[i] = convert<y_t>(from_raw<typename CONFIG::table_t>(table[index]));
    }
}

#define BITWRIGHT_LOOK_UP(name, span)                                                              \
    template <class CONFIG, class x_t, class y_t, class table_raw_t>                               \
    void name(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],                                      \
              const table_raw_t table[CONFIG::table_size]) {                                       \
        look_up<CONFIG, span>(x, y, table);                                                        \
    }
BITWRIGHT_LOOK_UP(sigmoid, 16)
BITWRIGHT_LOOK_UP(tanh, 8)
BITWRIGHT_LOOK_UP(softplus, 16)
BITWRIGHT_LOOK_UP(softsign, 16)
#undef BITWRIGHT_LOOK_UP

// int(-x * N / 8), at most N - 1; a value that wraps below zero reads entry WRAPPED
template <int SIZE, int WRAPPED, class x_t> int negative_index(const x_t &x) {
#pragma HLS INLINE
    typedef fixed<format<x_t>::width + 2, format<x_t>::integer + 2> wide;
    const int index = int_steps<SIZE, 8>(wide(-wide(x)));
    return index < 0 ? WRAPPED : clamped<SIZE>(index);
}

// x >= 0 ? cast(x) : cast(alpha * table[min(int(-x * N / 8), N - 1)])
template <class CONFIG, class x_t, class y_t, class alpha_raw_t, class table_raw_t>
void elu(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in], const alpha_raw_t alpha[CONFIG::n_alpha],
         const table_raw_t table[CONFIG::table_size]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
    const int last = CONFIG::table_size - 1;
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        const typename CONFIG::alpha_t slope =
            parameter<typename CONFIG::alpha_t, CONFIG::n_alpha>(alpha, i);
        const typename CONFIG::table_t entry = from_raw<typename CONFIG::table_t>(
            table[negative_index<CONFIG::table_size, last>(x[i])]);
        y[i] = negative(x[i]) ? convert<y_t>(slope * entry) : convert<y_t>(x[i]);
    }
}

// x >= 0 ? cast(scale * x) : cast(table[min(int(-x * N / 8), N - 1)])
template <class CONFIG, int WRAPPED, class x_t, class y_t, class scale_raw_t, class table_raw_t>
void scaled_elu(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
                const scale_raw_t scale[CONFIG::n_scale],
                const table_raw_t table[CONFIG::table_size]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        const typename CONFIG::scale_t factor =
            parameter<typename CONFIG::scale_t, CONFIG::n_scale>(scale, i);
        const typename CONFIG::table_t entry = from_raw<typename CONFIG::table_t>(
            table[negative_index<CONFIG::table_size, WRAPPED>(x[i])]);
        y[i] = negative(x[i]) ? convert<y_t>(entry) : convert<y_t>(factor * x[i]);
    }
}

template <class CONFIG, class x_t, class y_t, class scale_raw_t, class table_raw_t>
void selu(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in], const scale_raw_t scale[CONFIG::n_scale],
          const table_raw_t table[CONFIG::table_size]) {
    scaled_elu<CONFIG, 0>(x, y, scale, table);
}

template <class CONFIG, class x_t, class y_t, class scale_raw_t, class table_raw_t>
void selu_stream(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
                 const scale_raw_t scale[CONFIG::n_scale],
                 const table_raw_t table[CONFIG::table_size]) {
    const int last = CONFIG::table_size - 1;
    scaled_elu<CONFIG, last>(x, y, scale, table);
}

} // namespace bw

#endif
