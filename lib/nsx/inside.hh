#pragma once

#include <string>

#include <nsx/namespace.hh>

namespace nsx {

// What only a process inside of a namespace can see. These fork a child that joins it (setns(2))
// and ends; the caller stays where it is. They need CAP_SYS_ADMIN in the user namespace that owns
// the namespace, but for the caller's own.

/// What a UTS namespace has (uname(2)).
struct HostNames {
  std::string host;
  std::string domain;  ///< of NIS; "(none)" is the kernel's
};

NSX_API Result<HostNames> read_host_names(const Kernel& kernel, const Namespace& uts);

/// A file of /proc/PID as a process inside has it: "uid_map" of a user namespace, "mountinfo",
/// "timens_offsets". It is read from outside, so that ids are as the caller counts them. Where a
/// process is known to be inside, its own file is cheaper, and needs less.
NSX_API Result<std::string> read_file_inside(const Kernel& kernel, const Namespace& ns,
                                             const char* file);

}  // namespace nsx
