// v = M(M(beta * v) + M(x[t])): potentials over a window of time steps, and what is read from them.
//
// M is state_t. Each kernel has a loop over the steps of a window, which starts from potentials of
// 0; its step is a function of its own, for layers between streams.
#ifndef BITWRIGHT_SPIKING_HPP
#define BITWRIGHT_SPIKING_HPP

#include "platform.hpp"

namespace bw {

// v[i] = 0
template <int SIZE, class M> void rest(M v[SIZE]) {
#pragma HLS INLINE
States:
    for (int i = 0; i < SIZE; i++) {
#pragma HLS UNROLL
        v[i] = 0;
    }
}

// v, or M(beta * v) where there is a beta
template <class CONFIG, class M> M leaked(const M &v, int) {
#pragma HLS INLINE
    return v;
}
template <class CONFIG, class M, class beta_raw_t>
M leaked(const M &v, int i, const beta_raw_t beta[CONFIG::n_beta]) {
#pragma HLS INLINE
    return convert<M>(from_raw<typename CONFIG::beta_t>(beta[i % CONFIG::n_beta]) * v);
}

// v = M(leaked v + M(x)); y = v >= threshold ? cast(1) : 0; v = M(v - threshold) or 0 if it was
template <class CONFIG, class x_t, class y_t, class threshold_raw_t, class... beta_raw_t>
void spiking_neuron_step(const x_t x[CONFIG::n_in], typename CONFIG::state_t v[CONFIG::n_in],
                         y_t y[CONFIG::n_in],
                         const threshold_raw_t threshold[CONFIG::n_threshold],
                         const beta_raw_t *...beta) {
#pragma HLS INLINE
    typedef typename CONFIG::state_t M;
Neurons:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        const typename CONFIG::threshold_t limit =
            from_raw<typename CONFIG::threshold_t>(threshold[i % CONFIG::n_threshold]);
        const M now = convert<M>(leaked<CONFIG>(v[i], i, beta...) + convert<M>(x[i]));
        const bool spike = !above(limit, now);
        if (spike)
            y[i] = convert<y_t>(whole<2>(1));
        else
            y[i] = 0;
        if (!spike)
            v[i] = now;
        else if (CONFIG::reset_to_zero)
            v[i] = 0;
        else
            v[i] = convert<M>(now - limit);
    }
}

template <class CONFIG, class x_t, class y_t, class... arrays_t>
void spiking_neuron(const x_t x[CONFIG::n_steps * CONFIG::n_in],
                    y_t y[CONFIG::n_steps * CONFIG::n_in], const arrays_t *...arrays) {
    typename CONFIG::state_t v[CONFIG::n_in];
#pragma HLS ARRAY_PARTITION variable=v complete
    rest<CONFIG::n_in>(v);
Steps:
    for (int step = 0; step < CONFIG::n_steps; step++) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
        x_t x_now[CONFIG::n_in];
#pragma HLS ARRAY_PARTITION variable=x_now complete
        y_t y_now[CONFIG::n_in];
#pragma HLS ARRAY_PARTITION variable=y_now complete
        copy<CONFIG::n_in>(x + step * CONFIG::n_in, x_now);
        spiking_neuron_step<CONFIG>(x_now, v, y_now, arrays...);
        copy<CONFIG::n_in>(y_now, y + step * CONFIG::n_in);
    }
}

// ---- readout ------------------------------------------------------------------------------------

// v += (x != 0), or v = M(leaked v + M(x)) where spikes are not counted
template <class CONFIG, bool COUNTS = CONFIG::counts != 0> struct readout_state {
    template <class x_t, class M> static void step(const x_t &x, M &v, int) {
#pragma HLS INLINE
        if (raw_of(x) != 0)
            v = M(v + natural<1>(1));
    }
};
template <class CONFIG> struct readout_state<CONFIG, false> {
    template <class x_t, class M, class... beta_raw_t>
    static void step(const x_t &x, M &v, int i, const beta_raw_t *...beta) {
#pragma HLS INLINE
        v = convert<M>(leaked<CONFIG>(v, i, beta...) + convert<M>(x));
    }
};

// The class with the most; the lowest of equals.
template <class CONFIG> int most_of(const typename CONFIG::state_t v[CONFIG::n_in]) {
#pragma HLS INLINE
    typename CONFIG::state_t most = v[0];
    int best = 0;
Classes:
    for (int i = 1; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        if (above(v[i], most)) {
            most = v[i];
            best = i;
        }
    }
    return best;
}

template <class CONFIG, int RULE = CONFIG::rule> struct decision { // cast(argmax)
    template <class y_t> static y_t of(const typename CONFIG::state_t v[CONFIG::n_in]) {
#pragma HLS INLINE
        return convert<y_t>(whole<33>(most_of<CONFIG>(v)));
    }
};
template <class CONFIG> struct decision<CONFIG, 1> { // cast(lowest that has enough, else argmax)
    template <class y_t> static y_t of(const typename CONFIG::state_t v[CONFIG::n_in]) {
#pragma HLS INLINE
        int best = most_of<CONFIG>(v);
    Classes:
        for (int i = CONFIG::n_in - 1; i >= 0; i--) {
#pragma HLS UNROLL
            if (!above(whole<33>(CONFIG::class_threshold), v[i]))
                best = i;
        }
        return convert<y_t>(whole<33>(best));
    }
};
template <class CONFIG> struct decision<CONFIG, 2> { // cast(v[1] - v[0])
    template <class y_t> static y_t of(const typename CONFIG::state_t v[CONFIG::n_in]) {
#pragma HLS INLINE
        static_assert(CONFIG::n_in == 2, "a logit is of two classes");
        return convert<y_t>(v[1] - v[0]);
    }
};

template <class CONFIG, class x_t, class y_t, class... beta_raw_t>
void spiking_readout_step(const x_t x[CONFIG::n_in], typename CONFIG::state_t v[CONFIG::n_in],
                          y_t y[1], const beta_raw_t *...beta) {
#pragma HLS INLINE
Classes:
    for (int i = 0; i < CONFIG::n_in; i++) {
#pragma HLS UNROLL
        readout_state<CONFIG>::step(x[i], v[i], i, beta...);
    }
    y[0] = decision<CONFIG>::template of<y_t>(v);
}

template <class CONFIG, class x_t, class y_t, class... beta_raw_t>
void spiking_readout(const x_t x[CONFIG::n_steps * CONFIG::n_in], y_t y[1],
                     const beta_raw_t *...beta) {
    typename CONFIG::state_t v[CONFIG::n_in];
#pragma HLS ARRAY_PARTITION variable=v complete
    rest<CONFIG::n_in>(v);
Steps:
    for (int step = 0; step < CONFIG::n_steps; step++) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
        x_t x_now[CONFIG::n_in];
#pragma HLS ARRAY_PARTITION variable=x_now complete
        copy<CONFIG::n_in>(x + step * CONFIG::n_in, x_now);
        spiking_readout_step<CONFIG>(x_now, v, y, beta...);
    }
}

} // namespace bw

#endif
