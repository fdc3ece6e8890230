// SPDX-License-Identifier: MIT
#pragma once
// The cgroups to show, and their order.

#include <functional>
#include <optional>
#include <vector>

#include "account/sample.hh"
#include "common/value.hh"

namespace nsx::cg_tool {

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

}  // namespace nsx::cg_tool
