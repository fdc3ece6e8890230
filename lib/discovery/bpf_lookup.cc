// SPDX-License-Identifier: MIT
// The kernel waits for memory of each process, as readers of /proc/PID/cmdline do: see
// command_line.cc. So the program runs in a thread, which is abandoned if it makes no progress. It
// can be killed, and ends with this process.
#include "discovery/bpf_lookup.hh"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <numeric>
#include <optional>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "discovery/bpf_programs.hh"
#include "discovery/bpf_records.hh"
#include "discovery/lookup_layout.h"
#include "discovery/sources.hh"
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
  Job(Maps made, std::vector<std::size_t> places)
      : maps(std::move(made)), part(std::move(places)) {}

  ~Job() {
    // The waiting thread has failed, and the reading one is the last to know the job.
    if (thread.joinable()) thread.detach();
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  Job(Job&&) = delete;
  Job& operator=(Job&&) = delete;

  std::uint32_t progress() const {
    return *const_cast<volatile __u32*>(&maps.state.values<nsx_lookup_state>().front().next);
  }

  /// Runs in the reading thread.
  void read() {
    const Status read = attempt([&]() -> Status {
      const FittedProgram& fitted = fitted_programs()->lookup;
      std::vector<int> fds;
      for (const BpfProgram::Map& map : fitted.program.maps) {
        const std::string_view name = map.name;
        fds.push_back(name == "state_map"       ? maps.state.fd()
                      : name == "processes_map" ? maps.processes.fd()
                                                : maps.text.fd());
      }
      const OwnedFd program = TRY(load_bpf_iterator(fitted.program, true, fitted.answers, fds));
      return run_bpf_iterator(program.get());
    });
    const std::lock_guard lock(mutex);
    is_done = true;
    if (!read) error = read.error();
    changed.notify_one();
  }

  /// Waits until all are read. Returns false on a failure, or if no further process is met for a
  /// while.
  bool finish() {
    if (!wait()) {
      thread.detach();
      trace(TraceArea::census, [] { return std::string("bpf: a process blocks its reader"); });
      return false;
    }
    thread.join();
    trace(TraceArea::census, [&] {
      return "bpf: " +
             (error ? error->message() : "looked up " + std::to_string(part.size()) + " processes");
    });
    return !error;
  }

  bool wait() {
    std::unique_lock lock(mutex);
    for (;;) {
      const std::uint32_t before = progress();
      if (changed.wait_for(lock, kForOne, [&] { return is_done; })) return true;
      if (progress() == before) return false;
    }
  }

  Maps maps;
  const std::vector<std::size_t> part;  // the places of its processes, by ascending PID
  std::thread thread;
  std::mutex mutex;
  std::condition_variable changed;
  bool is_done = false;
  std::optional<Error> error;
};

std::optional<BpfLookup> BpfLookup::run(const Kernel& kernel,
                                        std::span<const CensusProcess> processes, bool with_lines) {
  if (!kernel.has(Feature::bpf_iterator) || processes.empty()) return std::nullopt;
  if (!kernel.is_forced(Feature::bpf_iterator) &&
      (processes.size() < kBreakEven || !programs_are_fitted())) {
    return std::nullopt;
  }
  if (!fitted_programs()) return std::nullopt;
  // The kernel meets tasks in the order of their numbers.
  std::vector<std::size_t> order(processes.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t i) { return processes[i].pid; });

  // Threads wait for memory, not for each other: each one looks up a part.
  const unsigned threads = with_lines ? workers_for(processes.size()) : 1;
  const std::size_t size = (order.size() + threads - 1) / threads;
  BpfLookup found(processes.size());
  bool is_read = true;
  for (std::size_t begin = 0; begin < order.size(); begin += size) {
    std::vector<std::size_t> part(
        order.begin() + static_cast<std::ptrdiff_t>(begin),
        order.begin() + static_cast<std::ptrdiff_t>(std::min(begin + size, order.size())));
    is_read = found.start(processes, std::move(part), with_lines) && is_read;
  }
  for (const auto& job : found.jobs_)
    is_read = job->finish() && is_read;
  if (!is_read) return std::nullopt;
  for (const auto& job : found.jobs_)
    found.examine(processes, *job);
  return found;
}

bool BpfLookup::start(std::span<const CensusProcess> processes, std::vector<std::size_t> part,
                      bool with_lines) {
  auto maps = make_maps(part.size());
  if (!maps) return false;
  const auto job = std::make_shared<Job>(std::move(*maps), std::move(part));
  const std::span<nsx_lookup_process> records = job->maps.processes.values<nsx_lookup_process>();
  for (std::size_t i = 0; i < job->part.size(); ++i)
    records[i].pid = static_cast<std::uint32_t>(processes[job->part[i]].pid);
  nsx_lookup_state& state = job->maps.state.values<nsx_lookup_state>().front();
  state.end = static_cast<std::uint32_t>(job->part.size());
  state.wants_lines = with_lines ? 1 : 0;
  try {
    job->thread = std::thread([job] { job->read(); });
  } catch (const std::system_error&) {
    return false;
  }
  jobs_.push_back(job);
  return true;
}

void BpfLookup::examine(std::span<const CensusProcess> processes, const Job& job) {
  static const std::uint64_t nanoseconds_per_tick =
      1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const char* bytes = job.maps.text.values<nsx_lookup_text>().front().bytes;
  for (std::size_t i = 0; i < job.part.size(); ++i) {
    const std::size_t at = job.part[i];
    const CensusProcess& process = processes[at];
    const nsx_lookup_process& found = job.maps.processes.values<nsx_lookup_process>()[i];
    if ((found.flags & NSX_LOOKUP_FOUND) == 0) continue;
    // As is_same_process().
    const bool is_same = process.start_time != 0
                             ? process.start_time == found.start_time / nanoseconds_per_tick
                             : process.pidfd_inode == 0 || process.pidfd_inode == found.pidfd_inode;
    if (!is_same) continue;
    keeps_cgroups_[at] = process.cgroups != 0 && process.cgroups == number_of(found.cgroups);
    if ((found.flags & NSX_LOOKUP_LINE) == 0) continue;
    const std::string_view line(bytes + found.line, found.size);
    // If the last byte was overwritten, /proc shows something else (setproctitle(3)).
    if (line.back() == '\0') lines_[at] = line;
  }
}

std::string_view BpfLookup::line(std::size_t process) const {
  return lines_[process];
}

}  // namespace nsx
