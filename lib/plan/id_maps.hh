// SPDX-License-Identifier: MIT
#pragma once
// Arithmetic of id maps, as pure functions.

#include <nsx/create.hh>
#include <nsx/id_map.hh>

namespace nsx {

/// Returns the lines of a block next to the line of the caller's own id.
///
/// `cut`, or a block that contains the own id outside: removes the pairs that conflict with the own
/// line. Otherwise, if the own id inside falls into the block, the block is split around it: its
/// ids outside stay contiguous. With `apart` its last id is dropped; with `apart_and_grow` the
/// range inside grows instead.
enum class MakeWay : std::uint8_t { cut, apart, apart_and_grow };
IdMap beside_own(const IdMapLine& block, const IdMapLine& own, MakeWay how);

/// Checks that a map can be written: no line is empty or out of range, no id occurs twice on the
/// same side, and it is within the kernel's limits (user_namespaces(7)).
Status check_id_map(const char* what, const IdMap& map);

/// Computes the map of a request, which may be empty. `what` is "UID" or "GID", for messages.
Result<IdMap> make_id_map(const char* what, const IdMapRequest& request, std::uint32_t own_id,
                          const CreateFacts::Ids& facts);

}  // namespace nsx
