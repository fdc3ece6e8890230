// SPDX-License-Identifier: MIT
#pragma once
// Waiting for a file of a cgroup to change.

#include <chrono>
#include <optional>

#include <nsx/fd.hh>

namespace nsx {

/// A moment that is waited for at most; none: for ever.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

Deadline deadline_after(std::optional<std::chrono::milliseconds> timeout);

/// Waits until a change of the file is told (POLLPRI), for `longest` at most. False: the deadline
/// has passed.
Result<bool> wait_for_change(int file, const Deadline& deadline,
                             std::optional<std::chrono::milliseconds> longest = std::nullopt);

}  // namespace nsx
