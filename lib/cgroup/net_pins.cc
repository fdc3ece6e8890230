// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroup/net.hh"
#include "kernel/bpf.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr const char* kBpffs = "/sys/fs/bpf";
constexpr const char* kName = "nsx";
constexpr const char* kPins = "/sys/fs/bpf/nsx";
constexpr const char* kKeep = "pin BPF programs in";
// Not the directory itself: anyone who can list it could lock it and block all others.
constexpr const char* kLock = "lock";

/// Whether only trusted users can create entries in a directory or, if it is sticky, replace
/// existing ones.
bool is_closed(const struct stat& directory) {
  return is_trusted_owner(directory.st_uid) &&
         ((directory.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (directory.st_mode & S_ISVTX) != 0);
}

/// Opens the bpffs. If it is mounted without options, anyone can create entries in it.
Result<OwnedFd> open_bpffs() {
  auto directory = TRY(open_at(AT_FDCWD, kBpffs, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  struct statfs fs {};
  struct stat status {};
  if (::fstatfs(directory.get(), &fs) != 0 || ::fstat(directory.get(), &status) != 0) {
    return fail("stat", kBpffs);
  }
  if (fs.f_type != BPF_FS_MAGIC) {
    return refuse(kKeep, kBpffs, "no bpffs is mounted there", "mount -t bpf bpf /sys/fs/bpf");
  }
  if (is_closed(status)) return directory;
  return refuse(kKeep, kBpffs, "other users can replace its entries",
                "chown root /sys/fs/bpf && chmod +t /sys/fs/bpf");
}

/// Returns the owner of an entry, unless it is root or the caller.
std::optional<uid_t> foreign_owner(int bpffs, const std::string& name) {
  struct stat status {};
  if (::fstatat(bpffs, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return is_trusted_owner(status.st_uid) ? std::nullopt : std::optional(status.st_uid);
}

/// Opens the directory for all pins. Returns nothing if it does not exist, or if its name is taken
/// by another user, in whose directory nsx never puts anything.
Result<std::optional<OwnedFd>> open_pins() {
  auto bpffs = TRY(open_bpffs());
  OwnedFd pins(::openat(bpffs.get(), kName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!pins) {
    const int code = errno;
    if (code == ENOENT || foreign_owner(bpffs.get(), kName)) return std::nullopt;
    return fail("open", kPins, code);
  }
  struct stat status {};
  if (::fstat(pins.get(), &status) != 0) return fail("stat", kPins);
  if (!is_trusted_owner(status.st_uid)) return std::nullopt;
  if (is_closed(status)) return std::optional(std::move(pins));
  return refuse(kKeep, kPins, "other users can write to it", "chmod go-w /sys/fs/bpf/nsx");
}

/// Frees the name from another user's entry, which would block all limits: anyone can create one in
/// a bpffs that is mounted without options. The entry is removed if it is an empty directory, and
/// otherwise renamed.
Status set_aside(int bpffs, uid_t owner) {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) return fail("get", "random bytes");
  const std::string aside =
      std::string(kName) + "-of-" + std::to_string(owner) + '-' + std::to_string(number);
  if (::renameat2(bpffs, kName, bpffs, aside.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == ENOENT) return {};
    return refuse(kKeep, kPins, "it belongs to UID " + std::to_string(owner),
                  std::string("sudo rm -r ") + kPins);
  }
  if (foreign_owner(bpffs, aside)) {
    ::unlinkat(bpffs, aside.c_str(), AT_REMOVEDIR);
    return {};
  }
  // Another nsx-cg did the same a moment earlier, and this is the directory that it created.
  if (::renameat2(bpffs, aside.c_str(), bpffs, kName, RENAME_NOREPLACE) == 0) return {};
  return fail("rename", std::string(kBpffs) + '/' + aside);
}

bool is_linked_to(const std::string& path, std::uint64_t id) {
  auto link = open_bpf_object(path, false);
  if (!link) return false;
  const auto linked = linked_cgroup(link->get());
  return linked && *linked == id;
}

}  // namespace

std::string net_pins_path(std::uint64_t id) {
  return std::string(kPins) + '/' + std::to_string(id);
}

bool are_net_pins_whole(std::uint64_t id) {
  const std::string path = net_pins_path(id) + '/';
  return is_linked_to(path + kNetLinkIn, id) && is_linked_to(path + kNetLinkOut, id);
}

Status NetPins::take_lock() {
  if (::mkdirat(directory_.get(), kLock, 0700) != 0 && errno != EEXIST) {
    return fail("make the directory", std::string(kPins) + '/' + kLock);
  }
  auto lock = TRY(open_at(directory_.get(), kLock, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  int failed = 0;
  do {
    failed = ::flock(lock.get(), LOCK_EX);
  } while (failed != 0 && errno == EINTR);
  if (failed != 0) return fail("lock", kPins);
  lock_ = std::move(lock);
  return {};
}

Result<std::optional<NetPins>> NetPins::lock() {
  auto directory = TRY(open_pins());
  if (!directory) return std::nullopt;
  NetPins pins;
  pins.directory_ = std::move(*directory);
  TRY(pins.take_lock());
  return std::optional(std::move(pins));
}

Result<NetPins> NetPins::prepare() {
  auto bpffs = TRY(open_bpffs());
  // A user who keeps creating the entry may win a few times, but not this often.
  constexpr int kTries = 1000;
  for (int i = 0; i < kTries; ++i) {
    if (::mkdirat(bpffs.get(), kName, 0755) != 0 && errno != EEXIST) {
      return fail("make the directory", kPins);
    }
    if (const auto owner = foreign_owner(bpffs.get(), kName)) {
      TRY(set_aside(bpffs.get(), *owner));
      continue;
    }
    auto pins = TRY(lock());
    if (pins) return std::move(*pins);
  }
  return refuse(kKeep, kPins, "another user keeps taking its name");
}

Result<std::string> NetPins::make(std::uint64_t id) {
  std::string path = net_pins_path(id);
  if (::mkdirat(directory_.get(), std::to_string(id).c_str(), 0755) != 0) {
    return fail("make the directory", path);
  }
  return path;
}

Result<bool> NetPins::remove(std::uint64_t id) {
  const std::string name = std::to_string(id);
  const auto pinned = list_names_at(directory_.get(), name.c_str());
  if (!pinned) {
    if (pinned.error().code == ENOENT) return false;
    return fail("remove", net_pins_path(id), pinned.error().code);
  }
  for (const std::string& each : *pinned) {
    std::string below = name;
    below.append("/").append(each);
    if (::unlinkat(directory_.get(), below.c_str(), 0) != 0) {
      return fail("remove", std::string(kPins) + '/' + below);
    }
  }
  if (::unlinkat(directory_.get(), name.c_str(), AT_REMOVEDIR) != 0) {
    return fail("remove", net_pins_path(id));
  }
  return true;
}

void NetPins::remove_stale() {
  const auto names = list_names_at(directory_.get(), ".");
  if (!names) return;
  for (const std::string& name : *names) {
    const auto id = parse_number<std::uint64_t>(name);
    // Pins that cannot be removed now will be stale the next time, too.
    if (id && !are_net_pins_whole(*id)) (void)remove(*id);
  }
}

Result<bool> check_net_pins() {
  auto directory = TRY(open_pins());
  return directory.has_value();
}

Result<std::vector<std::uint64_t>> list_net_pins() {
  std::vector<std::uint64_t> ids;
  auto directory = TRY(open_pins());
  if (!directory) return ids;
  auto names = TRY(list_names_at(directory->get(), "."));
  for (const std::string& name : names) {
    if (const auto id = parse_number<std::uint64_t>(name)) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace nsx
