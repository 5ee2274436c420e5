// y[i] = cast(formats[which[i]](x[i])), two casts; 0 where which[i] is -1.
#ifndef BITWRIGHT_QUANTIZER_HPP
#define BITWRIGHT_QUANTIZER_HPP

#include "platform.hpp"

namespace bw {

// Compares the number with LEFT - 1, LEFT - 2, ... 0: constants, once the loop is unrolled.
template <class CONFIG, int LEFT> struct quantizer_choice {
    template <class y_t, class x_t> static y_t of(const x_t &x, int which) {
#pragma HLS INLINE
        typedef typename CONFIG::template formats<LEFT - 1>::type format_t;
        return which == LEFT - 1
                   ? convert<y_t>(convert<format_t>(x))
                   : quantizer_choice<CONFIG, LEFT - 1>::template of<y_t>(x, which);
    }
};
template <class CONFIG> struct quantizer_choice<CONFIG, 0> {
    template <class y_t, class x_t> static y_t of(const x_t &, int) { return y_t(0); }
};

template <class CONFIG, class x_t, class y_t, class raw_t>
void quantizer(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],
               const raw_t which[CONFIG::n_which]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ARRAY_PARTITION variable=which complete
Elements:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        typedef quantizer_choice<CONFIG, CONFIG::n_formats> choice;
        y[i] = choice::template of<y_t>(x[i], static_cast<int>(which[i]));
    }
}

} // namespace bw

#endif
