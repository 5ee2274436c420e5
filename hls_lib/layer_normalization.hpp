// y[i] = cast(d[i] * table[clamp(int(var * N * span / reach))] * scale[i] + bias[i]), in accum
// d = x - mean.
#ifndef BITWRIGHT_LAYER_NORMALIZATION_HPP
#define BITWRIGHT_LAYER_NORMALIZATION_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class x_t, class y_t, class inverse_raw_t, class scale_raw_t,
          class bias_raw_t, class table_raw_t>
void layer_normalization_slice(const x_t x[CONFIG::n_slice], y_t y[CONFIG::n_slice],
                               const inverse_raw_t inverse_n[1],
                               const scale_raw_t scale[CONFIG::n_slice],
                               const bias_raw_t bias[CONFIG::n_slice],
                               const table_raw_t table[CONFIG::table_size]) {
#pragma HLS INLINE
    typedef typename CONFIG::accum_t accum_t;
    const accum_t inverse = from_raw<accum_t>(inverse_n[0]);
    accum_t d[CONFIG::n_slice];
#pragma HLS ARRAY_PARTITION variable=d complete
    accum_t sum = 0;
Mean:
    for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
        sum = convert<accum_t>(sum + convert<accum_t>(x[i]));
    }
    const accum_t mean = convert<accum_t>(sum * inverse);
    accum_t squares = 0;
Variance:
    for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
        d[i] = convert<accum_t>(convert<accum_t>(x[i]) - mean);
        const accum_t square = convert<accum_t>(d[i] * d[i]);
        squares = convert<accum_t>(squares + square);
    }
    const accum_t variance = convert<accum_t>(squares * inverse);
    const int index = clamped<CONFIG::table_size>(
        int_steps<CONFIG::table_size * CONFIG::span, CONFIG::reach>(variance));
    const typename CONFIG::table_t root = from_raw<typename CONFIG::table_t>(table[index]);
Results:
    for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
        y[i] = convert<y_t>(d[i] * root * from_raw<typename CONFIG::scale_t>(scale[i]) +
                            from_raw<typename CONFIG::bias_t>(bias[i]));
    }
}

template <class CONFIG, class x_t, class y_t, class inverse_raw_t, class scale_raw_t,
          class bias_raw_t, class table_raw_t>
void layer_normalization(const x_t x[CONFIG::n_outer * CONFIG::n_slice],
                         y_t y[CONFIG::n_outer * CONFIG::n_slice],
                         const inverse_raw_t inverse_n[1],
                         const scale_raw_t scale[CONFIG::n_slice],
                         const bias_raw_t bias[CONFIG::n_slice],
                         const table_raw_t table[CONFIG::table_size]) {
#pragma HLS FUNCTION_INSTANTIATE variable=scale,bias
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
#pragma HLS ARRAY_PARTITION variable=scale complete
#pragma HLS ARRAY_PARTITION variable=bias complete
Slices:
    for (int outer = 0; outer < CONFIG::n_outer; outer++) {
#pragma HLS UNROLL
        x_t from[CONFIG::n_slice];
        y_t into[CONFIG::n_slice];
#pragma HLS ARRAY_PARTITION variable=from complete
#pragma HLS ARRAY_PARTITION variable=into complete
    Load:
        for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
            from[i] = x[outer * CONFIG::n_slice + i];
        }
        layer_normalization_slice<CONFIG>(from, into, inverse_n, scale, bias, table);
    Store:
        for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
            y[outer * CONFIG::n_slice + i] = into[i];
        }
    }
}

} // namespace bw

#endif
