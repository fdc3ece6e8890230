// SPDX-License-Identifier: MIT
#pragma once
// The user database of files that are not the caller's.

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

#include <nsx/result.hh>

namespace nsx {

/// One line of passwd(5). The views point into the parsed text.
struct PasswdEntry {
  std::string_view name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string_view home;
  std::string_view shell;
};

/// Takes lines off `text` up to the next that is a valid entry; none at its end.
std::optional<PasswdEntry> next_passwd_entry(std::string_view& text);

/// Reads a file below the root directory `files`, whose owner is not trusted: no link leads out of
/// it, a FIFO or device is not opened for long, and a file system that does not answer is not
/// waited for. Errors: EFBIG, it is longer than 1 MiB; it is not a regular file.
Result<std::string> read_inside(int files, const std::string& path);

}  // namespace nsx
