#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <nsx/plan.hh>

#include "kernel/files.hh"
#include "plan/follow.hh"
#include "plan/hints.hh"

namespace nsx {

namespace {

Status perform(const step::JoinNamespace& s) {
  if (::setns(s.fd, info(s.kind).clone_flag) == 0) return {};
  return fail(std::string("join the ") + name(s.kind) + " namespace of", s.of, errno,
              hint_for_setns(errno, s.kind));
}

Status perform(const step::Unshare& s) {
  if (::unshare(s.kinds.clone_flags()) == 0) return {};
  const int code = errno;
  std::string list;
  for (const Kind kind : s.kinds)
    list += (list.empty() ? "" : ", ") + std::string(name(kind));
  return fail("make new namespaces:", list, code, hint_for_unshare(code, s.kinds));
}

Status perform(const step::WriteIdMaps& s) {
  const auto write = [](const char* path, const std::string& text) -> Status {
    auto done = write_file_at(AT_FDCWD, path, text);
    if (!done) done.error().hint = hint_for_id_map(done.error().code);
    return done;
  };
  if (s.deny_setgroups) {
    if (auto done = write("/proc/self/setgroups", "deny"); !done) return done;
  }
  if (auto done = write("/proc/self/uid_map", format_id_map(s.uids)); !done) return done;
  return write("/proc/self/gid_map", format_id_map(s.gids));
}

Status perform(const step::DropGroups& s) {
  if (::setgroups(0, nullptr) == 0 || (errno == EPERM && s.may_be_denied)) return {};
  return fail("drop", "supplementary groups");
}

Status perform(const step::SetIds& s) {
  if (s.gid && ::setgid(*s.gid) != 0) return fail("become", "GID " + std::to_string(*s.gid));
  if (s.uid && ::setuid(*s.uid) != 0) return fail("become", "UID " + std::to_string(*s.uid));
  return {};
}

Status perform(const step::SetPropagation& s) {
  using Mode = step::SetPropagation::Mode;
  const unsigned long type = s.mode == Mode::shared  ? MS_SHARED
                             : s.mode == Mode::slave ? MS_SLAVE
                                                     : MS_PRIVATE;
  if (::mount("none", "/", nullptr, MS_REC | type, nullptr) == 0) return {};
  return fail("change the propagation of", "/", errno,
              errno == EINVAL ? "/ must be a mount point" : "");
}

Status perform(const step::ChangeRoot& s) {
  const bool entered = s.fd >= 0 ? ::fchdir(s.fd) == 0 : ::chdir(s.path.c_str()) == 0;
  // The working directory goes along: one left outside would be a way out.
  if (entered && ::chroot(".") == 0 && ::chdir("/") == 0) return {};
  return fail("change the root directory to", s.path);
}

Status perform(const step::ChangeDirectory& s) {
  const int failed = s.fd >= 0 ? ::fchdir(s.fd) : ::chdir(s.path.c_str());
  if (failed == 0) return {};
  return fail("change the working directory to", s.path);
}

Status perform(const step::MountProc& s) {
  if (s.make_private &&
      ::mount("none", s.path.c_str(), nullptr, MS_PRIVATE | MS_REC, nullptr) != 0) {
    return fail("make private what is mounted on", s.path, errno,
                errno == EINVAL ? "it is not a mount point" : "");
  }
  constexpr unsigned long kFlags = MS_NOSUID | MS_NOEXEC | MS_NODEV;
  if (::mount("proc", s.path.c_str(), "proc", kFlags, nullptr) == 0) return {};
  return fail("mount proc on", s.path, errno, hint_for_mount_proc(errno));
}

Status perform(const step::Execute& s) {
  std::vector<char*> argv;
  argv.reserve(s.arguments.size() + 1);
  // execvp(3) does not write to them, whatever its type says.
  for (const std::string& argument : s.arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  ::execvp(s.file.c_str(), argv.data());
  return fail("execute", s.file);
}

/// Does one step after another.
struct Performer {
  std::optional<Outcome> ended;  ///< set in the parent, which has nothing more to do

  Status operator()(const step::Fork& s) {
    auto outcome = fork_and_follow(s);
    if (!outcome) return error_of(outcome);
    ended = *outcome;
    return {};
  }
  Status operator()(const auto& s) { return perform(s); }
};

}  // namespace

tl::expected<Outcome, PlanFailure> carry_out(const Plan& plan) {
  Performer performer;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    auto done = std::visit(performer, plan.steps[i]);
    if (!done) return tl::unexpected(PlanFailure{std::move(done.error()), i});
    if (performer.ended) return *performer.ended;
  }
  return Outcome{};
}

}  // namespace nsx
