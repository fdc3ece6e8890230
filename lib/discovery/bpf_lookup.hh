// SPDX-License-Identifier: MIT
#pragma once
// Looking up processes of a census by a program that the kernel runs for each task.

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <nsx/census.hh>
#include <nsx/kernel.hh>

namespace nsx {

/// Command lines and cgroups of processes that still are those of the census.
class BpfLookup {
 public:
  /// Looks up processes. None: not possible or not worthwhile, or a process has blocked the reader.
  static std::optional<BpfLookup> run(const Kernel& kernel,
                                      std::span<const CensusProcess> processes, bool with_lines);

  /// Returns the bytes of /proc/PID/cmdline of a process by its place in `processes`. Empty: not
  /// known.
  std::string_view line(std::size_t process) const;

  /// Whether a process is in the cgroups in which the census found it.
  bool has_its_cgroups(std::size_t process) const { return keeps_cgroups_[process]; }

 private:
  struct Job;

  explicit BpfLookup(std::size_t processes) : lines_(processes), keeps_cgroups_(processes) {}
  bool start(std::span<const CensusProcess> processes, std::vector<std::size_t> part,
             bool with_lines);
  void examine(std::span<const CensusProcess> processes, const Job& job);

  std::vector<std::shared_ptr<Job>> jobs_;
  std::vector<std::string_view> lines_;  // in the memory of the jobs
  std::vector<bool> keeps_cgroups_;
};

}  // namespace nsx
