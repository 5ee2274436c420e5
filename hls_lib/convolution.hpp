// y[p, f] = cast(b[f] + sum_kc accum(x[p * s + k * d - before, c] * w[f, k, c])), each product and
// each sum cast to accum; transposed: x[(p + before - k * d) / s, c], where that is whole.
//
// weight is (n_filter, kernel, channels of a group), row-major, as raw integers. A lane is one
// position and one group: it gathers its window, with zeros outside the image, and adds as dense.hpp
// does. CONFIG::parallel positions are computed at once, the others one block after the other.
#ifndef BITWRIGHT_CONVOLUTION_HPP
#define BITWRIGHT_CONVOLUTION_HPP

#include "dense.hpp"

namespace bw {

template <class CONFIG> struct convolution_plan {
    static const int positions = CONFIG::out_height * CONFIG::out_width;
    static const int blocks = positions / CONFIG::parallel;
    static const int lanes = CONFIG::parallel * CONFIG::groups;
    static const int n_filter = CONFIG::groups * CONFIG::n_out;
    static const int n_group = CONFIG::n_channel / CONFIG::groups;
    static const int cells = CONFIG::kernel_height * CONFIG::kernel_width;
    static const int n_x = CONFIG::in_height * CONFIG::in_width * CONFIG::n_channel;
    static const int n_y = positions * n_filter;
    static const int n_weight = n_filter * CONFIG::n_in;

    static_assert(positions % CONFIG::parallel == 0,
                  "the positions computed at once must divide the positions of the result");
    static_assert(CONFIG::n_channel % CONFIG::groups == 0, "groups must divide the channels");
    static_assert(CONFIG::n_in == cells * n_group,
                  "a sum takes every cell of the kernel and every channel of its group");
};

// The line of the image under line ``cell`` of the kernel at ``place``; negative where there is none.
template <int TRANSPOSED, int STRIDE, int DILATION, int BEFORE, int LENGTH>
int convolution_line(int place, int cell) {
#pragma HLS INLINE
    const int down = place * STRIDE + cell * DILATION - BEFORE;
    const int up = place + BEFORE - cell * DILATION;
    const int line = TRANSPOSED ? (up % STRIDE == 0 ? up / STRIDE : -1) : down;
    return line < LENGTH ? line : -1;
}

template <class CONFIG, class x_t>
void convolution_window(int position, int group, const x_t x[convolution_plan<CONFIG>::n_x],
                        x_t window[CONFIG::n_in]) {
#pragma HLS INLINE
    const int n_group = convolution_plan<CONFIG>::n_group;
Cells:
    for (int cell = 0; cell < convolution_plan<CONFIG>::cells; cell++) {
#pragma HLS UNROLL
        const int row = convolution_line<CONFIG::transposed, CONFIG::stride_height,
                                         CONFIG::dilation_height, CONFIG::pad_top,
                                         CONFIG::in_height>(position / CONFIG::out_width,
                                                            cell / CONFIG::kernel_width);
        const int column =
            convolution_line<CONFIG::transposed, CONFIG::stride_width, CONFIG::dilation_width,
                             CONFIG::pad_left, CONFIG::in_width>(position % CONFIG::out_width,
                                                                 cell % CONFIG::kernel_width);
        const int first =
            (row * CONFIG::in_width + column) * CONFIG::n_channel + group * n_group;
    Channels:
        for (int c = 0; c < n_group; c++) {
#pragma HLS UNROLL
            window[cell * n_group + c] = row < 0 || column < 0 ? x_t(0) : x[first + c];
        }
    }
}

template <class CONFIG, class x_t, class bias_raw_t>
void convolution_begin(int block, const x_t x[convolution_plan<CONFIG>::n_x],
                       const bias_raw_t bias[convolution_plan<CONFIG>::n_filter],
                       x_t window[convolution_plan<CONFIG>::lanes][CONFIG::n_in],
                       typename CONFIG::accum_t accum[convolution_plan<CONFIG>::lanes]
                                                     [CONFIG::n_out]) {
#pragma HLS INLINE
Lanes:
    for (int lane = 0; lane < convolution_plan<CONFIG>::lanes; lane++) {
#pragma HLS UNROLL
        const int group = lane % CONFIG::groups;
        const int position = block * CONFIG::parallel + lane / CONFIG::groups;
        convolution_window<CONFIG>(position, group, x, window[lane]);
        dense_begin<CONFIG>(accum[lane], bias + group * CONFIG::n_out);
    }
}

template <class CONFIG, class x_t, class weight_raw_t>
void convolution_step(int turn, int step,
                      const x_t window[convolution_plan<CONFIG>::lanes][CONFIG::n_in],
                      const weight_raw_t weight[convolution_plan<CONFIG>::n_weight],
                      typename CONFIG::accum_t accum[convolution_plan<CONFIG>::lanes]
                                                    [CONFIG::n_out]) {
#pragma HLS INLINE
Lanes:
    for (int lane = 0; lane < convolution_plan<CONFIG>::lanes; lane++) {
#pragma HLS UNROLL
        const int group = lane % CONFIG::groups;
        dense_step<CONFIG>(turn, step, window[lane],
                           weight + group * CONFIG::n_out * CONFIG::n_in, accum[lane]);
    }
}

template <class CONFIG, class y_t>
void convolution_end(int block,
                     const typename CONFIG::accum_t accum[convolution_plan<CONFIG>::lanes]
                                                         [CONFIG::n_out],
                     y_t y[convolution_plan<CONFIG>::n_y]) {
#pragma HLS INLINE
Lanes:
    for (int lane = 0; lane < convolution_plan<CONFIG>::lanes; lane++) {
#pragma HLS UNROLL
        // Lanes are positions, then groups: their results lie side by side.
        dense_end<CONFIG>(accum[lane],
                          y + (block * convolution_plan<CONFIG>::lanes + lane) * CONFIG::n_out);
    }
}

// Latency: one pipeline over the blocks, which starts one every reuse_factor cycles.
template <class CONFIG, class x_t, class y_t, class weight_raw_t, class bias_raw_t>
void convolution_pipelined(const x_t x[convolution_plan<CONFIG>::n_x],
                           y_t y[convolution_plan<CONFIG>::n_y],
                           const weight_raw_t weight[convolution_plan<CONFIG>::n_weight],
                           const bias_raw_t bias[convolution_plan<CONFIG>::n_filter]) {
    typedef convolution_plan<CONFIG> plan;
#pragma HLS FUNCTION_INSTANTIATE variable=weight,bias
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
#pragma HLS ARRAY_PARTITION variable=weight complete
#pragma HLS ARRAY_PARTITION variable=bias complete
Blocks:
    for (int block = 0; block < plan::blocks; block++) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
        x_t window[plan::lanes][CONFIG::n_in];
#pragma HLS ARRAY_PARTITION variable=window complete dim=0
        typename CONFIG::accum_t accum[plan::lanes][CONFIG::n_out];
#pragma HLS ARRAY_PARTITION variable=accum complete dim=0
        convolution_begin<CONFIG>(block, x, bias, window, accum);
    Turns:
        for (int turn = 0; turn < dense_plan<CONFIG>::turns; turn++) {
#pragma HLS UNROLL
        Steps:
            for (int step = 0; step < dense_plan<CONFIG>::steps; step++) {
#pragma HLS UNROLL
                convolution_step<CONFIG>(turn, step, window, weight, accum);
            }
        }
        convolution_end<CONFIG>(block, accum, y);
    }
}

// Resource: block after block, in each one step a cycle; a step's weights are one memory word, which
// all positions of the block share.
template <class CONFIG, class x_t, class y_t, class weight_raw_t, class bias_raw_t>
void convolution_resource(const x_t x[convolution_plan<CONFIG>::n_x],
                          y_t y[convolution_plan<CONFIG>::n_y],
                          const weight_raw_t weight[convolution_plan<CONFIG>::n_weight],
                          const bias_raw_t bias[convolution_plan<CONFIG>::n_filter]) {
    typedef convolution_plan<CONFIG> plan;
#pragma HLS FUNCTION_INSTANTIATE variable=weight,bias
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
#pragma HLS ARRAY_RESHAPE variable=weight block factor=CONFIG::block_factor
#ifdef BITWRIGHT_VIVADO
#pragma HLS RESOURCE variable=weight core=ROM_nP_BRAM
#else
#pragma HLS BIND_STORAGE variable=weight type=rom_np impl=bram
#endif
#pragma HLS ARRAY_PARTITION variable=bias complete
Blocks:
    for (int block = 0; block < plan::blocks; block++) {
        x_t window[plan::lanes][CONFIG::n_in];
#pragma HLS ARRAY_PARTITION variable=window complete dim=0
        typename CONFIG::accum_t accum[plan::lanes][CONFIG::n_out];
#pragma HLS ARRAY_PARTITION variable=accum complete dim=0
        convolution_begin<CONFIG>(block, x, bias, window, accum);
    Turns:
        for (int turn = 0; turn < dense_plan<CONFIG>::turns; turn++) {
        Steps:
            for (int step = 0; step < dense_plan<CONFIG>::steps; step++) {
#pragma HLS PIPELINE II=1
                convolution_step<CONFIG>(turn, step, window, weight, accum);
            }
        }
        convolution_end<CONFIG>(block, accum, y);
    }
}

} // namespace bw

#endif
