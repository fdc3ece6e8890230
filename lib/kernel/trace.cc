// SPDX-License-Identifier: MIT
#include "kernel/trace.hh"

#include <array>
#include <cstdio>

namespace nsx {

namespace {

constexpr std::array kNames{"probe", "target", "census", "plan"};

}  // namespace

Tracing tracing;

const char* name(TraceArea area) {
  return kNames[static_cast<std::size_t>(area)];
}

void trace_to(TraceSink sink, TraceAreas areas) {
  tracing = {sink != nullptr ? areas : TraceAreas(), sink};
}

std::string in_milliseconds(std::chrono::steady_clock::duration time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f ms",
                std::chrono::duration<double, std::milli>(time).count());
  return text.data();
}

}  // namespace nsx
