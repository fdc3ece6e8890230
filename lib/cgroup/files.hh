// SPDX-License-Identifier: MIT
#pragma once
// The files of a cgroup: whose controller each is, which are settings, and what they say. All
// parsers take any text, and give none where it makes no sense.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nsx {

/// The controller that gives a cgroup this file: "memory" of "memory.max". Empty for what each
/// cgroup has.
std::string_view controller_of(std::string_view file);

/// Whether a list like cgroup.subtree_control has this name.
bool lists_controller(std::string_view list, std::string_view controller);

/// Returns the command for a file that acts when it is written, or that holds processes: "nsx-cg
/// kill". Null for a setting, and for a file that is harmless to write.
const char* command_for(std::string_view file);

/// Whether a file that can be read and written is a setting that is worth to be kept.
bool is_setting(std::string_view file);

/// Whether a file holds a size of memory, which the kernel counts in pages.
bool is_memory_size(std::string_view file);

/// What the kernel writes as "max".
inline constexpr std::uint64_t kNoCgroupLimit = UINT64_MAX;

/// A number, or "max", which is kNoCgroupLimit. A line feed may follow.
std::optional<std::uint64_t> parse_cgroup_number(std::string_view text);

/// The number behind `key` in lines of "KEY NUMBER": cpu.stat, memory.events, cgroup.events.
std::optional<std::uint64_t> find_keyed_number(std::string_view text, std::string_view key);

/// The value of KEY=VALUE among words with blanks between.
std::optional<std::string_view> find_word(std::string_view line, std::string_view key);

/// The number behind `key` in one line of "DEVICE KEY=NUMBER KEY=NUMBER": io.stat.
std::optional<std::uint64_t> find_nested_number(std::string_view line, std::string_view key);

}  // namespace nsx
