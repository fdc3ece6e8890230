// SPDX-License-Identifier: MIT
#pragma once
// Opening files below file systems that may not answer: FUSE, or a dead server's.
//
// Looking up a path there waits for whoever serves it. Once a FUSE server has taken the request,
// not even SIGKILL ends the wait (fuse_request_wait_answer() in the kernel). So a path is first
// looked up in the kernel's cache alone, which waits for nobody, and then by a child. A child that
// does not return is killed and, if that does not end it, abandoned.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <nsx/fd.hh>

namespace nsx {

/// Where a path comes from, which decides how long its file system may take.
enum class PathFrom : std::uint8_t {
  user,    ///< the caller's user gave it: 10 s, as an automount takes its time
  search,  ///< a search found it, so anyone may have made it: 1 s, and 2 s a minute for all of them
};

/// Opens `path` below `dir`, close-on-exec. `resolve` is a set of RESOLVE_* of openat2(2).
/// ETIMEDOUT: the file system does not answer.
Result<OwnedFd> open_answering(int dir, const std::string& path, int flags, PathFrom from,
                               std::uint64_t resolve = 0);

/// Lets a child work out a text by reading files that may be on such file systems. None: it has not
/// finished within 2 s. The child has the caller's memory and descriptors, but no other thread.
std::optional<std::string> text_in_time(const std::function<std::string()>& work);

}  // namespace nsx
