#pragma once
// The id maps of user namespaces, as the list and the single view show them.

#include <optional>
#include <string>
#include <vector>

#include <nsx/census.hh>
#include <nsx/id_map.hh>

#include "common/json.hh"

namespace nsx::ls_tool {

/// The map of a user namespace that is in `file`, "uid_map" or "gid_map": of a process in it, or of
/// a child of ours that joins it. None of other kinds, and where it is not to be read.
std::optional<IdMap> read_id_map(const Kernel& kernel, const Census& census, CensusIndex index,
                                 const char* file);

/// Each line as nsx-unshare(1) takes it: "INSIDE:OUTSIDE:COUNT".
std::vector<std::string> spelled_lines(const IdMap& map);

/// A list of objects.
void write_json(const IdMap& map, cli::JsonWriter& json);

}  // namespace nsx::ls_tool
