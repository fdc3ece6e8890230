// SPDX-License-Identifier: MIT
#pragma once
// The eight kinds of namespaces, and their constants.
//
//   const auto kind = nsx::kind_by_name("net");
//   if (kind) std::printf("%#x\n", nsx::info(*kind).clone_flag);

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <nsx/enum_set.hh>
#include <nsx/result.hh>

namespace nsx {

/// The kinds of namespaces, named as in /proc/PID/ns (namespaces(7)).
enum class Kind : std::uint8_t { cgroup, ipc, mnt, net, pid, time, user, uts };

inline constexpr std::size_t kKindCount = 8;

/// The constants of a kind.
struct KindInfo {
  Kind kind;
  const char* name;          ///< "mnt": name in /proc/PID/ns
  const char* for_children;  ///< "pid_for_children" or null: the link that unshare(2) and setns(2)
                             ///< change
  int clone_flag;            ///< CLONE_NEWNS: flag of unshare(2), setns(2) and clone(2)
  unsigned pidfd_request;    ///< PIDFD_GET_MNT_NAMESPACE: ioctl(2) on a pidfd, Linux 6.11
  unsigned pidfd_children_request;  ///< PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE, or 0
};

/// All kinds, in the order of `Kind`.
NSX_API extern const std::array<KindInfo, kKindCount> kKinds;

inline const KindInfo& info(Kind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}
inline const char* name(Kind kind) {
  return info(kind).name;
}

/// Returns the kind with this name ("mnt"), or none.
NSX_API std::optional<Kind> kind_by_name(std::string_view name);

/// Returns the kind of a CLONE_NEW* flag, as returned by NS_GET_NSTYPE (ioctl_ns(2)), or none.
NSX_API std::optional<Kind> kind_by_clone_flag(int flag);

/// A set of kinds.
using KindSet = EnumSet<Kind, Kind::uts>;

/// Returns the combined CLONE_NEW* flags of a set.
NSX_API int clone_flags(KindSet kinds);

}  // namespace nsx
