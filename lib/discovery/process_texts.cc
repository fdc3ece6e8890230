// SPDX-License-Identifier: MIT
// Command lines and cgroups of processes of a census: by a program in the kernel if there are many.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <sys/stat.h>
#include <unordered_map>

#include <nsx/census.hh>
#include <nsx/process.hh>

#include "discovery/bpf_lookup.hh"
#include "discovery/sources.hh"
#include "discovery/visit.hh"
#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/trace.hh"

namespace nsx {

namespace {

/// Reads the lines of some of the processes from /proc, or of others that have got their PIDs.
void read_lines(const Kernel& kernel, std::span<const CensusProcess> processes,
                const std::vector<std::size_t>& some, std::vector<std::string>& lines) {
  // As few parts as possible, because each can wait for processes that block their reader.
  const unsigned workers = workers_for(some.size());
  const std::size_t size = (some.size() + workers - 1) / workers;
  std::atomic<std::size_t> next = 0;
  work_side_by_side(workers, [&](unsigned) {
    for (;;) {
      const std::size_t begin = next.fetch_add(size);
      if (begin >= some.size()) return;
      const auto part = std::span(some).subspan(begin, std::min(size, some.size() - begin));
      std::vector<pid_t> pids;
      pids.reserve(part.size());
      for (const std::size_t i : part)
        pids.push_back(processes[i].pid);
      std::vector<std::string> read = read_command_lines(kernel, pids);
      for (std::size_t i = 0; i < part.size(); ++i)
        lines[part[i]] = std::move(read[i]);
    }
  });
}

/// Does the same for their cgroups.
void read_cgroups(const Kernel& kernel, std::span<const CensusProcess> processes,
                  const std::vector<std::size_t>& some,
                  std::vector<std::optional<std::string>>& texts) {
  share_out(workers_for(some.size()), some.size(), [&](unsigned, std::size_t number) {
    const std::size_t i = some[number];
    std::array<char, 4096> buffer{};
    ProcPath path;
    path.add(processes[i].pid).add("/cgroup");
    const auto size = read_once_at(kernel.proc(), path.text(), buffer);
    std::string text(buffer.data(), size.value_or(0));
    // Many hierarchies with long paths.
    if (text.size() == buffer.size()) {
      text = read_file_at(kernel.proc(), path.text(), kMaxProcessFile).value_or("");
    }
    texts[i] = std::move(text);
    return true;
  });
}

/// Removes the texts of those that are other processes now.
void check(const Kernel& kernel, std::span<const CensusProcess> processes,
           const std::vector<std::size_t>& some, std::vector<std::string>* lines,
           std::vector<std::optional<std::string>>* texts) {
  share_out(workers_for(some.size()), some.size(), [&](unsigned, std::size_t number) {
    const std::size_t i = some[number];
    if (is_same_process(kernel, processes[i])) return true;
    if (lines != nullptr) (*lines)[i].clear();
    if (texts != nullptr) (*texts)[i].reset();
    return true;
  });
}

/// Which of the processes are known to be in the same cgroups.
class SharedCgroups {
 public:
  explicit SharedCgroups(std::span<const CensusProcess> processes) {
    for (std::size_t i = 0; i < processes.size(); ++i) {
      if (processes[i].cgroups != 0) first_in_.try_emplace(processes[i].cgroups, i);
    }
    if (first_in_.size() > processes.size() / 2) first_in_.clear();
  }

  /// Returns one of each set of processes.
  std::vector<std::size_t> firsts() const {
    std::vector<std::size_t> firsts;
    firsts.reserve(first_in_.size());
    for (const auto& [cgroups, first] : first_in_)
      firsts.push_back(first);
    return firsts;
  }

  /// Copies their texts to the others, as far as all of them have stayed where they were: then none
  /// of them was anywhere else when the text was read.
  void copy(std::span<const CensusProcess> processes, const BpfLookup& afterwards,
            std::vector<std::optional<std::string>>& texts) const {
    std::size_t copied = 0;
    for (std::size_t i = 0; i < processes.size(); ++i) {
      const auto first = first_in_.find(processes[i].cgroups);
      if (first == first_in_.end() || first->second == i || !texts[first->second]) continue;
      if (afterwards.has_its_cgroups(first->second) && afterwards.has_its_cgroups(i)) {
        texts[i] = texts[first->second];
        ++copied;
      }
    }
    trace(TraceArea::census, [&] {
      return "bpf: " + std::to_string(copied) + " processes are in the cgroups of others";
    });
  }

 private:
  std::unordered_map<std::uint64_t, std::size_t> first_in_;
};

/// Reads `lines` and `texts`, unless they are null.
void read(const Kernel& kernel, std::span<const CensusProcess> processes,
          std::vector<std::string>* lines, std::vector<std::optional<std::string>>* texts) {
  const SharedCgroups shared(texts != nullptr ? processes : std::span<const CensusProcess>());
  const std::vector<std::size_t> firsts = shared.firsts();
  if (texts != nullptr) {
    texts->resize(processes.size());
    read_cgroups(kernel, processes, firsts, *texts);
    check(kernel, processes, firsts, nullptr, texts);
  }
  if (lines != nullptr) lines->resize(processes.size());
  if (lines != nullptr || !firsts.empty()) {
    if (const auto found = BpfLookup::run(kernel, processes, lines != nullptr)) {
      for (std::size_t i = 0; lines != nullptr && i < processes.size(); ++i)
        (*lines)[i] = with_spaces(found->line(i));
      if (texts != nullptr) shared.copy(processes, *found, *texts);
    }
  }
  std::vector<std::size_t> without_line;
  std::vector<std::size_t> without_cgroups;
  for (std::size_t i = 0; i < processes.size(); ++i) {
    if (lines != nullptr && (*lines)[i].empty()) without_line.push_back(i);
    if (texts != nullptr && !(*texts)[i]) without_cgroups.push_back(i);
  }
  if (!without_line.empty()) read_lines(kernel, processes, without_line, *lines);
  if (!without_cgroups.empty()) read_cgroups(kernel, processes, without_cgroups, *texts);
  // Once, after both.
  if (without_line == without_cgroups) return check(kernel, processes, without_line, lines, texts);
  check(kernel, processes, without_line, lines, nullptr);
  check(kernel, processes, without_cgroups, nullptr, texts);
}

}  // namespace

bool is_same_process(const Kernel& kernel, const CensusProcess& process) {
  if (process.start_time != 0) {
    std::array<char, kStatSize> buffer{};
    ProcPath path;
    path.add(process.pid).add("/stat");
    const auto size = read_once_at(kernel.proc(), path.text(), buffer);
    const auto stat =
        size ? parse_process_stat({buffer.data(), *size}) : std::optional<ProcessStat>();
    return stat && stat->start_time == process.start_time;
  }
  // There is nothing to tell it apart from other processes.
  if (process.pidfd_inode == 0) return true;
  struct stat st {};
  const OwnedFd pidfd(abi::pidfd_open(process.pid, 0));
  return pidfd && ::fstat(pidfd.get(), &st) == 0 && st.st_ino == process.pidfd_inode;
}

std::vector<std::string> read_command_lines(const Kernel& kernel,
                                            std::span<const CensusProcess> processes) {
  std::vector<std::string> lines;
  read(kernel, processes, &lines, nullptr);
  return lines;
}

std::vector<std::optional<std::string>> read_cgroups(const Kernel& kernel,
                                                     std::span<const CensusProcess> processes) {
  std::vector<std::optional<std::string>> texts;
  read(kernel, processes, nullptr, &texts);
  return texts;
}

ProcessTexts read_texts(const Kernel& kernel, std::span<const CensusProcess> processes) {
  ProcessTexts texts;
  read(kernel, processes, &texts.command_lines, &texts.cgroups);
  return texts;
}

}  // namespace nsx
