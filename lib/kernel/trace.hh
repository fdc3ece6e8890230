// SPDX-License-Identifier: MIT
#pragma once
// Traces of the library. A disabled trace costs a load and a branch.

#include <chrono>
#include <string>
#include <string_view>

#include <nsx/kernel.hh>

namespace nsx {

struct Tracing {
  TraceAreas areas;
  TraceSink sink = nullptr;
};

/// As set by trace_to().
extern Tracing tracing;

inline bool traces(TraceArea area) {
  return tracing.areas.contains(area);
}

/// Traces the line returned by `text`, which is only called if the area is enabled.
template <class Text>
void trace(TraceArea area, Text&& text) {
  if (traces(area)) [[unlikely]] {
    tracing.sink(area, std::string_view(std::string(text())));
  }
}

/// Formats a duration: "1.24 ms".
std::string in_milliseconds(std::chrono::steady_clock::duration time);

}  // namespace nsx
