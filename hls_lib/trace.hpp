// trace<SIZE>(name, x): x as raw int64 values, appended to the record of ``name``; C simulation only.
#ifndef BITWRIGHT_TRACE_HPP
#define BITWRIGHT_TRACE_HPP

#if defined(BITWRIGHT_TRACE) && !defined(__SYNTHESIS__)

#include "platform.hpp"
#include <map>
#include <string>
#include <vector>

namespace bw {

typedef std::map<std::string, std::vector<long long>> trace_records;

inline trace_records &records() {
    static trace_records all;
    return all;
}

template <int SIZE, class T> void trace(const char *name, const T *x) {
    std::vector<long long> &record = records()[name];
    for (int i = 0; i < SIZE; i++)
        record.push_back(static_cast<long long>(raw_of(x[i]).to_int64()));
}

// The same of a stream, which keeps its beats.
template <class S> void trace_stream(const char *name, S &x) {
    for (int beats = static_cast<int>(x.size()); beats > 0; beats--) {
        const auto values = x.read();
        trace<values.size>(name, values.data);
        x.write(values);
    }
}

} // namespace bw

#define BITWRIGHT_RECORD(name, size, x) bw::trace<size>(name, x);
#define BITWRIGHT_RECORD_STREAM(name, x) bw::trace_stream(name, x);
#else
#define BITWRIGHT_RECORD_STREAM(name, x)
#define BITWRIGHT_RECORD(name, size, x)
#endif

#endif
