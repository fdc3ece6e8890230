// What a program sees of the net namespace that it is in, and of the files made for that.

#include <algorithm>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <nsx/mountinfo.hh>

#include "kernel/files.hh"
#include "plan/perform.hh"

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

/// What is mounted below a directory, without what is mounted below that.
Result<std::vector<std::string>> mounts_below(const std::string& directory) {
  auto text = read_file_at(AT_FDCWD, "/proc/self/mountinfo");
  if (!text) return error_of(text);
  std::vector<std::string> paths;
  std::string_view rest = *text;
  while (const auto mount = next_mount(rest)) {
    std::string path = unescape_mount_field(mount->mount_point);
    if (is_below(path, directory)) paths.push_back(std::move(path));
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> outer;
  for (std::string& path : paths) {
    const bool is_inner = !outer.empty() && (path == outer.back() || is_below(path, outer.back()));
    if (!is_inner) outer.push_back(std::move(path));
  }
  return outer;
}

constexpr unsigned kCopy = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;

/// Opens a file below a directory, through links that do not lead out of it.
OwnedFd open_beneath(int directory, const std::string& name) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return OwnedFd(
      static_cast<int>(::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how)));
}

}  // namespace

Status perform(const step::MountSys&) {
  constexpr const char* kSys = "/sys";
  const auto failed = [](const char* operation, const std::string& path) {
    const int code = errno;
    return fail(operation, path, code, "--no-sys leaves /sys as it is");
  };
  auto paths = mounts_below(kSys);
  if (!paths) return error_of(paths);
  std::vector<TakenMount> taken;
  for (const std::string& path : *paths) {
    OwnedFd mount(static_cast<int>(::open_tree(AT_FDCWD, path.c_str(), kCopy)));
    // One that is hidden by another is not to be reached, and was not to be seen.
    if (mount) taken.push_back({path, std::move(mount)});
  }
  if (::mount("sysfs", kSys, "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, nullptr) != 0) {
    // There is the one of this net namespace already: it is the caller's.
    if (errno == EBUSY) return {};
    return failed("mount a sysfs of this net namespace on", kSys);
  }
  for (const TakenMount& each : taken) {
    const int done =
        ::move_mount(each.mount.get(), "", AT_FDCWD, each.path.c_str(), MOVE_MOUNT_F_EMPTY_PATH);
    // A directory that only the other net namespace has.
    if (done != 0 && errno != ENOENT) return failed("mount again on", each.path);
  }
  return {};
}

Status perform(const step::BindOver& s) {
  auto from = open_at(AT_FDCWD, s.from.c_str(), O_PATH | O_DIRECTORY);
  if (!from) return error_of(from);
  auto over = open_at(AT_FDCWD, s.over.c_str(), O_PATH | O_DIRECTORY);
  if (!over) return error_of(over);
  for (const std::string& name : s.names) {
    const std::string source = s.from + '/' + name;
    const std::string target = s.over + '/' + name;
    const OwnedFd file = open_beneath(from->get(), name);
    if (!file) {
      const int code = errno;
      return fail("bind", source, code, code == EXDEV ? "it leads out of " + s.from : "");
    }
    const OwnedFd mount(static_cast<int>(
        ::open_tree(file.get(), "", kCopy | static_cast<unsigned>(AT_EMPTY_PATH))));
    if (!mount) return fail("bind", source);
    // Not followed: what a link there leads to is not to be changed, and may not be there.
    const OwnedFd place(::openat(over->get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!place) return fail("bind " + source + " over", target);
    constexpr unsigned kBoth = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    if (::move_mount(mount.get(), "", place.get(), "", kBoth) != 0) {
      return fail("bind " + source + " over", target);
    }
  }
  return {};
}

}  // namespace nsx
