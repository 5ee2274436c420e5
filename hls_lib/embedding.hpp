// y[j, i] = cast(table[floor(x[j] * n_out + i)]), the table's nearest end beyond it.
#ifndef BITWRIGHT_EMBEDDING_HPP
#define BITWRIGHT_EMBEDDING_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class x_t, class y_t, class raw_t>
void embedding(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in * CONFIG::n_out],
               const raw_t table[CONFIG::table_size]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
    const int frac = format<x_t>::frac;
    const int width = format<x_t>::width + log2_floor(CONFIG::n_out) + 2 + largest(-frac, 0) + 32;
Rows:
    for (int j = 0; j < CONFIG::n_in; j++) {
#pragma HLS UNROLL
        whole<width> start = whole<width>(raw_of(x[j])) * CONFIG::n_out;
        start = (start << largest(-frac, 0)) >> largest(frac, 0);
    Elements:
        for (int i = 0; i < CONFIG::n_out; i++) {
#pragma HLS UNROLL
            const whole<width> place = start + i;
            const int at = place < 0                       ? 0
                           : place > CONFIG::table_size - 1 ? CONFIG::table_size - 1
                                                            : place.to_int();
            y[j * CONFIG::n_out + i] = convert<y_t>(from_raw<typename CONFIG::table_t>(table[at]));
        }
    }
}

} // namespace bw

#endif
