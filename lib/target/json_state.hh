// SPDX-License-Identifier: MIT
#pragma once
// The JSON files in which container runtimes keep their state. All parsers take any text: none
// where it is not JSON, nests deeper than such files do, or lacks what the record is about. A
// member of an unexpected type counts as missing.

#include <optional>
#include <string>
#include <string_view>

#include "target/container_record.hh"

namespace nsx {

/// docker's containers/ID/config.v2.json.
std::optional<ContainerRecord> parse_docker_config(std::string_view text);

/// Where docker keeps its data by /etc/docker/daemon.json; empty: it does not say.
std::string parse_docker_data_root(std::string_view text);

/// runc's ID/state.json.
std::optional<ContainerRecord> parse_runc_state(std::string_view text);

/// crun's ID/status.
std::optional<ContainerRecord> parse_crun_status(std::string_view text);

/// CRI-O's overlay-containers/ID/userdata/state.json.
std::optional<ContainerRecord> parse_crio_state(std::string_view text);

/// The names that the annotations of an OCI bundle's config.json give to the container: nerdctl's,
/// and those of Kubernetes, "NAMESPACE/POD/CONTAINER" and its ends.
std::optional<std::vector<std::string>> parse_bundle_names(std::string_view text);

/// The IDs and names in the containers.json of podman's and CRI-O's storage.
std::optional<std::vector<ContainerRecord>> parse_storage_list(std::string_view text);

}  // namespace nsx
