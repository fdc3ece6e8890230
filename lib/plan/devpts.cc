// SPDX-License-Identifier: MIT
// The devpts of another's files. Anything can be mounted on a container's /dev/pts: a tmpfs with
// any device for a ptmx, a FUSE file system that never answers, the devpts of somebody else. Only a
// devpts is taken, as all that is in one was made by the kernel, and nothing is opened there but
// its ptmx.

#include "plan/devpts.hh"

#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel/answering.hh"

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

/// Whether it is the device of ptmx(4), in the file system of `devpts`.
bool is_ptmx(int devpts, const struct stat& file) {
  struct stat top {};
  return ::fstat(devpts, &top) == 0 && file.st_dev == top.st_dev && S_ISCHR(file.st_mode) &&
         file.st_rdev == makedev(5, 2);
}

}  // namespace

OwnedFd open_ptmx(int devpts, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_NOFOLLOW | O_CLOEXEC);
  // Not what is mounted over it, which may be anything.
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
  // Opened so, it makes no terminal yet. It belongs to who mounted the file system.
  const OwnedFd ptmx = open_ptmx(devpts->get(), O_PATH);
  struct stat st {};
  if (!ptmx || ::fstat(ptmx.get(), &st) != 0) return {};
  if (users && !to_inside(*users, st.st_uid)) return {};
  return std::move(*devpts);
}

}  // namespace nsx
