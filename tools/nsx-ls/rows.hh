// SPDX-License-Identifier: MIT
#pragma once
// Which namespaces and processes have a row, their tree, and the order that --sort asks for.

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include <nsx/census.hh>

#include "common/column.hh"

namespace nsx::ls_tool {

enum class Tree { none, process, parent, owner };

/// Which namespaces are shown, and how they hang together.
struct Selection {
  KindSet kinds = KindSet::all();
  std::vector<pid_t> processes = {};  ///< only those that one of them is in; empty: all
  Tree tree = Tree::process;
  bool is_flat = false;          ///< the rows of the tree, in its order, as roots
  bool only_persistent = false;  ///< only those without a process
  /// Only those whose first process is of one of these effective UIDs; empty: all.
  std::vector<uid_t> users = {};
  bool only_pinned = false;                            ///< only those that are mounted somewhere
  std::function<bool(CensusIndex)> accepts = nullptr;  ///< only those; null: all
  /// The order of those beside each other; null: by inode number.
  std::function<bool(CensusIndex, CensusIndex)> is_before = nullptr;
};

struct Row {
  CensusIndex ns = kNone;
  std::optional<std::size_t> parent;  ///< an earlier row
};

/// The rows for a selection, in its order, children after their parents. A tree by parent or
/// owner holds also what leads from the selected ones to its roots, but nothing of other kinds.
std::vector<Row> make_rows(const Census& census, const Selection& selection);

/// Compares namespaces by columns, the first that differs deciding; in the end by their places in
/// the census, which are those of inode numbers. Nothing comes before numbers, these before texts.
class Order {
 public:
  using ValueOf = std::function<cli::Value(CensusIndex, cli::ColumnId)>;

  Order(ValueOf value_of, std::vector<cli::ColumnId> columns, bool reverse)
      : value_of_(std::move(value_of)), columns_(std::move(columns)), reverse_(reverse) {}

  /// Whether it is the order of the census.
  bool is_as_found() const { return columns_.empty() && !reverse_; }

  bool is_before(CensusIndex a, CensusIndex b);

 private:
  using Key = std::vector<cli::Value>;
  const Key& key(CensusIndex ns);

  ValueOf value_of_;
  std::vector<cli::ColumnId> columns_;
  bool reverse_;
  std::unordered_map<CensusIndex, Key> keys_;  // each is made once
};

}  // namespace nsx::ls_tool
