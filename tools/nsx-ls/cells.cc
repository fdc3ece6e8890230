#include "nsx-ls/cells.hh"

#include <pwd.h>
#include <unistd.h>

#include <nsx/mountinfo.hh>
#include <nsx/net.hh>
#include <nsx/process.hh>

namespace nsx::ls_tool {

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
      return net_id(ns);
    case Column::nsfs:
      return mounts(ns);
    case Column::pns:
      return inode_of(ns.parent);
    case Column::ons:
      return inode_of(ns.owner);
    case Column::id:
      return ns.identity.id != 0 ? std::to_string(ns.identity.id) : std::string();
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

std::string Cells::net_id(const CensusNamespace& ns) const {
  if (ns.kind != Kind::net || ns.first_process == kNone) return {};
  // The process may be gone, and its number another's: then there is nothing to tell.
  const auto process = Process::open(kernel_, census_.processes[ns.first_process].pid);
  if (!process) return {};
  const auto net = process->open_namespace(kernel_, Kind::net);
  if (!net || net->identity() != ns.identity) return {};
  const auto id = peer_net_id(*net);
  if (!id) return {};
  return *id ? std::to_string(**id) : "unassigned";
}

std::string Cells::mounts(const CensusNamespace& ns) {
  if (!mounts_read_) {
    mounts_read_ = true;
    const auto self = Process::open(kernel_, ::getpid());
    const auto text = self ? self->read("mountinfo") : Result<std::string>(std::string());
    std::string_view rest = text ? std::string_view(*text) : std::string_view();
    while (const auto mount = next_mount(rest)) {
      const auto link = parse_namespace_link(mount->root);
      if (mount->type != "nsfs" || !link) continue;
      std::string& list = mounts_[link->inode];
      if (!list.empty()) list += '\n';
      list += unescape_mount_field(mount->mount_point);
    }
  }
  const auto found = mounts_.find(ns.identity.inode);
  return found != mounts_.end() ? found->second : std::string();
}

}  // namespace nsx::ls_tool
