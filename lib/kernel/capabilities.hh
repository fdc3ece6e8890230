// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <nsx/result.hh>

namespace nsx {

/// The capability sets of a process that capset(2) changes, a bit each.
struct Capabilities {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;

  /// Whether CAP_* is effective.
  bool has(int capability) const {
    return (effective >> static_cast<unsigned>(capability) & 1) != 0;
  }
};

/// Those of the calling process.
Result<Capabilities> own_capabilities();

/// Whether CAP_* is effective in the calling process.
bool has_capability(int capability);

/// Changes those of the calling process.
Status change_capabilities(const std::function<void(Capabilities&)>& change);

/// A set of them in the text of /proc/PID/status: "CapBnd", "CapAmb".
std::uint64_t capabilities_in_status(std::string_view status, std::string_view set);

/// Limits what the calling process and what it executes can have, capabilities(7): the inheritable
/// and ambient ones become these, the bounding set loses all others, and so do the permitted ones
/// of a process with UID 0. Those of another are the ambient ones, as after execve(2). None is
/// permitted that is not in `permitted`.
/// Errors: EPERM, it takes CAP_SETPCAP to change the bounding set.
Status limit_capabilities(std::uint64_t bounding, std::uint64_t inheritable, std::uint64_t ambient,
                          std::uint64_t permitted);

/// What a process has of a capability in its own user namespace.
struct Privilege {
  bool has = false;         ///< it is effective
  bool can_be_had = false;  ///< the bounding set has it: programs can get it at their start
  bool is_root = false;     ///< the effective UID is 0
};

/// The calling process's.
Privilege own_privilege(int capability);

/// In which user namespace a capability is needed.
enum class Over : std::uint8_t {
  own,      ///< the caller's
  another,  ///< possibly another
};

/// What a process can do that was refused for lack of a capability, and never what it has done:
/// "needs CAP_SYS_ADMIN: run as root". `what` is the capability in words.
std::string hint_for_capability(const Privilege& privilege, const std::string& what, Over over);

/// The same for the calling process.
std::string hint_for_capability(int capability, const std::string& what, Over over);

/// The same for files that belong to somebody: "be root, or the user who made them", where `owner`
/// is "the user who made them".
std::string hint_for_owner(const std::string& owner);

/// Makes all that are permitted inheritable and ambient (capabilities(7)): a program that is
/// executed has them, too.
Status pass_capabilities_on();

}  // namespace nsx
