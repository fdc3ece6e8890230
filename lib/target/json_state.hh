// SPDX-License-Identifier: MIT
#pragma once
// Parsers for the JSON files in which container runtimes store their state. All of them accept any
// text, and return nothing if it is not JSON, nests deeper than such files do, or lacks the
// essential members. A member of an unexpected type counts as missing.

#include <optional>
#include <string>
#include <string_view>

#include "target/container_record.hh"

namespace nsx {

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

}  // namespace nsx
