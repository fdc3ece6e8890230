// SPDX-License-Identifier: MIT
#pragma once
// Arguments that several tools take: kinds of namespaces, signals, and what creating namespaces
// needs.

#include <string>
#include <string_view>
#include <vector>

#include <nsx/create.hh>
#include <nsx/kind.hh>
#include <nsx/result.hh>

#include "common/options.hh"

namespace nsx::cli {

// Namespace types on the command line.

/// The words for completion.
inline constexpr const char* kKindWords = "cgroup ipc mnt net pid time user uts";

/// Parses a comma-separated list of types, "net,pid". "mount" and "network" are accepted as well.
Result<KindSet> parse_kinds(std::string_view list);

/// Parses a list like parse_kinds(), and adds it to `kinds`.
Status add_kinds(KindSet& kinds, const char* list);

// Names and numbers of signals.

/// Parses a signal: "TERM", "sigterm", "15", "RTMIN+3" or "RTMAX-1".
Result<int> parse_signal(std::string_view text);

/// Parses a comma-separated list of signals: "TERM,INT".
Result<std::vector<int>> parse_signals(std::string_view list);

/// Returns the name of a signal without "SIG", or its number if it has no name.
std::string signal_name(int signal);

// The options that describe new namespaces, shared by the tools that create them, and the parsers
// of their arguments.

Result<CreateRequest::Propagation> parse_propagation(std::string_view mode);

/// Parses an ID map: "INSIDE:OUTSIDE:COUNT", "auto", "subids", "all", or unshare(1)'s older
/// "OUTSIDE,INSIDE,COUNT".
Result<IdMapRequest::Block> parse_block(std::string_view map);

/// Parses "UID:GID".
Result<CreateRequest::Owner> parse_owner(std::string_view owner);

/// Parses "allow" or "deny".
Result<bool> parse_setgroups(std::string_view word);

/// Parses a whole number of seconds, which can have a sign.
Result<std::int64_t> parse_offset(std::string_view seconds);

/// Checks the length of a hostname: sethostname(2) accepts at most 64 bytes.
Result<std::string> parse_hostname(std::string_view name);

/// Returns the variables of `environment` (environ(7)) whose names are in a comma-separated list.
std::vector<std::string> choose_variables(const char* const* environment, std::string_view names);

// The effects of the options that take more than one line.
void map_root_user(CreateRequest& request);
void map_current_user(CreateRequest& request);
Status map_user(CreateRequest& request, const char* user);
Status map_group(CreateRequest& request, const char* group);
Status map_users(CreateRequest& request, const char* map);
Status map_groups(CreateRequest& request, const char* map);
void map_auto(CreateRequest& request);
void map_subids(CreateRequest& request);

inline constexpr Metavar kMap{"MAP", Completes::words, "auto subids all"};

inline constexpr Option kMapRootUser =
    flag('r', "map-root-user", "become root in the new user namespace; implies --user",
         call<map_root_user>);
inline constexpr Option kMapCurrentUser =
    flag('c', "map-current-user", "keep your UID and GID in the new user namespace; implies --user",
         call<map_current_user>);
inline constexpr Option kMapUser =
    value(kNoLetter, "map-user", {"USER"}, "become USER (name or UID) in the new user namespace",
          call<map_user>);
inline constexpr Option kMapGroup =
    value(kNoLetter, "map-group", {"GROUP"}, "get GROUP (name or GID) in the new user namespace",
          call<map_group>);
inline constexpr Option kMapUsers =
    value(kNoLetter, "map-users", kMap,
          "map UIDs: INSIDE:OUTSIDE:COUNT, auto, subids or all; implies --user", call<map_users>);
inline constexpr Option kMapGroups =
    value(kNoLetter, "map-groups", kMap, "map GIDs, likewise", call<map_groups>);
inline constexpr Option kMapAuto =
    flag(kNoLetter, "map-auto", "same as --map-users=auto --map-groups=auto", call<map_auto>);
inline constexpr Option kMapSubids = flag(
    kNoLetter, "map-subids", "same as --map-users=subids --map-groups=subids", call<map_subids>);
inline constexpr Option kSetgroups =
    value(kNoLetter, "setgroups", {"WORD", Completes::words, "allow deny"},
          "allow or deny setgroups(2) in the new user namespace",
          parse_into<parse_setgroups, &CreateRequest::allow_setgroups>);
inline constexpr Option kMonotonic =
    value(kNoLetter, "monotonic", {"SECONDS"}, "with --time: offset the monotonic clock by SECONDS",
          parse_into<parse_offset, &CreateRequest::monotonic>);
inline constexpr Option kBoottime =
    value(kNoLetter, "boottime", {"SECONDS"}, "with --time: offset the boot-time clock by SECONDS",
          parse_into<parse_offset, &CreateRequest::boottime>);
inline constexpr Option kHostname =
    value(kNoLetter, "hostname", {"NAME"}, "set the hostname; implies --uts",
          parse_into<parse_hostname, &CreateRequest::hostname>);

}  // namespace nsx::cli
