// convert<R>(x) = overflow(round(x)) in R's modes; above(x, y) = x > y, exactly.
#ifndef BITWRIGHT_PLATFORM_HPP
#define BITWRIGHT_PLATFORM_HPP

#include "platform/ap.hpp"

#if defined(__GNUC__) && !defined(__SYNTHESIS__)
// Labels name the loops in the vendor's reports; a C++ compiler has no use for them.
#pragma GCC diagnostic ignored "-Wunused-label"
#endif

namespace bw {

constexpr int largest(int a, int b) { return a > b ? a : b; }

constexpr int ceil_divide(int a, int b) { return (a + b - 1) / b; }

constexpr int log2_floor(long long n) { return n < 2 ? 0 : 1 + log2_floor(n / 2); }

constexpr long long greatest_common(long long a, long long b) {
    return b == 0 ? a : greatest_common(b, a % b);
}

// A signed type that holds every value of A and of B.
template <class A, class B> struct common {
    static const int integer = largest(format<A>::integer + !format<A>::is_signed,
                                       format<B>::integer + !format<B>::is_signed);
    static const int frac = largest(format<A>::frac, format<B>::frac);
    typedef fixed<integer + frac, integer> type;
};

// x > y. Both go to one signed type first: AMD's C simulation (2019 headers, as in hls4ml 1.3.0)
// compares mixed signs wrongly above 32 bits.
template <class A, class B> bool above(const A &x, const B &y) {
#pragma HLS INLINE
    typedef typename common<A, B>::type wide;
    return wide(x) > wide(y);
}

template <class A> bool positive(const A &x) {
#pragma HLS INLINE
    return above(x, whole<2>(0));
}

template <class A> bool negative(const A &x) {
#pragma HLS INLINE
    return above(whole<2>(0), x);
}

// Conversion into a fixed type is the type's own; into an integer type the source first gets
// integer bits, because AMD's C simulation converts values without them wrongly.
template <class R, class X, bool IS_INTEGER = format<R>::is_integer> struct converter {
    static R from(const X &x) {
#pragma HLS INLINE
        return R(x);
    }
};
template <class R, class X> struct converter<R, X, true> {
    static R from(const X &x) {
#pragma HLS INLINE
        typedef typename common<X, whole<2>>::type wide;
        return R(wide(x));
    }
};
template <class R> struct converter<R, R, false> {
    static R from(const R &x) {
#pragma HLS INLINE
        return x;
    }
};
template <class R> struct converter<R, R, true> {
    static R from(const R &x) {
#pragma HLS INLINE
        return x;
    }
};

// overflow(round(x)) with the modes of R. A conversion of a type to itself copies the bits.
template <class R, class X> R convert(const X &x) {
#pragma HLS INLINE
    return converter<R, X>::from(x);
}

// y[i] = x[i]
template <int SIZE, class T> void copy(const T x[SIZE], T y[SIZE]) {
#pragma HLS INLINE
Elements:
    for (int i = 0; i < SIZE; i++) {
#pragma HLS UNROLL
        y[i] = x[i];
    }
}

// (int)(x * SIZE / SPAN): truncated toward zero at x's fraction, again at the point, low 32 bits
// kept.
template <int SIZE, int SPAN, class X> int int_steps(const X &x) {
#pragma HLS INLINE
    static_assert(SIZE > 0 && SPAN > 0, "a table covers a span with at least one entry");
    const long long common_factor = greatest_common(SIZE, SPAN);
    const long long up = SIZE / common_factor, down = SPAN / common_factor;
    static_assert((SPAN & (SPAN - 1)) == 0,
                  "the span must be a power of two: the division is a shift");
    const int drop = log2_floor(down), frac = format<X>::frac;
    const int down_bits = drop + (frac > 0 ? frac : 0);
    const int width = format<X>::width + 2 + log2_floor(up) + 1 + (frac < 0 ? -frac : 0) + 32;
    whole<width> scaled = whole<width>(raw_of(x)) * whole<34>(up);
    const bool minus = scaled < 0;
    whole<width> magnitude = minus ? whole<width>(-scaled) : scaled;
    magnitude = (magnitude >> down_bits) << (frac < 0 ? -frac : 0);
    const whole<width> steps = minus ? whole<width>(-magnitude) : magnitude;
    return whole<32>(steps).to_int();
}

// The position of ``index`` in a table of SIZE entries; outside it, the nearest end.
template <int SIZE> int clamped(int index) {
#pragma HLS INLINE
    return index < 0 ? 0 : (index > SIZE - 1 ? SIZE - 1 : index);
}

// The log2 SIZE most significant bits of x, read as unsigned.
template <int SIZE, class X> int top_bits(X x) {
#pragma HLS INLINE
    static_assert(SIZE >= 2 && (SIZE & (SIZE - 1)) == 0, "top bits address a table of 2^n entries");
    const int bits = log2_floor(SIZE), width = format<X>::width;
    static_assert(bits <= width, "a table has at most one entry for every code of its address");
    natural<bits> slice = x.range(width - 1, width - bits);
    return whole<bits + 1>(slice).to_int();
}

} // namespace bw

#endif
