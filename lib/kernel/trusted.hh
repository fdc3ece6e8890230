// SPDX-License-Identifier: MIT
#pragma once
// Opening paths that no other user can redirect.

#include <string>
#include <sys/types.h>

#include <nsx/fd.hh>

namespace nsx {

/// Opens `path` as an O_PATH descriptor, component by component, and refuses a path that another
/// user could redirect, now or later.
///
/// Every component, including symbolic links, must be owned by root, the caller or the owner of
/// "/", and no directory, including the last, may be writable by others. The exception is a sticky
/// directory like /tmp, if the next component is owned by root or the caller: nobody else can
/// rename that one (inode(7)). FUSE is refused: its server reports any owner it likes.
///
/// In a user namespace, all users without a mapping look the same, and "/" usually belongs to one.
/// A component that another such user owns is accepted there as if it were root's, but for one in a
/// sticky directory that is no namespace file.
///
/// A relative path starts at the working directory; directories above that are not checked.
Result<OwnedFd> open_trusted(const std::string& path);

/// Whether what a user owns is as good as the caller's own: root, or the caller.
bool is_trusted_owner(uid_t owner);

/// A path that leads to an open descriptor, for mount(2), umount2(2) and inotify_add_watch(2),
/// which take no descriptor. Requires proc(5) on /proc.
std::string path_of_fd(int fd);

}  // namespace nsx
