// y[i] = cast(x[i] + x[i] * x[i] * gain[i % n_gain]): exact products and sum, one cast.
#ifndef QUADRATIC_HPP
#define QUADRATIC_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class x_t, class y_t, class raw_t>
void quadratic(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in], const raw_t gain[CONFIG::n_gain]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
#pragma HLS ARRAY_PARTITION variable=gain complete
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        typedef typename CONFIG::gain_t gain_t;
        y[i] = convert<y_t>(x[i] + x[i] * x[i] * from_raw<gain_t>(gain[i % CONFIG::n_gain]));
    }
}

} // namespace bw

#endif
