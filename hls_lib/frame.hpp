// A picture with zeros put around it or lines left out, pixel by pixel, all channels to a beat.
//
// G says: in_height, in_width, n_channel of the picture that comes; pad_top, pad_left: where it
// begins on the walked one; crop_top, crop_left, out_height, out_width, step_height, step_width: what
// of that is passed on, the lines of every so many.
#ifndef BITWRIGHT_FRAME_HPP
#define BITWRIGHT_FRAME_HPP

#include "stream.hpp"

namespace bw {

// The pixel at (row, column): the next beat inside the picture, zeros around it.
template <class G, class T>
void frame_pixel(int row, int column, stream<beat<T, G::n_channel>> &from,
                 T pixel[G::n_channel]) {
#pragma HLS INLINE
    const int i = row - G::pad_top, j = column - G::pad_left;
    if (i >= 0 && i < G::in_height && j >= 0 && j < G::in_width) {
        read<G::n_channel>(from, pixel);
    } else {
    Zeros:
        for (int c = 0; c < G::n_channel; c++) {
#pragma HLS UNROLL
            pixel[c] = 0;
        }
    }
}

// Whether the pixel at (row, column) is passed on.
template <class G> bool frame_passes(int row, int column) {
#pragma HLS INLINE
    const int i = row - G::crop_top, j = column - G::crop_left;
    return i >= 0 && i % G::step_height == 0 && i / G::step_height < G::out_height && j >= 0 &&
           j % G::step_width == 0 && j / G::step_width < G::out_width;
}

} // namespace bw

#endif
