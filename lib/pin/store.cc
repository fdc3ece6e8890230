#include <algorithm>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <nsx/pin.hh>

#include "kernel/directory.hh"
#include "pin/directory.hh"

namespace nsx {

namespace {

std::string directory_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

/// Makes the file, which must not be there, and binds the namespace to it.
Status make_and_bind(Kind kind, int fd, const std::string& path) {
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
  if (!file) {
    const int code = errno;
    return fail(std::string("pin the ") + name(kind) + " namespace on", path, code,
                code == EEXIST ? "there is a pin of this name" : "");
  }
  auto bound = bind_namespace(kind, fd, path);
  if (bound) return {};
  ::unlink(path.c_str());
  return error_of(bound);
}

/// Unmounts and removes a file, in a directory that only root can change.
Status unmount_and_remove(const std::string& path, bool may_be_stale) {
  const int failed = ::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  if (failed != 0 && !(may_be_stale && errno == EINVAL)) return fail("unmount", path);
  if (::unlink(path.c_str()) != 0) return fail("remove", path);
  return {};
}

}  // namespace

Result<MadePin> make_pin(Kind kind, int fd, const std::string& path) {
  auto directory = PinDirectory::prepare(directory_of(path), kind);
  if (!directory) return error_of(directory);
  if (auto done = make_and_bind(kind, fd, path); !done) {
    directory->withdraw();
    return error_of(done);
  }
  return MadePin{kind, path, directory->made_directory, directory->made_mount};
}

Status withdraw_pin(const MadePin& pin) {
  auto directory = PinDirectory::lock(directory_of(pin.path));
  if (!directory) return error_of(directory);
  if (auto done = unmount_and_remove(pin.path, false); !done) return done;
  directory->made_directory = pin.made_directory;
  directory->made_mount = pin.made_mount;
  directory->withdraw();
  return {};
}

Status remove_pin(const std::string& path) {
  auto directory = PinDirectory::lock(directory_of(path));
  if (!directory) return error_of(directory);
  return unmount_and_remove(path, true);
}

Result<std::vector<PinFile>> list_pins(const Kernel& kernel, Kind kind) {
  std::vector<PinFile> pins;
  auto names = list_names_at(AT_FDCWD, pin_directory(kind).c_str());
  if (!names) {
    if (names.error().code == ENOENT) return pins;
    return error_of(names);
  }
  std::sort(names->begin(), names->end());
  for (const std::string& name : *names) {
    PinFile pin{name, pin_path(kind, name), std::nullopt};
    if (auto ns = Namespace::open_file(kernel, pin.path)) pin.pinned = std::move(*ns);
    pins.push_back(std::move(pin));
  }
  return pins;
}

}  // namespace nsx
