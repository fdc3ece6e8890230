#pragma once

#include <string>

#include <nsx/kernel.hh>
#include <nsx/process.hh>

namespace nsx {

/// A cgroup v2, found by a process in it.
struct TargetCgroup {
  OwnedFd procs;     ///< its cgroup.procs, open for writing: with the rights of now, whoever writes
  std::string path;  ///< of its directory
};

/// Opens the cgroup v2 that a process is in. Errors: it is not below a mount of cgroup2 that the
/// caller sees, or the caller may not write to it.
Result<TargetCgroup> open_cgroup_of(const Kernel& kernel, const Process& process);

}  // namespace nsx
