// y = cast(accum(max of a window)) or cast(accum(sum of a window) / cells), per channel.
#ifndef BITWRIGHT_POOLING_HPP
#define BITWRIGHT_POOLING_HPP

#include "platform.hpp"
#include "tree_sum.hpp"

namespace bw {

// What padded cells of a maximum hold: the least value, or of an unsigned type its top bit alone.
template <class CONFIG, class x_t> x_t pooling_floor() {
#pragma HLS INLINE
    const int width = format<x_t>::width;
    if (!format<x_t>::is_signed && !CONFIG::top_bit)
        return x_t(0);
    return from_raw<x_t>(natural<width>(1) << (width - 1));
}

// What a cell is before it is compared or added: its own type, or accum in the orders of io_stream.
template <class CONFIG, class x_t, bool EARLY = (CONFIG::order > 0)> struct pooling_cell {
    typedef x_t type;
};
template <class CONFIG, class x_t> struct pooling_cell<CONFIG, x_t, true> {
    typedef typename CONFIG::accum_t type;
};

// The quotient of the bits, toward zero; one more bit for the sign of an unsigned type.
template <class T> T pooling_quotient(const T &sum, int cells) {
#pragma HLS INLINE
    const whole<format<T>::width + 1> bits = raw_of(sum);
    const whole<format<T>::width + 1> quotient = bits / cells;
    return from_raw<T>(quotient);
}

struct max_window {
    template <class CONFIG, class cell_t> struct over {
        cell_t most;
        void put(const cell_t &x, int cell) { most = cell == 0 || above(x, most) ? x : most; }
        typename CONFIG::accum_t value(int) const {
            return convert<typename CONFIG::accum_t>(most);
        }
        template <class x_t> static x_t outside() { return pooling_floor<CONFIG, x_t>(); }
    };
};

struct chain_window {
    template <class CONFIG, class cell_t> struct over {
        typedef typename CONFIG::accum_t accum_t;
        accum_t sum;
        void put(const cell_t &x, int cell) {
            sum = cell == 0 ? convert<accum_t>(x) : convert<accum_t>(sum + x);
        }
        accum_t value(int cells) const { return pooling_quotient(sum, cells); }
        template <class x_t> static x_t outside() { return x_t(0); }
    };
};

struct tree_window {
    template <class CONFIG, class cell_t> struct over {
        static const int size = CONFIG::window_height * CONFIG::window_width;
        cell_t node[size];
        void put(const cell_t &x, int cell) { node[cell] = x; }
        cell_t value(int cells) { return pooling_quotient(tree_sum<size>(node), cells); }
        template <class x_t> static x_t outside() { return x_t(0); }
    };
};

template <int ORDER> struct average_window {
    typedef chain_window type;
};
template <> struct average_window<2> {
    typedef tree_window type;
};

template <class CONFIG, class WINDOW, class x_t, class y_t>
void pooling(const x_t x[CONFIG::in_height * CONFIG::in_width * CONFIG::n_channel],
             y_t y[CONFIG::out_height * CONFIG::out_width * CONFIG::n_channel]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
    const int window_size = CONFIG::window_height * CONFIG::window_width;
Rows:
    for (int row = 0; row < CONFIG::out_height; row++) {
#pragma HLS UNROLL
    Columns:
        for (int column = 0; column < CONFIG::out_width; column++) {
#pragma HLS UNROLL
        Channels:
            for (int channel = 0; channel < CONFIG::n_channel; channel++) {
#pragma HLS UNROLL
                typedef typename pooling_cell<CONFIG, x_t>::type cell_t;
                typename WINDOW::template over<CONFIG, cell_t> window;
                int inside = 0;
            Cells:
                for (int cell = 0; cell < window_size; cell++) {
#pragma HLS UNROLL
                    const int i = row * CONFIG::stride_height + cell / CONFIG::window_width -
                                  CONFIG::pad_top;
                    const int j = column * CONFIG::stride_width + cell % CONFIG::window_width -
                                  CONFIG::pad_left;
                    const bool in_image =
                        i >= 0 && i < CONFIG::in_height && j >= 0 && j < CONFIG::in_width;
                    const x_t value =
                        in_image ? x[(i * CONFIG::in_width + j) * CONFIG::n_channel + channel]
                                 : window.template outside<x_t>();
                    window.put(convert<cell_t>(value), cell);
                    inside += in_image;
                }
                y[(row * CONFIG::out_width + column) * CONFIG::n_channel + channel] =
                    convert<y_t>(window.value(CONFIG::count_pad ? window_size : inside));
            }
        }
    }
}

template <class CONFIG, class x_t, class y_t>
void max_pooling(const x_t x[CONFIG::in_height * CONFIG::in_width * CONFIG::n_channel],
                 y_t y[CONFIG::out_height * CONFIG::out_width * CONFIG::n_channel]) {
    pooling<CONFIG, max_window>(x, y);
}

template <class CONFIG, class x_t, class y_t>
void average_pooling(const x_t x[CONFIG::in_height * CONFIG::in_width * CONFIG::n_channel],
                     y_t y[CONFIG::out_height * CONFIG::out_width * CONFIG::n_channel]) {
    pooling<CONFIG, typename average_window<CONFIG::order>::type>(x, y);
}

} // namespace bw

#endif
