// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <nsx/census.hh>
#include <nsx/enter.hh>
#include <nsx/inside.hh>
#include <nsx/process.hh>

#include "kernel/answering.hh"
#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "kernel/inside.hh"
#include "kernel/text.hh"
#include "plan/devpts.hh"
#include "plan/privileges.hh"
#include "plan/resource_limits.hh"
#include "plan/target_cgroup.hh"
#include "try.hh"

namespace nsx {

namespace {

bool kernel_knows(const Kernel& kernel, Kind kind) {
  const std::string path = std::string("self/ns/") + name(kind);
  return ::faccessat(kernel.proc(), path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/// Returns the number of user namespaces between this one and the caller's.
int depth(const Kernel& kernel, const Namespace& user) {
  int depth = 0;
  auto above = user.parent(kernel);
  while (above && !above->is_current(kernel)) {
    ++depth;
    above = above->parent(kernel);
  }
  return depth;
}

class FactReader {
 public:
  FactReader(const Kernel& kernel, const EnterRequest& request, std::optional<Target>& target)
      : kernel_(kernel), request_(request), target_(target) {}

  Result<EnterFacts> read() {
    facts_.has_sys_admin = has_capability(CAP_SYS_ADMIN);
    using Part = Status (FactReader::*)();
    for (const Part part :
         {&FactReader::find_selected, &FactReader::find_all, &FactReader::find_of_socket,
          &FactReader::take_parent, &FactReader::find_owner, &FactReader::find_ids,
          &FactReader::find_directories, &FactReader::find_cgroup, &FactReader::find_v1_cgroups,
          &FactReader::find_rest, &FactReader::find_files, &FactReader::confirm}) {
      TRY((this->*part)());
    }
    for (auto& each : found_) {
      facts_.namespaces.push_back(std::move(each.facts));
      facts_.handles.push_back(std::move(each.ns).take_fd());
    }
    return std::move(facts_);
  }

  /// After a failure, returns whether the target has moved while it was read, so that another
  /// attempt may succeed.
  bool has_moved() const { return has_moved_; }

 private:
  struct Found {
    Namespace ns;
    FoundNamespace facts;
    bool of_process = false;  ///< it is a namespace of the target process
  };

  // --- Namespaces --------------------------------------------------------------------------------

  /// Reads the user namespace last: the owner of the others must be read after them.
  Status find_selected() {
    auto selections = request_.selections;
    std::stable_partition(selections.begin(), selections.end(),
                          [](const auto& selection) { return selection.kind != Kind::user; });
    for (const auto& selection : selections) {
      TRY(selection.id     ? add_by_id(selection.kind, *selection.id)
          : selection.file ? add_file(selection.kind, *selection.file)
                           : add_of_target(selection.kind));
    }
    return {};
  }

  Status find_all() {
    if (!request_.all) return {};
    constexpr std::array kUserLast{Kind::cgroup, Kind::ipc,  Kind::mnt, Kind::net,
                                   Kind::pid,    Kind::time, Kind::uts, Kind::user};
    static_assert(kUserLast.size() == kKindCount);
    for (const Kind kind : kUserLast) {
      if (find(kind) != nullptr || !kernel_knows(kernel_, kind)) continue;
      const bool has_it = !target_ || target_->process || named_by_target(kind) != nullptr;
      if (!has_it) continue;
      TRY(add_of_target(kind));
    }
    return {};
  }

  Status find_of_socket() {
    if (!request_.net_socket) return {};
    auto process = TRY(target_process("enter the namespace of a socket"));
    auto ns = TRY(process->open_socket_namespace(kernel_, *request_.net_socket));
    std::erase_if(found_, [](const Found& each) { return each.ns.kind() == Kind::net; });
    add(std::move(ns), "socket " + std::to_string(*request_.net_socket) + " of " + target_->name);
    return {};
  }

  /// Replaces the selected user namespace by its parent or owner.
  Status take_parent() {
    if (!request_.user_parent) return {};
    if (find(Kind::user) == nullptr && found_.empty()) {
      TRY(add_of_target(Kind::user));
    }
    const Found* below = find(Kind::user);
    if (below == nullptr) below = &found_.front();
    // Among several namespaces, use the first that is not the caller's.
    for (const Found& each : found_) {
      if (below->ns.kind() != Kind::user && below->facts.shared && !each.facts.shared)
        below = &each;
    }
    auto owner = below->ns.owner(kernel_);
    if (!owner) {
      if (owner.error().code == EPERM)
        owner.error().set_hint("run this in that user namespace or in an ancestor of it");
      return error_of(owner);
    }
    std::string of = std::string("the owner of the ") + name(below->ns.kind()) + " namespace of " +
                     below->facts.of;
    std::erase_if(found_, [](const Found& each) { return each.ns.kind() == Kind::user; });
    add(std::move(*owner), std::move(of));
    return {};
  }

  /// Finds the owner of the selected namespaces, if joining it grants the right to join them.
  Status find_owner() {
    if (facts_.has_sys_admin) return {};
    std::optional<Namespace> best;
    std::string of;
    int best_depth = 0;
    for (const Found& each : found_) {
      if (each.facts.shared || each.ns.kind() == Kind::user) continue;
      auto owner = each.ns.owner(kernel_);
      if (!owner || owner->is_current(kernel_)) continue;
      // Rights over the outermost owner also apply to its descendants.
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
        (asked->ns.same_as(*best) || depth(kernel_, asked->ns) < best_depth)) {
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
    auto ns = TRY(find_namespace(kernel_, id, kind));
    if (ns.identity().id != id) {
      return refuse(
          "find the namespace with id", std::to_string(id),
          ns.identity().id == 0 ? "this kernel has no 64-bit ids" : "it is an inode number",
          ns.identity().id == 0 ? "" : "use its id: " + std::to_string(ns.identity().id));
    }
    add(std::move(ns), "id " + std::to_string(id));
    return {};
  }

  Status add_file(Kind kind, const std::string& file) {
    auto ns = TRY(Namespace::open_file(kernel_, file));
    return add_checked(kind, std::move(ns), file);
  }

  Status add_checked(Kind kind, Namespace ns, const std::string& of) {
    if (ns.kind() != kind) {
      return refuse(std::string("join {} as the ") + name(kind) + " namespace", of,
                    std::string("its kind is ") + name(ns.kind()));
    }
    add(std::move(ns), of);
    return {};
  }

  Status add_of_target(Kind kind) {
    if (!target_) {
      return refuse(std::string("enter the ") + name(kind) + " namespace", "",
                    "neither a target nor a file is given");
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
    auto ns = TRY(target_->process->open_namespace(kernel_, kind));
    add(std::move(ns), target_->name);
    found_.back().of_process = true;
    return {};
  }

  void add(Namespace ns, std::string of) {
    FoundNamespace found{ns.kind(), ns.fd(), std::move(of), ns.is_current_for_children(kernel_)};
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
    return its && its->same_as(user);
  }

  Status find_ids() {
    const Found* user = find(Kind::user);
    const bool asked = user != nullptr && !user->facts.shared;
    const bool joins_user = asked || facts_.owner;
    const bool is_targets = asked ? user->of_process : joins_user && owner_is_of_process_;
    const bool sets_defaults = joins_user && !request_.preserve_credentials;

    const bool follows = request_.follow_uid || request_.follow_gid || request_.follow_groups;
    // A caller that looks at files may look up a user there.
    if (request_.gid || follows || sets_defaults || request_.look_at_files) {
      const auto text = read_file_at(kernel_.proc(), "self/setgroups");
      facts_.setgroups_denied = text && text->starts_with("deny");
    }
    const auto read_maps = [&](const auto& read) -> Status {
      TRY(read_map(read("uid_map"), facts_.uid_map));
      return read_map(read("gid_map"), facts_.gid_map);
    };
    if (is_targets) {
      TRY(read_maps([&](const char* file) { return target_->process->read(file); }));
    } else if (asked && request_.user_parent && sets_defaults) {
      // The owner may not map 0, which would be the default.
      TRY(read_maps([&](const char* file) { return read_file_inside(kernel_, user->ns, file); }));
    }
    const bool knows_maps = facts_.uid_map.has_value();
    const bool has_root =
        knows_maps && to_outside(*facts_.uid_map, 0) && to_outside(*facts_.gid_map, 0);
    if (!follows && (!sets_defaults || !knows_maps || has_root)) return {};

    auto process = TRY(target_process("follow the ids"));
    auto ids = TRY(process->read_ids());
    if (!joins_user) {
      facts_.target_uid = ids.uid;
      facts_.target_gid = ids.gid;
      facts_.target_groups = std::move(ids.groups);
    } else if (knows_maps) {
      facts_.target_uid = to_inside(*facts_.uid_map, ids.uid);
      facts_.target_gid = to_inside(*facts_.gid_map, ids.gid);
      facts_.target_groups.emplace();
      for (const gid_t group : ids.groups) {
        if (const auto inside = to_inside(*facts_.gid_map, group)) {
          facts_.target_groups->push_back(*inside);
        }
      }
    }
    return {};
  }

  static Status read_map(Result<std::string> text, std::optional<IdMap>& place) {
    if (!text) return error_of(text);
    place = TRY(parse_id_map(*text));
    return {};
  }

  // --- Other properties of the target ------------------------------------------------------------

  Result<const Process*> target_process(const char* what) const {
    if (!target_) return refuse(what, "", "no target process is given");
    if (!target_->process) return refuse(what, "of " + target_->name, "it is not a process");
    return &*target_->process;
  }

  Status find_directories() {
    if (request_.root) {
      auto root = TRY(open_directory(*request_.root, &Process::open_root));
      facts_.root = keep(std::move(root), *request_.root, "root directory");
    }
    if (request_.inner_root) facts_.root = FoundPath{-1, *request_.inner_root};
    if (request_.working_directory) {
      auto cwd = TRY(open_directory(*request_.working_directory, &Process::open_working_directory));
      facts_.working_directory =
          keep(std::move(cwd), *request_.working_directory, "working directory");
    }
    return {};
  }

  Result<OwnedFd> open_directory(const PathOrTarget& path,
                                 Result<OwnedFd> (Process::*of_target)() const) const {
    if (path) {
      auto fd = open_answering(AT_FDCWD, *path, O_PATH | O_DIRECTORY, PathFrom::user);
      if (fd) return fd;
      return fail("open the directory", *path, fd.error().code, fd.error().hint());
    }
    auto process = TRY(target_process("use the directory"));
    return ((*process).*of_target)();
  }

  FoundPath keep(OwnedFd fd, const PathOrTarget& path, const char* what) {
    FoundPath found{fd.get(), path ? *path : std::string("the ") + what + " of " + target_->name};
    facts_.handles.push_back(std::move(fd));
    return found;
  }

  /// Opens the root directory of the program. Failures are ignored: the program may still be found
  /// there later.
  Status find_files() {
    const bool opens_terminal = request_.follow.terminal != FollowRequest::Terminal::callers ||
                                (request_.protection.of_terminal && request_.fork);
    if (!request_.look_at_files && !opens_terminal) return {};
    OwnedFd files;
    if (facts_.root && facts_.root->fd >= 0) {
      files = OwnedFd(::fcntl(facts_.root->fd, F_DUPFD_CLOEXEC, 0));
    } else if (const Found* mnt = find(Kind::mnt); mnt != nullptr && !mnt->facts.shared) {
      files = open_root_of(mnt->ns);
      if (files && mnt->of_process)
        facts_.leaves_root_of_target = !has_root(*target_->process, files);
    }
    if (files && request_.inner_root) {
      auto root = open_answering(files.get(), *request_.inner_root, O_PATH | O_DIRECTORY,
                                 PathFrom::user, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
      files = root ? std::move(*root) : OwnedFd();
    }
    if (!files) return {};
    if (opens_terminal) {
      if (OwnedFd devpts = open_devpts(files.get(), facts_.uid_map)) {
        facts_.devpts = devpts.get();
        facts_.handles.push_back(std::move(devpts));
      }
    }
    facts_.files = files.get();
    facts_.handles.push_back(std::move(files));
    return {};
  }

  /// Returns whether a directory is the root directory of a process, on the same mount. True if
  /// unknown.
  static bool has_root(const Process& process, const OwnedFd& directory) {
    const auto root = process.open_root();
    if (!root) return true;
    struct statx a {};
    struct statx b {};
    constexpr int kFlags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
    constexpr unsigned kWanted = STATX_INO | STATX_MNT_ID;
    if (::statx(root->get(), "", kFlags, kWanted, &a) != 0) return true;
    if (::statx(directory.get(), "", kFlags, kWanted, &b) != 0) return true;
    return a.stx_ino == b.stx_ino && a.stx_dev_major == b.stx_dev_major &&
           a.stx_dev_minor == b.stx_dev_minor && a.stx_mnt_id == b.stx_mnt_id;
  }

  /// Opens the root directory that setns(2) leads to, which may differ from that of the target.
  OwnedFd open_root_of(const Namespace& mnt) const {
    auto visitor = Visitor::send(kernel_, mnt);
    return visitor ? visitor->take_root() : OwnedFd();
  }

  Status find_cgroup() {
    facts_.own_cgroup = TRY(read_cgroup_facts(kernel_, request_.cgroup));
    if (!request_.join_cgroup) return {};
    if (facts_.own_cgroup) {
      return refuse("join", "the target's cgroup", "another cgroup is requested as well",
                    "leave out --join-cgroup, or --into-cgroup and --cgroup-limits");
    }
    auto process = TRY(target_process("join the cgroup"));
    auto cgroup = TRY(open_cgroup_of(kernel_, *process));
    if (cgroup) keep_cgroup(std::move(*cgroup));
    return {};
  }

  Status find_v1_cgroups() {
    if (!request_.join_v1_cgroups) return {};
    auto process = TRY(target_process("join the cgroups"));
    auto cgroups = TRY(open_v1_cgroups_of(kernel_, *process));
    for (TargetCgroup& cgroup : cgroups)
      keep_cgroup(std::move(cgroup));
    return {};
  }

  void keep_cgroup(TargetCgroup cgroup) {
    facts_.cgroups.push_back({cgroup.procs.get(), std::move(cgroup.path)});
    facts_.handles.push_back(std::move(cgroup.procs));
  }

  Status find_rest() {
    if (request_.environment) {
      auto process = TRY(target_process("use the environment"));
      facts_.environment = TRY(process->read_environment());
    }
    TRY(find_context());
    TRY(find_limits());
    if (!request_.follow_privileges) return {};
    auto process = TRY(target_process("follow the capabilities"));
    if (!will_be_in_user_namespace_of(*process)) {
      return refuse("follow the capabilities of", "PID " + std::to_string(process->pid()),
                    "they apply to its user namespace, and the program would run in another",
                    "add --user");
    }
    facts_.privileges = TRY(read_privileges(*process));
    return {};
  }

  bool will_be_in_user_namespace_of(const Process& process) const {
    const auto its = process.open_namespace(kernel_, Kind::user);
    if (!its) return false;
    const auto joined = std::find_if(found_.rbegin(), found_.rend(), [](const Found& each) {
      return each.facts.kind == Kind::user;
    });
    if (joined != found_.rend()) return joined->ns.same_as(*its);
    return !facts_.owner && its->is_current(kernel_);
  }

  Status find_limits() {
    if (!request_.follow_resource_limits) return {};
    auto process = TRY(target_process("follow the resource limits"));
    const auto limits = TRY(process->read("limits"));
    facts_.resource_limits.limits = limits_that_differ(parse_resource_limits(limits));
    const auto score = TRY(process->read("oom_score_adj"));
    const auto own = read_file_at(kernel_.proc(), "self/oom_score_adj");
    const auto adjustment = parse_number<int>(std::string_view(score).substr(0, score.find('\n')));
    if (adjustment && own && *own != score) facts_.oom_score = step::SetOomScore{*adjustment};
    return {};
  }

  Status find_context() {
    if (!request_.follow_context || !target_) return {};
    auto process = TRY(target_process("follow the security context"));
    facts_.security_context = TRY(read_security_context(kernel_, *process));
    return {};
  }

  /// Runs last: checks that everything was read from the target in one consistent state.
  Status confirm() {
    std::vector<const Namespace*> opened;
    for (const Found& each : found_) {
      if (each.of_process) opened.push_back(&each.ns);
    }
    if (opened.empty()) return {};
    auto ok = target_->process->confirm_namespaces(kernel_, opened);
    has_moved_ = !ok && ok.error().code == 0;
    return ok;
  }

  const Kernel& kernel_;
  const EnterRequest& request_;
  std::optional<Target>& target_;
  std::vector<Found> found_;
  bool owner_is_of_process_ = false;
  bool has_moved_ = false;
  EnterFacts facts_;
};

}  // namespace

Result<EnterFacts> read_enter_facts(const Kernel& kernel, const EnterRequest& request,
                                    std::optional<Target> target) {
  // A target usually stops moving soon; one that never stops is not waited for.
  constexpr int kTries = 5;
  for (int tries = 1;; ++tries) {
    FactReader reader(kernel, request, target);
    auto facts = reader.read();
    if (facts || !reader.has_moved() || tries == kTries) return facts;
    ::usleep(1000U << tries);
  }
}

}  // namespace nsx
