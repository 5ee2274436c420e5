// window = the cells of a picture under a kernel, position after position, behind a line buffer.
//
// The picture comes pixel by pixel, row by row, all channels to a beat. W says: in_height, in_width,
// n_channel; out_height, out_width; and of the window height, width, stride, dilation, pad_top,
// pad_left. The picture that is walked has its zeros around it, as far as a window needs them.
#ifndef BITWRIGHT_WINDOW_HPP
#define BITWRIGHT_WINDOW_HPP

#include "frame.hpp"

namespace bw {

template <class W> struct window_plan {
    // What the cells of a window reach over.
    static const int reach_height = (W::window_height - 1) * W::dilation_height + 1;
    static const int reach_width = (W::window_width - 1) * W::dilation_width + 1;
    // What all windows reach over: cells of the picture beyond are read and left out.
    static const int end_height = (W::out_height - 1) * W::stride_height + reach_height;
    static const int end_width = (W::out_width - 1) * W::stride_width + reach_width;
    static const int rows = largest(W::pad_top + W::in_height, end_height);
    static const int columns = largest(W::pad_left + W::in_width, end_width);
    // Rows above the newest that a window still needs; an array has at least one.
    static const int lines = largest(reach_height - 1, 1);
    static const int size = W::window_height * W::window_width * W::n_channel;
};

// Steps until the next window ends, along both axes: 0, 0 where one ends now.
template <class W> struct window_wait {
    int rows, columns;
    window_wait() : rows(window_plan<W>::reach_height - 1), columns(0) { next_row(); }
    bool over(int row, int column) const {
        const bool inside = row < window_plan<W>::end_height && column < window_plan<W>::end_width;
        return rows == 0 && columns == 0 && inside;
    }
    void next_row() { columns = window_plan<W>::reach_width - 1; }
    void step(int column) {
#pragma HLS INLINE
        if (column + 1 < window_plan<W>::columns) {
            columns = columns == 0 ? W::stride_width - 1 : columns - 1;
        } else {
            rows = rows == 0 ? W::stride_height - 1 : rows - 1;
            next_row();
        }
    }
};

// Takes the pixel at (row, column) in: the window moves one column on, the lines one row down.
template <class W, class T>
void slide(int row, int column, stream<beat<T, W::n_channel>> &from,
           T lines[window_plan<W>::lines][window_plan<W>::columns][W::n_channel],
           T held[window_plan<W>::reach_height][window_plan<W>::reach_width][W::n_channel]) {
#pragma HLS INLINE
    const int height = window_plan<W>::reach_height, width = window_plan<W>::reach_width;
    T newest[height][W::n_channel];
#pragma HLS ARRAY_PARTITION variable=newest complete dim=0
    frame_pixel<W>(row, column, from, newest[height - 1]);
Lines:
    for (int i = 0; i < height - 1; i++) {
#pragma HLS UNROLL
        copy<W::n_channel>(lines[i][column], newest[i]);
    }
Kept:
    for (int i = 0; i < height - 1; i++) {
#pragma HLS UNROLL
        copy<W::n_channel>(newest[i + 1], lines[i][column]);
    }
Rows:
    for (int i = 0; i < height; i++) {
#pragma HLS UNROLL
    Columns:
        for (int j = 0; j < width - 1; j++) {
#pragma HLS UNROLL
            copy<W::n_channel>(held[i][j + 1], held[i][j]);
        }
        copy<W::n_channel>(newest[i], held[i][width - 1]);
    }
}

// x = the cells of the window, row by row, all channels of each
template <class W, class T>
void window_cells(
    const T held[window_plan<W>::reach_height][window_plan<W>::reach_width][W::n_channel],
    T x[window_plan<W>::size]) {
#pragma HLS INLINE
Rows:
    for (int i = 0; i < W::window_height; i++) {
#pragma HLS UNROLL
    Columns:
        for (int j = 0; j < W::window_width; j++) {
#pragma HLS UNROLL
            copy<W::n_channel>(held[i * W::dilation_height][j * W::dilation_width],
                               x + (i * W::window_width + j) * W::n_channel);
        }
    }
}

} // namespace bw

#endif
