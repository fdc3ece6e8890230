// SPDX-License-Identifier: MIT
#pragma once
// Opening files below file systems that may not answer: FUSE, or network file systems whose server
// is down.
//
// A path lookup there waits for the server. Once a FUSE server has accepted the request, not even
// SIGKILL ends the wait (fuse_request_wait_answer() in the kernel). So a path is first looked up in
// the kernel's cache only, which never waits, and then in a child. A child that does not return is
// killed or, if that has no effect, abandoned.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <nsx/fd.hh>

namespace nsx {

/// The origin of a path, which determines the timeout of its file system.
enum class PathFrom : std::uint8_t {
  user,    ///< given by the caller's user: 10 s, enough for an automount
  search,  ///< found by a search, so possibly anyone's: 1 s each, 2 s per minute in total
};

/// Opens `path` below `dir`, close-on-exec. `resolve` is a set of RESOLVE_* flags of openat2(2).
/// Errors: ETIMEDOUT, the file system does not answer.
Result<OwnedFd> open_answering(int dir, const std::string& path, int flags, PathFrom from,
                               std::uint64_t resolve = 0);

/// Computes a text in a child that reads files on such file systems. None: it has not finished
/// within 2 s. The child has the caller's memory and descriptors, but a single thread.
std::optional<std::string> text_in_time(const std::function<std::string()>& work);

}  // namespace nsx
