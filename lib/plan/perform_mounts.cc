#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "kernel/files.hh"
#include "plan/hints.hh"
#include "plan/perform.hh"

namespace nsx {

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
  return fail("change the root directory to", s.path, errno,
              errno == EPERM ? "needs CAP_SYS_CHROOT: run as root, or add --user" : "");
}

Status perform(const step::ChangeDirectory& s) {
  const int failed = s.fd >= 0 ? ::fchdir(s.fd) : ::chdir(s.path.c_str());
  if (failed == 0) return {};
  return fail("change the working directory to", s.path);
}

Status perform(const step::MountProc& s) {
  // EINVAL: nothing is mounted there.
  if (s.make_private &&
      ::mount("none", s.path.c_str(), nullptr, MS_PRIVATE | MS_REC, nullptr) != 0 &&
      errno != EINVAL) {
    return fail("make private what is mounted on", s.path);
  }
  constexpr unsigned long kFlags = MS_NOSUID | MS_NOEXEC | MS_NODEV;
  if (::mount("proc", s.path.c_str(), "proc", kFlags, nullptr) == 0) return {};
  const int code = errno;
  return fail("mount proc on", s.path, code, hint_for_mount_proc(code));
}

Status perform(const step::MountBinfmt& s) {
  constexpr unsigned long kFlags = MS_NOSUID | MS_NOEXEC | MS_NODEV;
  if (::mount("binfmt_misc", s.path.c_str(), "binfmt_misc", kFlags, nullptr) != 0) {
    const int code = errno;
    return fail("mount binfmt_misc on", s.path, code, hint_for_mount_binfmt(code));
  }
  if (::mount("none", s.path.c_str(), nullptr, MS_PRIVATE, nullptr) == 0) return {};
  return fail("make private what is mounted on", s.path);
}

Status perform(const step::LoadInterpreter& s) {
  auto done = write_file_at(AT_FDCWD, (s.binfmt + "/register").c_str(), s.line);
  if (done) return {};
  const int code = done.error().code;
  return fail("register the interpreter", s.line, code, hint_for_interpreter(code));
}

}  // namespace nsx
