// SPDX-License-Identifier: MIT
#pragma once
// The user database in files of another user.

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

#include <nsx/result.hh>

namespace nsx {

/// One line of passwd(5). The views refer to the parsed text.
struct PasswdEntry {
  std::string_view name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string_view home;
  std::string_view shell;
};

/// Removes lines from `text` up to and including the next valid entry, and returns it; none at the
/// end.
std::optional<PasswdEntry> next_passwd_entry(std::string_view& text);

/// Reads a file below the untrusted root directory `files`. No link leads out of it, FIFOs and
/// devices are not opened, and a file system that does not answer is not waited for. Errors: EFBIG,
/// it is longer than 1 MiB; it is not a regular file.
Result<std::string> read_inside(int files, const std::string& path);

}  // namespace nsx
