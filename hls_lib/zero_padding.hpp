// y = cast(x) inside, 0 around it, along three axes.
#ifndef BITWRIGHT_ZERO_PADDING_HPP
#define BITWRIGHT_ZERO_PADDING_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG> struct zero_padding_plan {
    static const int n_0 = CONFIG::before_0 + CONFIG::length_0 + CONFIG::after_0;
    static const int n_1 = CONFIG::before_1 + CONFIG::length_1 + CONFIG::after_1;
    static const int n_2 = CONFIG::before_2 + CONFIG::length_2 + CONFIG::after_2;
    static const int n_in = CONFIG::length_0 * CONFIG::length_1 * CONFIG::length_2;
    static const int n_out = n_0 * n_1 * n_2;
};

template <class CONFIG, class x_t, class y_t>
void zero_padding(const x_t x[zero_padding_plan<CONFIG>::n_in],
                  y_t y[zero_padding_plan<CONFIG>::n_out]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
    typedef zero_padding_plan<CONFIG> plan;
Elements:
    for (int at = 0; at < plan::n_out; at++) {
#pragma HLS UNROLL
        const int i = at / (plan::n_1 * plan::n_2) - CONFIG::before_0;
        const int j = at / plan::n_2 % plan::n_1 - CONFIG::before_1;
        const int k = at % plan::n_2 - CONFIG::before_2;
        const bool inside = i >= 0 && i < CONFIG::length_0 && j >= 0 && j < CONFIG::length_1 &&
                            k >= 0 && k < CONFIG::length_2;
        y[at] = inside ? convert<y_t>(x[(i * CONFIG::length_1 + j) * CONFIG::length_2 + k]) : y_t(0);
    }
}

} // namespace bw

#endif
