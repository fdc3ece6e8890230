// SPDX-License-Identifier: MIT
#pragma once
// Where docker stores its data.

#include <string>
#include <string_view>
#include <vector>

namespace nsx {

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
