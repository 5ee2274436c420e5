// y[...] = cast(b[...] + sum accum(x[...] * w[...])), each product and each sum cast to accum.
//
// Weights and biases lie in the order of the loops: elements that x, w and y share, those of x
// alone, those of w alone, the contracted ones. Where x and y lie is a constant of every copy.
#ifndef BITWRIGHT_EINSUM_DENSE_HPP
#define BITWRIGHT_EINSUM_DENSE_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class x_t, class y_t, class weight_raw_t, class bias_raw_t, class place_t>
void einsum_dense(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_out],
                  const weight_raw_t weight[CONFIG::n_weight],
                  const bias_raw_t bias[CONFIG::n_bias], const place_t x_at[CONFIG::n_x_at],
                  const place_t y_at[CONFIG::n_y_at]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weight,bias
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
#pragma HLS ARRAY_PARTITION variable=weight complete
#pragma HLS ARRAY_PARTITION variable=bias complete
#pragma HLS ARRAY_PARTITION variable=x_at complete
#pragma HLS ARRAY_PARTITION variable=y_at complete
    typedef typename CONFIG::accum_t accum_t;
    typedef typename CONFIG::weight_t weight_t;
Sums:
    for (int sum = 0; sum < CONFIG::n_out; sum++) {
#pragma HLS UNROLL
        const int of_x = sum / CONFIG::n_free_w;
        const int of_w = of_x / CONFIG::n_free_x * CONFIG::n_free_w + sum % CONFIG::n_free_w;
        accum_t total = convert<accum_t>(from_raw<typename CONFIG::bias_t>(bias[sum]));
    Products:
        for (int c = 0; c < CONFIG::n_contract; c++) {
#pragma HLS UNROLL
            const x_t element = x[static_cast<int>(x_at[of_x * CONFIG::n_contract + c])];
            const weight_t factor = from_raw<weight_t>(weight[of_w * CONFIG::n_contract + c]);
            const accum_t product = convert<accum_t>(element * factor);
            total = convert<accum_t>(total + product);
        }
        y[static_cast<int>(y_at[sum])] = convert<y_t>(total);
    }
}

} // namespace bw

#endif
