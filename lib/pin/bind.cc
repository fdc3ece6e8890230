// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <nsx/inside.hh>
#include <nsx/pin.hh>

#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "pin/store.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Whether an open file is on a shared mount (mount_namespaces(7)).
bool is_on_shared_mount(int file) {
  const auto id = mount_id_of(file);
  const auto text = read_file_at(AT_FDCWD, "/proc/self/mountinfo");
  if (!id || !text) return false;
  std::string_view rest = *text;
  while (const auto mount = next_mount(rest)) {
    if (mount->mount_id != *id) continue;
    return mount->optional_fields.find("shared:") != std::string_view::npos;
  }
  return false;
}

std::string hint_for_bind(int code, Kind kind, int file) {
  switch (code) {
    case EPERM:
      return hint_for_capability(
          CAP_SYS_ADMIN,
          "CAP_SYS_ADMIN in the user namespace that owns the mount namespace outside",
          Over::another);
    case ENOENT:
      return "create the file first, for example with touch";
    case ENOTDIR:
      return "give a file, not a directory";
    case EINVAL:
    case ELOOP:
      if (kind != Kind::mnt) return {};
      return is_on_shared_mount(file)
                 ? "a mount namespace needs a directory that is not a shared mount: mount --bind "
                   "DIR DIR && mount --make-private DIR"
                 : "a mount namespace can only be pinned in an older one, and Linux 6.18 counts "
                   "ages per CPU: retry with taskset -c 0";
    default:
      return {};
  }
}

}  // namespace

Result<BoundNamespace> bind_to_file(Kind kind, int fd, int file, const std::string& path) {
  // Allocated before the mount, which would be lost if memory ran out afterwards.
  BoundNamespace bound{path, 0};
  const auto failed = [&](int code) {
    return fail(std::string("pin the ") + name(kind) + " namespace on", path, code,
                hint_for_bind(code, kind, file));
  };
  struct stat st {};
  if (::fstat(file, &st) != 0) return failed(errno);
  if (S_ISDIR(st.st_mode)) return failed(ENOTDIR);
  // Unlike mount(2), this looks up no path, and the new mount is known.
  const OwnedFd mount(::open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!mount) return failed(errno);
  // Linux 5.8. Read before moving the mount, as nothing may fail after the namespace is bound.
  const auto id = mount_id_of(mount.get());
  if (!id) return failed(errno);
  constexpr unsigned kBoth = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  bound.mount_id = *id;
  if (::move_mount(mount.get(), "", file, "", kBoth) != 0) return failed(errno);
  return bound;
}

Result<BoundNamespace> bind_namespace(Kind kind, int fd, const std::string& path) {
  const auto file = open_trusted(path);
  if (file) return bind_to_file(kind, fd, file->get(), path);
  Error error = file.error();
  error.set_what(std::string("cannot pin the ") + name(kind) + " namespace on");
  if (error.code != 0) error.set_hint(hint_for_bind(error.code, kind, -1));
  return tl::unexpected(std::move(error));
}

Status unbind_namespace(const BoundNamespace& bound) {
  const auto mount = open_trusted(bound.path);
  if (!mount)
    return fail("unmount", bound.path, mount.error().code != 0 ? mount.error().code : EPERM);
  // It has already been unmounted.
  if (mount_id_of(mount->get()) != bound.mount_id) return {};
  if (::umount2(path_of_fd(mount->get()).c_str(), MNT_DETACH) == 0) return {};
  return fail("unmount", bound.path);
}

std::optional<std::uint64_t> mount_id_of(int fd) {
  struct statx st {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) != 0) return std::nullopt;
  if ((st.stx_mask & STATX_MNT_ID) == 0) return std::nullopt;
  return st.stx_mnt_id;
}

Result<std::optional<PinEntry>> look_at_entry(int directory, const std::string& name,
                                              const std::string& path) {
  constexpr const char* kLook = "stat";
  PinEntry entry;
  entry.fd = OwnedFd(::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!entry.fd) {
    if (errno == ENOENT) return std::optional<PinEntry>{};
    return fail(kLook, path);
  }
  struct stat st {};
  struct stat above {};
  struct statfs fs {};
  if (::fstat(entry.fd.get(), &st) != 0 || ::fstat(directory, &above) != 0 ||
      ::fstatfs(entry.fd.get(), &fs) != 0) {
    return fail(kLook, path);
  }
  entry.is_mount =
      st.st_dev != above.st_dev || mount_id_of(entry.fd.get()) != mount_id_of(directory);
  entry.is_namespace = fs.f_type == NSFS_MAGIC;
  entry.is_empty_file = S_ISREG(st.st_mode) && st.st_size == 0;
  entry.is_directory = S_ISDIR(st.st_mode);
  return std::optional(std::move(entry));
}

Status unmount_namespaces(int directory, const std::string& name, const std::string& path) {
  for (;;) {
    const auto entry = TRY(look_at_entry(directory, name, path));
    if (!entry || !entry->is_mount) return {};
    if (!entry->is_namespace) {
      return refuse("remove", path, "the file mounted on it is not a namespace",
                    "umount " + shell_word(path));
    }
    // Unmounts the mount that was examined, even if another one has its name by now.
    if (::umount2(path_of_fd(entry->fd.get()).c_str(), MNT_DETACH) == 0) continue;
    if (errno == EINVAL) return {};
    const int code = errno;
    return fail("unmount", path, code,
                code == EPERM
                    ? hint_for_capability(CAP_SYS_ADMIN,
                                          "CAP_SYS_ADMIN in the user namespace that owns the mount "
                                          "namespace",
                                          Over::another)
                    : "");
  }
}

}  // namespace nsx
