// y[i] = cast(table[bits of x[i]]), the bits read as an unsigned number.
#ifndef BITWRIGHT_UNARY_LUT_HPP
#define BITWRIGHT_UNARY_LUT_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class x_t, class y_t, class raw_t>
void unary_lut(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
               const raw_t table[CONFIG::table_size]) {
#pragma HLS FUNCTION_INSTANTIATE variable=table
#pragma HLS PIPELINE II=CONFIG::reuse_factor
    static_assert(CONFIG::table_size == 1 << format<x_t>::width,
                  "a table has one value for each code of its input");
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        const natural<format<x_t>::width> bits = raw_of(x[i]);
        const int at = whole<format<x_t>::width + 1>(bits).to_int();
        y[i] = convert<y_t>(from_raw<typename CONFIG::table_t>(table[at]));
    }
}

} // namespace bw

#endif
