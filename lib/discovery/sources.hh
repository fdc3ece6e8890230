// SPDX-License-Identifier: MIT
#pragma once
// The sources of a census. Each adds what it finds to the findings, and can be traced.

#include <chrono>

#include <nsx/census.hh>

#include "discovery/findings.hh"
#include "kernel/trace.hh"

namespace nsx {

// The sources of a census. Each adds what it finds to the findings.

/// Reads those of the process-based sources (process, thread, children, fd, socket) that
/// request.sources names, for the processes already in `findings` or otherwise for all. Stops early
/// if the wanted namespace is found. Uses several threads if that is worthwhile.
Status read_processes(const Kernel& kernel, const CensusRequest& request, Findings& findings);

/// Finds namespaces that are bound to files in any mount namespace of the table, including the
/// mount namespaces found on the way. Must come after the processes, through which it reads.
void read_mounts(const Kernel& kernel, KindSet kinds, Findings& findings);

/// Does the same for the caller's own mount namespace only, which later calls then skip.
void read_own_mounts(const Kernel& kernel, KindSet kinds, Findings& findings);

/// Adds and marks the namespaces of the kernel's own list. Does nothing without
/// Feature::namespace_list.
void read_kernel_list(const Kernel& kernel, KindSet kinds, Findings& findings);

/// Whether the kernel's own list is complete for this caller, except for namespaces that only a
/// socket keeps alive.
bool kernel_lists_all(const Kernel& kernel);

/// Does the same as read_processes() for all processes, with a program that the kernel runs for
/// each task: many times faster once there are enough of them. Returns false, and adds nothing, if
/// that is not possible or not worthwhile.
Result<bool> read_processes_by_bpf(const Kernel& kernel, const CensusRequest& request,
                                   Findings& findings);

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
