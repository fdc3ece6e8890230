// SPDX-License-Identifier: MIT
#pragma once
// Asks the kernel about each process that the program of the census meets.

#include <atomic>
#include <span>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "discovery/census_layout.h"

namespace nsx {

/// Finds the processes whose namespaces the caller may not see. BPF does not ask this. Asks in a
/// thread of its own while the program is still running, as one question costs as much as the
/// program's own work for a process.
class AccessCheck {
 public:
  /// Starts with the records that the program fills, as far as the state says.
  AccessCheck(const nsx_census_state& state, std::span<const nsx_census_task> tasks);
  ~AccessCheck();
  AccessCheck(const AccessCheck&) = delete;
  AccessCheck& operator=(const AccessCheck&) = delete;
  AccessCheck(AccessCheck&&) = delete;
  AccessCheck& operator=(AccessCheck&&) = delete;

  /// Returns the processes that the caller may not see. Must be called after the program has ended.
  std::vector<pid_t> refused();

 private:
  struct Answer {
    __u32 pid = 0;
    bool may_read = false;
  };

  void follow();
  void end();
  void ask(std::size_t task);

  const nsx_census_state& state_;
  std::span<const nsx_census_task> tasks_;
  std::vector<Answer> answers_;
  std::atomic<bool> has_ended_ = false;
  std::thread thread_;
};

}  // namespace nsx
