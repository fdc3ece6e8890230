// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace nsx {

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
