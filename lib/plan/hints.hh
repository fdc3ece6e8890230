// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/enter.hh>
#include <nsx/kind.hh>
#include <nsx/result.hh>

namespace nsx {

/// Returns advice about the sysctls of Debian and Ubuntu that deny user namespaces to ordinary
/// users, or an empty string if none is active. `proc` is a proc mount.
std::string hint_for_user_namespaces(int proc);

/// Returns advice for a failed unshare(2) of these kinds, or an empty string. `alternative` is
/// appended if a user namespace would help.
std::string hint_for_unshare(int code, KindSet kinds, const std::string& alternative = {});

/// Returns advice for a failed setns(2).
std::string hint_for_setns(int code, Kind kind);

/// Returns advice for a rejected id map.
std::string hint_for_id_map(int code);

/// Returns advice for a failed mount of proc or sysfs, which show the pid or net namespace. `proc`
/// is a proc mount from before entering; `missing` are the options with which that namespace would
/// belong to the user namespace.
std::string hint_for_mount(int code, int proc, Kind kind, const std::string& missing);

/// Returns the paths in file systems of a type that other mounts cover. If there are any, the
/// kernel denies another mount of that type in a user namespace (mount_namespaces(7)).
std::vector<std::string> covered_parts(std::string_view mountinfo, std::string_view type);

/// Returns advice for a failed change of propagation; `alternative` avoids it.
std::string hint_for_propagation(int code, const std::string& alternative);

/// Returns advice for a failed fork(2).
std::string hint_for_fork(int code);

/// Returns the error of a spawn() of `what`, with the advice of hint_for_fork() if the fork has
/// failed.
tl::unexpected<Error> cannot_spawn(const char* what, Error error);

/// Returns advice for a cgroup that could not be joined.
std::string hint_for_cgroup(int code);

/// Returns advice for rejected offsets of a time namespace.
std::string hint_for_time_offsets(int code);

/// Return advice for a failed mount of binfmt_misc, and a failed registration of an interpreter.
std::string hint_for_mount_binfmt(int code);
std::string hint_for_interpreter(int code);

/// Returns advice for a failed change of the host name.
std::string hint_for_hostname(int code);

/// Return advice for a failed change of UID or GID, and of supplementary groups.
std::string hint_for_ids(int code);
std::string hint_for_groups(int code);

// The program to run, and the files that contain it.

/// Returns the effective UID of the program, in its own user namespace. None: it keeps the
/// caller's, which may be another number there.
Result<std::optional<uid_t>> program_uid(const EnterRequest& request, const EnterFacts& facts);

/// Returns the owner of the program itself, for messages: of EnterFacts::tools if there are any,
/// otherwise the same as whose_files().
std::string whose_program(const EnterFacts& facts);

/// Returns the owner of EnterFacts::files, for messages. Empty: the caller.
std::string whose_files(const EnterFacts& facts);

/// Adds a hint to the error of a missing program that says where it was searched. `files` and
/// `hint` are those of step::Execute; `path` is the variable PATH.
void say_where(Error& error, const std::string& program, const std::string& files,
               const std::string& path, const std::string& hint);

}  // namespace nsx
