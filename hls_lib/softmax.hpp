// y[i] = cast(e[i] * inverse[top bits of inverse_input(tree sum of e)]), e[i] = exp from a table.
#ifndef BITWRIGHT_SOFTMAX_HPP
#define BITWRIGHT_SOFTMAX_HPP

#include "platform.hpp"
#include "tree_sum.hpp"

namespace bw {

// e[i] times the inverse of their sum
template <class CONFIG, class y_t, class inverse_raw_t>
void softmax_normalize(const typename CONFIG::accum_t e[CONFIG::n_slice], y_t y[CONFIG::n_slice],
                       const inverse_raw_t inverse[CONFIG::inverse_size]) {
#pragma HLS INLINE
    typename CONFIG::accum_t node[CONFIG::n_slice];
#pragma HLS ARRAY_PARTITION variable=node complete
Leaves:
    for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
        node[i] = e[i];
    }
    const typename CONFIG::inverse_input_t sum =
        convert<typename CONFIG::inverse_input_t>(tree_sum<CONFIG::n_slice>(node));
    const typename CONFIG::inverse_t factor =
        from_raw<typename CONFIG::inverse_t>(inverse[top_bits<CONFIG::inverse_size>(sum)]);
Results:
    for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
        y[i] = convert<y_t>(e[i] * factor);
    }
}

// e[i] = accum(exponential[top bits of x[i]])
struct softmax_latency_slice {
    template <class CONFIG, class x_t, class y_t, class exponential_raw_t, class inverse_raw_t>
    static void of(const x_t x[CONFIG::n_slice], y_t y[CONFIG::n_slice],
                   const exponential_raw_t exponential[CONFIG::exponential_size],
                   const inverse_raw_t inverse[CONFIG::inverse_size]) {
#pragma HLS INLINE
        typename CONFIG::accum_t e[CONFIG::n_slice];
#pragma HLS ARRAY_PARTITION variable=e complete
    Exponentials:
        for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
            e[i] = convert<typename CONFIG::accum_t>(from_raw<typename CONFIG::exponential_t>(
                exponential[top_bits<CONFIG::exponential_size>(x[i])]));
        }
        softmax_normalize<CONFIG>(e, y, inverse);
    }
};

// e[i] = accum(exponential[top bits of difference(max(x) - x[i])])
struct softmax_stable_slice {
    template <class CONFIG, class x_t, class y_t, class exponential_raw_t, class inverse_raw_t>
    static void of(const x_t x[CONFIG::n_slice], y_t y[CONFIG::n_slice],
                   const exponential_raw_t exponential[CONFIG::exponential_size],
                   const inverse_raw_t inverse[CONFIG::inverse_size]) {
#pragma HLS INLINE
        typedef typename CONFIG::difference_t difference_t;
        x_t greatest = x[0];
    Maximum:
        for (int i = 1; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
            if (above(x[i], greatest))
                greatest = x[i];
        }
        typename CONFIG::accum_t e[CONFIG::n_slice];
#pragma HLS ARRAY_PARTITION variable=e complete
    Exponentials:
        for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
            const difference_t apart = convert<difference_t>(greatest - x[i]);
            e[i] = convert<typename CONFIG::accum_t>(from_raw<typename CONFIG::exponential_t>(
                exponential[top_bits<CONFIG::exponential_size>(apart)]));
        }
        softmax_normalize<CONFIG>(e, y, inverse);
    }
};

// y[i] = cast(inverse[int(s * N / 64)]), s the sum in the table's type over j of
// exponential[int((x[j] - x[i]) * N / 16) + N / 2], and of 1 for j = i
struct softmax_legacy_slice {
    template <class CONFIG, class x_t, class y_t, class exponential_raw_t, class inverse_raw_t>
    static void of(const x_t x[CONFIG::n_slice], y_t y[CONFIG::n_slice],
                   const exponential_raw_t exponential[CONFIG::exponential_size],
                   const inverse_raw_t inverse[CONFIG::inverse_size]) {
#pragma HLS INLINE
        typedef typename CONFIG::exponential_t table_t;
    Results:
        for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
            table_t sum = 0;
        Terms:
            for (int j = 0; j < CONFIG::n_slice; j++) {
#pragma HLS UNROLL
                const natural<32> moved =
                    natural<32>(whole<32>(int_steps<CONFIG::exponential_size, 16>(x[j] - x[i]))) +
                    natural<32>(CONFIG::exponential_size / 2);
                const int index = clamped<CONFIG::exponential_size>(whole<32>(moved).to_int());
                const table_t term = i == j ? convert<table_t>(whole<2>(1))
                                            : from_raw<table_t>(exponential[index]);
                sum = convert<table_t>(sum + term);
            }
            const int index =
                clamped<CONFIG::inverse_size>(int_steps<CONFIG::inverse_size, 64>(sum));
            y[i] = convert<y_t>(from_raw<typename CONFIG::inverse_t>(inverse[index]));
        }
    }
};

// cast(1) at the first greatest element, 0 elsewhere
struct softmax_argmax_slice {
    template <class CONFIG, class x_t, class y_t>
    static void of(const x_t x[CONFIG::n_slice], y_t y[CONFIG::n_slice]) {
#pragma HLS INLINE
        x_t greatest = x[0];
        int best = 0;
    Maximum:
        for (int i = 1; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
            if (above(x[i], greatest)) {
                greatest = x[i];
                best = i;
            }
        }
    Results:
        for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
            y[i] = i == best ? convert<y_t>(whole<2>(1)) : y_t(0);
        }
    }
};

// Every vector along the middle one of the axes (n_outer, n_slice, n_inner) on its own.
template <class CONFIG, class SLICE, class x_t, class y_t, class... tables_t>
void softmax_slices(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in], const tables_t *...tables) {
    static_assert(CONFIG::n_outer * CONFIG::n_slice * CONFIG::n_inner == CONFIG::n_in,
                  "the three axes must make up the tensor");
#pragma HLS PIPELINE II=CONFIG::reuse_factor
Outer:
    for (int outer = 0; outer < CONFIG::n_outer; outer++) {
#pragma HLS UNROLL
    Inner:
        for (int inner = 0; inner < CONFIG::n_inner; inner++) {
#pragma HLS UNROLL
            x_t from[CONFIG::n_slice];
#pragma HLS ARRAY_PARTITION variable=from complete
            y_t to[CONFIG::n_slice];
#pragma HLS ARRAY_PARTITION variable=to complete
            const int first = outer * CONFIG::n_slice * CONFIG::n_inner + inner;
        Read:
            for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
                from[i] = x[first + i * CONFIG::n_inner];
            }
            SLICE::template of<CONFIG>(from, to, tables...);
        Write:
            for (int i = 0; i < CONFIG::n_slice; i++) {
#pragma HLS UNROLL
                y[first + i * CONFIG::n_inner] = to[i];
            }
        }
    }
}

#define BITWRIGHT_SOFTMAX(name)                                                                    \
    template <class CONFIG, class x_t, class y_t, class exponential_raw_t, class inverse_raw_t>    \
    void name(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in],                                      \
              const exponential_raw_t exponential[CONFIG::exponential_size],                       \
              const inverse_raw_t inverse[CONFIG::inverse_size]) {                                 \
        softmax_slices<CONFIG, name##_slice>(x, y, exponential, inverse);                          \
    }
BITWRIGHT_SOFTMAX(softmax_latency)
BITWRIGHT_SOFTMAX(softmax_stable)
BITWRIGHT_SOFTMAX(softmax_legacy)
#undef BITWRIGHT_SOFTMAX

template <class CONFIG, class x_t, class y_t>
void softmax_argmax(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_in]) {
    softmax_slices<CONFIG, softmax_argmax_slice>(x, y);
}

} // namespace bw

#endif
