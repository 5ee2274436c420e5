// y[i] = cast(expression i): CONFIG::expressions spells them in + - * and the functions below.
#ifndef BITWRIGHT_SYMBOLIC_HPP
#define BITWRIGHT_SYMBOLIC_HPP

#include "platform.hpp"

namespace bw {

// -x
template <class X>
fixed<format<X>::width + 1, format<X>::integer + 1> negated(const X &x) {
#pragma HLS INLINE
    typedef whole<format<X>::width + 1> bits;
    return from_raw<fixed<format<X>::width + 1, format<X>::integer + 1>>(bits(-bits(raw_of(x))));
}

// a / b of unsigned integers, b > 0. Above 64 bits one digit after the other: AMD's C simulation
// (2019 headers, as in hls4ml 1.3.0) gets some of those quotients wrong.
template <int W, bool NARROW = (W <= 64)> struct magnitude_quotient {
    static natural<W> of(const natural<W> &a, const natural<W> &b) {
#pragma HLS INLINE
        return a / b;
    }
};
template <int W> struct magnitude_quotient<W, false> {
    static natural<W> of(const natural<W> &a, const natural<W> &b) {
#pragma HLS INLINE
        natural<W + 1> rest = 0;
        natural<W> found = 0;
    Digits:
        for (int k = W - 1; k >= 0; k--) {
#pragma HLS UNROLL
            rest = rest << 1;
            rest[0] = a[k];
            if (rest >= natural<W + 1>(b)) {
                rest = rest - natural<W + 1>(b);
                found[k] = 1;
            }
        }
        return found;
    }
};

// The type of a / b: the fraction of a, and that of b on top where it is negative.
template <class A, class B> struct quotient {
    static const int shift = largest(format<B>::frac, 0);
    static const int width = format<A>::width + shift + 2;
    static const int frac = format<A>::frac + shift - format<B>::frac;
    typedef fixed<width, width - frac> type;
};

// a / b, truncated toward zero; 0 where b is 0.
template <class A, class B> typename quotient<A, B>::type divided(const A &a, const B &b) {
#pragma HLS INLINE
    typedef quotient<A, B> made;
    const int bits = largest(format<A>::width + made::shift, format<B>::width) + 1;
    const whole<bits> above = whole<bits>(raw_of(a)) << made::shift, below = raw_of(b);
    if (below == 0)
        return 0;
    const natural<bits> up = above < 0 ? whole<bits>(-above) : above;
    const natural<bits> down = below < 0 ? whole<bits>(-below) : below;
    const whole<bits + 1> size = magnitude_quotient<bits>::of(up, down);
    const whole<bits + 1> signed_size =
        (above < 0) != (below < 0) ? whole<bits + 1>(-size) : size;
    return from_raw<typename made::type>(whole<made::width>(signed_size));
}

// samples[clamp(int((T(x) - start) * scale))]
template <class T, int SIZE, class X, class S, class sample_raw_t>
T sampled(const X &x, const T &start, const S &scale, const sample_raw_t samples[SIZE]) {
#pragma HLS INLINE
    const int index = int_steps<1, 1>((convert<T>(x) - start) * scale);
    return from_raw<T>(samples[clamped<SIZE>(index)]);
}

template <class CONFIG, class x_t, class y_t, class... arrays_t>
void symbolic(const x_t x[CONFIG::n_in], y_t y[CONFIG::n_out], const arrays_t *...arrays) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
    CONFIG::expressions(x, y, arrays...);
}

} // namespace bw

#endif
