// SPDX-License-Identifier: MIT
#pragma once
// The rows of namespaces, their tree, and their order by --sort.

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include <nsx/census.hh>

#include "common/column.hh"

namespace nsx::ls_tool {

enum class Tree { none, process, parent, owner };

/// The namespaces to show, and the tree that they form.
struct Selection {
  KindSet kinds = KindSet::all();
  std::vector<pid_t> processes = {};  ///< only namespaces of these; empty: all
  Tree tree = Tree::process;
  bool is_flat = false;          ///< the rows of the tree in its order, but all as roots
  bool only_persistent = false;  ///< only namespaces without a process
  /// Only namespaces whose first process has one of these effective UIDs; empty: all.
  std::vector<uid_t> users = {};
  bool only_pinned = false;                            ///< only namespaces mounted somewhere
  std::function<bool(CensusIndex)> accepts = nullptr;  ///< the filter; null: all
  /// The order of siblings; null: by inode number.
  std::function<bool(CensusIndex, CensusIndex)> is_before = nullptr;
};

struct Row {
  CensusIndex ns = kNone;
  std::optional<std::size_t> parent;  ///< an earlier row
};

/// Returns the rows of a selection in its order, children after their parents. A tree by parent or
/// owner also has the ancestors of the selected namespaces, if they are of the selected kinds.
std::vector<Row> make_rows(const Census& census, const Selection& selection);

/// Compares namespaces by columns, the first that differs deciding, then by their index in the
/// census, which is sorted by inode number. Missing values come before numbers, numbers before
/// texts.
class Order {
 public:
  using ValueOf = std::function<cli::Value(CensusIndex, cli::ColumnId)>;

  Order(ValueOf value_of, std::vector<cli::ColumnId> columns, bool reverse)
      : value_of_(std::move(value_of)), columns_(std::move(columns)), reverse_(reverse) {}

  /// Whether this is the order of the census.
  bool is_as_found() const { return columns_.empty() && !reverse_; }

  bool is_before(CensusIndex a, CensusIndex b);

 private:
  using Key = std::vector<cli::Value>;
  const Key& key(CensusIndex ns);

  ValueOf value_of_;
  std::vector<cli::ColumnId> columns_;
  bool reverse_;
  std::unordered_map<CensusIndex, Key> keys_;  // each is computed once
};

}  // namespace nsx::ls_tool
