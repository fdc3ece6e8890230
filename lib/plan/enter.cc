#include <algorithm>
#include <array>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <nsx/enter.hh>
#include <nsx/process.hh>

#include "kernel/files.hh"

namespace nsx {

namespace {

/// The order in which nsenter(1) joins; the user namespace goes before or after all of these.
constexpr std::array kJoinOrder{Kind::cgroup, Kind::ipc, Kind::uts, Kind::net,
                                Kind::pid,    Kind::mnt, Kind::time};

// --- Facts ---------------------------------------------------------------------------------------

bool has_sys_admin() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  return (sets[0].effective & (1U << CAP_SYS_ADMIN)) != 0;
}

/// The caller's own namespace of a kind; for pid and time the one that a join would change.
std::optional<struct stat> own_namespace(const Kernel& kernel, Kind kind) {
  const char* file = info(kind).for_children != nullptr ? info(kind).for_children : name(kind);
  const std::string path = std::string("self/ns/") + file;
  struct stat st {};
  if (::fstatat(kernel.proc(), path.c_str(), &st, 0) != 0) return std::nullopt;
  return st;
}

bool kernel_knows(const Kernel& kernel, Kind kind) {
  const std::string path = std::string("self/ns/") + name(kind);
  return ::faccessat(kernel.proc(), path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

class FactReader {
 public:
  FactReader(const Kernel& kernel, const EnterRequest& request)
      : kernel_(kernel), request_(request) {}

  Result<EnterFacts> read() {
    facts_.has_sys_admin = has_sys_admin();
    const auto setgroups = read_file_at(kernel_.proc(), "self/setgroups");
    facts_.setgroups_denied = setgroups && setgroups->starts_with("deny");
    if (request_.target) {
      auto target = Process::open(kernel_, *request_.target);
      if (!target) return error_of(target);
      target_ = std::move(*target);
    }
    if (auto done = find_namespaces(); !done) return error_of(done);
    if (auto done = find_directories(); !done) return error_of(done);
    return std::move(facts_);
  }

 private:
  std::string target_name() const { return "PID " + std::to_string(target_->pid()); }

  Status find_namespaces() {
    KindSet named;
    for (const auto& selection : request_.selections) {
      named.insert(selection.kind);
      auto ns = selection.file ? Namespace::open_file(kernel_, *selection.file)
                               : target_namespace(selection.kind);
      if (!ns) return error_of(ns);
      if (ns->kind() != selection.kind) {
        return refuse(std::string("join as a ") + name(selection.kind) + " namespace",
                      *selection.file, std::string("it is a ") + name(ns->kind()) + " namespace");
      }
      add(std::move(*ns), selection.file ? *selection.file : target_name());
      if (selection.kind == Kind::user && !selection.file) {
        if (auto done = read_id_maps(); !done) return done;
      }
    }
    if (!request_.all) return {};

    for (const Kind kind : KindSet::all()) {
      if (named.contains(kind) || !kernel_knows(kernel_, kind)) continue;
      auto ns = target_namespace(kind);
      if (!ns) return error_of(ns);
      add(std::move(*ns), target_name());
      if (kind == Kind::user) {
        if (auto done = read_id_maps(); !done) return done;
      }
    }
    return {};
  }

  Result<Namespace> target_namespace(Kind kind) const {
    if (!target_) {
      return refuse(std::string("enter a ") + name(kind) + " namespace", "",
                    "neither a target process nor a file is named");
    }
    return target_->open_namespace(kernel_, kind);
  }

  void add(Namespace ns, std::string of) {
    FoundNamespace found;
    found.kind = ns.kind();
    found.of = std::move(of);
    const auto own = own_namespace(kernel_, ns.kind());
    found.shared = own && own->st_dev == ns.identity().device && own->st_ino == ns.identity().inode;
    found.fd = ns.fd();
    facts_.handles.push_back(std::move(ns).take_fd());
    facts_.namespaces.push_back(std::move(found));
  }

  Status read_id_maps() {
    const std::array maps{std::pair{"uid_map", &facts_.uid_map},
                          std::pair{"gid_map", &facts_.gid_map}};
    for (const auto& [file, place] : maps) {
      auto text = target_->read(file);
      if (!text) return error_of(text);
      auto map = parse_id_map(*text);
      if (!map) return error_of(map);
      *place = std::move(*map);
    }
    return {};
  }

  Status find_directories() {
    if (request_.root) {
      auto root = open_directory(*request_.root, &Process::open_root);
      if (!root) return error_of(root);
      facts_.root = add(std::move(*root), *request_.root, "root directory");
    }
    if (request_.working_directory) {
      auto cwd = open_directory(*request_.working_directory, &Process::open_working_directory);
      if (!cwd) return error_of(cwd);
      facts_.working_directory =
          add(std::move(*cwd), *request_.working_directory, "working directory");
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
    if (!target_) {
      return refuse("take the target's directory", "", "no target process is named");
    }
    return ((*target_).*of_target)();
  }

  FoundDirectory add(OwnedFd fd, const PathOrTarget& path, const char* what) {
    FoundDirectory found;
    found.fd = fd.get();
    found.path = path ? *path : std::string("the ") + what + " of " + target_name();
    facts_.handles.push_back(std::move(fd));
    return found;
  }

  const Kernel& kernel_;
  const EnterRequest& request_;
  std::optional<Process> target_;
  EnterFacts facts_;
};

// --- Plan ----------------------------------------------------------------------------------------

/// The namespaces to join, in order.
std::vector<step::JoinNamespace> joins(const EnterFacts& facts) {
  const FoundNamespace* user = nullptr;
  std::vector<step::JoinNamespace> steps;
  const auto join = [&](const FoundNamespace& found) {
    steps.push_back({found.kind, found.fd, found.of});
  };

  for (const FoundNamespace& found : facts.namespaces) {
    // setns(2) refuses one's own user namespace.
    if (found.kind == Kind::user && !found.shared) user = &found;
  }
  if (user != nullptr && !facts.has_sys_admin) join(*user);
  for (const Kind kind : kJoinOrder) {
    for (const FoundNamespace& found : facts.namespaces) {
      // Joining what one is in already changes little (mnt: root and working directory), and
      // needs a right that an ordinary user does not have over the machine's own namespaces.
      const bool leave_out = found.shared && !facts.has_sys_admin;
      if (found.kind == kind && !leave_out) join(found);
    }
  }
  if (user != nullptr && facts.has_sys_admin) join(*user);
  return steps;
}

Status check_mapped(const std::optional<IdMap>& map, const char* which,
                    std::optional<std::uint32_t> id) {
  if (!map || !id || to_outside(*map, *id)) return {};
  return refuse(std::string("become ") + which, std::to_string(*id),
                "the target's user namespace does not map it",
                "name another with --setuid and --setgid, or keep yours with "
                "--preserve-credentials");
}

}  // namespace

Result<EnterFacts> read_enter_facts(const Kernel& kernel, const EnterRequest& request) {
  return FactReader(kernel, request).read();
}

Result<Plan> plan_enter(const EnterRequest& request, EnterFacts facts) {
  Plan plan;
  const auto joined = joins(facts);
  const auto joins_kind = [&](Kind kind) {
    return std::any_of(joined.begin(), joined.end(),
                       [&](const auto& join) { return join.kind == kind; });
  };

  step::SetIds ids{request.gid, request.uid};
  const bool enters_user = joins_kind(Kind::user);
  if (enters_user && !request.preserve_credentials) {
    if (!ids.gid) ids.gid = 0;
    if (!ids.uid) ids.uid = 0;
  }
  if (enters_user) {
    if (auto ok = check_mapped(facts.gid_map, "GID", ids.gid); !ok) return error_of(ok);
    if (auto ok = check_mapped(facts.uid_map, "UID", ids.uid); !ok) return error_of(ok);
  }

  // The right to drop groups ends for one caller, and begins for the other, with the user
  // namespace. Where setgroups(2) is denied, it is denied below too: the groups have to stay.
  const bool drop_first = ids.gid && (facts.has_sys_admin || !enters_user);
  if (drop_first) {
    plan.steps.push_back(step::DropGroups{.may_be_denied = facts.setgroups_denied});
  }
  for (const auto& join : joined)
    plan.steps.push_back(join);
  if (ids.gid && !drop_first) plan.steps.push_back(step::DropGroups{.may_be_denied = true});

  if (facts.root) plan.steps.push_back(step::ChangeRoot{facts.root->fd, facts.root->path});
  if (facts.working_directory) {
    plan.steps.push_back(
        step::ChangeDirectory{facts.working_directory->fd, facts.working_directory->path});
  }
  if (request.fork && joins_kind(Kind::pid)) plan.steps.push_back(step::Fork{});
  if (ids.gid || ids.uid) plan.steps.push_back(ids);
  plan.steps.push_back(step::Execute{request.program.file, request.program.arguments});
  plan.handles = std::move(facts.handles);
  return plan;
}

}  // namespace nsx
