// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nsx/kind.hh>
#include <nsx/result.hh>

namespace nsx {

/// What a person can do about a failed unshare(2) of these kinds, or an empty string. `alternative`
/// follows where a user namespace would help.
std::string hint_for_unshare(int code, KindSet kinds, const std::string& alternative = {});

/// The same for a failed setns(2).
std::string hint_for_setns(int code, Kind kind);

/// The same for an id map that was not accepted.
std::string hint_for_id_map(int code);

/// The same for a mount of proc or sysfs, which show the pid or net namespace. `proc` is a proc
/// mount of before anything was entered; `missing` the options by which that namespace would be the
/// user namespace's own, if they were not given.
std::string hint_for_mount(int code, int proc, Kind kind, const std::string& missing);

/// What other mounts cover of the file systems of a type, by which the kernel refuses another one
/// in a user namespace (mount_namespaces(7)).
std::vector<std::string> covered_parts(std::string_view mountinfo, std::string_view type);

/// The same for a change of propagation; `alternative` avoids it.
std::string hint_for_propagation(int code, const std::string& alternative);

/// The same for fork(2).
std::string hint_for_fork(int code);

/// The error of a spawn() of `what`, with that hint if it was the fork that failed.
tl::unexpected<Error> cannot_spawn(const char* what, Error error);

/// The same for a cgroup that could not be joined.
std::string hint_for_cgroup(int code);

/// The same for the offsets of a time namespace.
std::string hint_for_time_offsets(int code);

/// The same for a mount of binfmt_misc, and for an interpreter that was not registered.
std::string hint_for_mount_binfmt(int code);
std::string hint_for_interpreter(int code);

/// The same for a host name.
std::string hint_for_hostname(int code);

/// The same for a change of UID or GID, and of supplementary groups.
std::string hint_for_ids(int code);
std::string hint_for_groups(int code);

}  // namespace nsx
