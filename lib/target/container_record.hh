#pragma once
// What a runtime has on record of a container, as its files say: nothing of it is to be trusted.

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

struct ContainerRecord {
  std::string runtime;             ///< "docker"
  std::string id;                  ///< the name of its directory
  std::vector<std::string> names;  ///< the one that tells most first; may be empty
  pid_t pid = 0;                   ///< of its first process; 0: it is not running
  /// What tells that process from a later one with its PID, as far as it is on record; 0, empty:
  /// not.
  std::uint64_t start_time = 0;  ///< as in ProcessStat
  std::uint64_t pidfd_inode = 0;
  std::string cgroup;  ///< a directory on the path of its cgroup; empty: one that has the ID
  std::string bundle;  ///< the directory from which it was made; may be empty
};

struct ContainerRecords {
  std::vector<ContainerRecord> all;
  std::vector<Error> unreadable;  ///< files and directories that are there and could not be used
};

/// Reads the state that the runtimes keep below a root ("": this machine's), without asking any of
/// them: that of the system, and that of the caller's own containers.
ContainerRecords read_container_records(const std::string& root);

}  // namespace nsx
