// read(x, values); write(values, y): a tensor travels row-major in beats of N consecutive elements.
//
// A layer of a streaming project reads beats into an array, calls the kernel that io_parallel calls,
// and writes the kernel's array: the arithmetic is in the kernels alone.
#ifndef BITWRIGHT_STREAM_HPP
#define BITWRIGHT_STREAM_HPP

#include "platform.hpp"
#include "platform/ap_stream.hpp"

namespace bw {

// N elements that travel together, packed side by side: all channels of a pixel or time step.
template <class T, int N> struct beat {
    typedef T value_type;
    static const int size = N;
    T data[N];
    T &operator[](int i) { return data[i]; }
    const T &operator[](int i) const { return data[i]; }
};

// ---- what C simulation notices ------------------------------------------------------------------

#ifndef __SYNTHESIS__
// The first fault: a stream that held another number of beats than it must, or (wanted < 0) a
// layer that read a stream without beats. In hardware either of them hangs.
struct stream_fault {
    const char *name;
    long beats, wanted;
};

inline stream_fault &fault() {
    static stream_fault first = {nullptr, 0, 0};
    return first;
}

inline bool &starved() {
    static bool was = false;
    return was;
}

// After layer ``name`` ran: whether it found all beats that it read.
inline void check_ran(const char *name) {
    if (!fault().name && starved())
        fault() = stream_fault{name, 0, -1};
}

// The stream ``name`` must hold ``wanted`` beats.
template <class S> void check_beats(const char *name, S &held, long wanted) {
    if (!fault().name && static_cast<long>(held.size()) != wanted)
        fault() = stream_fault{name, static_cast<long>(held.size()), wanted};
}

#define BITWRIGHT_RAN(name) bw::check_ran(name);
#define BITWRIGHT_BEATS(name, held, wanted) bw::check_beats(name, held, wanted);
#else
#define BITWRIGHT_RAN(name)
#define BITWRIGHT_BEATS(name, held, wanted)
#endif

template <class T, int N> beat<T, N> take(stream<beat<T, N>> &from) {
#pragma HLS INLINE
#ifndef __SYNTHESIS__
    starved() = starved() || from.empty();
#endif
    return from.read();
}

// ---- between streams and arrays -----------------------------------------------------------------

// x = the next SIZE / N beats
template <int SIZE, class T, int N> void read(stream<beat<T, N>> &from, T x[SIZE]) {
#pragma HLS INLINE
    static_assert(SIZE % N == 0, "a layer must read whole beats");
Beats:
    for (int k = 0; k < SIZE / N; k++) {
#pragma HLS PIPELINE II=1
        const beat<T, N> values = take(from);
    Elements:
        for (int i = 0; i < N; i++) {
#pragma HLS UNROLL
            x[k * N + i] = values[i];
        }
    }
}

// SIZE / N beats = y
template <int SIZE, class T, int N> void write(const T y[SIZE], stream<beat<T, N>> &into) {
#pragma HLS INLINE
    static_assert(SIZE % N == 0, "a layer must write whole beats");
Beats:
    for (int k = 0; k < SIZE / N; k++) {
#pragma HLS PIPELINE II=1
        beat<T, N> values;
#ifdef BITWRIGHT_VIVADO
#pragma HLS DATA_PACK variable=values
#endif
    Elements:
        for (int i = 0; i < N; i++) {
#pragma HLS UNROLL
            values[i] = y[k * N + i];
        }
        into.write(values);
    }
}

// ---- between streams ----------------------------------------------------------------------------

template <class B> void write_all(const B &) {
#pragma HLS INLINE
}
template <class B, class... more_t>
void write_all(const B &values, stream<B> &into, more_t &...more) {
#pragma HLS INLINE
    into.write(values);
    write_all(values, more...);
}

// Every reader of a tensor gets a stream of its own; a tensor that nobody reads is drained.
template <int BEATS, class B, class... readers_t> void clone(stream<B> &from, readers_t &...into) {
Beats:
    for (int k = 0; k < BEATS; k++) {
#pragma HLS PIPELINE II=1
        const B values = take(from);
        write_all(values, into...);
    }
}

// The same SIZE elements in beats of M instead of N; as many elements a cycle as divide both.
template <int SIZE, class T, int N, int M>
void repack(stream<beat<T, N>> &from, stream<beat<T, M>> &into) {
    static_assert(SIZE % N == 0 && SIZE % M == 0, "a tensor must be whole beats on both sides");
    const int step = static_cast<int>(greatest_common(N, M));
    beat<T, N> in;
    beat<T, M> out;
#ifdef BITWRIGHT_VIVADO
#pragma HLS DATA_PACK variable=in
#pragma HLS DATA_PACK variable=out
#endif
    int taken = N, filled = 0;
Steps:
    for (int k = 0; k < SIZE / step; k++) {
#pragma HLS PIPELINE II=1
        if (taken == N) {
            in = take(from);
            taken = 0;
        }
    Elements:
        for (int i = 0; i < step; i++) {
#pragma HLS UNROLL
            out[filled + i] = in[taken + i];
        }
        taken += step;
        filled += step;
        if (filled == M) {
            into.write(out);
            filled = 0;
        }
    }
}

} // namespace bw

#endif
