// stream<T>: AMD's hls::stream<T>, a queue in C simulation and a FIFO in hardware.
#ifndef BITWRIGHT_PLATFORM_AP_STREAM_HPP
#define BITWRIGHT_PLATFORM_AP_STREAM_HPP

#include <hls_stream.h>

namespace bw {

template <class T> using stream = hls::stream<T>;

} // namespace bw

#endif
