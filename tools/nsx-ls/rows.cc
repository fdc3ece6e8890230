#include "nsx-ls/rows.hh"

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
    if (!selection.kinds.contains(ns.kind)) selected[i] = false;
    if (selection.only_persistent && ns.process_count != 0) selected[i] = false;
    if (selected[i] && selection.accepts) selected[i] = selection.accepts(i);
  }
  return selected;
}

/// For each namespace the one that it hangs below, or kNone.
using Parents = std::vector<CensusIndex>;

/// A namespace hangs below the last one whose first process is the parent of its own first process.
Parents parents_by_process(const Census& census, const std::vector<bool>& selected) {
  // Those without a process are roots.
  const auto first_of = [&](CensusIndex ns) {
    const CensusIndex first = census.namespaces[ns].first_process;
    return first != kNone ? &census.processes[first] : nullptr;
  };
  std::unordered_map<pid_t, CensusIndex> last_led_by;
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    if (selected[i] && first_of(i) != nullptr) last_led_by[first_of(i)->pid] = i;
  }
  Parents parents(census.namespaces.size(), kNone);
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    if (!selected[i] || first_of(i) == nullptr) continue;
    const auto above = last_led_by.find(first_of(i)->parent);
    if (above != last_led_by.end()) parents[i] = above->second;
  }
  return parents;
}

/// Selects also what leads from the selected ones to the roots of the relation.
Parents parents_by_relation(const Census& census, CensusIndex CensusNamespace::*relation,
                            std::vector<bool>& selected) {
  Parents parents(census.namespaces.size(), kNone);
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    parents[i] = census.namespaces[i].*relation;
    if (!selected[i]) continue;
    for (CensusIndex up = parents[i]; up != kNone && !selected[up];
         up = census.namespaces[up].*relation) {
      selected[up] = true;
    }
  }
  return parents;
}

/// Rows from the roots down; those that hang below each other in a circle (a PID was given to
/// another process while we looked) as if one of them were a root.
std::vector<Row> arrange(const std::vector<bool>& selected, const Parents& parents) {
  std::vector<std::vector<CensusIndex>> children(parents.size());
  for (CensusIndex i = 0; i < parents.size(); ++i) {
    if (selected[i] && parents[i] != kNone) children[parents[i]].push_back(i);
  }
  std::vector<Row> rows;
  std::vector<bool> placed(parents.size());
  const auto place_below = [&](CensusIndex root) {
    std::vector<Row> stack{{root, std::nullopt}};
    while (!stack.empty()) {
      const Row row = stack.back();
      stack.pop_back();
      if (placed[row.ns]) continue;
      placed[row.ns] = true;
      // The first child has to be on top.
      const auto& below = children[row.ns];
      for (auto child = below.rbegin(); child != below.rend(); ++child) {
        stack.push_back({*child, rows.size()});
      }
      rows.push_back(row);
    }
  };
  for (CensusIndex i = 0; i < parents.size(); ++i) {
    if (selected[i] && parents[i] == kNone) place_below(i);
  }
  for (CensusIndex i = 0; i < parents.size(); ++i) {
    if (selected[i] && !placed[i]) place_below(i);
  }
  return rows;
}

}  // namespace

std::vector<Row> make_rows(const Census& census, const Selection& selection) {
  std::vector<bool> selected = selected_namespaces(census, selection);
  Parents parents(census.namespaces.size(), kNone);
  switch (selection.tree) {
    case Tree::process:
      parents = parents_by_process(census, selected);
      break;
    case Tree::parent:
      parents = parents_by_relation(census, &CensusNamespace::parent, selected);
      break;
    case Tree::owner:
      parents = parents_by_relation(census, &CensusNamespace::owner, selected);
      break;
    case Tree::none:
      break;
  }
  return arrange(selected, parents);
}

}  // namespace nsx::ls_tool
