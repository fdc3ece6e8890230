#pragma once

#include <string>

#include <nsx/kind.hh>

namespace nsx {

/// What a person can do about a failed unshare(2) of these kinds, or an empty string.
std::string hint_for_unshare(int code, KindSet kinds);

/// The same for a failed setns(2).
std::string hint_for_setns(int code, Kind kind);

/// The same for an id map that was not accepted.
std::string hint_for_id_map(int code);

/// The same for a mount of proc.
std::string hint_for_mount_proc(int code);

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
