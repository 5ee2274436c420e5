// trace(name, x): x as raw int64 values, appended to the record of ``name``; C simulation only.
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

} // namespace bw

#define BITWRIGHT_RECORD(name, size, x) bw::trace<size>(name, x);
#else
#define BITWRIGHT_RECORD(name, size, x)
#endif

#endif
