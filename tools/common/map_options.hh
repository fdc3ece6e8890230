#pragma once
// The options that say what new namespaces are like, of the tools that make some.

#include <optional>

#include <nsx/create.hh>

#include "common/options.hh"

namespace nsx::cli {

enum MapId {
  kMapUserId = 540,
  kMapGroupId,
  kMapUsersId,
  kMapGroupsId,
  kMapAutoId,
  kMapSubidsId,
  kSetgroupsId,
  kMonotonicId,
  kBoottimeId,
  kHostnameId,
};

/// An option without an argument.
constexpr Option flag(int id, const char* name, const char* help) {
  return {id, name, Argument::none, nullptr, Completes::nothing, nullptr, help};
}

/// An option whose argument nothing completes.
constexpr Option value(int id, const char* name, const char* metavar, const char* help) {
  return {id, name, Argument::required, metavar, Completes::nothing, nullptr, help};
}

inline constexpr Option kMapRootUser =
    flag('r', "map-root-user", "be root in the new user namespace; implies --user");
inline constexpr Option kMapCurrentUser =
    flag('c', "map-current-user", "keep UID and GID in the new user namespace; implies --user");
inline constexpr Option kMapUser =
    value(kMapUserId, "map-user", "USER", "be USER, a name or UID, in the new user namespace");
inline constexpr Option kMapGroup =
    value(kMapGroupId, "map-group", "GROUP", "be in GROUP, a name or GID, in it");
inline constexpr Option kMapUsers{
    kMapUsersId,
    "map-users",
    Argument::required,
    "MAP",
    Completes::words,
    "auto subids all",
    "map a range of UIDs, INSIDE:OUTSIDE:COUNT, or: auto, subids, all; implies --user"};
inline constexpr Option kMapGroups{kMapGroupsId,
                                   "map-groups",
                                   Argument::required,
                                   "MAP",
                                   Completes::words,
                                   "auto subids all",
                                   "map a range of GIDs likewise"};
inline constexpr Option kMapAuto =
    flag(kMapAutoId, "map-auto", "--map-users=auto --map-groups=auto");
inline constexpr Option kMapSubids =
    flag(kMapSubidsId, "map-subids", "--map-users=subids --map-groups=subids");
inline constexpr Option kSetgroups{kSetgroupsId,
                                   "setgroups",
                                   Argument::required,
                                   "WORD",
                                   Completes::words,
                                   "allow deny",
                                   "allow or deny setgroups(2) in the new user namespace"};
inline constexpr Option kMonotonic = value(kMonotonicId, "monotonic", "SECONDS",
                                           "with --time: set the monotonic clock off by SECONDS");
inline constexpr Option kBoottime = value(kBoottimeId, "boottime", "SECONDS",
                                          "with --time: set the clock since boot off by SECONDS");
inline constexpr Option kHostname =
    value(kHostnameId, "hostname", "NAME", "set the host name; implies --uts");

/// Puts one of these options into the request; none: it is another option.
std::optional<Status> apply_creation(const Given& given, CreateRequest& request);

}  // namespace nsx::cli
