// y[i] = x[i] > high[i % n] ? 1 : x[i] <= low[i % n] ? -1 : 0; binary: x[i] >= high[i % n] ? 1 : 0.
#ifndef BITWRIGHT_THRESHOLDS_HPP
#define BITWRIGHT_THRESHOLDS_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class x_t, class y_t, class raw_t>
void binary_threshold(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
                      const raw_t high[CONFIG::n_high]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ARRAY_PARTITION variable=high complete
    typedef typename CONFIG::high_t high_t;
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        const bool below = above(from_raw<high_t>(high[i % CONFIG::n_high]), x[i]);
        y[i] = below ? y_t(0) : convert<y_t>(whole<2>(1));
    }
}

template <class CONFIG, class x_t, class y_t, class high_raw_t, class low_raw_t>
void ternary_threshold(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
                       const high_raw_t high[CONFIG::n_high], const low_raw_t low[CONFIG::n_low]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ARRAY_PARTITION variable=high complete
#pragma HLS ARRAY_PARTITION variable=low complete
    typedef typename CONFIG::high_t high_t;
    typedef typename CONFIG::low_t low_t;
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        if (above(x[i], from_raw<high_t>(high[i % CONFIG::n_high])))
            y[i] = convert<y_t>(whole<2>(1));
        else if (above(x[i], from_raw<low_t>(low[i % CONFIG::n_low])))
            y[i] = y_t(0);
        else
            y[i] = convert<y_t>(whole<2>(-1));
    }
}

// x[i] > 0 ? cast(1) : cast(-1)
template <class CONFIG, class x_t, class y_t>
void sign(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        y[i] = convert<y_t>(whole<2>(positive(x[i]) ? 1 : -1));
    }
}

} // namespace bw

#endif
