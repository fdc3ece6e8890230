// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

// Parsers for the JSON files in which container runtimes store their state. All of them accept any
// text, and return nothing if it is not JSON, nests deeper than such files do, or lacks the
// essential members. A member of an unexpected type counts as missing.

/// Parses docker's containers/ID/config.v2.json.
std::optional<ContainerRecord> parse_docker_config(std::string_view text);

/// Returns docker's data directory according to /etc/docker/daemon.json; empty if not set there.
std::string parse_docker_data_root(std::string_view text);

/// Parses runc's ID/state.json.
std::optional<ContainerRecord> parse_runc_state(std::string_view text);

/// Parses crun's ID/status.
std::optional<ContainerRecord> parse_crun_status(std::string_view text);

/// Parses CRI-O's overlay-containers/ID/userdata/state.json.
std::optional<ContainerRecord> parse_crio_state(std::string_view text);

/// Returns the names that the annotations in an OCI bundle's config.json give to the container:
/// those of nerdctl, and those of Kubernetes, "NAMESPACE/POD/CONTAINER" and its abbreviations.
std::optional<std::vector<std::string>> parse_bundle_names(std::string_view text);

/// Parses the IDs and names in the containers.json of podman's and CRI-O's storage.
std::optional<std::vector<ContainerRecord>> parse_storage_list(std::string_view text);

// Where docker stores its data.

/// The relevant options of dockerd(8) on its command line, /proc/PID/cmdline.
struct DockerArguments {
  std::string data_root;    ///< --data-root; empty if not given
  std::string config_file;  ///< --config-file; empty if not given

  bool operator==(const DockerArguments&) const = default;
};

DockerArguments parse_docker_arguments(std::string_view cmdline);

/// Returns the options of running daemons: those of root in the caller's mount namespace, where
/// paths mean the same, and the caller's own. Others are ignored, as a process in a container can
/// also call itself dockerd. `root` is "" for this machine.
std::vector<DockerArguments> read_docker_arguments(const std::string& root);

}  // namespace nsx
