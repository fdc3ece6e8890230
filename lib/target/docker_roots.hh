// SPDX-License-Identifier: MIT
#pragma once
// Where docker keeps its data.

#include <string>
#include <string_view>
#include <vector>

namespace nsx {

/// What the command line of a dockerd(8), /proc/PID/cmdline, says.
struct DockerArguments {
  std::string data_root;    ///< --data-root; empty: it does not say
  std::string config_file;  ///< --config-file, likewise

  bool operator==(const DockerArguments&) const = default;
};

DockerArguments parse_docker_arguments(std::string_view cmdline);

/// What those daemons that are running were given: of those of root in the caller's mount
/// namespace, where a path means the same, and of the caller's own. A process in a container can
/// call itself dockerd, too. `root`: "" for this machine.
std::vector<DockerArguments> read_docker_arguments(const std::string& root);

}  // namespace nsx
