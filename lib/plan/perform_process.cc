#include <algorithm>
#include <array>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "plan/hints.hh"
#include "plan/perform.hh"

namespace nsx {

Status perform(const step::Hide&) {
  if (::prctl(PR_SET_DUMPABLE, 0) == 0) return {};
  return fail("hide", "this process");
}

Status perform(const step::JoinCgroup& s) {
  // 0 is the process that writes, whatever its number in the pid namespaces joined so far.
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
  if (s.gid && ::setgid(*s.gid) != 0) {
    const int code = errno;
    return fail("become", "GID " + std::to_string(*s.gid), code, hint_for_ids(code));
  }
  if (s.uid && ::setuid(*s.uid) != 0) {
    const int code = errno;
    return fail("become", "UID " + std::to_string(*s.uid), code, hint_for_ids(code));
  }
  if (!s.keep_capabilities) return {};
  // The permitted ones have stayed, the effective ones have not.
  return change_capabilities([](Capabilities& own) { own.effective = own.permitted; });
}

Status perform(const step::KeepCapabilities&) {
  return pass_capabilities_on();
}

Status perform(const step::SetEnvironment& s) {
  if (::clearenv() != 0) return fail("clear", "the environment", ENOMEM);
  for (const std::string& entry : s.entries) {
    const std::size_t end = entry.find('=');
    // What is no variable would be one after this.
    if (end == std::string::npos || end == 0) continue;
    if (::setenv(entry.substr(0, end).c_str(), entry.c_str() + end + 1, 1) != 0) {
      return fail("set the environment variable", entry.substr(0, end));
    }
  }
  return {};
}

Status perform(const step::SetSecurityContext& s) {
  auto done = write_file_at(AT_FDCWD, "/proc/thread-self/attr/exec", s.context);
  if (done) return {};
  return fail("take the SELinux context", s.context, done.error().code);
}

Status perform(const step::Execute& s) {
  // On the stack where they fit: the heap's pages would be copied after a fork.
  std::array<char*, 64> few{};
  std::vector<char*> many;
  const bool fit = s.arguments.size() < few.size();
  if (!fit) many.resize(s.arguments.size() + 1);
  char** argv = fit ? few.data() : many.data();
  // execvp(3) does not write to them, whatever its type says.
  std::transform(s.arguments.begin(), s.arguments.end(), argv,
                 [](const std::string& argument) { return const_cast<char*>(argument.c_str()); });
  ::execvp(s.file.c_str(), argv);
  return fail("execute", s.file);
}

}  // namespace nsx
