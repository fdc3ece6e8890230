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

}  // namespace nsx
