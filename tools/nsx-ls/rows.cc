// SPDX-License-Identifier: MIT
#include "nsx-ls/rows.hh"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace nsx::ls_tool {

namespace {

/// Marks the namespaces that are mounted on a file in any mount namespace.
std::vector<bool> mounted(const Census& census) {
  std::vector<bool> is_mounted(census.namespaces.size());
  for (const CensusHolder& holder : census.holders) {
    if (holder.type == CensusHolder::Type::mount) is_mounted[holder.ns] = true;
  }
  return is_mounted;
}

template <class Id>
bool contains(const std::vector<Id>& ids, Id id) {
  return std::ranges::find(ids, id) != ids.end();
}

bool is_of(const Census& census, const CensusNamespace& ns, const std::vector<uid_t>& users) {
  return ns.first_process != kNone && contains(users, census.processes[ns.first_process].uid);
}

std::vector<bool> selected_namespaces(const Census& census, const Selection& selection) {
  std::vector<bool> selected(census.namespaces.size(), selection.processes.empty());
  for (const CensusProcess& process : census.processes) {
    if (!contains(selection.processes, process.pid)) continue;
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
    if (!selection.users.empty() && !is_of(census, ns, selection.users)) selected[i] = false;
    if (selected[i] && selection.accepts) selected[i] = selection.accepts(i);
  }
  return selected;
}

/// The parent of each namespace in the tree, or kNone.
using Parents = std::vector<CensusIndex>;

/// Returns parents as in lsns(8): the parent of a namespace is the last one with a lower inode
/// number whose first process is the parent of its own first process.
Parents parents_by_process(const Census& census, const std::vector<bool>& selected) {
  // Namespaces without a process are roots.
  const auto first_of = [&](CensusIndex ns) {
    const CensusIndex first = census.namespaces[ns].first_process;
    return first != kNone ? &census.processes[first] : nullptr;
  };
  std::unordered_map<pid_t, CensusIndex> last_led_by;
  Parents parents(census.namespaces.size(), kNone);
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    if (!selected[i] || first_of(i) == nullptr) continue;
    const auto above = last_led_by.find(first_of(i)->parent);
    if (above != last_led_by.end()) parents[i] = above->second;
    last_led_by[first_of(i)->pid] = i;
  }
  return parents;
}

/// Returns parents by a relation. A namespace whose parent is not selected is a root.
Parents parents_by_relation(const Census& census, CensusIndex CensusNamespace::*relation,
                            const std::vector<bool>& selected) {
  Parents parents(census.namespaces.size(), kNone);
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    const CensusIndex up = census.namespaces[i].*relation;
    if (up != kNone && selected[up]) parents[i] = up;
  }
  return parents;
}

/// Returns the namespaces that lsns(8) visits next on the way up from `ns`: its owner and, in a
/// tree by parent, its parent.
std::array<CensusIndex, 2> next_up(const Census& census, CensusIndex ns, Tree tree) {
  const CensusIndex parent = census.namespaces[ns].parent;
  return {tree == Tree::parent ? parent : kNone, census.namespaces[ns].owner};
}

/// Also selects the ancestors of the selected namespaces, if they are of the requested kinds and
/// match the filter.
void select_way_up(const Census& census, const Selection& selection, std::vector<bool>& selected) {
  std::vector<CensusIndex> stack;
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    if (selected[i]) stack.push_back(i);
  }
  while (!stack.empty()) {
    const CensusIndex ns = stack.back();
    stack.pop_back();
    for (const CensusIndex up : next_up(census, ns, selection.tree)) {
      if (up == kNone || selected[up]) continue;
      if (!selection.kinds.contains(census.namespaces[up].kind)) continue;
      if (selection.accepts && !selection.accepts(up)) continue;
      selected[up] = true;
      stack.push_back(up);
    }
  }
}

/// Returns the order in which lsns(8) visits namespaces: the requested ones by inode number, the
/// ancestors of each before it.
std::vector<CensusIndex> order_of_relations(const Census& census, Tree tree,
                                            const std::vector<bool>& asked_for) {
  std::vector<CensusIndex> order;
  std::vector<bool> is_met(census.namespaces.size());
  std::vector<CensusIndex> stack;
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    if (asked_for[i]) stack.push_back(i);
    while (!stack.empty()) {
      const CensusIndex ns = stack.back();
      const auto up = next_up(census, ns, tree);
      const auto open = std::ranges::find_if(up, [&](CensusIndex other) {
        return other != kNone && !is_met[other] && std::ranges::find(stack, other) == stack.end();
      });
      if (open != up.end()) {
        stack.push_back(*open);
        continue;
      }
      stack.pop_back();
      if (!is_met[ns]) order.push_back(ns);
      is_met[ns] = true;
    }
  }
  return order;
}

using IsBefore = std::function<bool(CensusIndex, CensusIndex)>;

/// Returns the rows from the roots down. A cycle, which a reused PID can cause, is broken by making
/// one of its members a root.
std::vector<Row> arrange(std::vector<CensusIndex> all, const std::vector<bool>& selected,
                         const Parents& parents, const IsBefore& is_before) {
  std::vector<std::vector<CensusIndex>> children(parents.size());
  for (const CensusIndex i : all) {
    if (selected[i] && parents[i] != kNone) children[parents[i]].push_back(i);
  }
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
      // Push in reverse, so that the first child is popped first.
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
  std::vector<CensusIndex> order(census.namespaces.size());
  std::iota(order.begin(), order.end(), 0);
  if (selection.tree == Tree::parent || selection.tree == Tree::owner) {
    order = order_of_relations(census, selection.tree, selected);
    select_way_up(census, selection, selected);
  }
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
  if (selection.is_flat) std::ranges::fill(parents, kNone);
  return arrange(std::move(order), selected, parents, selection.is_before);
}

bool Order::is_before(CensusIndex a, CensusIndex b) {
  if (reverse_) std::swap(a, b);
  const Key& first = key(a);
  const Key& second = key(b);
  return first != second ? first < second : a < b;
}

const Order::Key& Order::key(CensusIndex ns) {
  const auto [entry, is_new] = keys_.try_emplace(ns);
  if (is_new) {
    for (const cli::ColumnId id : columns_)
      entry->second.push_back(value_of_(ns, id));
  }
  return entry->second;
}

}  // namespace nsx::ls_tool
