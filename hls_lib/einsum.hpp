// y[...] = cast(acc), acc = accum(acc + a[...] * b[...]) from 0 over the contracted axes.
//
// Four loops: elements that both tensors and the result have, those of a alone, those of b alone,
// the contracted ones. Where they lie is a constant of every copy of the loops' body.
#ifndef BITWRIGHT_EINSUM_HPP
#define BITWRIGHT_EINSUM_HPP

#include "dot.hpp"

namespace bw {

template <class CONFIG, class a_t, class b_t, class y_t, class place_t>
void einsum(const a_t a[CONFIG::n_a], const b_t b[CONFIG::n_b], y_t y[CONFIG::n_out],
            const place_t a_at[CONFIG::n_a_at], const place_t b_at[CONFIG::n_b_at],
            const place_t y_at[CONFIG::n_y_at]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
#pragma HLS ARRAY_PARTITION variable=a_at complete
#pragma HLS ARRAY_PARTITION variable=b_at complete
#pragma HLS ARRAY_PARTITION variable=y_at complete
    typedef typename CONFIG::accum_t accum_t;
Sums:
    for (int sum = 0; sum < CONFIG::n_out; sum++) {
#pragma HLS UNROLL
        const int of_a = sum / CONFIG::n_free_b;
        const int of_b = of_a / CONFIG::n_free_a * CONFIG::n_free_b + sum % CONFIG::n_free_b;
        accum_t total = 0;
    Products:
        for (int c = 0; c < CONFIG::n_contract; c++) {
#pragma HLS UNROLL
            const a_t left = a[static_cast<int>(a_at[of_a * CONFIG::n_contract + c])];
            const b_t right = b[static_cast<int>(b_at[of_b * CONFIG::n_contract + c])];
            total = convert<accum_t>(total + left * dot_factor<CONFIG::ternary>::of(right));
        }
        y[static_cast<int>(y_at[sum])] = convert<y_t>(total);
    }
}

} // namespace bw

#endif
