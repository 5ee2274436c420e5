// y = cast(x) without what is cropped, along three axes.
#ifndef BITWRIGHT_CROPPING_HPP
#define BITWRIGHT_CROPPING_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class x_t, class y_t>
void cropping(const x_t x[CONFIG::length_0 * CONFIG::length_1 * CONFIG::length_2],
              y_t y[CONFIG::left_0 * CONFIG::left_1 * CONFIG::left_2]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
Elements:
    for (int at = 0; at < CONFIG::left_0 * CONFIG::left_1 * CONFIG::left_2; at++) {
#pragma HLS UNROLL
        const int i = at / (CONFIG::left_1 * CONFIG::left_2) + CONFIG::before_0;
        const int j = at / CONFIG::left_2 % CONFIG::left_1 + CONFIG::before_1;
        const int k = at % CONFIG::left_2 + CONFIG::before_2;
        y[at] = convert<y_t>(x[(i * CONFIG::length_1 + j) * CONFIG::length_2 + k]);
    }
}

} // namespace bw

#endif
