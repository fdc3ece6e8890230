// SPDX-License-Identifier: MIT
#pragma once
// The columns without data in the whole tree, and why.

#include <array>
#include <span>
#include <string>

#include <nsx/cgroup.hh>

#include "nsx-cg/columns.hh"

namespace nsx::cg_tool {

class MissingColumns {
 public:
  /// Reads the controllers of the root, and whether the kernel measures pressure.
  explicit MissingColumns(const CgroupTree& tree);

  /// Returns why a column has no data: "the memory controller is bound to cgroup v1, at
  /// /sys/fs/cgroup/memory". Empty: it has data.
  const std::string& why(cli::ColumnId id) const { return why_[static_cast<std::size_t>(id)]; }
  bool has(cli::ColumnId id) const { return !why(id).empty(); }

  /// Fails if a column has no data. `what` is the infinitive in the error: "sort by".
  Status check(const char* what, cli::ColumnId id) const;

  /// Returns one sentence about the missing columns and why they are missing: "the memory and pids
  /// controllers are bound to cgroup v1: their limits and usage are not shown". Empty: none is
  /// missing.
  std::string note(std::span<const cli::ColumnId> columns) const;

  /// Removes the columns without data, unless no column would be left.
  void remove_from(std::vector<cli::ColumnId>& columns) const;

 private:
  const CgroupTree& tree_;
  std::array<std::string, kColumns.size()> why_;
};

}  // namespace nsx::cg_tool
