// T: ap_fixed, ap_ufixed, ap_int or ap_uint of AMD's headers; the raw integer of T is its bit pattern.
#ifndef BITWRIGHT_PLATFORM_AP_HPP
#define BITWRIGHT_PLATFORM_AP_HPP

#include <ap_fixed.h>
#include <ap_int.h>

namespace bw {

// What a type says of its bits: width, integer bits (sign included), sign, and whether it is ap_(u)int.
template <class T> struct format;
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct format<ap_fixed<W, I, Q, O, N>> {
    static const int width = W, integer = I, frac = W - I;
    static const bool is_signed = true, is_integer = false;
};
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct format<ap_ufixed<W, I, Q, O, N>> {
    static const int width = W, integer = I, frac = W - I;
    static const bool is_signed = false, is_integer = false;
};
template <int W> struct format<ap_int<W>> {
    static const int width = W, integer = W, frac = 0;
    static const bool is_signed = true, is_integer = true;
};
template <int W> struct format<ap_uint<W>> {
    static const int width = W, integer = W, frac = 0;
    static const bool is_signed = false, is_integer = true;
};

template <int W, int I, bool S> struct exact_fixed { typedef ap_fixed<W, I> type; };
template <int W, int I> struct exact_fixed<W, I, false> { typedef ap_ufixed<W, I> type; };

// The value whose bit pattern is the low bits of ``raw``.
template <class T> T from_raw(long long raw) {
#pragma HLS INLINE
    T value = 0;
    value.range(format<T>::width - 1, 0) = ap_int<64>(raw).range(format<T>::width - 1, 0);
    return value;
}

// An integer type with the width and sign of T.
template <class T, bool S = format<T>::is_signed> struct raw_type {
    typedef ap_int<format<T>::width> type;
};
template <class T> struct raw_type<T, false> { typedef ap_uint<format<T>::width> type; };

// The bits of ``value`` read as an integer with its sign.
template <class T> typename raw_type<T>::type raw_of(T value) {
#pragma HLS INLINE
    typename raw_type<T>::type raw = 0;
    raw.range(format<T>::width - 1, 0) = value.range(format<T>::width - 1, 0);
    return raw;
}

} // namespace bw

#endif
