// y[i, j, k] = cast(x[i / f0, j / f1, k / f2]): every element repeated along its axes.
#ifndef BITWRIGHT_RESIZE_HPP
#define BITWRIGHT_RESIZE_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG> struct resize_plan {
    static const int n_1 = CONFIG::length_1 * CONFIG::factor_1;
    static const int n_2 = CONFIG::length_2 * CONFIG::factor_2;
    static const int n_in = CONFIG::length_0 * CONFIG::length_1 * CONFIG::length_2;
    static const int n_out = CONFIG::length_0 * CONFIG::factor_0 * n_1 * n_2;
};

template <class CONFIG, class x_t, class y_t>
void resize(const x_t x[resize_plan<CONFIG>::n_in], y_t y[resize_plan<CONFIG>::n_out]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
    typedef resize_plan<CONFIG> plan;
Elements:
    for (int at = 0; at < plan::n_out; at++) {
#pragma HLS UNROLL
        const int i = at / (plan::n_1 * plan::n_2) / CONFIG::factor_0;
        const int j = at / plan::n_2 % plan::n_1 / CONFIG::factor_1;
        const int k = at % plan::n_2 / CONFIG::factor_2;
        y[at] = convert<y_t>(x[(i * CONFIG::length_1 + j) * CONFIG::length_2 + k]);
    }
}

} // namespace bw

#endif
