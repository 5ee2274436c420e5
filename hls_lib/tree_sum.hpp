// A sum in a tree, every node cast to the type of its terms.
#ifndef BITWRIGHT_TREE_SUM_HPP
#define BITWRIGHT_TREE_SUM_HPP

#include "platform.hpp"

namespace bw {

// Sum of x[0 .. SIZE - 1] in a tree, every node cast to T: neighbours first, then their sums, so
// that the left part of each node holds the largest power of two of terms below its count.
// Overwrites x.
template <int SIZE, class T> T tree_sum(T x[SIZE]) {
#pragma HLS INLINE
    const int levels = SIZE < 2 ? 0 : 1 + log2_floor(SIZE - 1);
Levels:
    for (int level = 0; level < levels; level++) {
#pragma HLS UNROLL
        const int reach = 1 << level;
    Nodes:
        for (int i = 0; i < SIZE; i++) {
#pragma HLS UNROLL
            if (i % (2 * reach) == 0 && i + reach < SIZE)
                x[i] = convert<T>(x[i] + x[i + reach]);
        }
    }
    return x[0];
}

} // namespace bw

#endif
