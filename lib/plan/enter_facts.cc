#include <algorithm>
#include <array>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <nsx/enter.hh>
#include <nsx/process.hh>

#include "kernel/files.hh"
#include "plan/cgroup_facts.hh"
#include "plan/target_cgroup.hh"

namespace nsx {

namespace {

bool has_sys_admin() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  return (sets[0].effective & (1U << CAP_SYS_ADMIN)) != 0;
}

bool kernel_knows(const Kernel& kernel, Kind kind) {
  const std::string path = std::string("self/ns/") + name(kind);
  return ::faccessat(kernel.proc(), path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/// Whether the caller is in this namespace; of pid and time, whether its next children would be.
bool is_own(const Kernel& kernel, const Namespace& ns) {
  const KindInfo& kind = info(ns.kind());
  const std::string path =
      std::string("self/ns/") + (kind.for_children != nullptr ? kind.for_children : kind.name);
  struct stat st {};
  return ::fstatat(kernel.proc(), path.c_str(), &st, 0) == 0 && st.st_dev == ns.identity().device &&
         st.st_ino == ns.identity().inode;
}

bool is_same(const Namespace& a, const Namespace& b) {
  return a.identity().device == b.identity().device && a.identity().inode == b.identity().inode;
}

/// How many user namespaces are between this one and the caller's.
int depth(const Kernel& kernel, const Namespace& user) {
  int depth = 0;
  auto above = user.parent(kernel);
  while (above && !is_own(kernel, *above)) {
    ++depth;
    above = above->parent(kernel);
  }
  return depth;
}

bool has_selinux() {
  struct statfs fs {};
  return ::statfs("/sys/fs/selinux", &fs) == 0 &&
         static_cast<unsigned long>(fs.f_type) == SELINUX_MAGIC;
}

class FactReader {
 public:
  FactReader(const Kernel& kernel, const EnterRequest& request, std::optional<Target> target)
      : kernel_(kernel), request_(request), target_(std::move(target)) {}

  Result<EnterFacts> read() {
    facts_.has_sys_admin = has_sys_admin();
    using Part = Status (FactReader::*)();
    for (const Part part :
         {&FactReader::find_selected, &FactReader::find_all, &FactReader::find_of_socket,
          &FactReader::take_parent, &FactReader::find_owner, &FactReader::find_ids,
          &FactReader::find_directories, &FactReader::find_cgroup, &FactReader::find_rest}) {
      if (auto done = (this->*part)(); !done) return error_of(done);
    }
    for (auto& each : found_) {
      facts_.namespaces.push_back(std::move(each.facts));
      facts_.handles.push_back(std::move(each.ns).take_fd());
    }
    return std::move(facts_);
  }

 private:
  struct Found {
    Namespace ns;
    FoundNamespace facts;
    bool of_process = false;  ///< the one that the target process is in
  };

  // --- Namespaces --------------------------------------------------------------------------------

  Status find_selected() {
    for (const auto& selection : request_.selections) {
      auto done = selection.id     ? add_by_id(selection.kind, *selection.id)
                  : selection.file ? add_file(selection.kind, *selection.file)
                                   : add_of_target(selection.kind);
      if (!done) return done;
    }
    return {};
  }

  Status find_all() {
    if (!request_.all) return {};
    for (const Kind kind : KindSet::all()) {
      if (find(kind) != nullptr || !kernel_knows(kernel_, kind)) continue;
      const bool has_it = !target_ || target_->process || named_by_target(kind) != nullptr;
      if (!has_it) continue;
      if (auto done = add_of_target(kind); !done) return done;
    }
    return {};
  }

  Status find_of_socket() {
    if (!request_.net_socket) return {};
    auto process = target_process("enter the namespace of a socket");
    if (!process) return error_of(process);
    auto ns = (*process)->open_socket_namespace(kernel_, *request_.net_socket);
    if (!ns) return error_of(ns);
    std::erase_if(found_, [](const Found& each) { return each.ns.kind() == Kind::net; });
    add(std::move(*ns), "socket " + std::to_string(*request_.net_socket) + " of " + target_->name);
    return {};
  }

  /// The user namespace above the one that is asked for.
  Status take_parent() {
    if (!request_.user_parent) return {};
    if (find(Kind::user) == nullptr && found_.empty()) {
      if (auto done = add_of_target(Kind::user); !done) return done;
    }
    const Found* below = find(Kind::user);
    if (below == nullptr) below = &found_.front();
    // Of several the first that is not the caller's says most.
    for (const Found& each : found_) {
      if (below->ns.kind() != Kind::user && below->facts.shared && !each.facts.shared)
        below = &each;
    }
    auto owner = below->ns.owner(kernel_);
    if (!owner) {
      if (owner.error().code == EPERM) owner.error().hint = "it is above your own";
      return error_of(owner);
    }
    std::string of = std::string("the owner of the ") + name(below->ns.kind()) + " namespace of " +
                     below->facts.of;
    std::erase_if(found_, [](const Found& each) { return each.ns.kind() == Kind::user; });
    add(std::move(*owner), std::move(of));
    return {};
  }

  /// Looks who owns what is asked for, where that tells how to get the right to it.
  Status find_owner() {
    if (facts_.has_sys_admin) return {};
    std::optional<Namespace> best;
    std::string of;
    int best_depth = 0;
    for (const Found& each : found_) {
      if (each.facts.shared || each.ns.kind() == Kind::user) continue;
      auto owner = each.ns.owner(kernel_);
      if (!owner || is_own(kernel_, *owner)) continue;
      // That over the outermost gives the right to those below it as well.
      const int its_depth = depth(kernel_, *owner);
      if (best && its_depth >= best_depth) continue;
      best = std::move(*owner);
      best_depth = its_depth;
      of = std::string("the owner of the ") + name(each.ns.kind()) + " namespace of " +
           each.facts.of;
    }
    if (!best) return {};
    const Found* asked = find(Kind::user);
    if (asked != nullptr && !asked->facts.shared &&
        (is_same(asked->ns, *best) || depth(kernel_, asked->ns) < best_depth)) {
      return {};
    }
    FoundNamespace found{Kind::user, best->fd(), std::move(of), false};
    if (is_of_process(*best)) {
      found.of = target_->name;
      owner_is_of_process_ = true;
    }
    facts_.owner = std::move(found);
    facts_.handles.push_back(std::move(*best).take_fd());
    return {};
  }

  Status add_by_id(Kind kind, std::uint64_t id) {
    auto ns = find_namespace(kernel_, id, kind);
    if (!ns) return error_of(ns);
    if (ns->identity().id != id) {
      return refuse(
          "find the namespace with the id", std::to_string(id),
          ns->identity().id == 0 ? "this kernel has no 64-bit ids" : "that is an inode number",
          ns->identity().id == 0 ? "" : "its id is " + std::to_string(ns->identity().id));
    }
    add(std::move(*ns), "id " + std::to_string(id));
    return {};
  }

  Status add_file(Kind kind, const std::string& file) {
    auto ns = Namespace::open_file(kernel_, file);
    if (!ns) return error_of(ns);
    return add_checked(kind, std::move(*ns), file);
  }

  Status add_checked(Kind kind, Namespace ns, const std::string& of) {
    if (ns.kind() != kind) {
      return refuse(std::string("join as a ") + name(kind) + " namespace", of,
                    std::string("it is a ") + name(ns.kind()) + " namespace");
    }
    add(std::move(ns), of);
    return {};
  }

  Status add_of_target(Kind kind) {
    if (!target_) {
      return refuse(std::string("enter a ") + name(kind) + " namespace", "",
                    "neither a target process nor a file is named");
    }
    if (!target_->process) {
      TargetNamespace* named = named_by_target(kind);
      if (named == nullptr) {
        return refuse(std::string("enter the ") + name(kind) + " namespace of", target_->name,
                      "it has none");
      }
      add(std::move(named->ns), named->of);
      return {};
    }
    auto ns = target_->process->open_namespace(kernel_, kind);
    if (!ns) return error_of(ns);
    add(std::move(*ns), target_->name);
    found_.back().of_process = true;
    return {};
  }

  void add(Namespace ns, std::string of) {
    FoundNamespace found{ns.kind(), ns.fd(), std::move(of), is_own(kernel_, ns)};
    found_.push_back({std::move(ns), std::move(found)});
  }

  const Found* find(Kind kind) const {
    const auto at = std::find_if(found_.begin(), found_.end(),
                                 [&](const Found& each) { return each.ns.kind() == kind; });
    return at == found_.end() ? nullptr : &*at;
  }

  TargetNamespace* named_by_target(Kind kind) {
    for (TargetNamespace& each : target_->namespaces) {
      if (each.ns.kind() == kind) return &each;
    }
    return nullptr;
  }

  // --- Ids ---------------------------------------------------------------------------------------

  bool is_of_process(const Namespace& user) const {
    if (!target_ || !target_->process) return false;
    const auto its = target_->process->open_namespace(kernel_, Kind::user);
    return its && is_same(*its, user);
  }

  Status find_ids() {
    const Found* user = find(Kind::user);
    const bool asked = user != nullptr && !user->facts.shared;
    const bool joins_user = asked || facts_.owner;
    const bool is_targets = asked ? user->of_process : joins_user && owner_is_of_process_;
    const bool sets_defaults = joins_user && !request_.preserve_credentials;

    if (request_.gid || request_.follow_gid || sets_defaults) {
      const auto text = read_file_at(kernel_.proc(), "self/setgroups");
      facts_.setgroups_denied = text && text->starts_with("deny");
    }
    if (is_targets) {
      if (auto done = read_map("uid_map", facts_.uid_map); !done) return done;
      if (auto done = read_map("gid_map", facts_.gid_map); !done) return done;
    }
    const bool follows = request_.follow_uid || request_.follow_gid;
    const bool has_root =
        is_targets && to_outside(*facts_.uid_map, 0) && to_outside(*facts_.gid_map, 0);
    if (!follows && (!sets_defaults || !is_targets || has_root)) return {};

    auto process = target_process("follow the ids");
    if (!process) return error_of(process);
    auto ids = (*process)->read_ids();
    if (!ids) return error_of(ids);
    if (!joins_user) {
      facts_.target_uid = ids->uid;
      facts_.target_gid = ids->gid;
    } else if (is_targets) {
      facts_.target_uid = to_inside(*facts_.uid_map, ids->uid);
      facts_.target_gid = to_inside(*facts_.gid_map, ids->gid);
    }
    return {};
  }

  Status read_map(const char* file, std::optional<IdMap>& place) const {
    auto text = target_->process->read(file);
    if (!text) return error_of(text);
    auto map = parse_id_map(*text);
    if (!map) return error_of(map);
    place = std::move(*map);
    return {};
  }

  // --- What else the target has ------------------------------------------------------------------

  Result<const Process*> target_process(const char* what) const {
    if (!target_) return refuse(what, "", "no target process is named");
    if (!target_->process) return refuse(what, "of " + target_->name, "it is no process");
    return &*target_->process;
  }

  Status find_directories() {
    if (request_.root) {
      auto root = open_directory(*request_.root, &Process::open_root);
      if (!root) return error_of(root);
      facts_.root = keep(std::move(*root), *request_.root, "root directory");
    }
    if (request_.working_directory) {
      auto cwd = open_directory(*request_.working_directory, &Process::open_working_directory);
      if (!cwd) return error_of(cwd);
      facts_.working_directory =
          keep(std::move(*cwd), *request_.working_directory, "working directory");
    }
    return {};
  }

  Result<OwnedFd> open_directory(const PathOrTarget& path,
                                 Result<OwnedFd> (Process::*of_target)() const) const {
    if (path) {
      OwnedFd fd(::open(path->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!fd) return fail("open the directory", *path);
      return fd;
    }
    auto process = target_process("take the target's directory");
    if (!process) return error_of(process);
    return ((**process).*of_target)();
  }

  FoundPath keep(OwnedFd fd, const PathOrTarget& path, const char* what) {
    FoundPath found{fd.get(), path ? *path : std::string("the ") + what + " of " + target_->name};
    facts_.handles.push_back(std::move(fd));
    return found;
  }

  Status find_cgroup() {
    auto own = read_cgroup_facts(kernel_, request_.cgroup);
    if (!own) return error_of(own);
    facts_.own_cgroup = std::move(*own);
    if (!request_.join_cgroup) return {};
    if (facts_.own_cgroup) {
      return refuse("join", "the target's cgroup", "another is asked for, too",
                    "leave out --join-cgroup, or --into-cgroup and --cgroup-limits");
    }
    auto process = target_process("join the cgroup");
    if (!process) return error_of(process);
    auto cgroup = open_cgroup_of(kernel_, **process);
    if (!cgroup) return error_of(cgroup);
    facts_.cgroup = {cgroup->procs.get(), std::move(cgroup->path)};
    facts_.handles.push_back(std::move(cgroup->procs));
    return {};
  }

  Status find_rest() {
    if (request_.environment) {
      auto process = target_process("take the environment");
      if (!process) return error_of(process);
      auto entries = (*process)->read_environment();
      if (!entries) return error_of(entries);
      facts_.environment = std::move(*entries);
    }
    if (request_.follow_context && has_selinux()) {
      auto process = target_process("follow the SELinux context");
      if (!process) return error_of(process);
      auto context = (*process)->read("attr/current");
      if (!context) return error_of(context);
      while (!context->empty() && (context->back() == '\0' || context->back() == '\n'))
        context->pop_back();
      facts_.security_context = std::move(*context);
    }
    return {};
  }

  const Kernel& kernel_;
  const EnterRequest& request_;
  std::optional<Target> target_;
  std::vector<Found> found_;
  bool owner_is_of_process_ = false;
  EnterFacts facts_;
};

}  // namespace

Result<EnterFacts> read_enter_facts(const Kernel& kernel, const EnterRequest& request,
                                    std::optional<Target> target) {
  return FactReader(kernel, request, std::move(target)).read();
}

}  // namespace nsx
