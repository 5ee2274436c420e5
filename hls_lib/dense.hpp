// y[j] = cast(b[j] + sum_i accum(x[i] * w[j, i])), each product and each sum cast to accum.
//
// weight is (n_out, n_in), row-major, as raw integers; bias likewise. One loop nest: turns x steps
// x lanes, a lane being a multiplier. CONFIG::steps = reuse_factor, or n_in in the latency
// strategy, fixes the order of the additions; what the pipeline encloses does not.
//     steps < n_in    output j sees its inputs s, s + steps, s + 2 * steps ... for s = 0, 1 ...
//     steps >= n_in   every output sees its inputs in ascending order; steps / n_in turns, each for
//                     its own share of the outputs
#ifndef BITWRIGHT_DENSE_HPP
#define BITWRIGHT_DENSE_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG> struct dense_plan {
    static const int n_in = CONFIG::n_in, n_out = CONFIG::n_out;
    static const int steps = CONFIG::steps < n_in ? CONFIG::steps : n_in;
    static const int turns = CONFIG::steps / steps;
    static const int lanes_per_output = n_in / steps;
    static const int lanes = lanes_per_output * n_out / turns;

    // 1 and n_in are both the ascending order.
    static const int order = steps == n_in ? 1 : steps;
    static const int wanted = CONFIG::interleave == n_in ? 1 : CONFIG::interleave;

    static_assert(n_in % steps == 0 && CONFIG::steps % steps == 0,
                  "the number of steps must divide the inputs or be a multiple of them");
    static_assert(n_out % turns == 0, "the number of steps must divide the number of products");
    static_assert(
        order == wanted || sums_commute<typename CONFIG::accum_t>::value,
        "an accumulator that can saturate must add in the model's order: this reuse_factor"
        " and strategy add in another one");
};

// What all lanes do at once; lanes of one output add one after the other.
template <class CONFIG, class x_t, class raw_t>
void dense_step(int turn, int step, const x_t x[CONFIG::n_in],
                const raw_t weight[CONFIG::n_in * CONFIG::n_out],
                typename CONFIG::accum_t accum[CONFIG::n_out]) {
#pragma HLS INLINE
    typedef dense_plan<CONFIG> plan;
    typedef typename CONFIG::accum_t accum_t;
Lanes:
    for (int lane = 0; lane < plan::lanes; lane++) {
#pragma HLS UNROLL
        // No division is left for the hardware: lane is a constant in every copy of this body.
        const int in = step + plan::steps * (lane % plan::lanes_per_output);
        const int out = turn + plan::turns * (lane / plan::lanes_per_output);
        // The same as out * n_in + in: all lanes of a step lie one block apart, in one memory word.
        const int flat = turn * plan::n_in + step + plan::turns * plan::steps * lane;
        const accum_t product =
            convert<accum_t>(x[in] * from_raw<typename CONFIG::weight_t>(weight[flat]));
        accum[out] = convert<accum_t>(accum[out] + product);
    }
}

template <class CONFIG, class raw_t>
void dense_begin(typename CONFIG::accum_t accum[CONFIG::n_out], const raw_t bias[CONFIG::n_out]) {
#pragma HLS INLINE
Biases:
    for (int j = 0; j < CONFIG::n_out; j++) {
#pragma HLS UNROLL
        accum[j] = convert<typename CONFIG::accum_t>(from_raw<typename CONFIG::bias_t>(bias[j]));
    }
}

template <class CONFIG, class y_t>
void dense_end(const typename CONFIG::accum_t accum[CONFIG::n_out], y_t y[CONFIG::n_out]) {
#pragma HLS INLINE
Results:
    for (int j = 0; j < CONFIG::n_out; j++) {
#pragma HLS UNROLL
        y[j] = convert<y_t>(accum[j]);
    }
}

// Latency and resource_unrolled: the whole product is one pipeline that starts every reuse_factor
// cycles.
template <class CONFIG, class x_t, class y_t, class weight_raw_t, class bias_raw_t>
void dense_pipelined(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_out],
                     const weight_raw_t weight[CONFIG::n_in * CONFIG::n_out],
                     const bias_raw_t bias[CONFIG::n_out]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weight,bias
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
#pragma HLS ARRAY_PARTITION variable=weight complete
#pragma HLS ARRAY_PARTITION variable=bias complete
    typename CONFIG::accum_t accum[CONFIG::n_out];
#pragma HLS ARRAY_PARTITION variable=accum complete
    dense_begin<CONFIG>(accum, bias);
Turns:
    for (int turn = 0; turn < dense_plan<CONFIG>::turns; turn++) {
#pragma HLS UNROLL
    Steps:
        for (int step = 0; step < dense_plan<CONFIG>::steps; step++) {
#pragma HLS UNROLL
            dense_step<CONFIG>(turn, step, x, weight, accum);
        }
    }
    dense_end<CONFIG>(accum, y);
}

// Resource: one step a cycle, block_factor multipliers, one memory word of as many weights.
template <class CONFIG, class x_t, class y_t, class weight_raw_t, class bias_raw_t>
void dense_resource(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_out],
                    const weight_raw_t weight[CONFIG::n_in * CONFIG::n_out],
                    const bias_raw_t bias[CONFIG::n_out]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weight,bias
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
#pragma HLS ARRAY_RESHAPE variable=weight block factor=CONFIG::block_factor
#ifdef BITWRIGHT_VIVADO
#pragma HLS RESOURCE variable=weight core=ROM_nP_BRAM
#else
#pragma HLS BIND_STORAGE variable=weight type=rom_np impl=bram
#endif
#pragma HLS ARRAY_PARTITION variable=bias complete
    typename CONFIG::accum_t accum[CONFIG::n_out];
#pragma HLS ARRAY_PARTITION variable=accum complete
    dense_begin<CONFIG>(accum, bias);
Turns:
    for (int turn = 0; turn < dense_plan<CONFIG>::turns; turn++) {
    Steps:
        for (int step = 0; step < dense_plan<CONFIG>::steps; step++) {
#pragma HLS PIPELINE II=1
            dense_step<CONFIG>(turn, step, x, weight, accum);
        }
    }
    dense_end<CONFIG>(accum, y);
}

} // namespace bw

#endif
