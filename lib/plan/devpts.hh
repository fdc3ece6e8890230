// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include <nsx/fd.hh>
#include <nsx/id_map.hh>

namespace nsx {

/// Opens the top of the devpts mounted on /dev/pts below an untrusted root directory, for
/// open_ptmx() only. `users` is the id map of the owners of the root directory, if known. Empty: no
/// devpts; its file system does not answer; it was mounted by a user who is not in the map.
OwnedFd open_devpts(int root, const std::optional<IdMap>& users);

/// Opens the multiplexer of a devpts, which creates a new pseudo-terminal (pty(7)). Ignores mounts
/// on top of it. Empty on failure, with errno set.
OwnedFd open_ptmx(int devpts, int flags);

}  // namespace nsx
