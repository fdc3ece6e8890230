// SPDX-License-Identifier: MIT
#include "nsx-cg/missing.hh"

#include <algorithm>
#include <unistd.h>

namespace nsx::cg_tool {

namespace {

bool is_pressure(CgroupFileSet files) {
  return files.contains(CgroupFile::cpu_pressure) || files.contains(CgroupFile::memory_pressure) ||
         files.contains(CgroupFile::io_pressure);
}

/// "memory", "memory and pids", "memory, io and pids".
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

}  // namespace

MissingColumns::MissingColumns(const CgroupTree& tree) : tree_(tree) {
  const auto top = tree.open_cgroup("/");
  const auto text = top ? top->read("cgroup.controllers") : std::string();
  const auto present = split_controllers(text ? *text : std::string());
  const std::string pressures = tree.kernel().proc_path() + "/pressure";
  const bool has_pressure = ::access(pressures.c_str(), F_OK) == 0;
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    const char* controller = kColumns[i].needs.controller;
    if (controller != nullptr && std::ranges::find(present, controller) == present.end()) {
      std::string reason = tree.why_without(controller);
      // Reasons such as "it is bound to ..." continue the sentence; others follow a colon.
      constexpr std::string_view kIt = "it ";
      why_[i] =
          std::string("the ") + controller + " controller" +
          (reason.starts_with(kIt) ? ' ' + reason.substr(kIt.size()) : " is missing: " + reason);
    } else if (is_pressure(kColumns[i].needs.files) && !has_pressure) {
      why_[i] = "the kernel does not measure pressure, or was booted with psi=0";
    }
  }
}

Status MissingColumns::check(const char* what, cli::ColumnId id) const {
  if (!has(id)) return {};
  return refuse(what, info(id).table.name, why(id));
}

std::string MissingColumns::note(std::span<const cli::ColumnId> columns) const {
  std::vector<std::string> on_v1;
  std::vector<std::string> others;
  for (const cli::ColumnId id : columns) {
    if (!has(id)) continue;
    const char* controller = info(id).needs.controller;
    const bool is_on_v1 = controller != nullptr && tree_.is_bound_to_v1(controller);
    auto& list = is_on_v1 ? on_v1 : others;
    const std::string text = is_on_v1 ? controller : why(id);
    if (std::ranges::find(list, text) == list.end()) list.push_back(text);
  }
  std::string text;
  if (!on_v1.empty()) {
    const bool is_one = on_v1.size() == 1;
    text = "the " + listed(on_v1) + (is_one ? " controller is" : " controllers are") +
           " bound to cgroup v1: " + (is_one ? "its" : "their") + " limits and usage are not shown";
  }
  for (const std::string& other : others)
    text += (text.empty() ? "" : "; ") + other;
  return text;
}

void MissingColumns::remove_from(std::vector<cli::ColumnId>& columns) const {
  const auto is_missing = [&](cli::ColumnId id) { return has(id); };
  if (!std::ranges::all_of(columns, is_missing)) std::erase_if(columns, is_missing);
}

}  // namespace nsx::cg_tool
