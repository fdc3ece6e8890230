#include "cgroup/net_pins.hh"

#include <algorithm>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel/bpf.hh"
#include "kernel/directory.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

constexpr const char* kBpffs = "/sys/fs/bpf";
constexpr const char* kPins = "/sys/fs/bpf/nsx";
// Not on the directory itself: whoever may list it could lock it, and keep all others waiting.
constexpr const char* kLock = "lock";

/// Opens a directory of the bpffs in which nobody but root, or the caller, can put what the caller
/// then takes for its own. A bpffs is open to everybody where it is mounted without options.
Result<OwnedFd> open_trusted(const char* path) {
  auto directory = open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!directory) return directory;
  struct statfs fs {};
  struct stat status {};
  if (::fstatfs(directory->get(), &fs) != 0 || ::fstat(directory->get(), &status) != 0) {
    return fail("look at", path);
  }
  if (fs.f_type != BPF_FS_MAGIC) {
    return refuse("keep BPF programs below", kBpffs, "no bpffs is mounted there",
                  "mount -t bpf bpf /sys/fs/bpf");
  }
  const bool is_ours = status.st_uid == 0 || status.st_uid == ::geteuid();
  const bool others_write = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (!is_ours || (others_write && (status.st_mode & S_ISVTX) == 0)) {
    return refuse("keep BPF programs below", path, "others could change what is in it",
                  "it has to belong to root");
  }
  return directory;
}

/// The directory of all pins; none: there is none.
Result<std::optional<OwnedFd>> open_pins() {
  if (auto above = open_trusted(kBpffs); !above) return error_of(above);
  auto pins = open_trusted(kPins);
  if (pins) return std::optional(std::move(*pins));
  if (pins.error().code == ENOENT) return std::nullopt;
  return error_of(pins);
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
  auto lock = open_at(directory_.get(), kLock, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!lock) return error_of(lock);
  int failed = 0;
  do {
    failed = ::flock(lock->get(), LOCK_EX);
  } while (failed != 0 && errno == EINTR);
  if (failed != 0) return fail("lock", kPins);
  lock_ = std::move(*lock);
  return {};
}

Result<std::optional<NetPins>> NetPins::lock() {
  auto directory = open_pins();
  if (!directory) return error_of(directory);
  if (!*directory) return std::nullopt;
  NetPins pins;
  pins.directory_ = std::move(**directory);
  if (auto locked = pins.take_lock(); !locked) return error_of(locked);
  return std::optional(std::move(pins));
}

Result<NetPins> NetPins::prepare() {
  if (auto above = open_trusted(kBpffs); !above) return error_of(above);
  if (::mkdir(kPins, 0755) != 0 && errno != EEXIST) return fail("make the directory", kPins);
  auto pins = lock();
  if (!pins) return error_of(pins);
  if (!*pins) return fail("open", kPins, ENOENT);
  return std::move(**pins);
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
    // What cannot be removed now is stale the next time.
    if (id && !are_net_pins_whole(*id)) (void)remove(*id);
  }
}

Result<bool> check_net_pins() {
  auto directory = open_pins();
  if (!directory) return error_of(directory);
  return directory->has_value();
}

Result<std::vector<std::uint64_t>> list_net_pins() {
  std::vector<std::uint64_t> ids;
  auto directory = open_pins();
  if (!directory) return error_of(directory);
  if (!*directory) return ids;
  auto names = list_names_at((*directory)->get(), ".");
  if (!names) return error_of(names);
  for (const std::string& name : *names) {
    if (const auto id = parse_number<std::uint64_t>(name)) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace nsx
