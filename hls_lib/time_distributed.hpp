// y[t] = op(x[t]) for every time step t: one kernel, used n_steps times.
#ifndef BITWRIGHT_TIME_DISTRIBUTED_HPP
#define BITWRIGHT_TIME_DISTRIBUTED_HPP

#include "platform.hpp"

namespace bw {

template <class CONFIG, class x_t, class y_t, class... arrays_t>
void time_distributed(const x_t x[CONFIG::n_steps * CONFIG::n_step_in],
                      y_t y[CONFIG::n_steps * CONFIG::n_step_out], const arrays_t *...arrays) {
Steps:
    for (int step = 0; step < CONFIG::n_steps; step++) {
        x_t x_now[CONFIG::n_step_in];
#pragma HLS ARRAY_PARTITION variable=x_now complete
        y_t y_now[CONFIG::n_step_out];
#pragma HLS ARRAY_PARTITION variable=y_now complete
        copy<CONFIG::n_step_in>(x + step * CONFIG::n_step_in, x_now);
        CONFIG::run(x_now, y_now, arrays...);
        copy<CONFIG::n_step_out>(y_now, y + step * CONFIG::n_step_out);
    }
}

} // namespace bw

// The configuration of time_distributed for bw::kernel<config>.
#define BITWRIGHT_EACH_STEP(name, steps, in, out, kernel, config)                                  \
    struct name {                                                                                  \
        static const int n_steps = steps, n_step_in = in, n_step_out = out;                        \
        template <class x_t, class y_t, class... arrays_t>                                         \
        static void run(const x_t *x, y_t *y, const arrays_t *...arrays) {                         \
            bw::kernel<config>(x, y, arrays...);                                                   \
        }                                                                                          \
    };

#endif
