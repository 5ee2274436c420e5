// y = cast(x) with its axes in another order: axis k of y has the stride it has in x.
#ifndef BITWRIGHT_TRANSPOSE_HPP
#define BITWRIGHT_TRANSPOSE_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class x_t, class y_t>
void transpose(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
Elements:
    for (int at = 0; at < CONFIG::n_in; at++) {
#pragma HLS UNROLL
        const int k3 = at % CONFIG::length_3;
        const int k2 = at / CONFIG::length_3 % CONFIG::length_2;
        const int k1 = at / (CONFIG::length_3 * CONFIG::length_2) % CONFIG::length_1;
        const int k0 = at / (CONFIG::length_3 * CONFIG::length_2 * CONFIG::length_1);
        y[at] = convert<y_t>(x[k0 * CONFIG::stride_0 + k1 * CONFIG::stride_1 +
                               k2 * CONFIG::stride_2 + k3 * CONFIG::stride_3]);
    }
}

} // namespace bw

#endif
