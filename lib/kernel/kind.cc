// SPDX-License-Identifier: MIT
#include <sched.h>

#include <nsx/kind.hh>

#include "kernel/abi.hh"

namespace nsx {

const std::array<KindInfo, kKindCount> kKinds{{
    {Kind::cgroup, "cgroup", nullptr, CLONE_NEWCGROUP, abi::kPidfdGetCgroupNamespace, 0},
    {Kind::ipc, "ipc", nullptr, CLONE_NEWIPC, abi::kPidfdGetIpcNamespace, 0},
    {Kind::mnt, "mnt", nullptr, CLONE_NEWNS, abi::kPidfdGetMntNamespace, 0},
    {Kind::net, "net", nullptr, CLONE_NEWNET, abi::kPidfdGetNetNamespace, 0},
    {Kind::pid, "pid", "pid_for_children", CLONE_NEWPID, abi::kPidfdGetPidNamespace,
     abi::kPidfdGetPidForChildren},
    {Kind::time, "time", "time_for_children", CLONE_NEWTIME, abi::kPidfdGetTimeNamespace,
     abi::kPidfdGetTimeForChildren},
    {Kind::user, "user", nullptr, CLONE_NEWUSER, abi::kPidfdGetUserNamespace, 0},
    {Kind::uts, "uts", nullptr, CLONE_NEWUTS, abi::kPidfdGetUtsNamespace, 0},
}};

std::optional<Kind> kind_by_name(std::string_view name) {
  for (const KindInfo& entry : kKinds) {
    if (name == entry.name) return entry.kind;
  }
  return std::nullopt;
}

std::optional<Kind> kind_by_clone_flag(int flag) {
  for (const KindInfo& entry : kKinds) {
    if (flag == entry.clone_flag) return entry.kind;
  }
  return std::nullopt;
}

int clone_flags(KindSet kinds) {
  int flags = 0;
  for (const Kind kind : kinds)
    flags |= info(kind).clone_flag;
  return flags;
}

}  // namespace nsx
