// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include <nsx/census.hh>

#include "discovery/findings.hh"
#include "kernel/trace.hh"

namespace nsx {

/// Traces the sources of a census: what each one found and how long it took.
class CensusTrace {
 public:
  CensusTrace() { restart(); }

  /// Traces that all processes were read for these process-based sources.
  void read_processes(SourceSet sources, const Findings& findings);
  /// Traces that another source was read.
  void read(Source source, const Findings& findings);
  static void end(const Census& census);

 private:
  void restart();

  std::chrono::steady_clock::time_point start_;  ///< when reading of the current source began
  CensusIndex namespaces_ = 0;                   ///< number found by the earlier sources
};

}  // namespace nsx
