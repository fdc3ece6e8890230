// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include <nsx/census.hh>

#include "discovery/findings.hh"
#include "kernel/trace.hh"

namespace nsx {

/// Traces the sources of a census: what each found and how long it took.
class CensusTrace {
 public:
  CensusTrace() { restart(); }

  /// All processes were read, for these sources that start from them.
  void read_processes(SourceSet sources, const Findings& findings);
  /// Another source was read.
  void read(Source source, const Findings& findings);
  static void end(const Census& census);

 private:
  void restart();

  std::chrono::steady_clock::time_point start_;  ///< of the source that is being read
  CensusIndex namespaces_ = 0;                   ///< found by the sources before it
};

}  // namespace nsx
