#include "nsx-ls/cells.hh"

#include <pwd.h>
#include <unistd.h>

#include <nsx/net.hh>
#include <nsx/process.hh>

#include "nsx-ls/id_maps.hh"
#include "nsx-ls/mounts.hh"
#include "nsx-ls/threads.hh"

namespace nsx::ls_tool {

namespace {

cli::Value text_or_nothing(std::string text) {
  if (text.empty()) return {};
  return text;
}

cli::Value number_or_nothing(std::uint64_t number) {
  if (number == 0) return {};
  return number;
}

template <class Process>
cli::Value number(Process id) {
  return static_cast<std::uint64_t>(id);
}

cli::Cell holders_cell(const std::vector<Holder>& holders) {
  std::vector<std::string> phrases = in_phrases(holders);
  std::string shown = in_words(phrases);
  cli::JsonWriter json;
  write_json(holders, json);
  return {std::move(phrases), std::move(shown), json.take()};
}

cli::Cell map_cell(const Kernel& kernel, const Census& census, CensusIndex index,
                   const char* file) {
  const auto map = read_id_map(kernel, census, index, file);
  if (!map) return {};
  cli::JsonWriter json;
  write_json(*map, json);
  return {spelled_lines(*map), {}, json.take()};
}

/// Whether a cell of this column is that of one process in the namespace.
bool is_of_a_process(Column column) {
  switch (column) {
    case Column::path:
    case Column::pid:
    case Column::ppid:
    case Column::command:
    case Column::uid:
    case Column::user:
    case Column::container:
    case Column::unit:
    case Column::cgroup:
      return true;
    default:
      return false;
  }
}

}  // namespace

cli::Cell Cells::cell(CensusIndex index, Column column) {
  const CensusNamespace& ns = census_.namespaces[index];
  if (!is_of_a_process(column)) return of_namespace(index, column);
  if (ns.first_process == kNone) return {};
  return of_process(census_.processes[ns.first_process], ns.kind, column);
}

cli::Cell Cells::cell(CensusIndex index, const CensusProcess& process, Column column) {
  if (!is_of_a_process(column)) return of_namespace(index, column);
  return of_process(process, census_.namespaces[index].kind, column);
}

cli::Cell Cells::of_namespace(CensusIndex index, Column column) {
  const CensusNamespace& ns = census_.namespaces[index];
  const auto inode_of = [&](CensusIndex other) {
    return number(other != kNone ? census_.namespaces[other].identity.inode : 0);
  };
  switch (column) {
    case Column::ns:
      return {number(ns.identity.inode)};
    case Column::type:
      return {name(ns.kind)};
    case Column::nprocs:
      return {number(ns.process_count)};
    case Column::netnsid:
      return {net_id(index)};
    case Column::nsfs:
      return {mounts_of(census_, index)};
    case Column::pns:
      return {inode_of(ns.parent)};
    case Column::ons:
      return {inode_of(ns.owner)};
    case Column::id:
      return {number_or_nothing(ns.identity.id)};
    case Column::held_by:
      return holders_cell(read_holders(kernel_, census_, index, programs_));
    case Column::pin_name:
      return {pin_names(census_, index)};
    case Column::threads:
      return {threads(index)};
    case Column::owner_user:
      return {owner_user(ns)};
    case Column::uid_map:
      return map_cell(kernel_, census_, index, "uid_map");
    case Column::gid_map:
      return map_cell(kernel_, census_, index, "gid_map");
    case Column::leader:
    case Column::age:
      return of_oldest(index, column);
    default:
      return {};
  }
}

cli::Cell Cells::of_process(const CensusProcess& process, Kind kind, Column column) {
  switch (column) {
    case Column::path:
      return {kernel_.proc_path() + '/' + std::to_string(process.pid) + "/ns/" + name(kind)};
    case Column::pid:
      return {number(process.pid)};
    case Column::ppid:
      return {number(process.parent)};
    case Column::command:
      return {text_or_nothing(command(process.pid))};
    case Column::uid:
      return {number(process.uid)};
    case Column::user:
      return {user(process.uid)};
    case Column::container:
      return {text_or_nothing(places_.container(process.pid))};
    case Column::unit:
      return {text_or_nothing(places_.unit(process.pid))};
    case Column::cgroup:
      return {text_or_nothing(places_.cgroup(process.pid))};
    default:
      return {};
  }
}

cli::Cell Cells::of_oldest(CensusIndex index, Column column) {
  if (leaders_.empty()) leaders_ = find_leaders(census_);
  if (leaders_[index] == kNone) return {};
  const CensusProcess& oldest = census_.processes[leaders_[index]];
  if (column == Column::leader) return {number(oldest.pid)};
  const std::uint64_t seconds = seconds_since(oldest.start_time);
  return {seconds, spelled_age(seconds), {}};
}

bool Cells::match(const cli::Filter& filter, CensusIndex index) {
  cli::Value value;
  return filter.matches([&](std::size_t column) -> const cli::Value& {
    value = cell(index, kColumns[column].column).value;
    return value;
  });
}

const std::string& Cells::command(pid_t pid) {
  const auto [entry, is_new] = commands_.try_emplace(pid);
  if (is_new) entry->second = read_command_line(kernel_, pid);
  return entry->second;
}

const std::string& Cells::user(uid_t uid) {
  const auto [entry, is_new] = users_.try_emplace(uid);
  if (is_new) {
    const passwd* found = ::getpwuid(uid);
    entry->second = found != nullptr ? found->pw_name : std::to_string(uid);
  }
  return entry->second;
}

cli::Value Cells::net_id(CensusIndex index) const {
  if (census_.namespaces[index].kind != Kind::net) return {};
  // It may be gone with all that held it: then there is nothing to tell.
  const auto net = open_namespace(kernel_, census_, index);
  if (!net) return {};
  const auto id = peer_net_id(*net);
  if (!id) return {};
  if (!*id) return "unassigned";
  return number(**id);
}

cli::Value Cells::owner_user(const CensusNamespace& ns) {
  if (ns.kind != Kind::user && ns.owner == kNone) return {};
  const uid_t uid = ns.kind == Kind::user ? ns.creator : census_.namespaces[ns.owner].creator;
  if (uid == static_cast<uid_t>(-1)) return {};
  return user(uid);
}

std::uint64_t Cells::threads(CensusIndex index) {
  if (threads_.empty()) threads_ = count_threads(census_);
  return threads_[index];
}

}  // namespace nsx::ls_tool
