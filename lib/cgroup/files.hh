// SPDX-License-Identifier: MIT
#pragma once
// Paths, files and values of cgroups as text, and waiting for a change of a file.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/result.hh>

namespace nsx {

// The files of a cgroup: their controllers, which of them are settings, and their contents. All
// parsers accept any text and return nothing if it is malformed.

/// Returns the controller that provides this file: "memory" for "memory.max". Empty for files that
/// every cgroup has.
std::string_view controller_of(std::string_view file);

/// Whether a list like cgroup.subtree_control contains this name.
bool lists_controller(std::string_view list, std::string_view controller);

/// Returns the command for a file that acts when it is written, or that holds processes: "nsx-cg
/// kill". Null for a setting, and for a file that is harmless to write.
const char* command_for(std::string_view file);

/// Whether a readable and writable file is a setting that is worth saving.
bool is_setting(std::string_view file);

/// Whether a file contains an amount of memory, which the kernel rounds to pages.
bool is_memory_size(std::string_view file);

/// The value that the kernel writes as "max".
inline constexpr std::uint64_t kNoCgroupLimit = UINT64_MAX;

/// Parses a number, or "max" as kNoCgroupLimit. A trailing line feed is allowed.
std::optional<std::uint64_t> parse_cgroup_number(std::string_view text);

/// Returns the number after `key` in lines of "KEY NUMBER": cpu.stat, memory.events, cgroup.events.
std::optional<std::uint64_t> find_keyed_number(std::string_view text, std::string_view key);

/// Returns the value of KEY=VALUE among space-separated words.
std::optional<std::string_view> find_word(std::string_view line, std::string_view key);

/// Returns the number after `key` in a line of "DEVICE KEY=NUMBER KEY=NUMBER": io.stat.
std::optional<std::uint64_t> find_nested_number(std::string_view line, std::string_view key);

// Paths of cgroups as text.

/// Normalizes a path below the top: "/a/b", without repeated or trailing slashes. A path that
/// starts with the mount point is taken for a directory. Errors: it is empty, contains ".." or a
/// character that is not allowed in cgroup names.
Result<std::string> normal_cgroup_path(std::string path, const std::string& mount_point);

/// The maximum depth of a new cgroup. Reading and removing subtrees descends no further, as each
/// level holds a descriptor.
inline constexpr int kMaxCgroupDepth = 200;

/// The last component of a path, and the path of the parent.
std::string_view last_name(std::string_view path);
std::string_view path_above(std::string_view path);

/// Returns the paths of all ancestors, from the top down.
std::vector<std::string> paths_above(std::string_view path);

// Waiting for changes of a cgroup's file.

/// The time at which waiting ends; never if not set.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

Deadline deadline_after(std::optional<std::chrono::milliseconds> timeout);

/// Waits until the kernel reports a change of the file (POLLPRI), for at most `longest`. Returns
/// false if the deadline has passed.
Result<bool> wait_for_change(int file, const Deadline& deadline,
                             std::optional<std::chrono::milliseconds> longest = std::nullopt);

}  // namespace nsx
