#include "pin/directory.hh"

#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/files.hh"

namespace nsx {

namespace {

constexpr const char* kPrepare = "make ready for pins";

/// What the directory's own mount must be for pins of this kind, for mount(2); none: needs no
/// mount.
std::optional<unsigned long> propagation_for(Kind kind) {
  if (kind == Kind::net) return MS_SHARED | MS_REC;
  if (kind == Kind::mnt) return MS_UNBINDABLE;
  return std::nullopt;
}

}  // namespace

Result<PinDirectory> PinDirectory::lock(const std::string& path) {
  PinDirectory directory(path);
  auto fd = open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!fd) return error_of(fd);
  int failed = 0;
  do {
    failed = ::flock(fd->get(), LOCK_EX);
  } while (failed != 0 && errno == EINTR);
  if (failed != 0) return fail("lock", path);
  directory.lock_ = std::move(*fd);
  return directory;
}

Status PinDirectory::check_owner(int fd, const std::string& path) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return fail("look at", path);
  constexpr const char* kUse = "use the directory for pins";
  if (st.st_uid != 0 && st.st_uid != ::geteuid()) {
    return refuse(kUse, path, "it belongs to UID " + std::to_string(st.st_uid),
                  "who could put other namespaces there");
  }
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return refuse(kUse, path, "others can write to it", "chmod go-w");
  }
  return {};
}

Result<PinDirectory> PinDirectory::prepare(const std::string& path, Kind kind) {
  const bool made = ::mkdir(path.c_str(), 0755) == 0;
  if (!made && errno != EEXIST) {
    const int code = errno;
    return fail("make the directory", path, code,
                code == EACCES ? "needs the rights of root outside" : "");
  }
  auto directory = lock(path);
  if (!directory) return directory;
  if (auto ok = check_owner(directory->fd(), path); !ok) return error_of(ok);
  directory->made_directory = made;
  if (auto ready = directory->make_mount(kind); !ready) {
    directory->withdraw();
    return error_of(ready);
  }
  return directory;
}

Status PinDirectory::make_mount(Kind kind) {
  const auto propagation = propagation_for(kind);
  if (!propagation) return {};
  const char* path = path_.c_str();
  if (::mount("", path, "none", *propagation, nullptr) == 0) return {};
  // It is not a mount point yet.
  if (errno == EINVAL && ::mount(path, path, "none", MS_BIND | MS_REC, nullptr) == 0) {
    made_mount = true;
    if (::mount("", path, "none", *propagation, nullptr) == 0) return {};
  }
  const int code = errno;
  return fail(kPrepare, path_, code,
              code == EPERM ? "needs CAP_SYS_ADMIN in the user namespace that owns the mount "
                              "namespace outside: run as root"
                            : "");
}

void PinDirectory::withdraw() {
  // The lock may be on the mount that shall go.
  lock_ = OwnedFd();
  // Both fail where another uses the directory: holds its lock, has a file or a mount there.
  if (made_mount && ::umount2(path_.c_str(), 0) != 0) return;
  if (made_directory) ::rmdir(path_.c_str());
}

}  // namespace nsx
