// SPDX-License-Identifier: MIT
#include "cgroup/files.hh"

#include <algorithm>
#include <array>

#include "cgroup/net.hh"
#include "kernel/text.hh"

namespace nsx {

std::string_view controller_of(std::string_view file) {
  const std::string_view prefix = file.substr(0, file.find('.'));
  // These exist without the controller: pressure files and CPU time.
  constexpr std::array<std::string_view, 6> kOfAll{"cpu.pressure", "memory.pressure",
                                                   "io.pressure",  "irq.pressure",
                                                   "cpu.stat",     "cpu.stat.local"};
  if (prefix == "cgroup" || is_net_file(file) ||
      std::find(kOfAll.begin(), kOfAll.end(), file) != kOfAll.end()) {
    return {};
  }
  return prefix;
}

bool lists_controller(std::string_view list, std::string_view controller) {
  if (list.ends_with('\n')) list.remove_suffix(1);
  while (!list.empty()) {
    if (next_field(list, ' ') == controller) return true;
  }
  return false;
}

const char* command_for(std::string_view file) {
  if (file == "cgroup.procs" || file == "cgroup.threads") return "nsx-cg mv";
  if (file == "cgroup.kill") return "nsx-cg kill";
  if (file == "cgroup.freeze") return "nsx-cg freeze";
  if (file == "memory.reclaim") return "nsx-cg reclaim";
  return nullptr;
}

bool is_memory_size(std::string_view file) {
  constexpr std::array<std::string_view, 7> kSizes{
      "memory.max",      "memory.high",      "memory.low",      "memory.min",
      "memory.swap.max", "memory.swap.high", "memory.zswap.max"};
  return std::ranges::find(kSizes, file) != kSizes.end();
}

bool is_setting(std::string_view file) {
  // Not settings: controllers have their own list, a type cannot be reverted, writing resets a
  // peak, and cpu.weight.nice is cpu.weight in other units. Pressure files take triggers.
  constexpr std::array<std::string_view, 6> kOthers{
      "cgroup.subtree_control", "cgroup.type", "memory.peak",
      "memory.swap.peak",       "pids.peak",   "cpu.weight.nice"};
  return command_for(file) == nullptr && !file.ends_with(".pressure") &&
         std::find(kOthers.begin(), kOthers.end(), file) == kOthers.end();
}

std::optional<std::string_view> find_word(std::string_view line, std::string_view key) {
  while (!line.empty()) {
    std::string_view word = next_field(line, ' ');
    if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=') {
      return word.substr(key.size() + 1);
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_cgroup_number(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text == "max") return kNoCgroupLimit;
  return parse_number<std::uint64_t>(text);
}

std::optional<std::uint64_t> find_keyed_number(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = next_field(text, '\n');
    if (next_field(line, ' ') == key) return parse_cgroup_number(line);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> find_nested_number(std::string_view line, std::string_view key) {
  const auto word = find_word(line, key);
  return word ? parse_cgroup_number(*word) : std::nullopt;
}

Result<std::string> normal_cgroup_path(std::string path, const std::string& mount_point) {
  constexpr const char* kInvalid = "invalid cgroup path '{}'";
  const std::string given = path;
  if (path.empty()) return problem(kInvalid, given, "it is empty; the top of the tree is /");
  if (!mount_point.empty() && (path == mount_point || path.starts_with(mount_point + '/'))) {
    path.erase(0, mount_point.size());
  }
  if (path.find('\n') != std::string::npos || path.find('\0') != std::string::npos) {
    return problem(kInvalid, given, "it contains a line feed or a NUL");
  }
  std::string normal;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string_view name = next_field(rest, '/');
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      return problem(kInvalid, given, "'..' is not allowed");
    }
    normal += '/';
    normal += name;
  }
  return normal.empty() ? "/" : normal;
}

std::string_view last_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view path_above(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}

std::vector<std::string> paths_above(std::string_view path) {
  std::vector<std::string> paths;
  while (path != "/") {
    path = path_above(path);
    paths.emplace_back(path);
  }
  std::ranges::reverse(paths);
  return paths;
}

}  // namespace nsx
