// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <nsx/namespace.hh>

namespace nsx {

/// The device that all namespace files are on; 0: /proc does not show one.
dev_t nsfs_device(const Kernel& kernel);

/// Opens a namespace by a link in the proc mount, below `dir`: 42/ns/net. These links lead to the
/// namespace directly, past all other file systems.
Result<Namespace> open_namespace_link(const Kernel& kernel, int dir, const std::string& path);

/// Opens a namespace file whose path a search has found in a mountinfo, below the root directory
/// `dir` of a process ("./run/netns/blue"), or from AT_FDCWD. ETIMEDOUT: the path leads through a
/// file system that does not answer.
Result<Namespace> open_found_namespace(const Kernel& kernel, int dir, const std::string& path);

}  // namespace nsx
