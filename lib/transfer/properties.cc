// SPDX-License-Identifier: MIT
#include <cerrno>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "transfer/sides.hh"

namespace nsx::transfer_part {

namespace {

constexpr std::string_view kUsers = "user.";
constexpr std::string_view kCapability = "security.capability";

}  // namespace

std::optional<Owner> Properties::owner_of(const Entry& entry) const {
  return owner_of_copy(owners_, direction_, {entry.uid, entry.gid});
}

bool Properties::accepts_failed_owner(int code) {
  // NFS denies it to root, FAT to everyone; an id may have no mapping in this user namespace.
  if (code != EPERM && code != EINVAL && code != EOPNOTSUPP) return false;
  if (!noted_owner_) events_.note("owners are not kept: the file system does not permit it");
  noted_owner_ = true;
  return true;
}

int Properties::set_attribute(int fd, const Attribute& attribute) {
  const bool is_capability = attribute.name == kCapability;
  // A target must not give a program on the host more privileges than its user has.
  const bool is_wanted =
      attribute.name.starts_with(kUsers) || (is_capability && direction_ == Copy::Direction::put);
  if (!is_wanted) return 0;
  // They would apply on the host, where the file system is mounted, and not in the target.
  if (is_capability && owners_.uids) {
    if (!noted_capability_) {
      events_.note("file capabilities are not copied: the target has its own user namespace");
    }
    noted_capability_ = true;
    return 0;
  }
  const int done =
      ::fsetxattr(fd, attribute.name.c_str(), attribute.value.data(), attribute.value.size(), 0);
  if (done == 0 || errno == EOPNOTSUPP || errno == EPERM) return 0;
  return errno;
}

int Properties::apply(int fd, const Entry& entry) {
  mode_t mode = entry.mode;
  if (direction_ == Copy::Direction::get) mode &= ~static_cast<mode_t>(S_ISUID | S_ISGID);
  if (const auto owner = owner_of(entry)) {
    if (::fchown(fd, owner->uid, owner->gid) != 0) {
      if (!accepts_failed_owner(errno)) return errno;
      // They would apply to another owner.
      mode &= ~static_cast<mode_t>(S_ISUID | S_ISGID);
    }
  }
  // After the owner, as that change clears these bits and the capability.
  if (::fchmod(fd, mode) != 0) return errno;
  for (const Attribute& each : entry.attributes) {
    if (const int code = set_attribute(fd, each); code != 0) return code;
  }
  const timespec times[] = {{0, UTIME_OMIT}, entry.modified};
  return ::futimens(fd, times) == 0 ? 0 : errno;
}

}  // namespace nsx::transfer_part
