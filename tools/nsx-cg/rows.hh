// SPDX-License-Identifier: MIT
#pragma once
// Rows of cgroups, and controllers without values.

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/cgroup.hh>

#include "account/account.hh"
#include "common/value.hh"
#include "nsx-cg/columns.hh"

namespace nsx::cg_tool {

// The cgroups to show, and their order.

struct RowRequest {
  bool is_tree = false;
  std::optional<std::size_t> depth = {};               ///< levels below the root of the view
  std::function<bool(std::size_t)> accepts = nullptr;  ///< null: all
  std::function<const cli::Value&(std::size_t)> key = nullptr;  ///< sort key; null: unsorted
  bool descending = false;
};

struct Row {
  std::size_t cgroup = 0;             ///< its index in the reading
  std::optional<std::size_t> parent;  ///< an earlier row, in a tree
};

/// Returns the rows. A tree also shows the ancestors of the chosen cgroups, and siblings are sorted
/// among each other.
std::vector<Row> make_rows(const CgroupReading& reading, const RowRequest& request);

// The columns without data in the whole tree, and why.

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
