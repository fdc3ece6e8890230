// SPDX-License-Identifier: MIT
// Steps that mount file systems or change the file system view of the program.

#include <algorithm>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <nsx/inside.hh>

#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "plan/hints.hh"
#include "plan/perform.hh"
#include "try.hh"

namespace nsx {

namespace {

struct TakenMount {
  std::string path;
  OwnedFd mount;
};

bool is_below(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

/// Data from mountinfo about a directory.
struct Mounted {
  std::vector<std::string> below;  ///< outermost mounts below it
  bool is_read_only = false;       ///< if it is a mount point: its file system is read-only
};

Result<Mounted> mounted_on(int proc, const std::string& directory) {
  auto text = TRY(read_file_at(proc, "self/mountinfo", kMaxMountinfo));
  Mounted mounted;
  std::vector<std::string> paths;
  std::string_view rest = text;
  while (const auto mount = next_mount(rest)) {
    std::string path = unescape_mount_field(mount->mount_point);
    // The last mount covers the others.
    if (path == directory) mounted.is_read_only = mount->options.starts_with("ro");
    if (is_below(path, directory)) paths.push_back(std::move(path));
  }
  std::sort(paths.begin(), paths.end());
  for (std::string& path : paths) {
    auto& outer = mounted.below;
    const bool is_inner = !outer.empty() && (path == outer.back() || is_below(path, outer.back()));
    if (!is_inner) outer.push_back(std::move(path));
  }
  return mounted;
}

constexpr unsigned kCopy = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;

/// Opens a file below a directory, following only links that stay inside.
OwnedFd open_beneath(int directory, const std::string& name) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return OwnedFd(
      static_cast<int>(::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how)));
}

}  // namespace

Status perform(const step::SetPropagation& s) {
  using Mode = step::SetPropagation::Mode;
  const unsigned long type = s.mode == Mode::shared  ? MS_SHARED
                             : s.mode == Mode::slave ? MS_SLAVE
                                                     : MS_PRIVATE;
  if (::mount("none", "/", nullptr, MS_REC | type, nullptr) == 0) return {};
  const int code = errno;
  return fail("change the propagation of", "/", code, hint_for_propagation(code, s.alternative));
}

Status perform(const step::ChangeRoot& s) {
  const bool entered = s.fd >= 0 ? ::fchdir(s.fd) == 0 : ::chdir(s.path.c_str()) == 0;
  // Change the working directory as well: outside of the new root, it would be a way out.
  if (entered && ::chroot(".") == 0 && ::chdir("/") == 0) return {};
  const int code = errno;
  return fail("change the root directory to", s.path, code,
              code == EPERM
                  ? hint_for_capability(CAP_SYS_CHROOT, "CAP_SYS_CHROOT", Over::own) + s.alternative
                  : "");
}

Status perform(const step::ChangeDirectory& s) {
  const int failed = s.fd >= 0 ? ::fchdir(s.fd) : ::chdir(s.path.c_str());
  if (failed == 0) return {};
  return fail("change the working directory to", s.path);
}

Status perform(const step::MountProc& s, int proc) {
  // EINVAL: it is not a mount point.
  if (s.make_private &&
      ::mount("none", s.path.c_str(), nullptr, MS_PRIVATE | MS_REC, nullptr) != 0 &&
      errno != EINVAL) {
    return fail("make the mounts on {} private", s.path);
  }
  constexpr unsigned long kFlags = MS_NOSUID | MS_NOEXEC | MS_NODEV;
  if (::mount("proc", s.path.c_str(), "proc", kFlags, nullptr) == 0) return {};
  const int code = errno;
  return fail("mount proc on", s.path, code, hint_for_mount(code, proc, Kind::pid, s.missing));
}

Status perform(const step::MountBinfmt& s) {
  constexpr unsigned long kFlags = MS_NOSUID | MS_NOEXEC | MS_NODEV;
  if (::mount("binfmt_misc", s.path.c_str(), "binfmt_misc", kFlags, nullptr) != 0) {
    const int code = errno;
    return fail("mount binfmt_misc on", s.path, code, hint_for_mount_binfmt(code));
  }
  if (::mount("none", s.path.c_str(), nullptr, MS_PRIVATE, nullptr) == 0) return {};
  return fail("make the mounts on {} private", s.path);
}

Status perform(const step::LoadInterpreter& s) {
  const auto failed = [&](int code) {
    return fail("register the interpreter", s.line, code, hint_for_interpreter(code));
  };
  auto directory = open_at(AT_FDCWD, s.binfmt.c_str(), O_PATH | O_DIRECTORY);
  if (!directory) return failed(directory.error().code);
  // Below a new root, the path may be somebody else's, so write only to the kernel's own file.
  struct statfs fs {};
  if (::fstatfs(directory->get(), &fs) != 0) return failed(errno);
  if (fs.f_type != BINFMTFS_MAGIC) return failed(EXDEV);
  auto done = write_file_at(directory->get(), "register", s.line);
  return done ? Status{} : failed(done.error().code);
}

Status perform(const step::MountSys& s, int proc) {
  const auto failed = [&](const char* operation, const std::string& path, int code) {
    std::string hint = hint_for_mount(code, proc, Kind::net, s.missing);
    if (!s.hint.empty()) hint += (hint.empty() ? "" : "; ") + s.hint;
    return fail(operation, path, code, std::move(hint));
  };
  constexpr const char* kMount = "mount a sysfs of this net namespace on";
  // Resolve links, because mountinfo contains the resolved path. Use the given proc mount: the
  // current /proc may be anybody's.
  auto directory = open_at(AT_FDCWD, s.path.c_str(), O_PATH | O_DIRECTORY);
  if (!directory) return failed(kMount, s.path, directory.error().code);
  auto path = TRY(read_path_of(proc, directory->get()));
  if (s.make_private && ::mount("none", path.c_str(), nullptr, MS_PRIVATE | MS_REC, nullptr) != 0 &&
      errno != EINVAL) {
    return fail("make the mounts on {} private", s.path);
  }
  auto mounted = TRY(mounted_on(proc, path));
  std::vector<TakenMount> taken;
  for (const std::string& below : mounted.below) {
    OwnedFd mount(static_cast<int>(::open_tree(AT_FDCWD, below.c_str(), kCopy)));
    // A mount hidden by another one is not reachable, and was not visible.
    if (mount) taken.push_back({below, std::move(mount)});
  }
  const unsigned long read_only = mounted.is_read_only ? MS_RDONLY : 0;
  const unsigned long flags = MS_NOSUID | MS_NOEXEC | MS_NODEV | read_only;
  if (::mount("sysfs", path.c_str(), "sysfs", flags, nullptr) != 0) {
    // It is already the sysfs of this net namespace.
    if (errno == EBUSY) return {};
    return failed(kMount, s.path, errno);
  }
  for (const TakenMount& each : taken) {
    const int done =
        ::move_mount(each.mount.get(), "", AT_FDCWD, each.path.c_str(), MOVE_MOUNT_F_EMPTY_PATH);
    // ENOENT: the directory only exists in the other net namespace.
    if (done != 0 && errno != ENOENT) return failed("restore the mount on", each.path, errno);
  }
  return {};
}

Status perform(const step::BindOver& s) {
  auto from = TRY(open_at(AT_FDCWD, s.from.c_str(), O_PATH | O_DIRECTORY));
  auto over = TRY(open_at(AT_FDCWD, s.over.c_str(), O_PATH | O_DIRECTORY));
  for (const std::string& name : s.names) {
    const std::string source = s.from + '/' + name;
    const std::string target = s.over + '/' + name;
    const OwnedFd file = open_beneath(from.get(), name);
    if (!file) {
      const int code = errno;
      return fail(
          "bind", source, code,
          code == EXDEV ? "add --no-etc to leave /etc alone: it links out of " + s.from : "");
    }
    const OwnedFd mount(static_cast<int>(
        ::open_tree(file.get(), "", kCopy | static_cast<unsigned>(AT_EMPTY_PATH))));
    if (!mount) return fail("bind", source);
    // Do not follow links in the target: their destination must not change, and may be missing.
    const OwnedFd place(::openat(over.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!place) return fail("bind {} over " + target, source);
    constexpr unsigned kBoth = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    if (::move_mount(mount.get(), "", place.get(), "", kBoth) != 0) {
      return fail("bind {} over " + target, source);
    }
  }
  return {};
}

Status perform(const step::MaskSockets& s) {
  for (const std::string& path : s.paths) {
    const OwnedFd mount(
        static_cast<int>(::open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    if (!mount) return fail("bind", "/dev/null");
    const int done = ::move_mount(mount.get(), "", AT_FDCWD, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH);
    // ENOENT: the daemon has exited meanwhile.
    if (done != 0 && errno != ENOENT) return fail("bind /dev/null over", path);
  }
  return {};
}

}  // namespace nsx
