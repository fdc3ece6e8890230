// SPDX-License-Identifier: MIT
// nsx-cg explain.

#include <algorithm>
#include <array>

#include <nsx/cgroup_change.hh>

#include "common/json.hh"
#include "common/locale.hh"
#include "common/report.hh"
#include "common/table_text.hh"
#include "common/value.hh"
#include "nsx-cg/cells.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/top_live.hh"

namespace nsx::cg_tool {

namespace {

struct Request {
  bool json = false;
};

constexpr std::array kExplainOptions{
    cli::flag('J', "json", "print JSON", cli::set_flag<&Request::json>),
    cli::kHelp,
};

bool is_memory(const std::string& file) {
  return file.starts_with("memory.");
}

bool is_byte_rate(const std::string& file) {
  return file.starts_with("net.") || file.ends_with("bps");
}

std::string value_text(const std::string& file, const std::string& value) {
  if (is_memory(file)) {
    const auto number = parse_number<std::uint64_t>(value);
    return number ? format_size(*number) : value;
  }
  if (is_byte_rate(file)) {
    const auto number = parse_number<std::uint64_t>(value);
    return number ? format_size(*number) + "/s" : value;
  }
  if (file == "cpu.max") {
    const std::size_t blank = value.find(' ');
    const auto quota = parse_number<double>(value.substr(0, blank));
    const auto period =
        blank != std::string::npos ? parse_number<double>(value.substr(blank + 1)) : quota;
    if (quota && period && *period > 0) {
      std::string cpus = std::to_string(*quota / *period);
      cpus.erase(cpus.find('.') + 3);
      return cpus + " CPUs (" + value + ')';
    }
  }
  return value;
}

/// Adds the name of the disk: "io.max 8:0 wbps" becomes "io.max 8:0 (sda) wbps".
std::string with_disk(const std::string& file) {
  const std::size_t begin = file.find(' ');
  if (begin == std::string::npos) return file;
  const std::size_t end = file.find(' ', begin + 1);
  const std::string disk = disk_name(file.substr(begin + 1, end - begin - 1));
  return disk.empty() ? file : file.substr(0, end) + " (" + disk + ')' + file.substr(end);
}

std::string limits_text(const CgroupExplanation& explanation) {
  std::string text;
  for (const ExplainedLimit& limit : explanation.limits) {
    text += with_disk(limit.file) + ": ";
    if (!limit.effective) {
      text += "no limit\n";
      continue;
    }
    const auto& level = limit.levels[*limit.effective];
    text += value_text(limit.file, level.value) + ", set at " + printable(level.path);
    if (limit.usage) {
      text +=
          ", where " +
          (is_memory(limit.file) ? size_text(*limit.usage, false) : std::to_string(*limit.usage)) +
          " are in use";
    }
    text += '\n';
    for (std::size_t i = 0; i < limit.levels.size(); ++i) {
      const auto& other = limit.levels[i];
      const bool is_limit = !other.value.starts_with("max");
      if (i == *limit.effective || !is_limit) continue;
      text += "  " + value_text(limit.file, other.value) + " at " + printable(other.path) +
              " has no effect\n";
    }
  }
  return text;
}

std::string hindrances_text(const CgroupExplanation& explanation) {
  std::string text;
  for (const Hindrance& each : explanation.hindrances) {
    text += printable(each.path) + ' ' + each.what;
    if (each.file != "cgroup.freeze") {
      text += ' ' + std::to_string(each.count) + (each.count == 1 ? " time" : " times");
    }
    text += " (" + each.file + ')';
    text += each.is_now ? ", just now\n" : "\n";
  }
  return text;
}

std::string controllers_text(const CgroupExplanation& explanation) {
  std::string text;
  for (const ExplainedController& each : explanation.controllers) {
    if (each.is_here) continue;
    text += "no " + each.name + " controller: ";
    if (!each.missing_at.empty()) {
      text += printable(each.missing_at) + " does not hand it down\n";
    } else {
      text += each.reason + '\n';
    }
  }
  return text;
}

std::string json_of(const CgroupExplanation& explanation) {
  cli::JsonWriter json;
  json.open('{').key("name").string(explanation.path).key("limits").open('[');
  for (const ExplainedLimit& limit : explanation.limits) {
    json.open('{').key("file").string(limit.file).key("effective");
    if (limit.effective) {
      const auto& level = limit.levels[*limit.effective];
      json.open('{').key("at").string(level.path).key("value").string(level.value).close();
    } else {
      json.string_or_null({});
    }
    if (limit.usage) json.key("usage").number(*limit.usage);
    json.key("levels").open('[');
    for (const auto& level : limit.levels)
      json.open('{').key("at").string(level.path).key("value").string(level.value).close();
    json.close().close();
  }
  json.close().key("hindrances").open('[');
  for (const Hindrance& each : explanation.hindrances) {
    json.open('{').key("at").string(each.path).key("file").string(each.file);
    json.key("what").string(each.what).key("count").number(each.count);
    json.key("now").boolean(each.is_now).close();
  }
  json.close().key("controllers").open('[');
  for (const ExplainedController& each : explanation.controllers) {
    json.open('{').key("name").string(each.name).key("here").boolean(each.is_here);
    if (!each.is_here) {
      json.key("missing_at").string_or_null(each.missing_at).key("reason").string(each.reason);
    }
    json.close();
  }
  return json.close().key("outside").boolean(explanation.has_outside).close().take() + '\n';
}

/// Wraps lines at the width of the terminal and indents continuation lines.
std::string folded(const std::string& text) {
  const auto width = cli::terminal_width();
  constexpr int kIndent = 4;
  constexpr int kLeast = 20;
  if (!width) return text;
  const int room = std::max(kLeast, static_cast<int>(*width) - kIndent);
  std::string all;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = cli::with_short_ids(text.substr(start, end - start));
    std::string indent(line.find_first_not_of(' ') == 0 ? 0 : 2, ' ');
    for (const std::string& part : wrapped(line, room, line.size())) {
      all += all.empty() || all.ends_with('\n') ? "" : "\n";
      all += indent + part + '\n';
      indent.assign(kIndent, ' ');
    }
    start = end + 1;
  }
  return all;
}

}  // namespace

constexpr cli::Tool kExplain{
    "nsx-cg explain",
    "[options] cgroup",
    "Explain which limits apply to a cgroup, and why",
    kExplainOptions,
    kOneCgroup,
    kUsageStatus,
    nullptr,
    {{{"nsx-cg explain /batch", "limits, and who sets them"},
      {"nsx-cg explain web", "of a container"},
      {"nsx-cg explain --json /batch", "for scripts"}}},
};

std::string explanation_text(const CgroupExplanation& explanation) {
  std::string text =
      limits_text(explanation) + hindrances_text(explanation) + controllers_text(explanation);
  if (explanation.has_outside) {
    text += "limits set above /, outside this cgroup namespace, are not visible\n";
  }
  return text;
}

int explain(const cli::CommandLine& line) {
  cli::use_locale();
  Request request;
  if (auto read = cli::apply<kExplainOptions>(line, request); !read) {
    return cli::usage_error(kExplain, read.error());
  }
  auto session = Session::open();
  if (!session) return finish(kExplain, error_of(session));
  auto cgroup = session->tree.find(line.operands.front());
  if (!cgroup) return finish(kExplain, error_of(cgroup));
  auto explanation = explain_cgroup(session->tree, *cgroup);
  if (!explanation) return finish(kExplain, error_of(explanation));
  if (request.json) return cli::print(kExplain, json_of(*explanation));
  return cli::print(kExplain, folded(explanation_text(*explanation)));
}

}  // namespace nsx::cg_tool
