#include <algorithm>
#include <fcntl.h>

#include <nsx/census.hh>
#include <nsx/process.hh>

#include "kernel/files.hh"

namespace nsx {

namespace {

class Reopener {
 public:
  Reopener(const Kernel& kernel, const Census& census) : kernel_(kernel), census_(census) {}

  Result<Namespace> open(CensusIndex index) {
    const CensusNamespace& wanted = census_.namespaces[index];
    if (wanted.identity.id != 0 && kernel_.has(Feature::namespace_handle)) {
      if (auto ns = Namespace::open_id(kernel_, wanted.identity.id)) return ns;
    }
    Result<Namespace> last = refuse("open", subject(wanted), "it has ended");
    const auto is_it = [&](Result<Namespace> ns) {
      if (ns && !is_same(*ns, wanted)) return false;
      last = std::move(ns);
      return last.has_value();
    };
    if (wanted.first_process != kNone) {
      for (CensusIndex i = wanted.first_process; i < census_.processes.size(); ++i) {
        const CensusProcess& process = census_.processes[i];
        if (process.in(wanted.kind) == index && is_it(by_process(process.pid, wanted.kind))) {
          return last;
        }
      }
    }
    const auto first =
        std::lower_bound(census_.holders.begin(), census_.holders.end(), index,
                         [](const CensusHolder& holder, CensusIndex ns) { return holder.ns < ns; });
    for (auto holder = first; holder != census_.holders.end() && holder->ns == index; ++holder) {
      if (is_it(by_holder(*holder, wanted.kind))) return last;
    }
    return last;
  }

 private:
  static std::string subject(const CensusNamespace& ns) {
    return std::string(name(ns.kind)) + " namespace " + std::to_string(ns.identity.inode);
  }

  static bool is_same(const Namespace& ns, const CensusNamespace& wanted) {
    const NamespaceIdentity& found = ns.identity();
    return ns.kind() == wanted.kind && found.inode == wanted.identity.inode &&
           (wanted.identity.id == 0 || found.id == wanted.identity.id);
  }

  Result<Namespace> by_process(pid_t pid, Kind kind) {
    auto process = Process::open(kernel_, pid);
    if (!process) return error_of(process);
    return process->open_namespace(kernel_, kind);
  }

  Result<Namespace> by_holder(const CensusHolder& holder, Kind kind) {
    const std::string process = std::to_string(holder.pid) + '/';
    const std::string number = std::to_string(holder.number);
    switch (holder.type) {
      case CensusHolder::Type::thread:
        return below_proc(process + "task/" + number + "/ns/" + name(kind));
      case CensusHolder::Type::children:
        return below_proc(process + "ns/" + info(kind).for_children);
      case CensusHolder::Type::fd:
        return below_proc(process + "fd/" + number);
      case CensusHolder::Type::socket: {
        auto owner = Process::open(kernel_, holder.pid);
        if (!owner) return error_of(owner);
        return owner->open_socket_namespace(kernel_, holder.number);
      }
      case CensusHolder::Type::mount:
        return by_mount(census_.mounts[holder.other]);
      case CensusHolder::Type::child: {
        auto child = open(holder.other);
        return child ? child->parent(kernel_) : std::move(child);
      }
      case CensusHolder::Type::owned: {
        auto owned = open(holder.other);
        return owned ? owned->owner(kernel_) : std::move(owned);
      }
    }
    return refuse("open", "a namespace", "unknown holder");
  }

  Result<Namespace> below_proc(const std::string& path) {
    return Namespace::open_file_at(kernel_, kernel_.proc(), path);
  }

  Result<Namespace> by_mount(const CensusMount& mount) {
    if (mount.is_ours) return Namespace::open_file(kernel_, mount.path);
    if (mount.seen_by == 0) {
      return refuse("open", mount.path, "it is in a mount namespace without a process");
    }
    const std::string path = std::to_string(mount.seen_by) + "/root";
    auto root = open_at(kernel_.proc(), path.c_str(), O_PATH | O_DIRECTORY);
    if (!root) return error_of(root);
    return Namespace::open_file_at(kernel_, root->get(), '.' + mount.path);
  }

  const Kernel& kernel_;
  const Census& census_;
};

}  // namespace

Result<Namespace> open_namespace(const Kernel& kernel, const Census& census, CensusIndex index) {
  return Reopener(kernel, census).open(index);
}

}  // namespace nsx
