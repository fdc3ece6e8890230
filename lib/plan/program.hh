// SPDX-License-Identifier: MIT
#pragma once
// The program to run, and the files that contain it.

#include <optional>
#include <string>
#include <sys/types.h>

#include <nsx/enter.hh>

namespace nsx {

/// Returns the effective UID of the program, in its own user namespace. None: it keeps the
/// caller's, which may be another number there.
Result<std::optional<uid_t>> program_uid(const EnterRequest& request, const EnterFacts& facts);

/// Returns the owner of the program's files, for messages. Empty: the caller.
std::string whose_files(const EnterFacts& facts);

/// Adds a hint to the error of a missing program that says where it was searched. `files` and
/// `hint` are those of step::Execute; `path` is the variable PATH.
void say_where(Error& error, const std::string& program, const std::string& files,
               const std::string& path, const std::string& hint);

}  // namespace nsx
