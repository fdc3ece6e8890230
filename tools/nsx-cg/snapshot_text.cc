// SPDX-License-Identifier: MIT
#include <algorithm>

#include <nsx/text.hh>

#include "common/json.hh"
#include "nsx-cg/commands.hh"

namespace nsx::cg_tool {

namespace {

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character character = first_character(text);
    if (!character.code) return false;
    text.remove_prefix(character.length);
  }
  return true;
}

/// Writes a member for each file: its line, or a list of its lines.
void write_settings(const std::vector<CgroupSetting>& settings, cli::JsonWriter& json) {
  json.open('{');
  for (auto first = settings.begin(); first != settings.end(); ++first) {
    const auto is_same = [&](const CgroupSetting& other) { return other.file == first->file; };
    if (std::any_of(settings.begin(), first, is_same)) continue;
    const bool is_list = std::count_if(first, settings.end(), is_same) > 1;
    json.key(first->file);
    if (is_list) json.open('[');
    for (auto line = first; line != settings.end(); ++line) {
      if (is_same(*line)) json.string(line->value);
    }
    if (is_list) json.close();
  }
  json.close();
}

}  // namespace

Result<std::string> format_snapshot(const CgroupSnapshot& snapshot) {
  cli::JsonWriter json(cli::JsonLayout::ascii_lines);
  json.open('{').key(kSnapshotVersionKey).number(kSnapshotVersion).key("cgroups").open('[');
  for (const CgroupRecord& record : snapshot.cgroups) {
    // Invalid bytes would be replaced, which could make the name that of another cgroup.
    if (!is_utf8(record.path)) {
      return refuse("export the cgroup", record.path, "its name is not UTF-8, which JSON requires");
    }
    json.open('{').key("path").string(record.path).key("controllers").open('[');
    for (const std::string& controller : record.controllers)
      json.string(controller);
    json.close().key("settings");
    write_settings(record.settings, json);
    json.close();
  }
  return json.close().close().take() + '\n';
}

}  // namespace nsx::cg_tool
