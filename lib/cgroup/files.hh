// SPDX-License-Identifier: MIT
#pragma once
// The files of a cgroup: their controllers, which of them are settings, and their contents. All
// parsers accept any text and return nothing if it is malformed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nsx {

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

}  // namespace nsx
