// SPDX-License-Identifier: MIT
#pragma once
// The cells of cgroups, and what is read for them.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <sys/types.h>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <nsx/cgroup.hh>
#include <nsx/target.hh>

#include "account/account.hh"
#include "common/json.hh"
#include "common/names.hh"
#include "common/value.hh"

namespace nsx::cg_tool {

// The containers and units of cgroups, with the names of containers known to their runtimes.

class Places {
 public:
  explicit Places(const CgroupTree& tree) : tree_(tree) {}

  /// Sets the place of each cgroup of a reading. Containers are listed again if there are new
  /// cgroups since the last reading.
  void name(CgroupReading& reading);

  /// Returns the place of a process.
  CgroupPlace of(const Process& process);

 private:
  void list_if_new(const CgroupReading& reading);

  const CgroupTree& tree_;
  std::optional<cli::ContainerNames> names_;
  std::unordered_set<std::uint64_t> known_;  // the IDs of the cgroups at the last reading
  int times_to_list_ = 0;
};

// The command lines of the processes of cgroups.

/// Returns the command lines of the processes of some cgroups of a reading, given by their indexes.
/// The reading was taken with CgroupSampleRequest::pids. A command line is empty if the process has
/// exited or left its cgroup since then, even if its PID has been reused.
std::unordered_map<pid_t, std::string> read_commands(const CgroupTree& tree,
                                                     const CgroupReading& reading,
                                                     std::span<const std::size_t> cgroups);

// The contents of cells, empty if the kernel does not report a value.

/// The data that the cells of a cgroup are made of.
struct CgroupRow {
  const CgroupSample& sample;
  const CgroupRates& rates;
  bool exact = false;  ///< show sizes in bytes
};

/// Formats a size for people in three or four characters: "512M", "1.5G"; with `exact`, "4096".
std::string size_text(std::uint64_t bytes, bool exact);

// Kinds of cells.
cli::Cell count(const std::optional<std::uint64_t>& number);
cli::Cell size(const std::optional<std::uint64_t>& bytes, bool exact);
cli::Cell rate(const std::optional<double>& bytes, bool exact);
cli::Cell percent(const std::optional<double>& share);
cli::Cell pressure(const std::optional<CgroupPressure>& pressure);
cli::Cell yes_or_no(const std::optional<bool>& flag);
cli::Cell text(std::string text);

// Cells of one column each.
std::optional<std::uint64_t> received(const CgroupSample& sample);
std::optional<std::uint64_t> sent(const CgroupSample& sample);
cli::Cell pids(const CgroupSample& sample);
cli::Cell short_container(const CgroupPlace& place);  ///< with an ID as `docker ps` shows it
cli::Cell unit(const CgroupPlace& place);
std::string joined(const std::vector<std::string>& words);

// JSON that differs from the value of the cell.
void write_pids(const CgroupRow& row,
                cli::JsonWriter& json);  ///< with the member "max"
void write_frozen(const CgroupRow& row, cli::JsonWriter& json);
void write_controllers(const CgroupRow& row, cli::JsonWriter& json);
void write_container(const CgroupRow& row, cli::JsonWriter& json);
void write_rate(const std::optional<double>& rate, cli::JsonWriter& json);
void write_pressure(const std::optional<CgroupPressure>& pressure, cli::JsonWriter& json);
template <auto member>
void write_rate(const CgroupRow& row, cli::JsonWriter& json) {
  write_rate(row.rates.*member, json);
}
template <auto member>
void write_pressure(const CgroupRow& row, cli::JsonWriter& json) {
  write_pressure(row.sample.*member, json);
}

}  // namespace nsx::cg_tool
