// SPDX-License-Identifier: MIT
// Command lines. Reading one takes the memory lock of its process, which the process can hold for
// as long as it likes: one of its threads waits for a page of a file that a FUSE server does not
// deliver, and another waits for the lock; ps(1) then hangs. So command lines are read in a thread,
// which is abandoned if it makes no progress. The thread can be killed, and ends with this process.

#include <algorithm>
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
std::string read_name(int proc, const std::string& directory) {
  auto name = read_file_at(proc, (directory + "/comm").c_str(), kMaxProcessFile);
  if (!name) return {};
  if (name->ends_with('\n')) name->pop_back();
  return std::move(*name);
}

std::string read_line(int proc, pid_t pid) {
  const std::string directory = std::to_string(pid);
  auto line = read_start_at(proc, (directory + "/cmdline").c_str(), kMaxCommandLine);
  std::string text = line ? std::move(line->text) : std::string();
  while (!text.empty() && text.back() == '\0')
    text.pop_back();
  std::replace(text.begin(), text.end(), '\0', ' ');
  if (text.empty()) text = read_name(proc, directory);
  if (line && line->is_cut) {
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
    lines.push_back(read_name(kernel.proc(), std::to_string(pids[lines.size()])) + kCut);
  }
  return lines;
}

std::string read_command_line(const Kernel& kernel, pid_t pid) {
  return std::move(read_command_lines(kernel, std::span(&pid, 1)).front());
}

}  // namespace nsx
