// y[i] = cast(f(a[i], b[i])), f one of the structs below, exact; a and b broadcast.
#ifndef BITWRIGHT_MERGE_HPP
#define BITWRIGHT_MERGE_HPP

#include "platform.hpp"

namespace bw {

struct add_function { // cast(a + b)
    template <class CONFIG, class y_t, class a_t, class b_t>
    static y_t at(const a_t &a, const b_t &b) {
#pragma HLS INLINE
        return convert<y_t>(a + b);
    }
};

struct subtract_function { // cast(a - b)
    template <class CONFIG, class y_t, class a_t, class b_t>
    static y_t at(const a_t &a, const b_t &b) {
#pragma HLS INLINE
        return convert<y_t>(a - b);
    }
};

struct multiply_function { // cast(a * b)
    template <class CONFIG, class y_t, class a_t, class b_t>
    static y_t at(const a_t &a, const b_t &b) {
#pragma HLS INLINE
        return convert<y_t>(a * b);
    }
};

struct maximum_function { // cast(a > b ? a : b)
    template <class CONFIG, class y_t, class a_t, class b_t>
    static y_t at(const a_t &a, const b_t &b) {
#pragma HLS INLINE
        return above(a, b) ? convert<y_t>(a) : convert<y_t>(b);
    }
};

struct minimum_function { // cast(a < b ? a : b)
    template <class CONFIG, class y_t, class a_t, class b_t>
    static y_t at(const a_t &a, const b_t &b) {
#pragma HLS INLINE
        return above(b, a) ? convert<y_t>(a) : convert<y_t>(b);
    }
};

// cast((a + b) / count), the exact quotient: it keeps two bits below the last one that the result
// has, the lower one sticky, and rounds as if it had all of them.
struct average_function {
    template <class CONFIG, class y_t, class a_t, class b_t>
    static y_t at(const a_t &a, const b_t &b) {
#pragma HLS INLINE
        typedef typename common<a_t, b_t>::type operand;
        const int integer = format<operand>::integer + 1, frac = format<operand>::frac;
        const int more = largest(format<y_t>::frac - frac, 0) + 2;
        typedef whole<integer + frac + more> bits;
        const fixed<integer + frac, integer> sum = operand(a) + operand(b);
        const bits scaled = bits(raw_of(sum)) << (more - 1);
        bits quotient = scaled / CONFIG::count;
        const bool rest = quotient * CONFIG::count != scaled;
        if (rest && scaled < 0)
            quotient -= 1;
        quotient = quotient << 1;
        if (rest)
            quotient += 1;
        return convert<y_t>(from_raw<fixed<integer + frac + more, integer>>(quotient));
    }
};

// Where output i finds its operand: the output is walked as four nested axes.
template <class CONFIG> int merge_position(int i, int s0, int s1, int s2, int s3) {
#pragma HLS INLINE
    const int i3 = i % CONFIG::length_3, i2 = i / CONFIG::length_3 % CONFIG::length_2;
    const int outer = i / (CONFIG::length_3 * CONFIG::length_2);
    return outer / CONFIG::length_1 * s0 + outer % CONFIG::length_1 * s1 + i2 * s2 + i3 * s3;
}

template <class CONFIG, class FUNCTION, class a_t, class b_t, class y_t>
void merge(const a_t a[CONFIG::n_a], const b_t b[CONFIG::n_b], y_t y[CONFIG::n_out]) {
#pragma HLS PIPELINE II=CONFIG::reuse_factor
#pragma HLS ALLOCATION operation instances=mul limit=CONFIG::multiplier_limit
Elements:
    for (int i = 0; i < CONFIG::n_out; i++) {
#pragma HLS UNROLL
        const int from_a = merge_position<CONFIG>(i, CONFIG::stride_a_0, CONFIG::stride_a_1,
                                                  CONFIG::stride_a_2, CONFIG::stride_a_3);
        const int from_b = merge_position<CONFIG>(i, CONFIG::stride_b_0, CONFIG::stride_b_1,
                                                  CONFIG::stride_b_2, CONFIG::stride_b_3);
        y[i] = FUNCTION::template at<CONFIG, y_t>(a[from_a], b[from_b]);
    }
}

#define BITWRIGHT_MERGE(name)                                                                      \
    template <class CONFIG, class a_t, class b_t, class y_t>                                       \
    void name(const a_t a[CONFIG::n_a], const b_t b[CONFIG::n_b], y_t y[CONFIG::n_out]) {          \
        merge<CONFIG, name##_function>(a, b, y);                                                   \
    }
BITWRIGHT_MERGE(add)
BITWRIGHT_MERGE(subtract)
BITWRIGHT_MERGE(multiply)
BITWRIGHT_MERGE(average)
BITWRIGHT_MERGE(maximum)
BITWRIGHT_MERGE(minimum)
#undef BITWRIGHT_MERGE

} // namespace bw

#endif
