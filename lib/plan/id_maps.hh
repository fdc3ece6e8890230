// SPDX-License-Identifier: MIT
#pragma once
// The arithmetic of id maps: pure functions.

#include <nsx/create.hh>
#include <nsx/id_map.hh>

namespace nsx {

/// The lines for a block beside the caller's own id, which has a line of its own already.
///
/// A block that has the id outside, or is not to be moved, loses the pairs that the other line
/// stands in for. Else, where the number inside is taken, the block is moved apart around it: its
/// ids outside stay next to each other, and the last one is left out if the range inside may not
/// grow.
enum class MakeWay : std::uint8_t { cut, apart, apart_and_grow };
IdMap beside_own(const IdMapLine& block, const IdMapLine& own, MakeWay how);

/// Whether a map can be written: no line is empty or leaves the numbers that there are, no id
/// occurs twice on the same side, and the kernel takes so many lines (user_namespaces(7)).
Status check_id_map(const char* what, const IdMap& map);

/// The map that a request comes to; empty, where it asks for none. `what` is for people: "UID".
Result<IdMap> make_id_map(const char* what, const IdMapRequest& request, std::uint32_t own_id,
                          const CreateFacts::Ids& facts);

}  // namespace nsx
