// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "discovery/sources.hh"

namespace nsx {

unsigned workers_for(std::size_t processes) {
  constexpr std::size_t kManyProcesses = 1000;
  constexpr unsigned kMostWorkers = 4;
  if (processes < kManyProcesses) return 1;
  return std::clamp(std::thread::hardware_concurrency(), 1U, kMostWorkers);
}

void work_side_by_side(unsigned count, WorkFunction call, void* work) {
  std::atomic<bool> lacks_memory = false;
  const auto work_guarded = [&](unsigned worker) {
    try {
      call(work, worker, 0);
    } catch (const std::bad_alloc&) {
      lacks_memory = true;
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(count);
  try {
    for (unsigned i = 1; i < count; ++i)
      threads.emplace_back(work_guarded, i);
  } catch (const std::system_error&) {  // pthread_create(3): EAGAIN
  } catch (const std::bad_alloc&) {
  }
  work_guarded(0);
  for (std::thread& thread : threads)
    thread.join();
  if (lacks_memory) throw std::bad_alloc();
}

void share_out(unsigned workers, std::size_t count, WorkFunction call, void* work) {
  constexpr std::size_t kBatch = 32;
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> goes_on = true;
  work_side_by_side(workers, [&](unsigned worker) {
    while (goes_on) {
      const std::size_t begin = next.fetch_add(kBatch, std::memory_order_relaxed);
      if (begin >= count) return;
      const std::size_t end = std::min(begin + kBatch, count);
      for (std::size_t i = begin; i < end && goes_on; ++i) {
        if (!call(work, worker, i)) goes_on = false;
      }
    }
  });
}

}  // namespace nsx
