// from_raw<T>(raw_of(x)) = x, for T of AMD's ap_fixed, ap_ufixed, ap_int and ap_uint.
#ifndef BITWRIGHT_PLATFORM_AP_HPP
#define BITWRIGHT_PLATFORM_AP_HPP

#include <ap_fixed.h>
#include <ap_int.h>

namespace bw {

// What a type says: width, integer bits (sign included), sign, and whether it is ap_(u)int.
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

// What kernels compute with: exact types, which never round or saturate.
template <int W, int I> using fixed = ap_fixed<W, I>;
template <int W> using whole = ap_int<W>;
template <int W> using natural = ap_uint<W>;

// Whether sums cast to T may be taken in any order: plain wrapping, no saturated bits.
template <class T> struct sums_commute {
    static const bool value = format<T>::is_integer;
};
template <int W, int I, ap_q_mode Q> struct sums_commute<ap_fixed<W, I, Q, AP_WRAP, 0>> {
    static const bool value = true;
};
template <int W, int I, ap_q_mode Q> struct sums_commute<ap_ufixed<W, I, Q, AP_WRAP, 0>> {
    static const bool value = true;
};

template <int W, bool S> struct sized_integer {
    typedef ap_int<W> type;
};
template <int W> struct sized_integer<W, false> {
    typedef ap_uint<W> type;
};

// How W-bit constants are stored: plain integers for a compiler, W bits for synthesis, where the
// words of a reshaped array must not hold padding.
template <int BYTES, bool S> struct native;
template <> struct native<1, true> {
    typedef signed char type;
};
template <> struct native<2, true> {
    typedef short type;
};
template <> struct native<4, true> {
    typedef int type;
};
template <> struct native<8, true> {
    typedef long long type;
};
template <> struct native<1, false> {
    typedef unsigned char type;
};
template <> struct native<2, false> {
    typedef unsigned short type;
};
template <> struct native<4, false> {
    typedef unsigned int type;
};
template <> struct native<8, false> {
    typedef unsigned long long type;
};

template <int W, bool S> struct constant {
    static_assert(W <= 62, "a constant must have at most 62 bits");
#if defined(__SYNTHESIS__) || defined(BITWRIGHT_EXACT_CONSTANTS)
    typedef typename sized_integer<W, S>::type type;
#else
    typedef typename native<W <= 8 ? 1 : W <= 16 ? 2 : W <= 32 ? 4 : 8, S>::type type;
#endif
};

// The value whose bit pattern is the low bits of ``raw``.
template <class T, class R> T from_raw(const R &raw) {
#pragma HLS INLINE
    T value = 0;
    value.range(format<T>::width - 1, 0) = raw;
    return value;
}

// The bits of ``value`` read as an integer with its sign.
template <class T>
typename sized_integer<format<T>::width, format<T>::is_signed>::type raw_of(T value) {
#pragma HLS INLINE
    typename sized_integer<format<T>::width, format<T>::is_signed>::type raw = 0;
    raw.range(format<T>::width - 1, 0) = value.range(format<T>::width - 1, 0);
    return raw;
}

} // namespace bw

#endif
