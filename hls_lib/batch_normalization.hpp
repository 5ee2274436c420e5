// y[i] = cast(x[i] * scale[i % n] + bias[i % n]): exact product and sum, one cast.
#ifndef BITWRIGHT_BATCH_NORMALIZATION_HPP
#define BITWRIGHT_BATCH_NORMALIZATION_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class x_t, class y_t, class scale_raw_t, class bias_raw_t>
void batch_normalization(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
                         const scale_raw_t scale[CONFIG::n_scale_bias],
                         const bias_raw_t bias[CONFIG::n_scale_bias]) {
#pragma HLS FUNCTION_INSTANTIATE variable=scale,bias
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
#pragma HLS ARRAY_PARTITION variable=scale complete
#pragma HLS ARRAY_PARTITION variable=bias complete
    static_assert(CONFIG::n_in % CONFIG::n_scale_bias == 0,
                  "every element must have a scale: their number divides the size of the tensor");
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        const int k = i % CONFIG::n_scale_bias;
        y[i] = convert<y_t>(x[i] * from_raw<typename CONFIG::scale_t>(scale[k]) +
                            from_raw<typename CONFIG::bias_t>(bias[k]));
    }
}

} // namespace bw

#endif
