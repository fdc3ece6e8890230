// SPDX-License-Identifier: MIT
#pragma once
// Traces of the library. When they are off, each place costs a load and a branch.

#include <chrono>
#include <string>
#include <string_view>

#include <nsx/kernel.hh>

namespace nsx {

struct Tracing {
  TraceAreas areas;
  TraceSink sink = nullptr;
};

/// What trace_to() has set.
extern Tracing tracing;

inline bool traces(TraceArea area) {
  return tracing.areas.contains(area);
}

/// Traces the line that `text` returns, which is called only if somebody reads it.
template <class Text>
void trace(TraceArea area, Text&& text) {
  if (traces(area)) [[unlikely]] {
    tracing.sink(area, std::string_view(std::string(text())));
  }
}

/// A time that has passed, in words: "1.24 ms".
std::string in_milliseconds(std::chrono::steady_clock::duration time);

}  // namespace nsx
