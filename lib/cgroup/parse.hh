#pragma once
// What the files of a cgroup say. All parsers take any text, and give none where it makes no sense.

#include <optional>
#include <string_view>

#include <nsx/cgroup_sample.hh>

namespace nsx {

/// A number, or "max", which is kNoCgroupLimit. A line feed may follow.
std::optional<std::uint64_t> parse_cgroup_number(std::string_view text);

/// The number behind `key` in lines of "KEY NUMBER": cpu.stat, memory.events, cgroup.events.
std::optional<std::uint64_t> find_keyed_number(std::string_view text, std::string_view key);

/// The number behind `key` in one line of "DEVICE KEY=NUMBER KEY=NUMBER": io.stat.
std::optional<std::uint64_t> find_nested_number(std::string_view line, std::string_view key);

/// A pressure file. "full" is missing in old kernels' cpu.pressure.
std::optional<CgroupPressure> parse_pressure(std::string_view text);

/// "QUOTA PERIOD" in microseconds.
std::optional<CgroupSample::CpuMax> parse_cpu_max(std::string_view text);

}  // namespace nsx
