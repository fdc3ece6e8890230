#include <fcntl.h>
#include <optional>
#include <sys/mount.h>
#include <sys/stat.h>

#include <nsx/mountinfo.hh>
#include <nsx/pin.hh>

#include "kernel/files.hh"

namespace nsx {

namespace {

/// The number of the mount that an open file is on, as mountinfo has it; Linux 5.8.
std::optional<std::uint64_t> mount_id_of(const OwnedFd& fd) {
  struct statx st {};
  if (::statx(fd.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &st) != 0) return std::nullopt;
  return st.stx_mnt_id;
}

/// Whether the mount that a path leads to is shared (mount_namespaces(7)).
bool is_on_shared_mount(const std::string& path) {
  const OwnedFd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
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

std::string hint_for_bind(int code, Kind kind, const std::string& path) {
  switch (code) {
    case EPERM:
      return "needs CAP_SYS_ADMIN in the user namespace that owns the mount namespace outside: run "
             "as root";
    case ENOENT:
      return "the file to pin on must be there: touch it first";
    case ENOTDIR:
      return "a namespace is pinned on a file, not on a directory";
    case EINVAL:
    case ELOOP:
      if (kind != Kind::mnt) return {};
      return is_on_shared_mount(path)
                 ? "a mount namespace cannot be pinned where mounts are shared: bind the directory "
                   "onto itself (mount --bind DIR DIR; mount --make-private DIR)"
                 : "a mount namespace can be pinned only in one that is older by the kernel's "
                   "count, "
                   "which Linux 6.18 keeps for each CPU: try another (taskset -c 0)";
    default:
      return {};
  }
}

}  // namespace

Result<BoundNamespace> bind_namespace(Kind kind, int fd, const std::string& path) {
  const auto failed = [&] {
    const int code = errno;
    return fail(std::string("pin the ") + name(kind) + " namespace on", path, code,
                hint_for_bind(code, kind, path));
  };
  // Not mount(2): the path is looked up once, and it is known which mount is the new one.
  const OwnedFd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file) return failed();
  struct stat st {};
  if (::fstat(file.get(), &st) != 0) return failed();
  if (S_ISDIR(st.st_mode)) {
    errno = ENOTDIR;
    return failed();
  }
  const OwnedFd mount(::open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!mount) return failed();
  constexpr unsigned kBoth = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  if (::move_mount(mount.get(), "", file.get(), "", kBoth) != 0) return failed();
  const auto id = mount_id_of(mount);
  if (!id) return failed();
  return BoundNamespace{path, *id};
}

Status unbind_namespace(const BoundNamespace& bound) {
  const OwnedFd mount(::open(bound.path.c_str(), O_PATH | O_CLOEXEC));
  if (!mount) return fail("unmount", bound.path);
  // Somebody else was quicker.
  if (mount_id_of(mount) != bound.mount_id) return {};
  const std::string path = "/proc/self/fd/" + std::to_string(mount.get());
  if (::umount2(path.c_str(), MNT_DETACH) == 0) return {};
  return fail("unmount", bound.path);
}

}  // namespace nsx
