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

#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "kernel/spawn.hh"
#include "kernel/text.hh"
#include "plan/facts.hh"
#include "try.hh"

namespace nsx {

namespace {

class FactReader {
 public:
  FactReader(const Kernel& kernel, const EnterRequest& request, std::optional<Target>& target,
             const Target* tools)
      : kernel_(kernel),
        request_(request),
        target_(target),
        tools_(tools),
        namespaces_(kernel, request, target) {}

  Result<EnterFacts> read() {
    facts_.has_sys_admin = has_capability(CAP_SYS_ADMIN);
    TRY(namespaces_.open(facts_));
    using Part = Status (FactReader::*)();
    for (const Part part :
         {&FactReader::find_ids, &FactReader::find_directories, &FactReader::find_cgroup,
          &FactReader::find_v1_cgroups, &FactReader::find_rest, &FactReader::find_files,
          &FactReader::find_tools}) {
      TRY((this->*part)());
    }
    TRY(namespaces_.confirm());
    namespaces_.give_to(facts_);
    return std::move(facts_);
  }

  /// After a failure, returns whether the target has moved while it was read, so that another
  /// attempt may succeed.
  bool has_moved() const { return namespaces_.has_moved(); }

 private:
  using Found = EnterNamespaces::Found;

  // --- Ids ---------------------------------------------------------------------------------------

  Status find_ids() {
    const Found* user = namespaces_.find(Kind::user);
    const bool asked = user != nullptr && !user->facts.shared;
    const bool joins_user = asked || facts_.owner;
    const bool is_targets =
        asked ? user->of_process : joins_user && namespaces_.owner_is_of_process();
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

    auto process = TRY(process_of(target_, "follow the ids"));
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
    auto process = TRY(process_of(target_, "use the directory"));
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
    if (!request_.look_at_files && !opens_terminal && !request_.tools) return {};
    OwnedFd files;
    if (request_.tools && target_ && target_->process) {
      files = TRY(target_->process->open_root());
    } else if (facts_.root && facts_.root->fd >= 0) {
      files = OwnedFd(::fcntl(facts_.root->fd, F_DUPFD_CLOEXEC, 0));
    } else if (const Found* mnt = namespaces_.find(Kind::mnt);
               mnt != nullptr && !mnt->facts.shared) {
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

  Status find_tools() {
    if (!request_.tools) return {};
    const Found* mnt = namespaces_.find(Kind::mnt);
    const bool is_own = mnt != nullptr && mnt->facts.shared && !facts_.has_sys_admin;
    if (!target_ || mnt == nullptr || is_own || facts_.files < 0) {
      return refuse("show the files of", target_ ? target_->name : "",
                    is_own ? "they are your own" : "it has no mount namespace",
                    "leave out --tools: the program has the host's files anyway");
    }
    KindSet joined;
    for (const Kind kind : {Kind::net, Kind::pid, Kind::user}) {
      const Found* found = namespaces_.find(kind);
      if (found != nullptr && !found->facts.shared) joined.insert(kind);
    }
    facts_.tools = TRY(read_tools_facts(kernel_, *request_.tools, tools_, *target_, facts_.files,
                                        joined, facts_.handles));
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
    auto process = TRY(process_of(target_, "join the cgroup"));
    auto cgroup = TRY(open_cgroup_of(kernel_, *process));
    if (cgroup) keep_cgroup(std::move(*cgroup));
    return {};
  }

  Status find_v1_cgroups() {
    if (!request_.join_v1_cgroups) return {};
    auto process = TRY(process_of(target_, "join the cgroups"));
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
      auto process = TRY(process_of(target_, "use the environment"));
      facts_.environment = TRY(process->read_environment());
    }
    TRY(find_context());
    TRY(find_limits());
    if (!request_.follow_privileges) return {};
    auto process = TRY(process_of(target_, "follow the capabilities"));
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
    if (const Found* joined = namespaces_.find(Kind::user)) return joined->ns.same_as(*its);
    return !facts_.owner && its->is_current(kernel_);
  }

  Status find_limits() {
    if (!request_.follow_resource_limits) return {};
    auto process = TRY(process_of(target_, "follow the resource limits"));
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
    auto process = TRY(process_of(target_, "follow the security context"));
    facts_.security_context = TRY(read_security_context(kernel_, *process));
    return {};
  }

  const Kernel& kernel_;
  const EnterRequest& request_;
  std::optional<Target>& target_;
  const Target* tools_;
  EnterNamespaces namespaces_;
  EnterFacts facts_;
};

}  // namespace

Result<EnterFacts> read_enter_facts(const Kernel& kernel, const EnterRequest& request,
                                    std::optional<Target> target, const Target* tools) {
  // A target usually stops moving soon; one that never stops is not waited for.
  constexpr int kTries = 5;
  for (int tries = 1;; ++tries) {
    FactReader reader(kernel, request, target, tools);
    auto facts = reader.read();
    if (facts || !reader.has_moved() || tries == kTries) return facts;
    ::usleep(1000U << tries);
  }
}

}  // namespace nsx
