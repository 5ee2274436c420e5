// h[t] = cell(x[t], h[t - 1]) for every time step; each cell below states its formula bit for bit.
//
// p = x[t] * weight + bias and q = h[t - 1] * recurrent_weight + recurrent_bias are summed as in
// dense.hpp; weights are (gates * units, n_in), row-major, as raw integers. A is accum_t; states are
// kept in the type of the result. s is the recurrent activation, a the other one.
#ifndef BITWRIGHT_RECURRENT_HPP
#define BITWRIGHT_RECURRENT_HPP

#include "activation.hpp"
#include "dense.hpp"

namespace bw {

// ---- what a cell is made of ---------------------------------------------------------------------

// The configuration of one matrix product, as dense.hpp wants it.
template <class CONFIG, int COLUMNS> struct input_product {
    static const int n_in = CONFIG::n_in, n_out = COLUMNS;
    static const int steps = CONFIG::steps, interleave = CONFIG::interleave;
    static const int reuse_factor = CONFIG::reuse_factor;
    static const int multiplier_limit = ceil_divide(n_in * n_out, reuse_factor);
    static const int block_factor = multiplier_limit;
    static const int resource = CONFIG::resource;
    typedef typename CONFIG::weight_t weight_t;
    typedef typename CONFIG::bias_t bias_t;
    typedef typename CONFIG::accum_t accum_t;
};
template <class CONFIG, int COLUMNS> struct state_product {
    static const int n_in = CONFIG::n_units, n_out = COLUMNS;
    static const int steps = CONFIG::recurrent_steps, interleave = CONFIG::recurrent_interleave;
    static const int reuse_factor = CONFIG::recurrent_reuse_factor;
    static const int multiplier_limit = ceil_divide(n_in * n_out, reuse_factor);
    static const int block_factor = multiplier_limit;
    static const int resource = CONFIG::resource;
    typedef typename CONFIG::recurrent_weight_t weight_t;
    typedef typename CONFIG::recurrent_bias_t bias_t;
    typedef typename CONFIG::accum_t accum_t;
};

template <class PRODUCT, bool RESOURCE = PRODUCT::resource != 0> struct product_kernel {
    template <class x_t, class weight_raw_t, class bias_raw_t>
    static void of(const x_t x[PRODUCT::n_in], typename PRODUCT::accum_t y[PRODUCT::n_out],
                   const weight_raw_t weight[PRODUCT::n_in * PRODUCT::n_out],
                   const bias_raw_t bias[PRODUCT::n_out]) {
#pragma HLS INLINE
        dense_pipelined<PRODUCT>(x, y, weight, bias);
    }
};
template <class PRODUCT> struct product_kernel<PRODUCT, true> {
    template <class x_t, class weight_raw_t, class bias_raw_t>
    static void of(const x_t x[PRODUCT::n_in], typename PRODUCT::accum_t y[PRODUCT::n_out],
                   const weight_raw_t weight[PRODUCT::n_in * PRODUCT::n_out],
                   const bias_raw_t bias[PRODUCT::n_out]) {
#pragma HLS INLINE
        dense_resource<PRODUCT>(x, y, weight, bias);
    }
};

// The table of an activation, as activation.hpp wants it.
template <class CONFIG, int SIZE> struct activation_table {
    static const int n_in = SIZE, table_size = CONFIG::table_size;
    static const int reuse_factor = CONFIG::reuse_factor;
    typedef typename CONFIG::table_t table_t;
};
template <class CONFIG, int SIZE> struct recurrent_activation_table {
    static const int n_in = SIZE, table_size = CONFIG::recurrent_table_size;
    static const int reuse_factor = CONFIG::reuse_factor;
    typedef typename CONFIG::recurrent_table_t table_t;
};
template <class CONFIG, int SIZE> struct no_table {
    static const int n_in = SIZE, reuse_factor = CONFIG::reuse_factor;
};

// a(x): a look-up in a table over SPAN; relu, which ignores its table, where SPAN is 0.
template <class CONFIG, int SIZE, int SPAN = CONFIG::activation_span> struct state_activation {
    template <class x_t, class y_t, class table_raw_t>
    static void of(const x_t x[SIZE], y_t y[SIZE], const table_raw_t *table) {
#pragma HLS INLINE
        look_up<activation_table<CONFIG, SIZE>, SPAN>(x, y, table);
    }
};
template <class CONFIG, int SIZE> struct state_activation<CONFIG, SIZE, 0> {
    template <class x_t, class y_t, class table_raw_t>
    static void of(const x_t x[SIZE], y_t y[SIZE], const table_raw_t *) {
#pragma HLS INLINE
        relu<no_table<CONFIG, SIZE>>(x, y);
    }
};

// s(x), likewise.
template <class CONFIG, int SIZE, int SPAN = CONFIG::recurrent_activation_span>
struct gate_activation {
    template <class x_t, class y_t, class table_raw_t>
    static void of(const x_t x[SIZE], y_t y[SIZE], const table_raw_t *table) {
#pragma HLS INLINE
        look_up<recurrent_activation_table<CONFIG, SIZE>, SPAN>(x, y, table);
    }
};
template <class CONFIG, int SIZE> struct gate_activation<CONFIG, SIZE, 0> {
    template <class x_t, class y_t, class table_raw_t>
    static void of(const x_t x[SIZE], y_t y[SIZE], const table_raw_t *) {
#pragma HLS INLINE
        relu<no_table<CONFIG, SIZE>>(x, y);
    }
};

// y[i] = A(p[i] + q[i])
template <int SIZE, class A> void gate_sum(const A p[SIZE], const A q[SIZE], A y[SIZE]) {
#pragma HLS INLINE
Sums:
    for (int i = 0; i < SIZE; i++) {
#pragma HLS UNROLL
        y[i] = convert<A>(p[i] + q[i]);
    }
}

// ---- cells --------------------------------------------------------------------------------------

// i, f, g, o = A(p + q); c' = cast(a(g) * s(i) + c * s(f)); h' = cast(s(o) * a(c'))
struct lstm_cell {
    static const int gates = 4, states = 2;

    template <class CONFIG, class y_t, class weight_raw_t, class bias_raw_t, class table_raw_t,
              class gate_table_raw_t>
    static void step(const typename CONFIG::accum_t p[4 * CONFIG::n_units],
                     y_t state[2][CONFIG::n_units], const weight_raw_t *weight,
                     const bias_raw_t *bias, const table_raw_t *table,
                     const gate_table_raw_t *gate_table) {
#pragma HLS INLINE
        typedef typename CONFIG::accum_t A;
        const int n = CONFIG::n_units;
        A q[4 * n], sum[4 * n], gate[4 * n], seen[n];
#pragma HLS ARRAY_PARTITION variable=q complete
#pragma HLS ARRAY_PARTITION variable=sum complete
#pragma HLS ARRAY_PARTITION variable=gate complete
#pragma HLS ARRAY_PARTITION variable=seen complete
        product_kernel<state_product<CONFIG, 4 * n>>::of(state[0], q, weight, bias);
        gate_sum<4 * n>(p, q, sum);
        gate_activation<CONFIG, 2 * n>::of(sum, gate, gate_table);
        state_activation<CONFIG, n>::of(sum + 2 * n, gate + 2 * n, table);
        gate_activation<CONFIG, n>::of(sum + 3 * n, gate + 3 * n, gate_table);
    Cells:
        for (int k = 0; k < n; k++) {
#pragma HLS UNROLL
            state[1][k] =
                convert<y_t>(gate[2 * n + k] * gate[k] + state[1][k] * gate[n + k]);
        }
        state_activation<CONFIG, n>::of(state[1], seen, table);
    Outputs:
        for (int k = 0; k < n; k++) {
#pragma HLS UNROLL
            state[0][k] = convert<y_t>(gate[3 * n + k] * seen[k]);
        }
    }
};

// h' = cast(g * (1 - z) + h * z)
template <int SIZE, class A, class y_t>
void gru_blend(const A g[SIZE], const A z[SIZE], y_t h[SIZE]) {
#pragma HLS INLINE
Blend:
    for (int k = 0; k < SIZE; k++) {
#pragma HLS UNROLL
        h[k] = convert<y_t>(g[k] * (whole<2>(1) - z[k]) + h[k] * z[k]);
    }
}

// z, r = s(A(p + q)); g = a(A(p + A(r * q))); h' = cast(g * (1 - z) + h * z)
struct gru_cell {
    static const int gates = 3, states = 1;

    template <class CONFIG, class y_t, class weight_raw_t, class bias_raw_t, class table_raw_t,
              class gate_table_raw_t>
    static void step(const typename CONFIG::accum_t p[3 * CONFIG::n_units],
                     y_t state[1][CONFIG::n_units], const weight_raw_t *weight,
                     const bias_raw_t *bias, const table_raw_t *table,
                     const gate_table_raw_t *gate_table) {
#pragma HLS INLINE
        typedef typename CONFIG::accum_t A;
        const int n = CONFIG::n_units;
        A q[3 * n], sum[3 * n], gate[3 * n];
#pragma HLS ARRAY_PARTITION variable=q complete
#pragma HLS ARRAY_PARTITION variable=sum complete
#pragma HLS ARRAY_PARTITION variable=gate complete
        product_kernel<state_product<CONFIG, 3 * n>>::of(state[0], q, weight, bias);
        gate_sum<2 * n>(p, q, sum);
        gate_activation<CONFIG, 2 * n>::of(sum, gate, gate_table);
    Reset:
        for (int k = 0; k < n; k++) {
#pragma HLS UNROLL
            q[2 * n + k] = convert<A>(gate[n + k] * q[2 * n + k]);
        }
        gate_sum<n>(p + 2 * n, q + 2 * n, sum + 2 * n);
        state_activation<CONFIG, n>::of(sum + 2 * n, gate + 2 * n, table);
        gru_blend<n>(gate + 2 * n, gate, state[0]);
    }
};

// z, r = s(A(p + q)); g = a(A(p + q of cast(r * h))); h' = cast(g * (1 - z) + h * z)
struct gru_reset_before_cell {
    static const int gates = 3, states = 1;

    template <class CONFIG, class y_t, class weight_raw_t, class bias_raw_t, class table_raw_t,
              class gate_table_raw_t>
    static void step(const typename CONFIG::accum_t p[3 * CONFIG::n_units],
                     y_t state[1][CONFIG::n_units], const weight_raw_t *weight,
                     const bias_raw_t *bias, const table_raw_t *table,
                     const gate_table_raw_t *gate_table) {
#pragma HLS INLINE
        typedef typename CONFIG::accum_t A;
        const int n = CONFIG::n_units;
        A q[3 * n], sum[3 * n], gate[3 * n];
        y_t kept[n];
#pragma HLS ARRAY_PARTITION variable=q complete
#pragma HLS ARRAY_PARTITION variable=sum complete
#pragma HLS ARRAY_PARTITION variable=gate complete
#pragma HLS ARRAY_PARTITION variable=kept complete
        product_kernel<state_product<CONFIG, 2 * n>>::of(state[0], q, weight, bias);
        gate_sum<2 * n>(p, q, sum);
        gate_activation<CONFIG, 2 * n>::of(sum, gate, gate_table);
    Reset:
        for (int k = 0; k < n; k++) {
#pragma HLS UNROLL
            kept[k] = convert<y_t>(gate[n + k] * state[0][k]);
        }
        product_kernel<state_product<CONFIG, n>>::of(kept, q + 2 * n, weight + 2 * n * n,
                                                     bias + 2 * n);
        gate_sum<n>(p + 2 * n, q + 2 * n, sum + 2 * n);
        state_activation<CONFIG, n>::of(sum + 2 * n, gate + 2 * n, table);
        gru_blend<n>(gate + 2 * n, gate, state[0]);
    }
};

// h' = cast(a(A(p + q))), the table's entry cast once
struct simple_rnn_cell {
    static const int gates = 1, states = 1;

    template <class CONFIG, class y_t, class weight_raw_t, class bias_raw_t, class table_raw_t,
              class gate_table_raw_t>
    static void step(const typename CONFIG::accum_t p[CONFIG::n_units],
                     y_t state[1][CONFIG::n_units], const weight_raw_t *weight,
                     const bias_raw_t *bias, const table_raw_t *table, const gate_table_raw_t *) {
#pragma HLS INLINE
        typedef typename CONFIG::accum_t A;
        const int n = CONFIG::n_units;
        A q[n], sum[n];
#pragma HLS ARRAY_PARTITION variable=q complete
#pragma HLS ARRAY_PARTITION variable=sum complete
        product_kernel<state_product<CONFIG, n>>::of(state[0], q, weight, bias);
        gate_sum<n>(p, q, sum);
        state_activation<CONFIG, n>::of(sum, state[0], table);
    }
};

// ---- the loop over time -------------------------------------------------------------------------

// y = h of every step, or of the last one; ``state`` holds the initial state and is overwritten.
template <class CONFIG, class CELL, class x_t, class y_t, class weight_raw_t,
          class recurrent_weight_raw_t, class bias_raw_t, class recurrent_bias_raw_t,
          class table_raw_t, class gate_table_raw_t>
void recurrent_steps(const x_t x[CONFIG::n_steps * CONFIG::n_in],
                     y_t state[CELL::states][CONFIG::n_units], y_t *y, const weight_raw_t *weight,
                     const recurrent_weight_raw_t *recurrent_weight, const bias_raw_t *bias,
                     const recurrent_bias_raw_t *recurrent_bias, const table_raw_t *table,
                     const gate_table_raw_t *gate_table) {
#pragma HLS INLINE
    typedef input_product<CONFIG, CELL::gates * CONFIG::n_units> product;
Steps:
    for (int step = 0; step < CONFIG::n_steps; step++) {
        const int position = CONFIG::go_backwards ? CONFIG::n_steps - 1 - step : step;
        x_t now[CONFIG::n_in];
#pragma HLS ARRAY_PARTITION variable=now complete
        typename CONFIG::accum_t p[CELL::gates * CONFIG::n_units];
#pragma HLS ARRAY_PARTITION variable=p complete
        copy<CONFIG::n_in>(x + position * CONFIG::n_in, now);
        product_kernel<product>::of(now, p, weight, bias);
        CELL::template step<CONFIG>(p, state, recurrent_weight, recurrent_bias, table, gate_table);
        const int place = CONFIG::aligned ? position : step;
        if (CONFIG::return_sequences)
            copy<CONFIG::n_units>(state[0], y + place * CONFIG::n_units);
    }
    if (!CONFIG::return_sequences)
        copy<CONFIG::n_units>(state[0], y);
}

// One table, or none: an activation without a table gets another array, which it does not read.
template <class CONFIG, class CELL, class x_t, class y_t, class weight_raw_t,
          class recurrent_weight_raw_t, class bias_raw_t, class recurrent_bias_raw_t,
          class table_raw_t>
void recurrent_steps(const x_t x[CONFIG::n_steps * CONFIG::n_in],
                     y_t state[CELL::states][CONFIG::n_units], y_t *y, const weight_raw_t *weight,
                     const recurrent_weight_raw_t *recurrent_weight, const bias_raw_t *bias,
                     const recurrent_bias_raw_t *recurrent_bias, const table_raw_t *table) {
#pragma HLS INLINE
    recurrent_steps<CONFIG, CELL>(x, state, y, weight, recurrent_weight, bias, recurrent_bias,
                                  table, table);
}
template <class CONFIG, class CELL, class x_t, class y_t, class weight_raw_t,
          class recurrent_weight_raw_t, class bias_raw_t, class recurrent_bias_raw_t>
void recurrent_steps(const x_t x[CONFIG::n_steps * CONFIG::n_in],
                     y_t state[CELL::states][CONFIG::n_units], y_t *y, const weight_raw_t *weight,
                     const recurrent_weight_raw_t *recurrent_weight, const bias_raw_t *bias,
                     const recurrent_bias_raw_t *recurrent_bias) {
#pragma HLS INLINE
    recurrent_steps<CONFIG, CELL>(x, state, y, weight, recurrent_weight, bias, recurrent_bias, bias,
                                  bias);
}

// state[i] = cast(given[i])
template <int SIZE, class T, class y_t> void initial_state(const T given[SIZE], y_t state[SIZE]) {
#pragma HLS INLINE
Units:
    for (int k = 0; k < SIZE; k++) {
#pragma HLS UNROLL
        state[k] = convert<y_t>(given[k]);
    }
}

template <int STATES, int SIZE, class y_t> void zero_state(y_t (&state)[STATES][SIZE]) {
#pragma HLS INLINE
States:
    for (int j = 0; j < STATES; j++) {
#pragma HLS UNROLL
    Units:
        for (int k = 0; k < SIZE; k++) {
#pragma HLS UNROLL
            state[j][k] = 0;
        }
    }
}

// From a state of zeros.
#define BITWRIGHT_RECURRENT(name)                                                                  \
    template <class CONFIG, class x_t, class y_t, class... arrays_t>                               \
    void name(const x_t *x, y_t *y, const arrays_t *...arrays) {                                   \
        y_t state[name##_cell::states][CONFIG::n_units];                                           \
        zero_state(state);                                                                         \
        recurrent_steps<CONFIG, name##_cell>(x, state, y, arrays...);                              \
    }
BITWRIGHT_RECURRENT(lstm)
BITWRIGHT_RECURRENT(gru)
BITWRIGHT_RECURRENT(gru_reset_before)
BITWRIGHT_RECURRENT(simple_rnn)
#undef BITWRIGHT_RECURRENT

// From a given state h, and c where the cell has one.
#define BITWRIGHT_FROM_STATE(name)                                                                 \
    template <class CONFIG, class x_t, class h_t, class y_t, class... arrays_t>                    \
    void name##_from_state(const x_t *x, const h_t *h, y_t *y, const arrays_t *...arrays) {        \
        y_t state[1][CONFIG::n_units];                                                             \
        initial_state<CONFIG::n_units>(h, state[0]);                                               \
        recurrent_steps<CONFIG, name##_cell>(x, state, y, arrays...);                              \
    }
BITWRIGHT_FROM_STATE(gru)
BITWRIGHT_FROM_STATE(gru_reset_before)
BITWRIGHT_FROM_STATE(simple_rnn)
#undef BITWRIGHT_FROM_STATE

template <class CONFIG, class x_t, class h_t, class c_t, class y_t, class... arrays_t>
void lstm_from_state(const x_t *x, const h_t *h, const c_t *c, y_t *y, const arrays_t *...arrays) {
    y_t state[2][CONFIG::n_units];
    initial_state<CONFIG::n_units>(h, state[0]);
    initial_state<CONFIG::n_units>(c, state[1]);
    recurrent_steps<CONFIG, lstm_cell>(x, state, y, arrays...);
}

} // namespace bw

#endif
