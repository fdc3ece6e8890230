// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <nsx/result.hh>

namespace nsx {

/// The capability sets that capset(2) changes, as bit sets.
struct Capabilities {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;

  /// Returns whether CAP_* is effective.
  bool has(int capability) const {
    return (effective >> static_cast<unsigned>(capability) & 1) != 0;
  }
};

/// Returns the sets of the calling process.
Result<Capabilities> own_capabilities();

/// Returns whether CAP_* is effective in the calling process.
bool has_capability(int capability);

/// Changes the sets of the calling process.
Status change_capabilities(const std::function<void(Capabilities&)>& change);

/// Returns a set in the text of /proc/PID/status, such as "CapBnd" or "CapAmb".
std::uint64_t capabilities_in_status(std::string_view status, std::string_view set);

/// Limits the capabilities of the calling process and of the programs that it executes
/// (capabilities(7)). `inheritable` and `ambient` become these sets; the bounding set is limited to
/// `bounding`. Permitted capabilities are limited to `permitted` and, with UID 0, to the bounding
/// and inheritable sets; with another UID to the ambient set, as after execve(2). Errors: EPERM,
/// changing the bounding set needs CAP_SETPCAP.
Status limit_capabilities(std::uint64_t bounding, std::uint64_t inheritable, std::uint64_t ambient,
                          std::uint64_t permitted);

/// The status of a capability in a process and its user namespace.
struct Privilege {
  bool has = false;         ///< it is effective
  bool can_be_had = false;  ///< it is in the bounding set: programs can gain it when executed
  bool is_root = false;     ///< the effective UID is 0
};

/// Returns the status in the calling process.
Privilege own_privilege(int capability);

/// The user namespace in which a capability is needed.
enum class Over : std::uint8_t {
  own,      ///< the caller's own
  another,  ///< possibly another
};

/// Returns advice for an operation that failed for lack of a capability: "needs CAP_SYS_ADMIN: run
/// as root". Never advises what is already the case. `what` describes the capability.
std::string hint_for_capability(const Privilege& privilege, const std::string& what, Over over);

/// The same for the calling process.
std::string hint_for_capability(int capability, const std::string& what, Over over);

/// The same for files of another user: "run as root, or as the user who made them", where `owner`
/// is "the user who made them".
std::string hint_for_owner(const std::string& owner);

/// Makes all permitted capabilities inheritable and ambient, so that executed programs keep them
/// (capabilities(7)).
Status pass_capabilities_on();

}  // namespace nsx
