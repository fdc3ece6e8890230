// SPDX-License-Identifier: MIT
#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "kernel/files.hh"
#include "transfer/sides.hh"

namespace nsx::transfer_part {

namespace {

// <linux/magic.h> lacks these.
constexpr unsigned long kConfigfs = 0x62656570;
constexpr unsigned long kFuseControl = 0x65735543;

}  // namespace

Result<OwnedFd> open_named(const Side& side, const std::string& path, int flags) {
  auto file = open_answering(side.root, path, flags, PathFrom::user, side.resolve);
  if (file || side.root != AT_FDCWD || file.error().code != ENOENT) return file;
  // The child that opens it has not the descriptor to which /dev/fd/63 leads, that of a process
  // substitution.
  return open_at(side.root, path.c_str(), flags);
}

std::string_view last_component(std::string_view path) {
  const std::size_t end = path.find_last_not_of('/');
  if (end == std::string_view::npos) return {};
  path = path.substr(0, end + 1);
  return path.substr(path.rfind('/') + 1);
}

bool is_on_kernel_file_system(int fd) {
  struct statfs fs {};
  if (::fstatfs(fd, &fs) != 0) return false;
  switch (static_cast<unsigned long>(fs.f_type)) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case SELINUX_MAGIC:
    case SMACK_MAGIC:
    case BPF_FS_MAGIC:
    case PSTOREFS_MAGIC:
    case EFIVARFS_MAGIC:
    case BINFMTFS_MAGIC:
    case NSFS_MAGIC:
    case kConfigfs:
    case kFuseControl:
      return true;
    default:
      return false;
  }
}

OwnedFd reopen(int fd, int flags) {
  return OwnedFd(::open(path_of_fd(fd).c_str(), flags | O_CLOEXEC));
}

}  // namespace nsx::transfer_part
