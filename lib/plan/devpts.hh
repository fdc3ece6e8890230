// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include <nsx/fd.hh>
#include <nsx/id_map.hh>

namespace nsx {

/// The devpts that is mounted on /dev/pts below a root directory, which may be anybody's: its top,
/// for open_ptmx() alone. Empty: there is none, its file system does not answer, or it was not made
/// by an id that `users` maps, the id map of those whose root directory it is, where that is known.
OwnedFd open_devpts(int root, const std::optional<IdMap>& users);

/// Opens the multiplexer of a devpts: a new pseudo-terminal (pty(7)). Its own one, whatever is
/// mounted over it. Empty: it gives none, with errno.
OwnedFd open_ptmx(int devpts, int flags);

}  // namespace nsx
