// SPDX-License-Identifier: MIT
#pragma once
// The program that is run, and its files inside.

#include <optional>
#include <string>
#include <sys/types.h>

#include <nsx/enter.hh>

namespace nsx {

/// The effective UID that the program will have, as its own user namespace counts. None: it keeps
/// the caller's, for which that namespace may have another number.
Result<std::optional<uid_t>> program_uid(const EnterRequest& request, const EnterFacts& facts);

/// Whose files the program is one of, for people; empty: the caller's.
std::string whose_files(const EnterFacts& facts);

/// Adds to the error of a program that is missing where it was looked for: elsewhere than its name
/// tells at first sight. `files` and `hint` are those of step::Execute, `path` is the variable
/// PATH.
void say_where(Error& error, const std::string& program, const std::string& files,
               const std::string& path, const std::string& hint);

}  // namespace nsx
