// SPDX-License-Identifier: MIT
#pragma once
// Opening paths that no other user can redirect.

#include <string>
#include <sys/types.h>

#include <nsx/fd.hh>

namespace nsx {

/// Opens `path` as an O_PATH descriptor, component by component. Rejects a path that another user
/// could redirect, now or later.
///
/// Every component, including symbolic links, must be owned by root, the caller or the owner of
/// "/", and no directory, including the last, may be writable by others. The exception is a sticky
/// directory like /tmp, if the next component is owned by root or the caller: nobody else can
/// rename it (inode(7)). FUSE is rejected, because its server can report any owner.
///
/// In a user namespace, all users without a mapping look the same, and "/" usually belongs to one
/// of them. A component owned by such a user is accepted as if it were root's, except in a sticky
/// directory unless it is a namespace file.
///
/// A relative path starts at the working directory; its ancestors are not checked.
Result<OwnedFd> open_trusted(const std::string& path);

/// Returns whether a user is trusted like the caller: root, or the caller itself.
bool is_trusted_owner(uid_t owner);

/// Returns a path to an open descriptor, for mount(2), umount2(2) and inotify_add_watch(2), which
/// accept no descriptor. Requires proc(5) on /proc.
std::string path_of_fd(int fd);

}  // namespace nsx
