// SPDX-License-Identifier: MIT
#include "discovery/bpf_access.hh"

#include <cstddef>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

#include "discovery/sources.hh"

namespace nsx {

namespace {

/// The cheapest call that asks this, for the same kind of access (PTRACE_MODE_READ), is
/// get_robust_list(2): unlike an own check of credentials it includes security modules.
bool may_read(pid_t pid) {
  void* head = nullptr;
  std::size_t size = 0;
  return ::syscall(SYS_get_robust_list, pid, &head, &size) == 0;
}

/// Reads a number that the program writes meanwhile.
__u32 now(const __u32& number) {
  return __atomic_load_n(&number, __ATOMIC_ACQUIRE);
}

}  // namespace

AccessCheck::AccessCheck(const nsx_census_state& state, std::span<const nsx_census_task> tasks)
    : state_(state), tasks_(tasks), answers_(tasks.size()) {
  // With few processes, a thread costs more than it saves.
  if (workers_for(tasks.size()) < 2) return;
  try {
    thread_ = std::thread([this] { follow(); });
  } catch (const std::system_error&) {
  }
}

AccessCheck::~AccessCheck() {
  end();
}

void AccessCheck::end() {
  has_ended_ = true;
  if (thread_.joinable()) thread_.join();
}

void AccessCheck::ask(std::size_t task) {
  const __u32 pid = now(tasks_[task].pid);
  if (pid != 0 && pid == now(tasks_[task].process)) {
    answers_[task] = {pid, may_read(static_cast<pid_t>(pid))};
  }
}

void AccessCheck::follow() {
  std::size_t next = 0;
  while (!has_ended_) {
    // The last record may not be complete yet.
    const __u32 met = now(state_.tasks);
    if (next + 1 < met) {
      ask(next++);
    } else {
      ::usleep(100);
    }
  }
}

std::vector<pid_t> AccessCheck::refused() {
  end();
  const auto is_asked = [&](std::size_t i) { return answers_[i].pid == tasks_[i].pid; };
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < state_.tasks; ++i) {
    if (tasks_[i].pid == tasks_[i].process && !is_asked(i)) others.push_back(i);
  }
  share_out(workers_for(others.size()), others.size(), [&](unsigned, std::size_t i) {
    ask(others[i]);
    return true;
  });
  std::vector<pid_t> pids;
  for (std::size_t i = 0; i < state_.tasks; ++i) {
    if (tasks_[i].pid != tasks_[i].process) continue;
    if (!is_asked(i) || !answers_[i].may_read) pids.push_back(static_cast<pid_t>(tasks_[i].pid));
  }
  return pids;
}

}  // namespace nsx
