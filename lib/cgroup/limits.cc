// SPDX-License-Identifier: MIT
// Parses limits, without looking at the system. See nsx/cgroup_change.hh.

#include <algorithm>
#include <array>
#include <cmath>

#include <nsx/cgroup_change.hh>

#include "cgroup/files.hh"
#include "kernel/text.hh"
#include "quantity.hh"
#include "try.hh"

namespace nsx {

namespace {

/// The unit of time in the kernel's files.
constexpr std::chrono::microseconds kMicrosecond{1};

/// How the value of a file is parsed.
enum class Reads { size, cpu, time, count, weight, text, rate, disk_rates, disk_weight, disk_time };

struct Key {
  std::string_view name;
  std::string_view file;
  Reads reads;
};

constexpr std::array kKeys{
    Key{"memory", "memory.max", Reads::size},
    Key{"swap", "memory.swap.max", Reads::size},
    Key{"zswap", "memory.zswap.max", Reads::size},
    Key{"cpu", "cpu.max", Reads::cpu},
    Key{"cpus", "cpuset.cpus", Reads::text},
    Key{"mems", "cpuset.mems", Reads::text},
    Key{"pids", "pids.max", Reads::count},
    Key{"io", "io.max", Reads::disk_rates},
    Key{"net.in", "net.in", Reads::rate},
    Key{"net.out", "net.out", Reads::rate},
    Key{"memory.max", "memory.max", Reads::size},
    Key{"memory.high", "memory.high", Reads::size},
    Key{"memory.low", "memory.low", Reads::size},
    Key{"memory.min", "memory.min", Reads::size},
    Key{"memory.swap.max", "memory.swap.max", Reads::size},
    Key{"memory.swap.high", "memory.swap.high", Reads::size},
    Key{"memory.zswap.max", "memory.zswap.max", Reads::size},
    Key{"cpu.max", "cpu.max", Reads::cpu},
    Key{"cpu.max.burst", "cpu.max.burst", Reads::time},
    Key{"cpu.weight", "cpu.weight", Reads::weight},
    Key{"cpuset.cpus", "cpuset.cpus", Reads::text},
    Key{"cpuset.cpus.exclusive", "cpuset.cpus.exclusive", Reads::text},
    Key{"cpuset.mems", "cpuset.mems", Reads::text},
    Key{"pids.max", "pids.max", Reads::count},
    Key{"io.max", "io.max", Reads::disk_rates},
    Key{"io.weight", "io.weight", Reads::disk_weight},
    Key{"io.latency", "io.latency", Reads::disk_time},
};

const Key* find_key(std::string_view name) {
  const auto* const found =
      std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& key) { return key.name == name; });
  return found != kKeys.end() ? found : nullptr;
}

/// Whether this is a possible name of a file of the kernel: "hugetlb.2MB.max".
bool is_file_name(std::string_view name) {
  const bool is_spelt = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  return is_spelt && name.find('.') != std::string_view::npos && !name.starts_with('.') &&
         !name.ends_with('.');
}

tl::unexpected<Error> no_limit(std::string_view text, const std::string& reason,
                               const std::string& hint = {}) {
  return problem("invalid limit '{}'", text, reason, hint);
}

/// Parses cpu.max: CPUs, or a time in a period. The kernel accepts periods from 1 ms to 1 s, and
/// quotas of at least 1 ms.
std::optional<std::string> read_cpu(std::string_view text) {
  constexpr std::uint64_t kPeriod = 100000;
  if (text == "max") return "max " + std::to_string(kPeriod);
  // The kernel's own format.
  const std::size_t parted = text.find_first_of("/ ");
  if (parted != std::string_view::npos) {
    const auto quota = read_time(text.substr(0, parted), kMicrosecond);
    const auto period = read_time(text.substr(parted + 1), kMicrosecond);
    if (!period || *period == 0) return std::nullopt;
    if (text.substr(0, parted) == "max") return "max " + std::to_string(*period);
    if (!quota || *quota == 0) return std::nullopt;
    return std::to_string(*quota) + ' ' + std::to_string(*period);
  }
  auto cpus = read_share(text);
  if (!cpus) cpus = read_decimal(text);
  constexpr double kMost = 1e6;
  if (!cpus || *cpus <= 0 || *cpus > kMost) return std::nullopt;
  // If the quota would be below the minimum, use a longer period.
  std::uint64_t period = kPeriod;
  constexpr std::uint64_t kLongest = 1000000;
  constexpr double kLeastQuota = 1000;
  if (*cpus * static_cast<double>(period) < kLeastQuota) period = kLongest;
  const auto quota = static_cast<std::uint64_t>(std::llround(*cpus * static_cast<double>(period)));
  if (quota == 0) return std::nullopt;
  return std::to_string(quota) + ' ' + std::to_string(period);
}

/// Parses a number or a rate that is not in bytes: "500", "500/s".
std::optional<std::uint64_t> read_count_rate(std::string_view text) {
  if (text.ends_with("/s")) text.remove_suffix(2);
  return parse_number<std::uint64_t>(text);
}

std::optional<std::string> read_disk_rate(std::string_view key, std::string_view value) {
  if (value == "max") return "max";
  const bool is_bytes = key == "rbps" || key == "wbps";
  const auto number = is_bytes ? read_rate(value) : read_count_rate(value);
  if (!number || *number == 0) return std::nullopt;
  return std::to_string(*number);
}

/// Converts io.max without the device: "r=10M/s,wiops=500" to "rbps=10485760 wiops=500".
std::optional<std::string> read_rates(std::string_view text) {
  std::string written;
  if (text == "max") return "rbps=max wbps=max riops=max wiops=max";
  // Comma-separated, or the kernel's own format.
  const char separator = text.find(',') == std::string_view::npos ? ' ' : ',';
  if (text.ends_with(separator)) return std::nullopt;
  while (!text.empty()) {
    std::string_view value = next_field(text, separator);
    std::string_view key = next_field(value, '=');
    if (key == "r") key = "rbps";
    if (key == "w") key = "wbps";
    if (key != "rbps" && key != "wbps" && key != "riops" && key != "wiops") return std::nullopt;
    const auto rate = read_disk_rate(key, value);
    if (!rate) return std::nullopt;
    if (!written.empty()) written += ' ';
    written += key;
    written += '=';
    written += *rate;
  }
  return written.empty() ? std::nullopt : std::optional(written);
}

std::optional<std::string> read_weight(std::string_view text) {
  const auto weight = parse_number<unsigned>(text);
  constexpr unsigned kMost = 10000;
  if (!weight || *weight < 1 || *weight > kMost) return std::nullopt;
  return std::string(text);
}

/// Splits PATH:REST. The path may contain a colon, as in MAJOR:MINOR; the rest does not.
bool part_disk(std::string_view text, CgroupLimit& limit, std::string_view& rest) {
  std::size_t colon = text.rfind(':');
  // "8:0 rbps=1", the kernel's own format.
  const std::size_t blank = text.find(' ');
  if (blank != std::string_view::npos && !text.starts_with('/')) colon = blank;
  if (colon == std::string_view::npos || colon == 0) return false;
  limit.disk = text.substr(0, colon);
  rest = text.substr(colon + 1);
  return true;
}

Result<CgroupLimit> read_value(Reads reads, std::string_view value, CgroupLimit limit) {
  const auto put = [&](std::optional<std::string> read,
                       const char* expected) -> Result<CgroupLimit> {
    if (!read) return no_limit(limit.text, expected);
    limit.value = std::move(*read);
    return std::move(limit);
  };
  const auto put_number = [&](std::optional<std::uint64_t> read,
                              const char* expected) -> Result<CgroupLimit> {
    return put(read ? std::optional(std::to_string(*read)) : std::nullopt, expected);
  };
  std::string_view rest;
  switch (reads) {
    case Reads::size:
      if (value == "max") return put("max", "");
      limit.share = read_share(value);
      if (limit.share) {
        return *limit.share <= 1 ? Result<CgroupLimit>(std::move(limit))
                                 : no_limit(limit.text, "a share cannot exceed 100%");
      }
      return put_number(read_size(value), "expected a size like 512M, 1.5G, 50% or max");
    case Reads::cpu:
      return put(read_cpu(value), "expected CPUs like 1.5, 150%, 50ms/100ms or max");
    case Reads::time:
      return put_number(read_time(value, kMicrosecond), "expected a time like 50ms, 100us or 1s");
    case Reads::count:
      if (value == "max") return put("max", "");
      return put_number(parse_number<std::uint64_t>(value), "expected a number or max");
    case Reads::weight:
      return put(read_weight(value), "expected a weight from 1 to 10000");
    case Reads::text:
      return put(std::string(value), "");
    case Reads::rate:
      if (value == "max") return put("max", "");
      return put_number(read_rate(value), "expected a rate in bytes like 10M/s, or max");
    case Reads::disk_rates:
      if (!part_disk(value, limit, rest)) {
        return no_limit(limit.text, "expected DISK:RATES like /dev/sda:w=10M/s,riops=500");
      }
      return put(read_rates(rest),
                 "expected rates after the disk like r=10M/s,w=1M/s,riops=500,wiops=max");
    case Reads::disk_weight:
      if (value.starts_with("default ")) return put(std::string(value), "");
      if (!part_disk(value, limit, rest)) {
        auto weight = read_weight(value);
        return put(weight ? std::optional("default " + *weight) : std::nullopt,
                   "expected a weight from 1 to 10000, or DISK:WEIGHT like /dev/sda:200");
      }
      return put(rest == "default" ? "default" : read_weight(rest),
                 "expected a weight from 1 to 10000, or default");
    case Reads::disk_time: {
      if (!part_disk(value, limit, rest)) {
        return no_limit(limit.text, "expected DISK:TIME like /dev/sda:10ms");
      }
      if (rest.starts_with("target=")) rest.remove_prefix(7);
      const auto time = read_time(rest, kMicrosecond);
      return put(time ? std::optional("target=" + std::to_string(*time)) : std::nullopt,
                 "expected a time after the disk like 10ms");
    }
  }
  return limit;
}

}  // namespace

std::string cgroup_file_of(std::string_view key) {
  const Key* known = find_key(key);
  return std::string(known != nullptr ? known->file : key);
}

std::vector<std::string> cgroup_limit_keys() {
  std::vector<std::string> names;
  names.reserve(kKeys.size());
  for (const Key& key : kKeys)
    names.emplace_back(key.name);
  return names;
}

Result<CgroupLimit> parse_cgroup_limit(std::string_view text) {
  CgroupLimit limit;
  limit.text = text;
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return no_limit(text, "expected KEY=VALUE like memory=512M");
  }
  const std::string_view name = text.substr(0, equals);
  const std::string_view value = text.substr(equals + 1);
  // Several lines would become several writes.
  if (value.find_first_of(std::string_view("\n\0", 2)) != std::string_view::npos) {
    return no_limit(text, "the value contains a line feed or a NUL");
  }
  const Key* key = find_key(name);
  if (key == nullptr && !is_file_name(name)) {
    return no_limit(
        text,
        "expected a key like memory, swap, cpu, cpus, pids, io or net.in, or a kernel file like "
        "memory.high");
  }
  limit.file = key != nullptr ? key->file : name;
  if (const char* command = command_for(limit.file)) {
    return no_limit(text, limit.file + " is not a limit", std::string("use '") + command + "'");
  }
  if (value.empty() && (key == nullptr || key->reads != Reads::text)) {
    return no_limit(text, "the value is missing");
  }
  return read_value(key != nullptr ? key->reads : Reads::text, value, std::move(limit));
}

Result<std::vector<CgroupLimit>> parse_cgroup_limits(std::string_view text) {
  std::vector<CgroupLimit> limits;
  while (!text.empty()) {
    const std::string_view word = next_field(text, ' ');
    if (word.empty()) continue;
    limits.push_back(TRY(parse_cgroup_limit(word)));
  }
  if (limits.empty()) return no_limit("", "expected KEY=VALUE like memory=512M");
  return limits;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  if (const auto size = read_size(text)) return *size;
  return problem("invalid size '{}'", text, "expected a size like 512M, 1.5G or 4096");
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::string_view kUnits = "KMGTPE";
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  std::string text = std::to_string(bytes);
  if (unit > 0) text += kUnits[unit - 1];
  return text;
}

}  // namespace nsx
