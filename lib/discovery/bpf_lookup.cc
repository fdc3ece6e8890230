// SPDX-License-Identifier: MIT
// The kernel waits for memory of each process, as readers of /proc/PID/cmdline do: see
// command_line.cc. So the program runs in a thread, which is abandoned if it makes no progress. It
// can be killed, and ends with this process.
#include "discovery/bpf_lookup.hh"

#include <algorithm>
#include <cstdint>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <optional>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "discovery/bpf_programs.hh"
#include "discovery/lookup_layout.h"
#include "kernel/trace.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr std::chrono::seconds kForOne{2};

/// With fewer processes, loading the program takes longer than reading /proc.
constexpr std::size_t kBreakEven = 100;

struct Maps {
  BpfArray state;
  BpfArray processes;
  BpfArray text;
};

Result<Maps> make_maps(std::size_t processes) {
  auto state = TRY(BpfArray::create("state", sizeof(nsx_lookup_state), 1));
  auto process = TRY(BpfArray::create("processes", sizeof(nsx_lookup_process), processes));
  auto text = TRY(BpfArray::create("text", sizeof(nsx_lookup_text), 1));
  return Maps{std::move(state), std::move(process), std::move(text)};
}

}  // namespace

/// Shared by the reading and the waiting thread; the last of them frees it.
struct BpfLookup::Job {
  explicit Job(Maps made) : maps(std::move(made)) {}

  std::uint32_t progress() const {
    return *const_cast<volatile __u32*>(&maps.state.values<nsx_lookup_state>().front().next);
  }

  /// Runs in the reading thread.
  void read() {
    const Status read = attempt([&]() -> Status {
      const FittedProgram& fitted = fitted_programs()->lookup;
      std::vector<int> fds;
      for (const std::string_view name : fitted.program.maps) {
        fds.push_back(name == "state_map"       ? maps.state.fd()
                      : name == "processes_map" ? maps.processes.fd()
                                                : maps.text.fd());
      }
      const OwnedFd program = TRY(load_bpf_iterator(fitted.program, fitted.answers, fds));
      return run_bpf_iterator(program.get());
    });
    const std::lock_guard lock(mutex);
    is_done = true;
    if (!read) error = read.error();
    changed.notify_one();
  }

  /// Waits until all are read. Returns false if no further process is met for a while.
  bool wait() {
    std::unique_lock lock(mutex);
    for (;;) {
      const std::uint32_t before = progress();
      if (changed.wait_for(lock, kForOne, [&] { return is_done; })) return true;
      if (progress() == before) return false;
    }
  }

  Maps maps;
  std::mutex mutex;
  std::condition_variable changed;
  bool is_done = false;
  std::optional<Error> error;
};

std::optional<BpfLookup> BpfLookup::run(const Kernel& kernel,
                                        std::span<const CensusProcess> processes,
                                        bool with_lines) {
  if (!kernel.has(Feature::bpf_iterator) || processes.empty()) return std::nullopt;
  if (!kernel.is_forced(Feature::bpf_iterator) &&
      (processes.size() < kBreakEven || !programs_are_fitted())) {
    return std::nullopt;
  }
  if (!fitted_programs()) return std::nullopt;
  auto maps = make_maps(processes.size());
  if (!maps) return std::nullopt;
  const auto job = std::make_shared<Job>(std::move(*maps));

  // The kernel meets tasks in the order of their numbers.
  std::vector<std::size_t> order(processes.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t i) { return processes[i].pid; });
  const std::span<nsx_lookup_process> records = job->maps.processes.values<nsx_lookup_process>();
  for (std::size_t i = 0; i < order.size(); ++i)
    records[i].pid = static_cast<std::uint32_t>(processes[order[i]].pid);
  nsx_lookup_state& state = job->maps.state.values<nsx_lookup_state>().front();
  state.end = static_cast<std::uint32_t>(order.size());
  state.wants_lines = with_lines ? 1 : 0;

  std::thread thread;
  try {
    thread = std::thread([job] { job->read(); });
  } catch (const std::system_error&) {
    return std::nullopt;
  }
  if (!job->wait()) {
    thread.detach();
    trace(TraceArea::census, [] { return std::string("bpf: a process blocks its reader"); });
    return std::nullopt;
  }
  thread.join();
  if (job->error) {
    trace(TraceArea::census, [&] { return "bpf: " + job->error->message(); });
    return std::nullopt;
  }
  BpfLookup found(job);
  found.lines_.resize(processes.size());
  found.keeps_cgroups_.resize(processes.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    found.examine(processes[order[i]], order[i], i);
  return found;
}

void BpfLookup::examine(const CensusProcess& process, std::size_t at, std::size_t record) {
  const nsx_lookup_process& found = job_->maps.processes.values<nsx_lookup_process>()[record];
  if ((found.flags & NSX_LOOKUP_FOUND) == 0) return;
  static const std::uint64_t nanoseconds_per_tick =
      1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  // As is_same_process().
  if (process.start_time != 0 && process.start_time != found.start_time / nanoseconds_per_tick) {
    return;
  }
  if (process.start_time == 0 && process.pidfd_inode != 0 &&
      process.pidfd_inode != found.pidfd_inode) {
    return;
  }
  keeps_cgroups_[at] = process.cgroups != 0 && process.cgroups == found.cgroups;
  if ((found.flags & NSX_LOOKUP_LINE) == 0) return;
  const char* bytes = job_->maps.text.values<nsx_lookup_text>().front().bytes;
  const std::string_view line(bytes + found.line, found.size);
  // If the last byte was overwritten, /proc shows something else (setproctitle(3)).
  if (line.back() == '\0') lines_[at] = line;
}

std::string_view BpfLookup::line(std::size_t process) const {
  return lines_[process];
}

}  // namespace nsx
