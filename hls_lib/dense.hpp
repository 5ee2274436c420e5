// y[j] = cast(b[j] + sum_i accum(x[i] * w[j, i])), each product and each sum cast to accum.
//
// weight is (n_out, n_in), row-major, as raw integers; bias likewise. Step s handles the products
// s, s + steps, s + 2 * steps, ... of the flat weight array. With steps = n_in every output sees its
// inputs in ascending order; with fewer steps it sees s, s + steps, ... for s = 0, 1, ...
#ifndef BITWRIGHT_DENSE_HPP
#define BITWRIGHT_DENSE_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class x_t, class raw_t>
void dense_step(int step, const x_t x[CONFIG::n_in], const raw_t weight[CONFIG::n_in * CONFIG::n_out],
                typename CONFIG::accum_t accum[CONFIG::n_out]) {
#pragma HLS INLINE
    typedef typename CONFIG::accum_t accum_t;
Products:
    for (int k = 0; k < CONFIG::n_in * CONFIG::n_out / CONFIG::steps; k++) {
#pragma HLS UNROLL
        const int flat = step + CONFIG::steps * k;
        const int in = flat % CONFIG::n_in, out = flat / CONFIG::n_in;
        const accum_t product =
            convert<accum_t>(x[in] * from_raw<typename CONFIG::weight_t>(weight[flat]));
        accum[out] = convert<accum_t>(accum[out] + product);
    }
}

template <class CONFIG, class raw_t>
void dense_begin(typename CONFIG::accum_t accum[CONFIG::n_out], const raw_t bias[CONFIG::n_out]) {
#pragma HLS INLINE
    static_assert(CONFIG::n_in * CONFIG::n_out % CONFIG::steps == 0,
                  "the number of steps must divide the number of products");
    static_assert(CONFIG::steps % CONFIG::n_in == 0 || CONFIG::n_in % CONFIG::steps == 0,
                  "the number of steps must divide the inputs or be a multiple of them");
Biases:
    for (int j = 0; j < CONFIG::n_out; j++) {
#pragma HLS UNROLL
        accum[j] = convert<typename CONFIG::accum_t>(from_raw<typename CONFIG::bias_t>(bias[j]));
    }
}

template <class CONFIG, class y_t>
void dense_end(const typename CONFIG::accum_t accum[CONFIG::n_out], y_t y[CONFIG::n_out]) {
#pragma HLS INLINE
Results:
    for (int j = 0; j < CONFIG::n_out; j++) {
#pragma HLS UNROLL
        y[j] = convert<y_t>(accum[j]);
    }
}

// Latency and resource_unrolled: the whole product is one pipeline that starts every reuse_factor cycles.
template <class CONFIG, class x_t, class y_t, class weight_raw_t, class bias_raw_t>
void dense_pipelined(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_out],
                     const weight_raw_t weight[CONFIG::n_in * CONFIG::n_out],
                     const bias_raw_t bias[CONFIG::n_out]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weight,bias
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
#pragma HLS ARRAY_PARTITION variable=weight complete
#pragma HLS ARRAY_PARTITION variable=bias complete
    typename CONFIG::accum_t accum[CONFIG::n_out];
#pragma HLS ARRAY_PARTITION variable=accum complete
    dense_begin<CONFIG>(accum, bias);
Steps:
    for (int step = 0; step < CONFIG::steps; step++) {
#pragma HLS UNROLL
        dense_step<CONFIG>(step, x, weight, accum);
    }
    dense_end<CONFIG>(accum, y);
}

// Resource: one step a cycle, block_factor multipliers, weights read block by block from a memory.
template <class CONFIG, class x_t, class y_t, class weight_raw_t, class bias_raw_t>
void dense_resource(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_out],
                    const weight_raw_t weight[CONFIG::n_in * CONFIG::n_out],
                    const bias_raw_t bias[CONFIG::n_out]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weight,bias
#pragma HLS ARRAY_RESHAPE variable=weight block factor=CONFIG::block_factor
#pragma HLS BIND_STORAGE variable=weight type=rom_1p impl=bram
#pragma HLS ARRAY_PARTITION variable=bias complete
    typename CONFIG::accum_t accum[CONFIG::n_out];
#pragma HLS ARRAY_PARTITION variable=accum complete
    dense_begin<CONFIG>(accum, bias);
Reuse:
    for (int step = 0; step < CONFIG::steps; step++) {
#pragma HLS PIPELINE II=1 rewind
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
        dense_step<CONFIG>(step, x, weight, accum);
    }
    dense_end<CONFIG>(accum, y);
}

} // namespace bw

#endif
