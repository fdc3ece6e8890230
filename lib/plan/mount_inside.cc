// SPDX-License-Identifier: MIT
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/files.hh"
#include "plan/mount_worker.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr std::uint64_t kInside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

Result<OwnedFd> open_inside(int root, const std::string& path, int flags = 0) {
  return open_answering(root, path, O_PATH | flags, PathFrom::user, kInside);
}

}  // namespace

/// Creates a directory, or a file to mount on.
Result<OwnedFd> MountWorker::create(OwnedFd above, const std::string& name, bool is_directory,
                                    const std::string& path) {
  const ExactModes modes;
  if (is_directory) {
    if (::mkdirat(above.get(), name.c_str(), 0755) != 0)
      return fail("create the directory {} for " + path, name);
  } else {
    const OwnedFd file(::openat(above.get(), name.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!file) return fail("create the file", path);
  }
  OwnedFd place(::openat(above.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  created_.push_back({std::move(above), name, is_directory});
  if (!place) return fail("create", path);
  return place;
}

/// Opens the destination. Creates what is missing of it, one name after the other, each below a
/// directory that is open.
Result<OwnedFd> MountWorker::make_inside(const step::MountInside& s, bool is_directory) {
  auto place = open_inside(s.root, s.path);
  if (place || !s.make || place.error().code != ENOENT) return place;
  auto above = TRY(open_inside(s.root, "/", O_DIRECTORY));
  for (std::size_t at = 0; at < s.path.size();) {
    const std::size_t end = std::min(s.path.find('/', at), s.path.size());
    const std::string name = s.path.substr(at, end - at);
    const std::string path = s.path.substr(0, end);
    const bool is_last = s.path.find_first_not_of('/', end) == std::string::npos;
    at = end + 1;
    if (name.empty()) continue;
    auto next = open_inside(s.root, path, is_last ? 0 : O_DIRECTORY);
    if (!next && next.error().code == ENOENT)
      next = create(std::move(above), name, is_directory || !is_last, s.path);
    if (!next || is_last) return next;
    above = std::move(*next);
  }
  return above;
}

Status MountWorker::mount_inside(const step::MountInside& s) {
  OwnedFd mount;
  if (s.tree) {
    mount = std::move(trees_[*s.tree]);
  } else {
    mount = TRY(make_file_system("tmpfs", s.options, s.attributes, s.path));
  }
  const bool mounts_directory = is_of_type(mount.get(), S_IFDIR);
  auto place = make_inside(s, mounts_directory);
  if (!place) {
    if (place.error().code == ENOENT && !s.make) place.error().set_hint("add --mkdir to create it");
    return error_of(place);
  }
  if (is_of_type(place->get(), S_IFDIR) != mounts_directory) {
    return refuse("mount " + s.from + " on", s.path,
                  mounts_directory ? "a directory cannot be mounted on a file"
                                   : "a file cannot be mounted on a directory");
  }
  TRY(move_mount_to(mount, *place, s.from, s.path));
  mounted_.push_back(TRY(read_path_of(kernel_.proc(), mount.get())));
  return {};
}

namespace {

/// umount2(2) accepts no descriptor, and an open one keeps the mount busy. Returns an errno value.
int unmount(const std::string& path, int flags) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || path.size() == slash + 1) return EINVAL;
  const auto above = open_answering(AT_FDCWD, path.substr(0, slash + 1), O_PATH | O_DIRECTORY,
                                    PathFrom::user, RESOLVE_NO_SYMLINKS);
  if (!above) return above.error().code;
  if (::fchdir(above->get()) != 0) return errno;
  return ::umount2(path.c_str() + slash + 1, flags | UMOUNT_NOFOLLOW) == 0 ? 0 : errno;
}

}  // namespace

Status MountWorker::unmount_inside(const step::UnmountInside& s) const {
  std::string path;
  {
    const auto place = TRY(open_inside(s.root, s.path));
    // This process is in the root directory of the mount namespace: the path leads there again.
    path = TRY(read_path_of(kernel_.proc(), place.get()));
  }
  const int code = unmount(path, s.lazily ? MNT_DETACH : 0);
  if (code == 0) return {};
  if (code == EINVAL) return refuse("unmount", s.path, "nothing is mounted there");
  return fail("unmount", s.path, code,
              code == EBUSY ? "add --force to detach it although a process uses it, or with mounts "
                              "below it"
                            : "");
}

void MountWorker::undo() {
  for (auto mount = mounted_.rbegin(); mount != mounted_.rend(); ++mount)
    [[maybe_unused]] const int code = unmount(*mount, MNT_DETACH);
  for (auto each = created_.rbegin(); each != created_.rend(); ++each) {
    [[maybe_unused]] const int code = ::unlinkat(each->directory.get(), each->name.c_str(),
                                                 each->is_directory ? AT_REMOVEDIR : 0);
  }
  mounted_.clear();
  created_.clear();
}

}  // namespace nsx
