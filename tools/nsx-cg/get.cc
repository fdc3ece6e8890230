// nsx-cg get.

#include <nsx/cgroup_explain.hh>
#include <nsx/cgroup_limits.hh>
#include <nsx/cgroup_snapshot.hh>

#include "common/json.hh"
#include "common/number.hh"
#include "common/report.hh"
#include "nsx-cg/code.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"

namespace nsx::cg_tool {

namespace {

/// A key as it was asked for, and the lines of its file.
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
    // A name, not a path to somewhere else.
    if (file.find('/') != std::string::npos || file.find('.') == std::string::npos ||
        file.starts_with('.')) {
      return refuse("read the key", cli::quoted(key), "no file of a cgroup has this name");
    }
    auto text = read_or_explain(tree, cgroup, file);
    if (!text) return error_of(text);
    // Nothing is attached to the cgroup that would limit it.
    if (text->empty() && (file == "net.in" || file == "net.out")) *text = "max";
    entries.push_back({key, lines_of(*text)});
  }
  return entries;
}

/// All settings of one cgroup.
Result<std::vector<Entry>> read_settings(const Cgroup& cgroup) {
  auto record = read_cgroup_record(cgroup, ".");
  if (!record) return error_of(record);
  std::vector<Entry> entries;
  for (const CgroupSetting& setting : record->settings) {
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

std::string text_of(const std::vector<Entry>& entries, bool human, bool values) {
  std::string text;
  for (const Entry& entry : entries) {
    for (const std::string& line : entry.lines) {
      const auto number = human && entry.lines.size() == 1 && is_size(entry.key)
                              ? cli::parse_number<std::uint64_t>(line)
                              : std::nullopt;
      if (!values) text += entry.key + '=';
      text += (number ? format_size(*number) : line) + '\n';
    }
    if (entry.lines.empty() && !values) text += entry.key + "=\n";
  }
  return text;
}

std::string json_of(const std::vector<Entry>& entries) {
  cli::JsonWriter json;
  json.open('{');
  for (const Entry& entry : entries) {
    json.key(entry.key);
    const auto number = entry.lines.size() == 1
                            ? cli::parse_number<std::uint64_t>(entry.lines.front())
                            : std::nullopt;
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

int get(const cli::CommandLine& line) {
  auto session = Session::open();
  if (!session) return finish(kGet, error_of(session));
  auto cgroup = session->tree.find(line.operands.front());
  if (!cgroup) return finish(kGet, error_of(cgroup));
  const auto keys = std::span(line.operands).subspan(1);
  auto entries = keys.empty() ? read_settings(*cgroup) : read_keys(session->tree, *cgroup, keys);
  if (!entries) return finish(kGet, error_of(entries));
  return cli::print(
      kGet, line.has('J') ? json_of(*entries) : text_of(*entries, line.has('H'), line.has('v')));
}

}  // namespace nsx::cg_tool
