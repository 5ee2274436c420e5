// y[k0, k1, ...] = cast(x[first + k0 * stride0 + k1 * stride1 + ...]), row by row.
#ifndef BITWRIGHT_SLICE_HPP
#define BITWRIGHT_SLICE_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class x_t, class y_t>
void slice(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_out]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
Elements:
    for (int at = 0; at < CONFIG::n_out; at++) {
#pragma HLS UNROLL
        const int k3 = at % CONFIG::count_3;
        const int k2 = at / CONFIG::count_3 % CONFIG::count_2;
        const int k1 = at / (CONFIG::count_3 * CONFIG::count_2) % CONFIG::count_1;
        const int k0 = at / (CONFIG::count_3 * CONFIG::count_2 * CONFIG::count_1);
        y[at] = convert<y_t>(x[CONFIG::first + k0 * CONFIG::stride_0 + k1 * CONFIG::stride_1 +
                               k2 * CONFIG::stride_2 + k3 * CONFIG::stride_3]);
    }
}

} // namespace bw

#endif
