// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>

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
/// that is not possible, or not worthwhile with less than this number of processes.
Result<bool> read_processes_by_bpf(const Kernel& kernel, const CensusRequest& request,
                                   Findings& findings, std::size_t break_even);

/// Loading the program takes as long as reading about this number of processes from /proc: with
/// their descriptors, without, or only a link or two of each (doc/decisions.md). The ratio depends
/// little on the machine.
inline constexpr std::size_t kBreakEvenWithDescriptors = 250;
inline constexpr std::size_t kBreakEvenOfProcesses = 800;
inline constexpr std::size_t kBreakEvenOfLinks = 2000;

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

/// Returns how many threads are worthwhile for this number of processes. The kernel's locks let
/// only a few run in parallel.
unsigned workers_for(std::size_t processes);

/// The work of a thread, called with the number of the worker and of the piece of work. Returns
/// false if no more work is to be done. A plain function pointer, so that all callers share the
/// implementation.
using WorkFunction = bool (*)(void* work, unsigned worker, std::size_t piece);
void work_side_by_side(unsigned count, WorkFunction call, void* work);
void share_out(unsigned workers, std::size_t count, WorkFunction call, void* work);

/// Calls `work` with 0, 1 ... count - 1, each in its own thread (0 in the caller's), and waits for
/// all of them. There are fewer calls if a thread cannot be started, so `work` must take its pieces
/// from a shared pool. Throws std::bad_alloc if one of the calls did.
template <class Work>
void work_side_by_side(unsigned count, Work work) {
  const WorkFunction call = [](void* with, unsigned worker, std::size_t) {
    (*static_cast<Work*>(with))(worker);
    return true;
  };
  work_side_by_side(count, call, &work);
}

/// Calls `work` with the number of a worker and each number below `count`, in threads as above. The
/// work is handed out in small batches so that all threads finish together. Stops early once `work`
/// returns false.
template <class Work>
void share_out(unsigned workers, std::size_t count, Work work) {
  const WorkFunction call = [](void* with, unsigned worker, std::size_t piece) {
    return bool((*static_cast<Work*>(with))(worker, piece));
  };
  share_out(workers, count, call, &work);
}

}  // namespace nsx
