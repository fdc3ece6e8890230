// SPDX-License-Identifier: MIT
#pragma once
// What the files of a runtime record about a container. None of it is trusted.

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

struct ContainerRecord {
  std::string runtime;             ///< "docker"
  std::string id;                  ///< the name of its directory
  std::vector<std::string> names;  ///< the most specific first; may be empty
  pid_t pid = 0;                   ///< of its first process; 0 if it is not running
  /// Identifies that process among later ones with its PID, as far as recorded; otherwise 0 or
  /// empty.
  std::uint64_t start_time = 0;  ///< as in ProcessStat
  std::uint64_t pidfd_inode = 0;
  std::string cgroup;  ///< a component of its cgroup path; if empty, one that contains the ID
  std::string bundle;  ///< the directory that it was created from; may be empty
};

struct ContainerRecords {
  std::vector<ContainerRecord> all;
  std::vector<Error> unreadable;  ///< existing files and directories that could not be used
};

/// Where containers of docker are searched for.
enum class DockerRoots {
  usual,  ///< where docker stores its data by default or by daemon.json
  all,    ///< also where running daemons store theirs; examines all processes
};

/// Where the engines of the caller's own, rootless containers store their state.
struct OwnEngines {
  std::vector<std::string> state;  ///< directories like /run/user/UID
  std::vector<std::string> data;   ///< directories like ~/.local/share
};

/// Returns the caller's engines below a root. A named directory is only used if it belongs to the
/// caller and nobody else can write to it or redirect its path.
OwnEngines own_engines(const std::string& root, const std::string& runtime_directory,
                       const std::string& data_directory);

/// Returns the UIDs of other users whose engines have state, as far as the caller may see. Their
/// state is not read.
std::vector<std::string> users_with_engines(const std::string& root);

/// Reads the state of the runtimes below a root ("" for this machine) without contacting them: that
/// of the system, and that of the caller's own containers.
ContainerRecords read_container_records(const std::string& root, const OwnEngines& own,
                                        DockerRoots roots);

}  // namespace nsx
