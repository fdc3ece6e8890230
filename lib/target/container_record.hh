// SPDX-License-Identifier: MIT
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

/// Where containers of docker are looked for.
enum class DockerRoots {
  usual,  ///< where docker keeps its data without options of the daemon
  all,    ///< also where those daemons that are running keep theirs: looks at all processes
};

/// Where the engines of the caller's own, rootless containers keep what they know.
struct OwnEngines {
  std::vector<std::string> state;  ///< directories like /run/user/UID
  std::vector<std::string> data;   ///< directories like ~/.local/share
};

/// Those of the caller below a root. A named directory is left out unless it is the caller's, and
/// nobody else can write to it or redirect its path.
OwnEngines own_engines(const std::string& root, const std::string& runtime_directory,
                       const std::string& data_directory);

/// The UIDs of other users who have engines with state, as far as the caller may see. Their state
/// is not read.
std::vector<std::string> users_with_engines(const std::string& root);

/// Reads the state that the runtimes keep below a root ("": this machine's), without asking any of
/// them: that of the system, and that of the caller's own containers.
ContainerRecords read_container_records(const std::string& root, const OwnEngines& own,
                                        DockerRoots roots);

}  // namespace nsx
