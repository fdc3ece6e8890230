// SPDX-License-Identifier: MIT
// Safe use of the devpts in another user's files. Anything can be mounted on /dev/pts of a
// container: a tmpfs with any device as ptmx, a FUSE file system that never answers, the devpts of
// another container. Only a devpts is accepted, because its files are created by the kernel, and
// only its ptmx is opened.

#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel/files.hh"
#include "plan/facts.hh"

namespace nsx {

namespace {

bool is_devpts(int directory) {
  const auto type = text_in_time([&] {
    struct statfs fs {};
    if (::fstatfs(directory, &fs) != 0) return std::string();
    return std::string(fs.f_type == DEVPTS_SUPER_MAGIC ? "devpts" : "another");
  });
  return type == "devpts";
}

/// Returns whether a file is the device ptmx(4) in the file system of `devpts`.
bool is_ptmx(int devpts, const struct stat& file) {
  struct stat top {};
  return ::fstat(devpts, &top) == 0 && file.st_dev == top.st_dev && S_ISCHR(file.st_mode) &&
         file.st_rdev == makedev(5, 2);
}

}  // namespace

OwnedFd open_ptmx(int devpts, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_NOFOLLOW | O_CLOEXEC);
  // Never follow a mount on top of it, which may be anything.
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  OwnedFd ptmx(static_cast<int>(::syscall(SYS_openat2, devpts, "ptmx", &how, sizeof how)));
  if (!ptmx) return ptmx;
  struct stat st {};
  if (::fstat(ptmx.get(), &st) == 0 && is_ptmx(devpts, st)) return ptmx;
  errno = ENODEV;
  return {};
}

OwnedFd open_devpts(int root, const std::optional<IdMap>& users) {
  auto devpts = open_answering(root, "dev/pts", O_PATH | O_DIRECTORY, PathFrom::search,
                               RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  if (!devpts || !is_devpts(devpts->get())) return {};
  // O_PATH does not create a terminal yet. The file belongs to the user who mounted the file
  // system.
  const OwnedFd ptmx = open_ptmx(devpts->get(), O_PATH);
  struct stat st {};
  if (!ptmx || ::fstat(ptmx.get(), &st) != 0) return {};
  if (users && !to_inside(*users, st.st_uid)) return {};
  return std::move(*devpts);
}

}  // namespace nsx
