// nsx-cg explain.

#include <nsx/cgroup_explain.hh>
#include <nsx/cgroup_limits.hh>

#include "common/json.hh"
#include "common/number.hh"
#include "common/report.hh"
#include "nsx-cg/cells.hh"
#include "nsx-cg/code.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"

namespace nsx::cg_tool {

namespace {

bool is_memory(const std::string& file) {
  return file.starts_with("memory.");
}

bool is_byte_rate(const std::string& file) {
  return file.starts_with("net.") || file.ends_with("bps");
}

std::string value_text(const std::string& file, const std::string& value) {
  if (is_memory(file)) {
    const auto number = cli::parse_number<std::uint64_t>(value);
    return number ? format_size(*number) : value;
  }
  if (is_byte_rate(file)) {
    const auto number = cli::parse_number<std::uint64_t>(value);
    return number ? format_size(*number) + "/s" : value;
  }
  if (file == "cpu.max") {
    const std::size_t blank = value.find(' ');
    const auto quota = cli::parse_number<double>(value.substr(0, blank));
    const auto period =
        blank != std::string::npos ? cli::parse_number<double>(value.substr(blank + 1)) : quota;
    if (quota && period && *period > 0) {
      std::string cpus = std::to_string(*quota / *period);
      cpus.erase(cpus.find('.') + 3);
      return cpus + " CPUs (" + value + ')';
    }
  }
  return value;
}

/// "io.max 8:0 wbps" as "io.max 8:0 (sda) wbps".
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
          " are used";
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
    text += "no controller " + each.name + ": ";
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
      json.key("missing-at").string_or_null(each.missing_at).key("reason").string(each.reason);
    }
    json.close();
  }
  return json.close().close().take() + '\n';
}

}  // namespace

int explain(const cli::CommandLine& line) {
  auto session = Session::open();
  if (!session) return finish(kExplain, error_of(session));
  auto cgroup = session->tree.find(line.operands.front());
  if (!cgroup) return finish(kExplain, error_of(cgroup));
  auto explanation = explain_cgroup(session->tree, *cgroup);
  if (!explanation) return finish(kExplain, error_of(explanation));
  if (line.has('J')) return cli::print(kExplain, json_of(*explanation));
  return cli::print(kExplain, limits_text(*explanation) + hindrances_text(*explanation) +
                                  controllers_text(*explanation));
}

}  // namespace nsx::cg_tool
