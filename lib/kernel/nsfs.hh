// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <nsx/namespace.hh>

namespace nsx {

/// Returns the device number of nsfs, which contains all namespace files; 0 if /proc shows none.
dev_t nsfs_device(const Kernel& kernel);

/// Opens a namespace through a link in the proc mount, relative to `dir`: 42/ns/net. Such links
/// lead directly to the namespace and involve no other file system.
Result<Namespace> open_namespace_link(const Kernel& kernel, int dir, const std::string& path);

/// Opens a namespace file that was found in a mountinfo, relative to the root directory `dir` of a
/// process ("./run/netns/blue") or AT_FDCWD. Errors: ETIMEDOUT, a file system in the path does not
/// answer.
Result<Namespace> open_found_namespace(const Kernel& kernel, int dir, const std::string& path);

}  // namespace nsx
