#include "nsx-ls/rows.hh"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace nsx::ls_tool {

namespace {

/// Those that any mount namespace has on a file.
std::vector<bool> mounted(const Census& census) {
  std::vector<bool> is_mounted(census.namespaces.size());
  for (const CensusHolder& holder : census.holders) {
    if (holder.type == CensusHolder::Type::mount) is_mounted[holder.ns] = true;
  }
  return is_mounted;
}

bool is_of(const Census& census, const CensusNamespace& ns, uid_t user) {
  return ns.first_process != kNone && census.processes[ns.first_process].uid == user;
}

std::vector<bool> selected_namespaces(const Census& census, const Selection& selection) {
  std::vector<bool> selected(census.namespaces.size(), !selection.process);
  for (const CensusProcess& process : census.processes) {
    if (process.pid != selection.process) continue;
    for (const CensusIndex ns : process.namespaces) {
      if (ns != kNone) selected[ns] = true;
    }
  }
  const std::vector<bool> pinned = selection.only_pinned ? mounted(census) : std::vector<bool>();
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    const CensusNamespace& ns = census.namespaces[i];
    if (!selection.kinds.contains(ns.kind)) selected[i] = false;
    if (selection.only_persistent && ns.process_count != 0) selected[i] = false;
    if (selection.only_pinned && !pinned[i]) selected[i] = false;
    if (selection.user && !is_of(census, ns, *selection.user)) selected[i] = false;
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

using IsBefore = std::function<bool(CensusIndex, CensusIndex)>;

/// Rows from the roots down; those that hang below each other in a circle (a PID was given to
/// another process while we looked) as if one of them were a root.
std::vector<Row> arrange(const std::vector<bool>& selected, const Parents& parents,
                         const IsBefore& is_before) {
  std::vector<std::vector<CensusIndex>> children(parents.size());
  for (CensusIndex i = 0; i < parents.size(); ++i) {
    if (selected[i] && parents[i] != kNone) children[parents[i]].push_back(i);
  }
  std::vector<CensusIndex> all(parents.size());
  std::iota(all.begin(), all.end(), 0);
  std::erase_if(all, [&](CensusIndex i) { return !selected[i]; });
  if (is_before) {
    std::sort(all.begin(), all.end(), is_before);
    for (auto& below : children)
      std::sort(below.begin(), below.end(), is_before);
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
  for (const CensusIndex i : all) {
    if (parents[i] == kNone) place_below(i);
  }
  for (const CensusIndex i : all) {
    if (!placed[i]) place_below(i);
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
  return arrange(selected, parents, selection.is_before);
}

}  // namespace nsx::ls_tool
