// SPDX-License-Identifier: MIT

#include <array>
#include <climits>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <optional>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <nsx/inside.hh>
#include <nsx/pin.hh>

#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "pin/store.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr const char* kPrepare = "prepare {} for pins";

/// Returns the propagation, for mount(2), that the directory's own mount needs for pins of this
/// kind; nothing if it needs no mount.
std::optional<unsigned long> propagation_for(Kind kind) {
  if (kind == Kind::net) return MS_SHARED | MS_REC;
  if (kind == Kind::mnt) return MS_UNBINDABLE;
  return std::nullopt;
}

bool is_same_directory(int a, int b) {
  struct stat first {};
  struct stat second {};
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

/// Binds a directory onto itself as a shared mount whose only peers are its own copies. A copy of a
/// shared mount joins the peer group of the original, here of the mount that contains the
/// directory: each pin would then be mounted on both. Leaving the group after mounting would be too
/// late, as copies in other mount namespaces would stay in it.
bool bind_with_own_peers(int directory) {
  constexpr unsigned kCopy = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH;
  const OwnedFd mount(::open_tree(directory, "", kCopy));
  if (!mount) return false;
  constexpr std::array<std::uint64_t, 2> kInTurn{MS_PRIVATE, MS_SHARED};
  for (const std::uint64_t propagation : kInTurn) {
    mount_attr attributes{};
    attributes.propagation = propagation;
    constexpr unsigned kAll = AT_EMPTY_PATH | AT_RECURSIVE;
    // Linux 5.12.
    if (::mount_setattr(mount.get(), "", kAll, &attributes, sizeof attributes) != 0) return false;
  }
  constexpr unsigned kBoth = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  return ::move_mount(mount.get(), "", directory, "", kBoth) == 0;
}

}  // namespace

Result<OwnedFd> open_root(const std::string& path) {
  auto root = open_trusted(path);
  if (!root) root.error().set_what("cannot use the directory for pins");
  return root;
}

Status check_pin_root(const std::string& root) {
  const auto opened = open_root(root);
  return opened ? Status{} : tl::unexpected(opened.error());
}

std::string directory_name(Kind kind) {
  return std::string(name(kind)) + "ns";
}

Result<OwnedFd> open_kind_directory(const PinRoot& root, Kind kind) {
  OwnedFd fd(::openat(root.fd, directory_name(kind).c_str(),
                      O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return fail("open the directory", pin_directory(kind, root.path));
  return fd;
}

Status check_owner(int fd, const std::string& path) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return fail("stat", path);
  constexpr const char* kUse = "use the directory for pins";
  if (!is_trusted_owner(st.st_uid)) {
    return refuse(kUse, path, "it belongs to UID " + std::to_string(st.st_uid),
                  "chown root " + shell_word(path));
  }
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return refuse(kUse, path, "other users can write to it", "chmod go-w " + shell_word(path));
  }
  return {};
}

PinDirectory::PinDirectory(const PinRoot& root, Kind kind)
    : root_(root.fd), kind_(kind), path_(pin_directory(kind, root.path)) {}

/// Opens and locks the directory. Another process may have removed it, or mounted it onto itself,
/// while this one waited for the lock, so this repeats until the current directory is locked.
Status PinDirectory::take_lock() {
  for (;;) {
    lock_ = OwnedFd(::openat(root_, directory_name(kind_).c_str(),
                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!lock_) return fail("open the directory", path_);
    // Do not wait for the lock of another user's directory.
    TRY(check_owner(lock_.get(), path_));
    int failed = 0;
    do {
      failed = ::flock(lock_.get(), LOCK_EX);
    } while (failed != 0 && errno == EINTR);
    if (failed != 0) return fail("lock", path_);
    auto opened = open_top();
    if (opened && is_same_directory(lock_.get(), top_.get())) return {};
    if (!opened && opened.error().code != ENOENT) return opened;
  }
}

Status PinDirectory::open_top() {
  auto top = open_kind_directory({root_, path_}, kind_);
  if (!top) {
    top.error().set_subject(path_);
    return error_of(top);
  }
  top_ = std::move(*top);
  return {};
}

Result<PinDirectory> PinDirectory::lock(const PinRoot& root, Kind kind) {
  PinDirectory directory(root, kind);
  TRY(directory.take_lock());
  return directory;
}

Result<PinDirectory> PinDirectory::prepare(const PinRoot& root, Kind kind) {
  PinDirectory directory(root, kind);
  for (;;) {
    const bool made = ::mkdirat(root.fd, directory_name(kind).c_str(), 0755) == 0;
    if (!made && errno != EEXIST) {
      const int code = errno;
      return fail("make the directory", directory.path_, code,
                  code == EACCES ? hint_for_capability(CAP_DAC_OVERRIDE,
                                                       "write permission there or CAP_DAC_OVERRIDE",
                                                       Over::another)
                                 : "");
    }
    directory.made_directory = directory.made_directory || made;
    auto locked = directory.take_lock();
    if (locked) break;
    // The process that created it has removed it again.
    if (locked.error().code == ENOENT) continue;
    directory.withdraw();
    return error_of(locked);
  }
  if (auto ready = directory.make_mount(); !ready) {
    directory.withdraw();
    return error_of(ready);
  }
  return directory;
}

Status PinDirectory::make_mount() {
  const auto propagation = propagation_for(kind_);
  if (!propagation) return {};
  std::string path = path_of_fd(top_.get());
  if (::mount("", path.c_str(), "none", *propagation, nullptr) == 0) return {};
  // It is not a mount point yet.
  bool has_own_peers = false;
  const auto bind = [&] {
    has_own_peers = kind_ == Kind::net && bind_with_own_peers(top_.get());
    return has_own_peers ||
           ::mount(path.c_str(), path.c_str(), "none", MS_BIND | MS_REC, nullptr) == 0;
  };
  if (errno == EINVAL && bind()) {
    made_mount = true;
    const int below = top_.get();
    const OwnedFd kept = std::move(top_);
    TRY(open_top());
    if (!is_same_directory(below, top_.get())) {
      return refuse(kPrepare, path_, "another directory was mounted on it in the meantime");
    }
    path = path_of_fd(top_.get());
    // If it could not leave its peer group before mounting, each pin would be mounted there as
    // well.
    if (!has_own_peers && kind_ == Kind::net &&
        ::mount("", path.c_str(), "none", MS_PRIVATE | MS_REC, nullptr) != 0) {
      return fail(kPrepare, path_);
    }
    if (::mount("", path.c_str(), "none", *propagation, nullptr) == 0) return {};
  }
  const int code = errno;
  return fail(kPrepare, path_, code,
              code == EPERM
                  ? hint_for_capability(CAP_SYS_ADMIN,
                                        "CAP_SYS_ADMIN in the user namespace that owns the mount "
                                        "namespace outside",
                                        Over::another)
                  : "");
}

void PinDirectory::withdraw() {
  // Open descriptors would keep the mount busy.
  lock_ = OwnedFd();
  top_ = OwnedFd();
  const std::string name = directory_name(kind_);
  const std::string path = path_of_fd(root_) + '/' + name;
  // Both calls fail if another process uses the directory: holds its lock, or has a file or mount
  // there.
  if (made_mount && ::umount2(path.c_str(), UMOUNT_NOFOLLOW) != 0) return;
  if (made_directory) ::unlinkat(root_, name.c_str(), AT_REMOVEDIR);
}

Status check_pin_name(std::string_view name) {
  const auto refused = [&](const char* why) { return problem("invalid pin name '{}'", name, why); };
  if (name.empty()) return refused("it is empty");
  if (name == "." || name == "..") return refused("it is a directory");
  if (name.find('/') != std::string_view::npos) return refused("it contains a slash");
  if (name.find('\0') != std::string_view::npos) return refused("it contains a NUL");
  if (name.size() > NAME_MAX) return refused("it is longer than 255 bytes");
  return {};
}

std::string pin_directory(Kind kind, std::string_view root) {
  return std::string(root) + '/' + name(kind) + "ns";
}

std::string pin_path(Kind kind, std::string_view name, std::string_view root) {
  return pin_directory(kind, root) + '/' + std::string(name);
}

const char* name(PinState state) {
  switch (state) {
    case PinState::live:
      return "live";
    case PinState::stale:
      return "stale";
    case PinState::elsewhere:
      return "elsewhere";
    case PinState::dead:
      return "dead";
    case PinState::shadowed:
      return "shadowed";
    case PinState::half:
      break;
  }
  return "half-made";
}

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
