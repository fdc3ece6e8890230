#pragma once

#include <array>
#include <cstdint>
#include <sys/types.h>
#include <vector>

#include <nsx/kernel.hh>
#include <nsx/namespace.hh>

namespace nsx {

/// An index into a vector of the Census, or kNone.
using CensusIndex = std::uint32_t;
inline constexpr CensusIndex kNone = ~CensusIndex{0};

/// A process as it was when the census passed it.
struct CensusProcess {
  pid_t pid = 0;
  pid_t parent = 0;
  uid_t uid = 0;  ///< effective
  /// Its namespace of each kind, by the order of `Kind`. kNone: not asked for, or not to be seen.
  std::array<CensusIndex, kKindCount> namespaces{};

  CensusIndex in(Kind kind) const { return namespaces[static_cast<std::size_t>(kind)]; }
};

struct CensusNamespace {
  Kind kind = Kind::cgroup;
  NamespaceIdentity identity;
  std::uint32_t process_count = 0;
  CensusIndex first_process = kNone;  ///< the one with the lowest PID
  CensusIndex parent = kNone;         ///< of pid and user; kNone also where it is not ours to see
  CensusIndex owner = kNone;          ///< the owning user namespace, likewise
};

/// The namespaces of a machine and who is in them: plain data, from which every view is made.
struct Census {
  std::vector<CensusNamespace> namespaces;  ///< by ascending inode number
  std::vector<CensusProcess> processes;     ///< by ascending PID
};

struct CensusRequest {
  KindSet kinds = KindSet::all();
  /// Ask also for parents and owners, and add those that no visible process is in.
  bool hierarchy = false;
};

/// Reads the namespaces of all processes that the caller may see. Processes that end meanwhile, and
/// those of others, are left out: neither is an error.
NSX_API Result<Census> take_census(const Kernel& kernel, const CensusRequest& request);

}  // namespace nsx
