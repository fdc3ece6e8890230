// SPDX-License-Identifier: MIT
#pragma once
// Waiting for changes of a cgroup's file.

#include <chrono>
#include <optional>

#include <nsx/fd.hh>

namespace nsx {

/// The time at which waiting ends; never if not set.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

Deadline deadline_after(std::optional<std::chrono::milliseconds> timeout);

/// Waits until the kernel reports a change of the file (POLLPRI), for at most `longest`. Returns
/// false if the deadline has passed.
Result<bool> wait_for_change(int file, const Deadline& deadline,
                             std::optional<std::chrono::milliseconds> longest = std::nullopt);

}  // namespace nsx
