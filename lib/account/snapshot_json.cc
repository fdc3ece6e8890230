// SPDX-License-Identifier: MIT
// Parses snapshots from JSON. No other file in this directory uses nlohmann's library.

#include <algorithm>

#include "account/account.hh"

#define JSON_NO_IO 1  // streams would dominate the start-up time
#include <nlohmann/json.hpp>

#include "cgroup/files.hh"
#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

// Only functions of nlohmann's library that do not throw are used.
using json = nlohmann::ordered_json;
using Tree = JsonTree<json>;

/// Larger than any tree needs, smaller than a machine's memory.
constexpr std::size_t kMaxSize = std::size_t{64} << 20;

/// The nesting depth of a snapshot.
constexpr int kMaxDepth = 8;

tl::unexpected<Error> no_snapshot(const std::string& reason) {
  return problem("invalid cgroup snapshot", {}, reason);
}

const json* member(const json& value, const char* key) {
  const auto found = value.find(key);
  return found != value.end() ? &*found : nullptr;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                              "WXYZ0123456789._-") == std::string_view::npos;
}

Status add_setting(const std::string& file, const json& value, CgroupRecord& record) {
  const auto* const text = value.get_ptr<const json::string_t*>();
  if (text == nullptr) return no_snapshot("the value of " + file + " is not a string");
  if (text->find_first_of(std::string_view("\n\0", 2)) != std::string::npos) {
    return no_snapshot("the value of " + file + " contains a line feed or a NUL");
  }
  record.settings.push_back({file, *text});
  return {};
}

Status add_settings(const json& settings, CgroupRecord& record) {
  if (!settings.is_object()) return no_snapshot("'settings' is not an object");
  for (auto each = settings.begin(); each != settings.end(); ++each) {
    const std::string& file = each.key();
    if (!is_name(file) || file.find('.') == std::string::npos || !is_setting(file)) {
      return no_snapshot('\'' + file + "' is not a setting");
    }
    if (!each->is_array()) {
      TRY(add_setting(file, *each, record));
      continue;
    }
    for (const json& line : *each) {
      TRY(add_setting(file, line, record));
    }
  }
  return {};
}

Result<CgroupRecord> read_record(const json& value) {
  if (!value.is_object()) return no_snapshot("a cgroup is not an object");
  CgroupRecord record;
  const json* path = member(value, "path");
  const auto* const text = path != nullptr ? path->get_ptr<const json::string_t*>() : nullptr;
  if (text == nullptr || text->empty()) return no_snapshot("a cgroup has no 'path'");
  // A path must stay below the first cgroup.
  const auto normal = normal_cgroup_path(*text, "");
  if (!normal || text->front() == '/' || (*text != "." && *normal != '/' + *text)) {
    return no_snapshot("the path '" + *text + "' is not below the first cgroup");
  }
  record.path = *text;
  if (const json* controllers = member(value, "controllers")) {
    if (!controllers->is_array()) return no_snapshot("'controllers' is not an array");
    for (const json& each : *controllers) {
      const auto* const name = each.get_ptr<const json::string_t*>();
      if (name == nullptr || !is_name(*name))
        return no_snapshot("'controllers' contains an invalid name");
      record.controllers.push_back(*name);
    }
  }
  if (const json* settings = member(value, "settings")) {
    TRY(add_settings(*settings, record));
  }
  return record;
}

}  // namespace

Result<CgroupSnapshot> parse_snapshot(std::string_view text) {
  if (text.size() > kMaxSize) return no_snapshot("it is too large");
  if (nests_deeper(text, kMaxDepth)) return no_snapshot("it is nested too deeply");
  const Tree whole(json::parse(text.begin(), text.end(), nullptr, false));
  if (whole.is_discarded()) return no_snapshot("it is not valid JSON");
  const json* version = whole.is_object() ? member(whole, kSnapshotVersionKey) : nullptr;
  if (version == nullptr) {
    return no_snapshot(std::string("it has no member '") + kSnapshotVersionKey + '\'');
  }
  const auto* const number = version->get_ptr<const json::number_unsigned_t*>();
  if (number == nullptr || *number != kSnapshotVersion)
    return no_snapshot("its version is unknown");
  const json* cgroups = member(whole, "cgroups");
  if (cgroups == nullptr || !cgroups->is_array() || cgroups->empty()) {
    return no_snapshot("it has no array 'cgroups'");
  }
  CgroupSnapshot snapshot;
  for (const json& each : *cgroups) {
    snapshot.cgroups.push_back(TRY(read_record(each)));
  }
  return snapshot;
}

}  // namespace nsx
