// y[i, j, c] = cast(s of the way from row r to r' of (t of the way from column q to q' of x)).
//
// Row i stands at (i + 1/2) / f - 1/2 among the rows of x, between r and r' = r + 1, with the
// coefficient s of its phase i mod f; columns alike. Beyond the picture lies its outermost line.
#ifndef BITWRIGHT_BILINEAR_HPP
#define BITWRIGHT_BILINEAR_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG> struct bilinear_plan {
    static const int out_height = CONFIG::in_height * CONFIG::n_rows;
    static const int out_width = CONFIG::in_width * CONFIG::n_columns;
    static const int n_in = CONFIG::in_height * CONFIG::in_width * CONFIG::n_channel;
    static const int n_out = out_height * out_width * CONFIG::n_channel;
};

// The first of the two among N lines that line ``at`` of N * FACTOR lies between, and the second.
template <int N, int FACTOR> int line_before(int at) {
#pragma HLS INLINE
    return clamped<N>(at / FACTOR - (2 * (at % FACTOR) + 1 < FACTOR ? 1 : 0));
}
template <int N, int FACTOR> int line_after(int at) {
#pragma HLS INLINE
    return clamped<N>(at / FACTOR + (2 * (at % FACTOR) + 1 < FACTOR ? 0 : 1));
}

// a + share (b - a), exactly; share from 0 to 1, so that it lies between a and b.
template <class X, class T> struct blend {
    static const int integer = format<X>::integer + !format<X>::is_signed;
    typedef fixed<integer + format<X>::frac, integer> end;
    typedef fixed<integer + format<X>::frac + format<T>::frac, integer> type;
    static type of(const X &a, const X &b, const T &share) {
#pragma HLS INLINE
        const end first = a, second = b;
        return type(first + share * (second - first));
    }
};

// One pixel of y from the four around it: all channels.
template <class CONFIG, class x_t, class y_t>
void bilinear_pixel(const x_t above_left[CONFIG::n_channel], const x_t above_right[CONFIG::n_channel],
                    const x_t below_left[CONFIG::n_channel], const x_t below_right[CONFIG::n_channel],
                    const typename CONFIG::rows_t &down, const typename CONFIG::columns_t &across,
                    y_t y[CONFIG::n_channel]) {
#pragma HLS INLINE
    typedef blend<x_t, typename CONFIG::columns_t> in_row;
    typedef blend<typename in_row::type, typename CONFIG::rows_t> in_column;
Channels:
    for (int c = 0; c < CONFIG::n_channel; c++) {
#pragma HLS UNROLL
        y[c] = convert<y_t>(in_column::of(in_row::of(above_left[c], above_right[c], across),
                                          in_row::of(below_left[c], below_right[c], across), down));
    }
}

template <class CONFIG, class x_t, class y_t, class rows_raw_t, class columns_raw_t>
void bilinear(const x_t x[bilinear_plan<CONFIG>::n_in], y_t y[bilinear_plan<CONFIG>::n_out],
              const rows_raw_t rows[CONFIG::n_rows],
              const columns_raw_t columns[CONFIG::n_columns]) {
#pragma HLS FUNCTION_INSTANTIATE variable=rows,columns
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ARRAY_PARTITION variable=rows complete
#pragma HLS ARRAY_PARTITION variable=columns complete
    typedef bilinear_plan<CONFIG> plan;
    const int pixel = CONFIG::n_channel, line = CONFIG::in_width * pixel;
Rows:
    for (int i = 0; i < plan::out_height; i++) {
#pragma HLS UNROLL
        const int above = line * line_before<CONFIG::in_height, CONFIG::n_rows>(i);
        const int below = line * line_after<CONFIG::in_height, CONFIG::n_rows>(i);
        const typename CONFIG::rows_t down =
            from_raw<typename CONFIG::rows_t>(rows[i % CONFIG::n_rows]);
    Columns:
        for (int j = 0; j < plan::out_width; j++) {
#pragma HLS UNROLL
            const int left = pixel * line_before<CONFIG::in_width, CONFIG::n_columns>(j);
            const int right = pixel * line_after<CONFIG::in_width, CONFIG::n_columns>(j);
            const typename CONFIG::columns_t across =
                from_raw<typename CONFIG::columns_t>(columns[j % CONFIG::n_columns]);
            bilinear_pixel<CONFIG>(x + above + left, x + above + right, x + below + left,
                                   x + below + right, down, across,
                                   y + (i * plan::out_width + j) * pixel);
        }
    }
}

} // namespace bw

#endif
