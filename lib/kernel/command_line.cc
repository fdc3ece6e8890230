// SPDX-License-Identifier: MIT
// Command lines. Reading one takes the memory lock of its process, which the process can hold for
// as long as it likes: one of its threads waits for a page of a file that a FUSE server does not
// deliver, and another waits for the lock; ps(1) then hangs. So command lines are read in a thread,
// which is abandoned if it makes no progress. The thread can be killed, and ends with this process.

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#include <nsx/process.hh>

#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

constexpr std::chrono::seconds kForOne{2};
constexpr int kMostStalls = 2;

/// Reads the name of a process, which does not require its memory.
std::string read_name(int proc, pid_t pid) {
  std::array<char, 256> buffer{};
  const auto size = read_once_at(proc, (std::to_string(pid) + "/comm").c_str(), buffer);
  std::string_view name(buffer.data(), size.value_or(0));
  if (name.ends_with('\n')) name.remove_suffix(1);
  return std::string(name);
}

std::string read_line(int proc, pid_t pid) {
  // One byte more than the limit tells whether the line is longer.
  std::array<char, kMaxCommandLine + 1> buffer{};
  const auto size = read_once_at(proc, (std::to_string(pid) + "/cmdline").c_str(), buffer);
  std::string text = with_spaces({buffer.data(), std::min(size.value_or(0), kMaxCommandLine)});
  if (text.empty()) text = read_name(proc, pid);
  if (size && *size > kMaxCommandLine) {
    drop_partial_character(text);
    text += kCut;
  }
  return text;
}

/// Shared by the reading and the waiting thread; the last of them frees it.
struct Job {
  OwnedFd proc;
  std::vector<pid_t> pids;

  std::mutex mutex;
  std::condition_variable is_done;
  std::vector<std::string> lines;  // of the first PIDs in `pids`
  bool is_abandoned = false;
  bool lacks_memory = false;
};

void read_all(const std::shared_ptr<Job>& job) {
  const auto read = [&]() -> Status {
    for (const pid_t pid : job->pids) {
      std::string line = read_line(job->proc.get(), pid);
      const std::lock_guard lock(job->mutex);
      if (job->is_abandoned) return {};
      job->lines.push_back(std::move(line));
    }
    return {};
  };
  // Exceptions must not leave a thread: the waiting thread throws instead.
  const bool failed = !attempt(read);
  const std::lock_guard lock(job->mutex);
  job->lacks_memory = failed;
  job->is_done.notify_one();
}

/// Waits until all lines are read, or no further line is read for a while. Returns whether all are
/// read.
bool wait_for(Job& job) {
  std::unique_lock lock(job.mutex);
  for (;;) {
    const std::size_t before = job.lines.size();
    const auto is_complete = [&] {
      return job.lacks_memory || job.lines.size() == job.pids.size();
    };
    if (job.is_done.wait_for(lock, kForOne, is_complete)) return true;
    if (job.lines.size() == before) break;
  }
  job.is_abandoned = true;
  return false;
}

/// Reads lines until a process stalls the reader. None: no thread could be started.
std::optional<std::vector<std::string>> read_until_stall(const Kernel& kernel,
                                                         std::span<const pid_t> pids) {
  auto job = std::make_shared<Job>();
  job->proc = OwnedFd(::fcntl(kernel.proc(), F_DUPFD_CLOEXEC, 0));
  job->pids.assign(pids.begin(), pids.end());
  job->lines.reserve(pids.size());
  if (!job->proc) return std::nullopt;
  std::thread thread;
  try {
    thread = std::thread([job] { read_all(job); });
  } catch (const std::system_error&) {
    return std::nullopt;
  }
  if (wait_for(*job)) {
    thread.join();
  } else {
    thread.detach();
  }
  const std::lock_guard lock(job->mutex);
  if (job->lacks_memory) throw std::bad_alloc();
  return std::move(job->lines);
}

}  // namespace

std::string with_spaces(std::string_view arguments) {
  while (arguments.ends_with('\0'))
    arguments.remove_suffix(1);
  std::string line(arguments);
  std::replace(line.begin(), line.end(), '\0', ' ');
  return line;
}

std::vector<std::string> read_command_lines(const Kernel& kernel, std::span<const pid_t> pids) {
  std::vector<std::string> lines;
  int stalls = 0;
  while (lines.size() < pids.size()) {
    const auto rest = pids.subspan(lines.size());
    auto some = stalls < kMostStalls ? read_until_stall(kernel, rest) : std::nullopt;
    if (some) std::move(some->begin(), some->end(), std::back_inserter(lines));
    if (lines.size() == pids.size()) break;
    // This process blocks the reader.
    ++stalls;
    lines.push_back(read_name(kernel.proc(), pids[lines.size()]) + kCut);
  }
  return lines;
}

std::string read_command_line(const Kernel& kernel, pid_t pid) {
  return std::move(read_command_lines(kernel, std::span(&pid, 1)).front());
}

}  // namespace nsx
