// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

#include <nsx/inside.hh>

#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "plan/facts.hh"
#include "plan/hints.hh"
#include "plan/perform.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Returns whether these are already the supplementary groups: setting them again also needs a
/// privilege.
bool has_groups(std::vector<gid_t> groups) {
  std::vector<gid_t> own(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int count = ::getgroups(static_cast<int>(own.size()), own.data());
  own.resize(static_cast<std::size_t>(std::max(count, 0)));
  std::sort(groups.begin(), groups.end());
  std::sort(own.begin(), own.end());
  return own == groups;
}

Status set_groups(const std::vector<gid_t>& groups, bool may_be_denied) {
  if (has_groups(groups) || ::setgroups(groups.size(), groups.data()) == 0) return {};
  const int code = errno;
  if (code == EPERM && may_be_denied) return {};
  return fail("set", "supplementary groups", code, hint_for_groups(code));
}

}  // namespace

Status perform(const step::Hide&) {
  if (::prctl(PR_SET_DUMPABLE, 0) == 0) return {};
  return fail("hide", "this process");
}

Status perform(const step::JoinCgroup& s) {
  // 0 stands for the writing process, whatever its PID in the pid namespaces joined so far.
  if (::write(s.fd, "0", 1) == 1) return {};
  return fail("join the cgroup", s.path, errno, hint_for_cgroup(errno));
}

Status perform(const step::DropGroups& s) {
  if (::setgroups(0, nullptr) == 0 || (errno == EPERM && s.may_be_denied)) return {};
  const int code = errno;
  return fail("drop", "supplementary groups", code, hint_for_groups(code));
}

Status perform(const step::SetIds& s) {
  if (s.keep_capabilities && ::prctl(PR_SET_KEEPCAPS, 1) != 0) return fail("keep", "capabilities");
  if (s.groups) {
    TRY(set_groups(*s.groups, s.groups_may_be_denied));
  }
  if (s.gid && ::setgid(*s.gid) != 0) {
    const int code = errno;
    return fail("become", "GID " + std::to_string(*s.gid), code, hint_for_ids(code));
  }
  if (s.uid && ::setuid(*s.uid) != 0) {
    const int code = errno;
    return fail("become", "UID " + std::to_string(*s.uid), code, hint_for_ids(code));
  }
  if (!s.keep_capabilities) return {};
  // The permitted capabilities were kept, the effective ones were cleared.
  return change_capabilities([](Capabilities& own) { own.effective = own.permitted; });
}

Status perform(const step::KeepCapabilities&) {
  return pass_capabilities_on();
}

Status perform(const step::LimitPrivileges& s) {
  auto done = limit_capabilities(s.bounding, s.inheritable, s.ambient,
                                 s.permitted_for_good.value_or(~std::uint64_t{0}));
  if (!done || !s.permitted_for_good) return done;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) return {};
  return fail("set", "no_new_privs");
}

Status perform(const step::SetOomScore& s) {
  const std::string text = std::to_string(s.adjustment);
  auto done = write_file_at(AT_FDCWD, "/proc/self/oom_score_adj", text);
  if (done) return {};
  const int code = done.error().code;
  return fail("set the OOM score adjustment to", text, code,
              code == EACCES ? "needs CAP_SYS_RESOURCE to lower it" : "");
}

Status perform(const step::SetVariables& s) {
  for (const std::string& entry : s.entries) {
    const std::size_t end = entry.find('=');
    const std::string name = entry.substr(0, end);
    const int failed = end == std::string::npos
                           ? ::unsetenv(name.c_str())
                           : ::setenv(name.c_str(), entry.c_str() + end + 1, 1);
    if (failed != 0) return fail("set the environment variable", name);
  }
  return {};
}

Status perform(const step::SetEnvironment& s) {
  const auto entries = s.keeps_paths ? with_own_paths(s.entries, ::environ) : s.entries;
  if (::clearenv() != 0) return fail("clear", "the environment", ENOMEM);
  for (const std::string& entry : entries) {
    const std::size_t end = entry.find('=');
    // Skip malformed entries, which setenv(3) would turn into variables.
    if (end == std::string::npos || end == 0) continue;
    if (::setenv(entry.substr(0, end).c_str(), entry.c_str() + end + 1, 1) != 0) {
      return fail("set the environment variable", entry.substr(0, end));
    }
  }
  return {};
}

Status perform(const step::SetSecurityContext& s) {
  const std::string path = std::string("/proc/") + context_file(s);
  auto done = write_file_at(AT_FDCWD, path.c_str(), context_text(s));
  if (done) return {};
  return fail("set the security context", s.context, done.error().code);
}

Status perform(const step::Execute& s) {
  // On the stack if they fit: heap pages would be copied after a fork.
  std::array<char*, 64> few{};
  std::vector<char*> many;
  const bool fit = s.arguments.size() < few.size();
  if (!fit) many.resize(s.arguments.size() + 1);
  char** argv = fit ? few.data() : many.data();
  // execvp(3) does not modify them, despite its parameter type.
  std::transform(s.arguments.begin(), s.arguments.end(), argv,
                 [](const std::string& argument) { return const_cast<char*>(argument.c_str()); });
  ::execvp(s.file.c_str(), argv);
  return fail("execute", s.file);
}

Status perform(const step::BecomeOwner& s) {
  TRY(perform(step::DropGroups{}));
  return perform(step::SetIds{s.gid, s.uid});
}

Status perform(const step::JoinNamespace& s) {
  if (::setns(s.fd, info(s.kind).clone_flag) == 0) return {};
  return fail(std::string("join the ") + name(s.kind) + " namespace of", s.of, errno,
              hint_for_setns(errno, s.kind));
}

Status perform(const step::Unshare& s) {
  if (::unshare(clone_flags(s.kinds)) == 0) return {};
  const int code = errno;
  std::string list;
  for (const Kind kind : s.kinds)
    list += (list.empty() ? "" : ", ") + std::string(name(kind));
  return fail("make new namespaces ({})", list, code,
              hint_for_unshare(code, s.kinds, s.alternative));
}

Status perform(const step::SetHostname& s) {
  if (::sethostname(s.name.data(), s.name.size()) == 0) return {};
  const int code = errno;
  return fail("set the host name to", s.name, code, hint_for_hostname(code));
}

Status perform(const step::BringUpLoopback&) {
  return bring_up_loopback();
}

}  // namespace nsx
