#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <nsx/census.hh>

namespace nsx::ls_tool {

enum class Tree { none, process, parent, owner };

/// Which namespaces are shown, and how they hang together.
struct Selection {
  KindSet kinds = KindSet::all();
  std::optional<pid_t> process;  ///< only those that it is in
  Tree tree = Tree::process;
  bool only_persistent = false;    ///< only those without a process
  std::optional<uid_t> user = {};  ///< only those whose first process is of this effective UID
  bool only_pinned = false;        ///< only those that are mounted somewhere
  std::function<bool(CensusIndex)> accepts = nullptr;  ///< only those; null: all
  /// The order of those beside each other; null: by inode number.
  std::function<bool(CensusIndex, CensusIndex)> is_before = nullptr;
};

struct Row {
  CensusIndex ns = kNone;
  std::optional<std::size_t> parent;  ///< an earlier row
};

/// The rows for a selection, in its order, children after their parents. A tree by parent or
/// owner holds also what leads from the selected ones to its roots.
std::vector<Row> make_rows(const Census& census, const Selection& selection);

}  // namespace nsx::ls_tool
