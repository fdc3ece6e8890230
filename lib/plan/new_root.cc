// SPDX-License-Identifier: MIT
#include <cerrno>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/files.hh"
#include "plan/hints.hh"
#include "plan/mount_worker.hh"
#include "try.hh"

namespace nsx {

namespace {

OwnedFd open_below(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(O_PATH | O_NOFOLLOW | O_CLOEXEC | flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return OwnedFd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

struct Split {
  std::string directory;  ///< "." at the top
  std::string name;
};

/// Splits an absolute path.
Split split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return {slash == 0 ? "." : path.substr(1, slash - 1), path.substr(slash + 1)};
}

Status make_directories(int root, const std::string& path) {
  for (std::size_t at = 0; at != std::string::npos;) {
    at = path.find('/', at + 1);
    const std::string part = path.substr(0, at);
    if (::mkdirat(root, part.c_str(), 0755) != 0 && errno != EEXIST)
      return fail("create the directory", '/' + part);
  }
  return {};
}

}  // namespace

Result<OwnedFd> copy_tree(const step::TakeTrees::Tree& tree) {
  constexpr unsigned kCopy = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
  const unsigned flags = tree.fd >= 0 ? kCopy | AT_EMPTY_PATH : kCopy;
  const char* path = tree.fd >= 0 ? "" : tree.path.c_str();
  OwnedFd copy(
      static_cast<int>(::syscall(SYS_open_tree, tree.fd >= 0 ? tree.fd : AT_FDCWD, path, flags)));
  if (!copy) return fail("copy the mount of {} of " + tree.of, tree.path);
  mount_attr change{};
  change.propagation = tree.is_slave ? MS_SLAVE : MS_PRIVATE;
  change.attr_set = tree.attributes;
  if (tree.users >= 0) {
    change.attr_set |= MOUNT_ATTR_IDMAP;
    change.userns_fd = static_cast<std::uint64_t>(tree.users);
  }
  if (::syscall(SYS_mount_setattr, copy.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &change,
                sizeof change) != 0) {
    return fail("change the copied mount of {} of " + tree.of, tree.path);
  }
  return copy;
}

Result<OwnedFd> make_file_system(const std::string& type,
                                 const std::vector<std::pair<std::string, std::string>>& options,
                                 std::uint64_t attributes, const std::string& for_what) {
  const auto failed = [&] { return fail("create a " + type + " for", for_what); };
  const OwnedFd context(::fsopen(type.c_str(), FSOPEN_CLOEXEC));
  if (!context) return failed();
  for (const auto& [key, value] : options) {
    const bool is_flag = value.empty();
    if (::fsconfig(context.get(), is_flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, key.c_str(),
                   is_flag ? nullptr : value.c_str(), 0) != 0) {
      std::string option = key;
      if (!is_flag) option.append("=").append(value);
      return fail("set the option {} of a " + type, option);
    }
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return failed();
  OwnedFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
  if (!mount) return failed();
  return mount;
}

Status move_mount_to(const OwnedFd& mount, const OwnedFd& place, const std::string& what,
                     const std::string& path) {
  constexpr unsigned kBoth = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  if (::move_mount(mount.get(), "", place.get(), "", kBoth) == 0) return {};
  return fail("mount " + what + " on", path);
}

Status MountWorker::take(const step::TakeTrees& s) {
  OwnedFd own;
  int current = -1;
  const auto go_to = [&](const step::TakeTrees::Tree& tree) -> Status {
    if (tree.mnt == current) return {};
    if (!own) own = TRY(open_at(kernel_.proc(), "self/ns/mnt", O_RDONLY));
    current = tree.mnt;
    if (::setns(current >= 0 ? current : own.get(), CLONE_NEWNS) == 0) return {};
    const int code = errno;
    return fail("enter the mount namespace of", tree.of, code, hint_for_setns(code, Kind::mnt));
  };
  for (const auto& tree : s.trees) {
    TRY(go_to(tree));
    trees_.push_back(TRY(copy_tree(tree)));
  }
  step::TakeTrees::Tree back;
  back.of = "the caller";
  return go_to(back);
}

Status MountWorker::start_root() {
  const ExactModes modes;
  root_ = TRY(make_file_system("tmpfs", {{"mode", "0755"}, {"size", "4m"}},
                               MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, "the new root directory"));
  for (const char* directory : {"dev", "proc", "run", "sys", "tmp"}) {
    if (::mkdirat(root_.get(), directory, 0755) != 0)
      return fail("create the directory", std::string("/") + directory);
  }
  if (::move_mount(root_.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) == 0) return {};
  return fail("mount the new root directory on", "/");
}

Result<OwnedFd> MountWorker::open_place(const std::string& path, bool is_directory) const {
  const auto [above, name] = split(path);
  if (above != ".") TRY(make_directories(root_.get(), above));
  const OwnedFd directory = open_below(root_.get(), above, O_DIRECTORY);
  if (!directory) return fail("open the directory of", path);
  OwnedFd place = open_below(directory.get(), name, 0);
  if (place || errno != ENOENT) {
    if (!place) return fail("open", path);
    return place;
  }
  if (is_directory) {
    if (::mkdirat(directory.get(), name.c_str(), 0755) != 0)
      return fail("create the directory", path);
  } else {
    const OwnedFd file(::openat(directory.get(), name.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!file) return fail("create the file", path);
  }
  place = open_below(directory.get(), name, 0);
  if (!place) return fail("open", path);
  return place;
}

Status MountWorker::attach(const step::AttachTree& s) {
  const ExactModes modes;
  const OwnedFd tree = std::move(trees_[s.tree]);
  auto place = TRY(open_place(s.path, is_of_type(tree.get(), S_IFDIR)));
  return move_mount_to(tree, place, s.from, s.path);
}

Status MountWorker::mount(const step::MountNew& s) {
  const ExactModes modes;
  const std::uint64_t no_devices = s.type == "devpts" ? 0 : MOUNT_ATTR_NODEV;
  auto mount = TRY(make_file_system(s.type, s.options, MOUNT_ATTR_NOSUID | no_devices, s.path));
  auto place = TRY(open_place(s.path, true));
  return move_mount_to(mount, place, "a new " + s.type, s.path);
}

/// The file is on the tmpfs of the root directory, without a name there.
Status MountWorker::mount_text(const step::MountText& s) const {
  const ExactModes modes;
  const auto failed = [&] { return fail("write the file for", s.path); };
  constexpr const char* kName = ".nsx-file";
  const auto place = TRY(open_place(s.path, false));
  OwnedFd file(::openat(root_.get(), kName, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file) return failed();
  for (std::string_view rest = s.text; !rest.empty();) {
    const ssize_t n = ::write(file.get(), rest.data(), rest.size());
    if (n <= 0) return failed();
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  file = OwnedFd();
  const OwnedFd copy(static_cast<int>(
      ::syscall(SYS_open_tree, root_.get(), kName, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
  if (!copy) return failed();
  mount_attr change{};
  change.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (::syscall(SYS_mount_setattr, copy.get(), "", AT_EMPTY_PATH, &change, sizeof change) != 0)
    return failed();
  TRY(move_mount_to(copy, place, "a new file", s.path));
  if (::unlinkat(root_.get(), kName, 0) != 0) return failed();
  return {};
}

Status MountWorker::link(const step::MakeLink& s) {
  const ExactModes modes;
  const auto [above, name] = split(s.path);
  if (above != ".") TRY(make_directories(root_.get(), above));
  const OwnedFd directory = open_below(root_.get(), above, O_DIRECTORY);
  if (directory && ::symlinkat(s.to.c_str(), directory.get(), name.c_str()) == 0) return {};
  return fail("create the link", s.path);
}

Status MountWorker::enter_root(const step::EnterNewRoot& s) {
  const auto failed = [] { return fail("change the root directory to", "the new one"); };
  if (s.read_only) {
    mount_attr change{};
    change.attr_set = MOUNT_ATTR_RDONLY;
    if (::syscall(SYS_mount_setattr, root_.get(), "", AT_EMPTY_PATH, &change, sizeof change) != 0)
      return fail("make read-only", "the new root directory");
  }
  const OwnedFd previous(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!previous || ::fchdir(root_.get()) != 0) return failed();
  // The previous root comes to lie on top of the new one, from where it is detached.
  if (::syscall(SYS_pivot_root, ".", ".") == 0) {
    if (::fchdir(previous.get()) != 0) return failed();
    if (::umount2(".", MNT_DETACH) != 0) return fail("detach", "the previous root directory");
  } else if (errno != EINVAL || ::chroot(".") != 0) {
    // EINVAL: the root is the initramfs, which is always below everything.
    return failed();
  }
  if (::chdir("/") != 0) return failed();
  // Not through a link of the target, which would lead to the tools.
  const std::string path = s.files + s.working_directory;
  const auto directory =
      open_answering(AT_FDCWD, path, O_PATH | O_DIRECTORY, PathFrom::user, RESOLVE_NO_SYMLINKS);
  const bool changed = directory ? ::fchdir(directory->get()) == 0 : ::chdir(s.files.c_str()) == 0;
  if (!changed) return fail("change the working directory to", s.files);
  root_ = OwnedFd();
  return {};
}

}  // namespace nsx
