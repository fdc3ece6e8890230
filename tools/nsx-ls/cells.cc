#include "nsx-ls/cells.hh"

#include <pwd.h>
#include <unistd.h>

#include <nsx/net.hh>
#include <nsx/process.hh>

#include "common/number.hh"
#include "nsx-ls/holder_list.hh"
#include "nsx-ls/mounts.hh"
#include "nsx-ls/threads.hh"

namespace nsx::ls_tool {

namespace {

cli::Value value_of(std::string text, const ColumnInfo& column) {
  if (text.empty()) return {};
  if (column.is_number) {
    if (const auto number = cli::parse_number<std::uint64_t>(text)) return *number;
  }
  if (!column.is_list) return text;
  std::vector<std::string> list;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    list.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return list;
}

}  // namespace

std::string Cells::text(CensusIndex index, Column column) {
  const CensusNamespace& ns = census_.namespaces[index];
  const CensusProcess* first =
      ns.first_process != kNone ? &census_.processes[ns.first_process] : nullptr;
  const auto inode_of = [&](CensusIndex other) {
    return std::to_string(other != kNone ? census_.namespaces[other].identity.inode : 0);
  };

  switch (column) {
    case Column::ns:
      return std::to_string(ns.identity.inode);
    case Column::type:
      return name(ns.kind);
    case Column::nprocs:
      return std::to_string(ns.process_count);
    case Column::netnsid:
      return net_id(index);
    case Column::nsfs:
      return mounts_of(census_, index);
    case Column::pns:
      return inode_of(ns.parent);
    case Column::ons:
      return inode_of(ns.owner);
    case Column::id:
      return ns.identity.id != 0 ? std::to_string(ns.identity.id) : std::string();
    case Column::held_by:
      return in_words(read_holders(kernel_, census_, index));
    case Column::pin_name:
      return pin_names(census_, index);
    case Column::threads:
      return std::to_string(threads(index));
    case Column::owner_user:
      return owner_user(ns);
    default:
      break;
  }
  if (first == nullptr) return {};

  switch (column) {
    case Column::path:
      return kernel_.proc_path() + '/' + std::to_string(first->pid) + "/ns/" + name(ns.kind);
    case Column::pid:
      return std::to_string(first->pid);
    case Column::ppid:
      return std::to_string(first->parent);
    case Column::command:
      return command(first->pid);
    case Column::uid:
      return std::to_string(first->uid);
    case Column::user:
      return user(first->uid);
    default:
      return {};
  }
}

bool Cells::match(const cli::Filter& filter, CensusIndex index) {
  cli::Value value;
  return filter.matches([&](std::size_t column) -> const cli::Value& {
    value = value_of(text(index, kColumns[column].column), kColumns[column]);
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

std::string Cells::net_id(CensusIndex index) const {
  if (census_.namespaces[index].kind != Kind::net) return {};
  // It may be gone with all that held it: then there is nothing to tell.
  const auto net = open_namespace(kernel_, census_, index);
  if (!net) return {};
  const auto id = peer_net_id(*net);
  if (!id) return {};
  return *id ? std::to_string(**id) : "unassigned";
}

std::string Cells::owner_user(const CensusNamespace& ns) {
  if (ns.kind != Kind::user && ns.owner == kNone) return {};
  const uid_t uid = ns.kind == Kind::user ? ns.creator : census_.namespaces[ns.owner].creator;
  return uid == static_cast<uid_t>(-1) ? std::string() : user(uid);
}

std::uint64_t Cells::threads(CensusIndex index) {
  if (threads_.empty()) threads_ = count_threads(census_);
  return threads_[index];
}

}  // namespace nsx::ls_tool
