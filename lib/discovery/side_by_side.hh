// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace nsx {

/// How many threads pay for so many processes: the kernel's locks let a few run side by side.
unsigned workers_for(std::size_t processes);

/// What threads do side by side, with the number of the worker and that of its piece of work;
/// false: no more is to be done. A function of one kind, so that its callers share the code around
/// it.
using WorkFunction = bool (*)(void* work, unsigned worker, std::size_t piece);
void work_side_by_side(unsigned count, WorkFunction call, void* work);
void share_out(unsigned workers, std::size_t count, WorkFunction call, void* work);

/// Calls `work` with 0, 1 ... count - 1, each in a thread, 0 in the caller's; waits for all of
/// them. Where a thread cannot be started there are fewer calls, so `work` takes from what is
/// common to all. Throws std::bad_alloc if one of them did.
template <class Work>
void work_side_by_side(unsigned count, Work work) {
  const WorkFunction call = [](void* with, unsigned worker, std::size_t) {
    (*static_cast<Work*>(with))(worker);
    return true;
  };
  work_side_by_side(count, call, &work);
}

/// Calls `work` with the number of a worker and each number below `count`, in threads as above, a
/// few at a time, so that all end together. Ends early once `work` returns false.
template <class Work>
void share_out(unsigned workers, std::size_t count, Work work) {
  const WorkFunction call = [](void* with, unsigned worker, std::size_t piece) {
    return bool((*static_cast<Work*>(with))(worker, piece));
  };
  share_out(workers, count, call, &work);
}

}  // namespace nsx
