// y[0] = cast(sum_i accum(a[i] * b[i])), from 0, i ascending, each sum cast to accum.
#ifndef BITWRIGHT_DOT_HPP
#define BITWRIGHT_DOT_HPP

#include "platform.hpp"

namespace bw {

// b, or 1 for the -2 of an int<2> that counts as ternary.
template <bool TERNARY> struct dot_factor {
    template <class b_t> static b_t of(const b_t &b) { return b; }
};
template <> struct dot_factor<true> {
    template <class b_t> static b_t of(const b_t &b) {
#pragma HLS INLINE
        return b == -2 ? b_t(1) : b;
    }
};

template <class CONFIG, class a_t, class b_t, class y_t>
void dot(const a_t a[CONFIG::n_in], const b_t b[CONFIG::n_in], y_t y[1]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
    typedef typename CONFIG::accum_t accum_t;
    accum_t sum = 0;
Products:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        const accum_t product = convert<accum_t>(a[i] * dot_factor<CONFIG::ternary>::of(b[i]));
        sum = convert<accum_t>(sum + product);
    }
    y[0] = convert<y_t>(sum);
}

} // namespace bw

#endif
