// SPDX-License-Identifier: MIT
#pragma once
// Which cgroups are shown, and in which order.

#include <functional>
#include <optional>
#include <vector>

#include "account/sample.hh"
#include "common/value.hh"

namespace nsx::cg_tool {

struct RowRequest {
  bool is_tree = false;
  std::optional<std::size_t> depth = {};                        ///< how many layers below the first
  std::function<bool(std::size_t)> accepts = nullptr;           ///< null: all
  std::function<const cli::Value&(std::size_t)> key = nullptr;  ///< sorts; null: as they are
  bool descending = false;
};

struct Row {
  std::size_t cgroup = 0;             ///< its index in the reading
  std::optional<std::size_t> parent;  ///< an earlier row, in a tree
};

/// The rows. In a tree, each cgroup that leads to one that is shown is shown, too, and siblings are
/// sorted among each other.
std::vector<Row> make_rows(const CgroupReading& reading, const RowRequest& request);

}  // namespace nsx::cg_tool
