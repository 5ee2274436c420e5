// y = cast(a) then cast(b), n_outer times: two tensors joined along an axis.
#ifndef BITWRIGHT_CONCATENATE_HPP
#define BITWRIGHT_CONCATENATE_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class a_t, class b_t, class y_t>
void concatenate(const a_t a[CONFIG::n_outer * CONFIG::n_a],
                 const b_t b[CONFIG::n_outer * CONFIG::n_b],
                 y_t y[CONFIG::n_outer * (CONFIG::n_a + CONFIG::n_b)]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
    const int n = CONFIG::n_a + CONFIG::n_b;
Outer:
    for (int outer = 0; outer < CONFIG::n_outer; outer++) {
#pragma HLS UNROLL
    First:
        for (int i = 0; i < CONFIG::n_a; i++) {
#pragma HLS UNROLL
            y[outer * n + i] = convert<y_t>(a[outer * CONFIG::n_a + i]);
        }
    Second:
        for (int i = 0; i < CONFIG::n_b; i++) {
#pragma HLS UNROLL
            y[outer * n + CONFIG::n_a + i] = convert<y_t>(b[outer * CONFIG::n_b + i]);
        }
    }
}

} // namespace bw

#endif
