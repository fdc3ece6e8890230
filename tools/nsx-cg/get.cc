// SPDX-License-Identifier: MIT
// nsx-cg get.

#include <array>

#include <nsx/cgroup_change.hh>

#include "account/account.hh"
#include "common/json.hh"
#include "common/report.hh"
#include "common/value.hh"
#include "nsx-cg/commands.hh"
#include "try.hh"

namespace nsx::cg_tool {

namespace {

struct Request {
  bool human = false;
  bool json = false;
  bool values = false;
};

constexpr std::array kGetOptions{
    cli::flag('H', "human", "print sizes with units", cli::set_flag<&Request::human>),
    cli::flag('v', "values", "print the values without keys", cli::set_flag<&Request::values>),
    cli::flag('J', "json", "print JSON", cli::set_flag<&Request::json>),
    cli::kHelp,
};

/// A key as given, and the lines of its file.
struct Entry {
  std::string key;
  std::vector<std::string> lines;
};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

Result<std::vector<Entry>> read_keys(const CgroupTree& tree, const Cgroup& cgroup,
                                     std::span<char* const> keys) {
  std::vector<Entry> entries;
  for (const std::string key : keys) {
    const std::string file = cgroup_file_of(key);
    // The key must be a file name, not a path out of the cgroup.
    if (file.find('/') != std::string::npos || file.find('.') == std::string::npos ||
        file.starts_with('.')) {
      return problem("unknown key '{}'", key, "expected a cgroup file such as memory.max");
    }
    auto text = TRY(read_or_explain(tree, cgroup, file));
    // Without a program attached to the cgroup, its traffic is unlimited.
    if (text.empty() && (file == "net.in" || file == "net.out")) text = "max";
    entries.push_back({key, lines_of(text)});
  }
  return entries;
}

/// Reads all settings of a cgroup.
Result<std::vector<Entry>> read_settings(const Cgroup& cgroup) {
  auto record = TRY(read_cgroup_record(cgroup, "."));
  std::vector<Entry> entries;
  for (const CgroupSetting& setting : record.settings) {
    if (entries.empty() || entries.back().key != setting.file)
      entries.push_back({setting.file, {}});
    entries.back().lines.push_back(setting.value);
  }
  return entries;
}

bool is_size(const std::string& key) {
  const std::string file = cgroup_file_of(key);
  return file.starts_with("memory.") && !file.ends_with(".group");
}

std::string text_of(const std::vector<Entry>& entries, const Request& request) {
  std::string text;
  for (const Entry& entry : entries) {
    for (const std::string& line : entry.lines) {
      const auto number = request.human && entry.lines.size() == 1 && is_size(entry.key)
                              ? parse_number<std::uint64_t>(line)
                              : std::nullopt;
      if (!request.values) text += entry.key + '=';
      text += (number ? format_size(*number) : line) + '\n';
    }
    if (entry.lines.empty() && !request.values) text += entry.key + "=\n";
  }
  return text;
}

std::string json_of(const std::vector<Entry>& entries) {
  cli::JsonWriter json;
  json.open('{');
  for (const Entry& entry : entries) {
    json.key(entry.key);
    const auto number =
        entry.lines.size() == 1 ? parse_number<std::uint64_t>(entry.lines.front()) : std::nullopt;
    if (number) {
      json.number(*number);
    } else if (entry.lines.size() == 1) {
      json.string(entry.lines.front());
    } else {
      json.open('[');
      for (const std::string& each : entry.lines)
        json.string(each);
      json.close();
    }
  }
  return json.close().take() + '\n';
}

}  // namespace

constexpr cli::Tool kGet{
    "nsx-cg get",
    "[options] cgroup [key...]",
    "Print the settings of a cgroup, or the given keys",
    kGetOptions,
    cli::Operands{.least = 1,
                  .most = cli::Operands::kAnyNumber,
                  .first = cli::Completes::cgroup,
                  .rest = cli::Completes::words,
                  .words = kKeyWords},
    kUsageStatus,
    nullptr,
    {{{"nsx-cg get /batch", "all settings"},
      {"nsx-cg get -v /batch memory.max", "a single value"},
      {"nsx-cg get -H web memory.current", "with a unit"}}},
};

int get(const cli::CommandLine& line) {
  Request request;
  if (auto read = cli::apply<kGetOptions>(line, request); !read) {
    return cli::usage_error(kGet, read.error());
  }
  auto session = Session::open();
  if (!session) return finish(kGet, error_of(session));
  auto cgroup = session->tree.find(line.operands.front());
  if (!cgroup) return finish(kGet, error_of(cgroup));
  const auto keys = std::span(line.operands).subspan(1);
  auto entries = keys.empty() ? read_settings(*cgroup) : read_keys(session->tree, *cgroup, keys);
  if (!entries) return finish(kGet, error_of(entries));
  return cli::print(kGet, request.json ? json_of(*entries) : text_of(*entries, request));
}

}  // namespace nsx::cg_tool
