#include "nsx-ls/rows.hh"

#include <algorithm>
#include <unordered_map>

namespace nsx::ls_tool {

namespace {

std::vector<bool> selected_namespaces(const Census& census, const Selection& selection) {
  std::vector<bool> selected(census.namespaces.size(), !selection.process);
  for (const CensusProcess& process : census.processes) {
    if (process.pid != selection.process) continue;
    for (const CensusIndex ns : process.namespaces) {
      if (ns != kNone) selected[ns] = true;
    }
  }
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    const CensusNamespace& ns = census.namespaces[i];
    // What only a relation led to belongs to no one that we were asked for.
    if (!selection.kinds.contains(ns.kind) || ns.process_count == 0) selected[i] = false;
  }
  return selected;
}

/// As lsns(8) has it: a namespace hangs below the last row so far whose first process is the
/// parent of its own first process.
std::vector<Row> by_process(const Census& census, const std::vector<bool>& selected) {
  std::vector<Row> rows;
  std::unordered_map<pid_t, std::size_t> last_row_of;
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    if (!selected[i]) continue;
    const CensusProcess& first = census.processes[census.namespaces[i].first_process];
    Row row{i, std::nullopt};
    if (const auto above = last_row_of.find(first.parent); above != last_row_of.end()) {
      row.parent = above->second;
    }
    last_row_of[first.pid] = rows.size();
    rows.push_back(row);
  }
  return rows;
}

/// Rows below the namespaces that `relation` leads to, from the roots down.
std::vector<Row> by_relation(const Census& census, std::vector<bool> selected,
                             CensusIndex CensusNamespace::*relation) {
  const auto& namespaces = census.namespaces;
  for (CensusIndex i = 0; i < namespaces.size(); ++i) {
    if (!selected[i]) continue;
    for (CensusIndex up = namespaces[i].*relation; up != kNone; up = namespaces[up].*relation) {
      selected[up] = true;
    }
  }
  std::vector<std::vector<CensusIndex>> children(namespaces.size());
  std::vector<Row> rows;
  std::vector<Row> stack;  // what is to be shown next is on its top
  for (CensusIndex i = static_cast<CensusIndex>(namespaces.size()); i-- > 0;) {
    if (!selected[i]) continue;
    const CensusIndex up = namespaces[i].*relation;
    if (up == kNone) {
      stack.push_back({i, std::nullopt});
    } else {
      children[up].push_back(i);
    }
  }
  while (!stack.empty()) {
    const Row row = stack.back();
    stack.pop_back();
    for (const CensusIndex child : children[row.ns])
      stack.push_back({child, rows.size()});
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

std::vector<Row> make_rows(const Census& census, const Selection& selection) {
  const std::vector<bool> selected = selected_namespaces(census, selection);
  switch (selection.tree) {
    case Tree::process:
      return by_process(census, selected);
    case Tree::parent:
      return by_relation(census, selected, &CensusNamespace::parent);
    case Tree::owner:
      return by_relation(census, selected, &CensusNamespace::owner);
    case Tree::none:
      break;
  }
  std::vector<Row> rows;
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    if (selected[i]) rows.push_back({i, std::nullopt});
  }
  return rows;
}

}  // namespace nsx::ls_tool
