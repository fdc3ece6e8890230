// SPDX-License-Identifier: MIT
#pragma once
// Which columns stay empty in the whole tree, and why.

#include <array>
#include <span>
#include <string>

#include <nsx/cgroup.hh>

#include "nsx-cg/columns.hh"

namespace nsx::cg_tool {

class MissingColumns {
 public:
  /// Looks at the controllers of the top, and at what the kernel measures.
  explicit MissingColumns(const CgroupTree& tree);

  /// Why a column has nothing to show: "the memory controller is bound to cgroup v1, at
  /// /sys/fs/cgroup/memory". Empty: it has.
  const std::string& why(cli::ColumnId id) const { return why_[static_cast<std::size_t>(id)]; }
  bool has(cli::ColumnId id) const { return !why(id).empty(); }

  /// An error for what cannot be done with such a column, like "sort by".
  Status check(const char* what, cli::ColumnId id) const;

  /// One sentence that says what is missing of these columns, and why: "the memory and pids
  /// controllers are bound to cgroup v1: their limits and usage are not shown". Empty: nothing is.
  std::string note(std::span<const cli::ColumnId> columns) const;

  /// Removes the columns with nothing to show, unless that is all of them.
  void remove_from(std::vector<cli::ColumnId>& columns) const;

 private:
  const CgroupTree& tree_;
  std::array<std::string, kColumns.size()> why_;
};

}  // namespace nsx::cg_tool
