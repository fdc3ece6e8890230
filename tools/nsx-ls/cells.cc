// SPDX-License-Identifier: MIT
#include "nsx-ls/cells.hh"

#include <algorithm>

#include "nsx-ls/facts.hh"
#include "nsx-ls/holder_list.hh"

namespace nsx::ls_tool {

namespace {

/// Returns the entry of a map, or an empty value if there is none.
template <class Key, class Value>
const Value& entry_of(const std::unordered_map<Key, Value>& map, Key key) {
  static const Value kNothing{};
  const auto found = map.find(key);
  return found != map.end() ? found->second : kNothing;
}

/// Returns the UID of the process or, without a process, of the creator of the namespace.
std::optional<uid_t> uid_of(const NamespaceRow& row) {
  return row.subject.process != nullptr ? std::optional(row.subject.process->uid)
                                        : row.of_ns().creator;
}

}  // namespace

const NamespaceFacts& NamespaceRow::of_ns() const {
  return entry_of(facts.namespaces, subject.ns);
}

const ProcessFacts& NamespaceRow::of_process() const {
  return entry_of(facts.processes, subject.process != nullptr ? subject.process->pid : 0);
}

cli::Cell number_cell(std::uint64_t number) {
  return {number};
}

cli::Cell text_cell(const std::string& text) {
  return {cli::text_or_nothing(text)};
}

cli::Cell inode_cell(const NamespaceRow& row, CensusIndex of) {
  return number_cell(of != kNone ? row.census.namespaces[of].identity.inode : 0);
}

cli::Cell pid_cell(const NamespaceRow& row, pid_t CensusProcess::*member) {
  if (row.subject.process == nullptr) return {};
  return number_cell(static_cast<std::uint64_t>(row.subject.process->*member));
}

cli::Cell id_map_cell(const std::optional<IdMap>& map) {
  if (!map) return {};
  return {spelled_lines(*map)};
}

void write_map(const std::optional<IdMap>& map, cli::JsonWriter& json) {
  if (map) {
    write_json(*map, json);
  } else {
    json.null();
  }
}

cli::Cell path_cell(const NamespaceRow& row) {
  if (row.subject.process == nullptr) return {};
  return {row.facts.proc_path + '/' + std::to_string(row.subject.process->pid) + "/ns/" +
          name(row.ns().kind)};
}

cli::Cell uid_cell(const NamespaceRow& row) {
  const auto uid = uid_of(row);
  if (!uid) return {};
  return number_cell(*uid);
}

cli::Cell user_cell(const NamespaceRow& row) {
  const auto uid = uid_of(row);
  if (!uid) return {};
  return {entry_of(row.facts.users, *uid)};
}

cli::Cell mounts_cell(const NamespaceRow& row) {
  return {mounts_of(row.census, row.subject.ns)};
}

cli::Cell names_as_pin_cell(const NamespaceRow& row) {
  return {pin_names(row.census, row.subject.ns)};
}

cli::Cell held_by_cell(const NamespaceRow& row) {
  std::vector<std::string> phrases = in_phrases(row.of_ns().holders);
  std::string shown = in_words(phrases);
  return {std::move(phrases), std::move(shown)};
}

cli::Cell containers_cell(const NamespaceRow& row) {
  const std::string& own = row.of_process().container;
  if (row.subject.is_of_process) return text_cell(own);
  std::vector<std::string> names = row.facts.containers[row.subject.ns];
  if (!own.empty()) names.push_back(own);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string shown;
  for (const std::string& name : names)
    shown += (shown.empty() ? "" : ",") + name;
  return {std::move(names), std::move(shown)};
}

cli::Cell owner_user_cell(const NamespaceRow& row) {
  const auto uid = owner_uid(row.census, row.ns());
  if (!uid) return {};
  return {entry_of(row.facts.users, *uid)};
}

cli::Cell leader_cell(const NamespaceRow& row) {
  const CensusIndex oldest = row.facts.leaders[row.subject.ns];
  if (oldest == kNone) return {};
  return number_cell(static_cast<std::uint64_t>(row.census.processes[oldest].pid));
}

cli::Cell age_cell(const NamespaceRow& row) {
  if (row.facts.leaders[row.subject.ns] == kNone) return {};
  const std::uint64_t seconds = row.facts.ages[row.subject.ns];
  return {seconds, spelled_age(seconds)};
}

}  // namespace nsx::ls_tool
