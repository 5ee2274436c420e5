// y[v, o] = cast(c[o] + sum_a e[v, a] * (b[o, a] * E[a] + sum_i w[o, a, i] * X[a, i])).
//
// e[v, a] = table[bits of d], d = g[a] + sum_i h[a, i] * x[v, i]; E[a] and X[a, i] are the means of
// e and of e * x over the vertices that count. Vertices are summed block by block, and every
// addition is cast. h, g, w, b, c: distance_weight, distance_bias, weight, bias, output_bias.
#ifndef BITWRIGHT_GARNET_HPP
#define BITWRIGHT_GARNET_HPP

#include "platform.hpp"

namespace bw {

// ---- how many vertices count --------------------------------------------------------------------

// Whether vertex v counts: v < n, or, where n has a fraction, its block begins below n.
template <class n_t, bool FRACTION = (format<n_t>::frac > 0)> struct vertex {
    static bool counts(const n_t &n, int v, int) {
#pragma HLS INLINE
        return above(n, whole<32>(v));
    }
};
template <class n_t> struct vertex<n_t, true> {
    static bool counts(n_t n, int v, int block_start) {
#pragma HLS INLINE
        const int frac = format<n_t>::frac, width = format<n_t>::width;
        const int bits = frac < width ? frac : width;
        const natural<bits> fraction = n.range(bits - 1, 0);
        return above(n, whole<32>(v)) || (fraction != 0 && above(n, whole<32>(block_start)));
    }
};

// x >= 0 in the bits that n_t has, truncated and wrapped: AMD's type of a C integer by n.
template <class n_t, bool SIGNED = format<n_t>::is_signed> struct low_bits {
    typedef fixed<format<n_t>::width, format<n_t>::integer> type;
    template <class x_t> static type of(const x_t &x) {
#pragma HLS INLINE
        return convert<type>(x);
    }
};
template <class n_t> struct low_bits<n_t, false> {
    typedef fixed<format<n_t>::width + 1, format<n_t>::integer + 1> type;
    template <class x_t> static type of(const x_t &x) {
#pragma HLS INLINE
        const natural<format<n_t>::width> raw = raw_of(convert<type>(x));
        return from_raw<type>(raw);
    }
};

// norm(share / n), truncated to ``fraction`` bits (of n's unit, where that is above 1); 0 for
// n <= 0, where every sum is 0.
template <class CONFIG, class n_t> typename CONFIG::norm_t vertex_share(const n_t &n) {
#pragma HLS INLINE
    const int frac = format<n_t>::frac, up = largest(frac, 0) + CONFIG::fraction;
    const int width = largest(format<n_t>::width, 32 + up) + 2;
    typedef fixed<width, width - up + frac> steps_t;
    if (!positive(n))
        return 0;
    const whole<width> dividend = whole<width>(CONFIG::share) << up;
    const whole<width> steps = dividend / whole<width>(raw_of(n));
    const steps_t quotient = from_raw<steps_t>(steps);
    if (CONFIG::fraction == 0)
        return convert<typename CONFIG::norm_t>(low_bits<n_t>::of(quotient));
    return convert<typename CONFIG::norm_t>(quotient);
}

// What += and *= take of x on a T: of an integer type, x truncated toward zero.
template <class T, class x_t, bool WHOLE = format<T>::is_integer> struct operand {
    typedef x_t type;
    static type of(const x_t &x) {
#pragma HLS INLINE
        return x;
    }
};
template <class T, class x_t> struct operand<T, x_t, true> {
    typedef whole<largest(format<x_t>::integer, 1) + 1> type;
    static type of(const x_t &x) {
#pragma HLS INLINE
        return convert<type>(x);
    }
};

// total + term, cast to T
template <class T, class x_t> T increased(const T &total, const x_t &term) {
#pragma HLS INLINE
    return convert<T>(total + operand<T, x_t>::of(term));
}

// ---- from vertices to aggregators ---------------------------------------------------------------

// interval: cycles of a block; lanes: edges that a block needs at once.
template <class CONFIG> struct garnet_plan {
    static const int blocks = ceil_divide(CONFIG::n_vertices, CONFIG::block);
    static const int interval = ceil_divide(CONFIG::reuse_factor, blocks);
    static const int lanes = CONFIG::block * CONFIG::n_aggregators;
    static const int n_means = CONFIG::n_aggregators * CONFIG::n_in;
    static const int shift = CONFIG::log2_vertices - CONFIG::log2_blocks;
    static_assert(shift >= 0, "there must not be more blocks than vertices");
};

// e[v, a]
template <class CONFIG, class x_t, class h_raw_t, class g_raw_t, class table_raw_t>
typename CONFIG::table_t garnet_edge(const x_t x[CONFIG::n_vertices * CONFIG::n_in], int v, int a,
                                     const h_raw_t h[CONFIG::n_distance_weight],
                                     const g_raw_t g[CONFIG::n_distance_bias],
                                     const table_raw_t table[CONFIG::table_size]) {
#pragma HLS INLINE
    typedef typename CONFIG::distance_t distance_t;
    distance_t distance =
        convert<distance_t>(from_raw<typename CONFIG::distance_bias_t>(g[a]));
Features:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        const typename CONFIG::distance_weight_t factor =
            from_raw<typename CONFIG::distance_weight_t>(h[a * CONFIG::n_in + i]);
        const distance_t step = convert<distance_t>(x[v * CONFIG::n_in + i] * factor);
        distance = increased(distance, step);
    }
    return from_raw<typename CONFIG::table_t>(table[top_bits<CONFIG::table_size>(distance)]);
}

// Edges of all vertices, E and X; edges of vertices that do not count are left as they are.
template <class CONFIG, class x_t, class n_t, class h_raw_t, class g_raw_t, class table_raw_t>
void garnet_aggregate(const x_t x[CONFIG::n_vertices * CONFIG::n_in], const n_t &n,
                      typename CONFIG::table_t edges[CONFIG::n_vertices * CONFIG::n_aggregators],
                      typename CONFIG::table_t mean_edge[CONFIG::n_aggregators],
                      typename CONFIG::aggr_t mean_x[garnet_plan<CONFIG>::n_means],
                      const h_raw_t h[CONFIG::n_distance_weight],
                      const g_raw_t g[CONFIG::n_distance_bias],
                      const table_raw_t table[CONFIG::table_size]) {
#pragma HLS INLINE
    typedef garnet_plan<CONFIG> plan;
    typedef typename CONFIG::table_t edge_t;
    typedef typename CONFIG::edge_sum_t edge_sum_t;
    typedef typename CONFIG::aggr_t aggr_t;
    const int n_in = CONFIG::n_in, n_aggregators = CONFIG::n_aggregators;
    edge_sum_t sum_edge[n_aggregators];
    aggr_t sum_x[plan::n_means];
#pragma HLS ARRAY_PARTITION variable=sum_edge complete
#pragma HLS ARRAY_PARTITION variable=sum_x complete
Begin:
    for (int a = 0; a < n_aggregators; a++) {
#pragma HLS UNROLL
        sum_edge[a] = 0;
        for (int i = 0; i < n_in; i++) {
#pragma HLS UNROLL
            sum_x[a * n_in + i] = 0;
        }
    }
Blocks:
    for (int b = 0; b < plan::blocks; b++) {
#pragma HLS PIPELINE II=plan::interval
    Aggregators:
        for (int a = 0; a < n_aggregators; a++) {
#pragma HLS UNROLL
            edge_sum_t of_edges = 0;
            aggr_t of_x[n_in];
#pragma HLS ARRAY_PARTITION variable=of_x complete
            for (int i = 0; i < n_in; i++) {
#pragma HLS UNROLL
                of_x[i] = 0;
            }
        Vertices:
            for (int k = 0; k < CONFIG::block; k++) {
#pragma HLS UNROLL
                const int v = b * CONFIG::block + k;
                if (v < CONFIG::n_vertices && vertex<n_t>::counts(n, v, b * CONFIG::block)) {
                    const edge_t edge = garnet_edge<CONFIG>(x, v, a, h, g, table);
                    edges[v * n_aggregators + a] = edge;
                    of_edges = increased(of_edges, edge);
                Features:
                    for (int i = 0; i < n_in; i++) {
#pragma HLS UNROLL
                        const x_t part = convert<x_t>(x[v * n_in + i] * edge);
                        of_x[i] = increased(of_x[i], part);
                    }
                }
            }
            const edge_sum_t share = of_edges >> plan::shift;
            sum_edge[a] = increased(sum_edge[a], share);
            for (int i = 0; i < n_in; i++) {
#pragma HLS UNROLL
                const aggr_t part = of_x[i] >> plan::shift;
                sum_x[a * n_in + i] = increased(sum_x[a * n_in + i], part);
            }
        }
    }
    typename CONFIG::norm_t norm = 0;
    if (CONFIG::by_count)
        norm = vertex_share<CONFIG>(n);
Means:
    for (int a = 0; a < n_aggregators; a++) {
#pragma HLS UNROLL
        const edge_sum_t part = sum_edge[a] >> CONFIG::log2_blocks;
        mean_edge[a] = CONFIG::by_count ? convert<edge_t>(sum_edge[a] * norm) : convert<edge_t>(part);
        for (int i = 0; i < n_in; i++) {
#pragma HLS UNROLL
            const aggr_t sum = sum_x[a * n_in + i];
            const aggr_t shifted = sum >> CONFIG::log2_blocks;
            mean_x[a * n_in + i] = CONFIG::by_count ? convert<aggr_t>(sum * norm) : shifted;
        }
    }
}

// base[o, a] = b[o, a] * E[a] + sum_i w[o, a, i] * X[a, i]
template <class CONFIG, class w_raw_t, class b_raw_t>
void garnet_base(const typename CONFIG::table_t mean_edge[CONFIG::n_aggregators],
                 const typename CONFIG::aggr_t mean_x[garnet_plan<CONFIG>::n_means],
                 typename CONFIG::aggr_t base[CONFIG::n_bias], const w_raw_t w[CONFIG::n_weight],
                 const b_raw_t b[CONFIG::n_bias]) {
#pragma HLS INLINE
    typedef typename CONFIG::aggr_t aggr_t;
Filters:
    for (int o = 0; o < CONFIG::n_out; o++) {
#pragma HLS UNROLL
    Aggregators:
        for (int a = 0; a < CONFIG::n_aggregators; a++) {
#pragma HLS UNROLL
            const int at = o * CONFIG::n_aggregators + a;
            aggr_t sum = convert<aggr_t>(mean_edge[a] * from_raw<typename CONFIG::bias_t>(b[at]));
        Features:
            for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
                const typename CONFIG::weight_t factor =
                    from_raw<typename CONFIG::weight_t>(w[at * CONFIG::n_in + i]);
                sum = increased(sum, mean_x[a * CONFIG::n_in + i] * factor);
            }
            base[at] = sum;
        }
    }
}

// ---- kernels ------------------------------------------------------------------------------------

template <class CONFIG, class x_t, class n_t, class y_t, class h_raw_t, class g_raw_t,
          class w_raw_t, class b_raw_t, class c_raw_t, class table_raw_t>
void garnet(const x_t x[CONFIG::n_vertices * CONFIG::n_in], const n_t n[CONFIG::n_count],
            y_t y[CONFIG::n_vertices * CONFIG::n_out], const h_raw_t h[CONFIG::n_distance_weight],
            const g_raw_t g[CONFIG::n_distance_bias], const w_raw_t w[CONFIG::n_weight],
            const b_raw_t b[CONFIG::n_bias], const c_raw_t c[CONFIG::n_output_bias],
            const table_raw_t table[CONFIG::table_size]) {
#pragma HLS FUNCTION_INSTANTIATE variable=h,g,w,b,c
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
    typedef garnet_plan<CONFIG> plan;
    const int n_aggregators = CONFIG::n_aggregators;
    typename CONFIG::table_t edges[CONFIG::n_vertices * n_aggregators];
    typename CONFIG::table_t mean_edge[n_aggregators];
    typename CONFIG::aggr_t mean_x[plan::n_means], base[CONFIG::n_bias];
#pragma HLS ARRAY_PARTITION variable=edges cyclic factor=plan::lanes
#pragma HLS ARRAY_PARTITION variable=mean_edge complete
#pragma HLS ARRAY_PARTITION variable=mean_x complete
#pragma HLS ARRAY_PARTITION variable=base complete
    garnet_aggregate<CONFIG>(x, n[0], edges, mean_edge, mean_x, h, g, table);
    garnet_base<CONFIG>(mean_edge, mean_x, base, w, b);
Blocks:
    for (int block = 0; block < plan::blocks; block++) {
#pragma HLS PIPELINE II=plan::interval
    Vertices:
        for (int k = 0; k < CONFIG::block; k++) {
#pragma HLS UNROLL
            const int v = block * CONFIG::block + k;
            if (v < CONFIG::n_vertices) {
                const bool counts = vertex<n_t>::counts(n[0], v, block * CONFIG::block);
            Filters:
                for (int o = 0; o < CONFIG::n_out; o++) {
#pragma HLS UNROLL
                    y_t sum = 0;
                    if (counts) {
                        sum = convert<y_t>(from_raw<typename CONFIG::output_bias_t>(c[o]));
                    Aggregators:
                        for (int a = 0; a < n_aggregators; a++) {
#pragma HLS UNROLL
                            const y_t part = convert<y_t>(edges[v * n_aggregators + a] *
                                                          base[o * n_aggregators + a]);
                            sum = increased(sum, part);
                        }
                    }
                    y[v * CONFIG::n_out + o] = sum;
                }
            }
        }
    }
}

// The mean of y over the vertices: y[o] = cast(c' + sum_a E[a] * base[o, a]).
template <class CONFIG, class x_t, class n_t, class y_t, class h_raw_t, class g_raw_t,
          class w_raw_t, class b_raw_t, class c_raw_t, class table_raw_t>
void garnet_mean(const x_t x[CONFIG::n_vertices * CONFIG::n_in], const n_t n[CONFIG::n_count],
                 y_t y[CONFIG::n_out], const h_raw_t h[CONFIG::n_distance_weight],
                 const g_raw_t g[CONFIG::n_distance_bias], const w_raw_t w[CONFIG::n_weight],
                 const b_raw_t b[CONFIG::n_bias], const c_raw_t c[CONFIG::n_output_bias],
                 const table_raw_t table[CONFIG::table_size]) {
#pragma HLS FUNCTION_INSTANTIATE variable=h,g,w,b,c
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
    typedef garnet_plan<CONFIG> plan;
    typedef typename CONFIG::aggr_t aggr_t;
    typedef typename CONFIG::output_bias_t bias_t;
    const int n_aggregators = CONFIG::n_aggregators;
    typename CONFIG::table_t edges[CONFIG::n_vertices * n_aggregators];
    typename CONFIG::table_t mean_edge[n_aggregators];
    aggr_t mean_x[plan::n_means], base[CONFIG::n_bias];
#pragma HLS ARRAY_PARTITION variable=edges cyclic factor=plan::lanes
#pragma HLS ARRAY_PARTITION variable=mean_edge complete
#pragma HLS ARRAY_PARTITION variable=mean_x complete
#pragma HLS ARRAY_PARTITION variable=base complete
    garnet_aggregate<CONFIG>(x, n[0], edges, mean_edge, mean_x, h, g, table);
    garnet_base<CONFIG>(mean_edge, mean_x, base, w, b);
Filters:
    for (int o = 0; o < CONFIG::n_out; o++) {
#pragma HLS UNROLL
        bias_t bias = from_raw<bias_t>(c[o]);
        if (!CONFIG::by_count) {
            const aggr_t all = convert<aggr_t>(
                convert<aggr_t>(bias) * operand<aggr_t, n_t>::of(n[0]));
            const aggr_t mean = all >> CONFIG::log2_vertices;
            bias = convert<bias_t>(mean);
        }
        y_t sum = convert<y_t>(bias);
    Aggregators:
        for (int a = 0; a < n_aggregators; a++) {
#pragma HLS UNROLL
            sum = increased(sum, mean_edge[a] * base[o * n_aggregators + a]);
        }
        y[o] = sum;
    }
}

} // namespace bw

#endif
