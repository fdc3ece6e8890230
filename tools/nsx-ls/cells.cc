// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <unistd.h>

#include <nsx/pin.hh>
#include <nsx/process.hh>

#include "nsx-ls/columns.hh"
#include "nsx-ls/facts.hh"

namespace nsx::ls_tool {

namespace {

using Type = CensusHolder::Type;

struct Words {
  const char* one;
  const char* several;
  const char* json;
};

constexpr Words kProcesses{"process", "processes", "process"};

/// In the order of `Type`.
constexpr std::array kWords{
    Words{"thread", "threads", "thread"},
    Words{"process for its children", "processes for their children", "children"},
    Words{"fd", "fds", "fd"},
    Words{"socket", "sockets", "socket"},
    Words{"mount", "mounts", "mount"},
    Words{"child namespace", "child namespaces", "child"},
    Words{"owned namespace", "owned namespaces", "owned"},
};

const Words& words(std::optional<Type> type) {
  return type ? kWords[static_cast<std::size_t>(*type)] : kProcesses;
}

Holder made(const Census& census, const CensusHolder& found, ProgramNames& programs) {
  const auto inode_of = [&](CensusIndex ns) {
    return ns != kNone ? census.namespaces[ns].identity.inode : 0;
  };
  Holder holder;
  holder.type = found.type;
  switch (found.type) {
    case Type::mount:
      holder.path = census.mounts[found.other].path;
      holder.ns = inode_of(census.mounts[found.other].mount_namespace);
      holder.pid = census.mounts[found.other].seen_by;
      holder.is_elsewhere = !census.mounts[found.other].is_ours;
      if (holder.is_elsewhere && holder.pid != 0) holder.command = programs.of(holder.pid);
      break;
    case Type::child:
    case Type::owned:
      holder.ns = inode_of(found.other);
      break;
    default:
      holder.pid = found.pid;
      holder.number = found.number;
      holder.command = programs.of(found.pid);
      break;
  }
  return holder;
}

/// "sleep 4021"
std::string spelled_process(const Holder& holder) {
  return (holder.command.empty() ? "" : holder.command + ' ') + std::to_string(holder.pid);
}

/// Returns the path of a mount, with its mount namespace if that is not the caller's.
std::string spelled_mount(const Holder& holder) {
  std::string text = holder.path;
  if (holder.is_elsewhere && holder.ns != 0) text += " in mnt " + std::to_string(holder.ns);
  if (holder.is_elsewhere && holder.pid != 0) text += " (" + spelled_process(holder) + ')';
  return text;
}

/// Returns the distinct names of holders of one type: "/run/netns/blue", "dockerd 812".
std::vector<std::string> names_of(std::span<const Holder> holders) {
  std::vector<std::string> names;
  for (const Holder& holder : holders) {
    std::string name = spelled_mount(holder);
    if (holder.type != Type::mount && holder.pid != 0) name = spelled_process(holder);
    if (!name.empty() && (names.empty() || names.back() != name)) names.push_back(std::move(name));
  }
  return names;
}

/// "a, b and 3 more"
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 2;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kShown; ++i) {
    if (i > 0) text += ", ";
    text += names[i];
  }
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

/// Returns the leading holders of the same type.
std::span<const Holder> same_type(std::span<const Holder> holders) {
  const auto end = std::find_if(holders.begin(), holders.end(), [&](const Holder& holder) {
    return holder.type != holders.front().type;
  });
  return holders.first(static_cast<std::size_t>(end - holders.begin()));
}

void write_holder(const Holder& holder, cli::JsonWriter& json) {
  json.open('{').key("type").string(words(holder.type).json);
  if (!holder.type) json.key("count").number(holder.count);
  if (holder.type == Type::mount) json.key("path").string(holder.path);
  if (holder.ns != 0) json.key("ns").number(std::uint64_t{holder.ns});
  if (holder.pid != 0) json.key("pid").number(holder.pid);
  if (holder.type == Type::thread || holder.type == Type::fd || holder.type == Type::socket) {
    json.key("number").number(holder.number);
  }
  if (!holder.command.empty()) json.key("command").string(holder.command);
  json.close();
}

/// Calls take(path) for each mount of the namespace that the caller can see.
template <class Take>
void for_each_mount(const Census& census, CensusIndex index, Take take) {
  auto holder =
      std::lower_bound(census.holders.begin(), census.holders.end(), index,
                       [](const CensusHolder& each, CensusIndex ns) { return each.ns < ns; });
  for (; holder != census.holders.end() && holder->ns == index; ++holder) {
    if (holder->type != CensusHolder::Type::mount) continue;
    const CensusMount& mount = census.mounts[holder->other];
    if (mount.is_ours) take(std::string_view(mount.path));
  }
}

}  // namespace

const std::string& ProgramNames::of(pid_t pid) {
  const auto [entry, is_new] = known_.try_emplace(pid);
  if (!is_new) return entry->second;
  const auto process = Process::open(kernel_, pid);
  if (auto name = process ? process->read("comm") : Result<std::string>(std::string())) {
    if (name->ends_with('\n')) name->pop_back();
    entry->second = std::move(*name);
  }
  return entry->second;
}

std::vector<Holder> read_holders(const Kernel& kernel, const Census& census, CensusIndex ns,
                                 ProgramNames& programs) {
  std::vector<Holder> holders;
  if (const auto count = census.namespaces[ns].process_count; count > 0) {
    holders.emplace_back().count = count;
  }
  const auto& all = census.holders;
  auto found = std::lower_bound(
      all.begin(), all.end(), ns,
      [](const CensusHolder& holder, CensusIndex wanted) { return holder.ns < wanted; });
  for (; found != all.end() && found->ns == ns; ++found) {
    const bool is_self = kernel.numbers_are_ours() && found->pid == ::getpid();
    if (!is_self) holders.push_back(made(census, *found, programs));
  }
  return holders;
}

std::vector<std::string> in_phrases(const std::vector<Holder>& holders) {
  std::vector<std::string> phrases;
  for (std::span<const Holder> rest = holders; !rest.empty();) {
    const auto some = same_type(rest);
    rest = rest.subspan(some.size());
    std::uint64_t count = 0;
    for (const Holder& holder : some)
      count += holder.count;
    const Words& word = words(some.front().type);
    std::string text = std::to_string(count) + ' ' + (count == 1 ? word.one : word.several);
    const std::string names = some_of(names_of(some));
    const bool is_mount = some.front().type == Type::mount;
    if (!names.empty()) text += is_mount ? ' ' + names : " (" + names + ')';
    phrases.push_back(std::move(text));
  }
  return phrases;
}

std::string in_words(const std::vector<std::string>& phrases) {
  std::string text;
  for (const std::string& phrase : phrases)
    text += (text.empty() ? "" : ", ") + phrase;
  return text;
}

std::string in_words(const std::vector<Holder>& holders) {
  return in_words(in_phrases(holders));
}

void write_json(const std::vector<Holder>& holders, cli::JsonWriter& json) {
  json.open('[');
  for (const Holder& holder : holders)
    write_holder(holder, json);
  json.close();
}

std::vector<std::string> mounts_of(const Census& census, CensusIndex index) {
  std::vector<std::string> paths;
  for_each_mount(census, index, [&](std::string_view path) { paths.emplace_back(path); });
  return paths;
}

std::vector<std::string> pin_names(const Census& census, CensusIndex index) {
  const std::string directory = pin_directory(census.namespaces[index].kind) + '/';
  std::vector<std::string> names;
  for_each_mount(census, index, [&](std::string_view path) {
    if (!path.starts_with(directory)) return;
    path.remove_prefix(directory.size());
    if (path.find('/') == std::string_view::npos) names.emplace_back(path);
  });
  return names;
}

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
