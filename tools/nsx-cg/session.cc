#include "nsx-cg/session.hh"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "common/report.hh"
#include "nsx-cg/commands.hh"

namespace nsx::cg_tool {

Result<Session> Session::open() {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto kept = std::make_unique<const Kernel>(std::move(*kernel));
  auto tree = CgroupTree::open(*kept);
  if (!tree) return error_of(tree);
  return Session{std::move(kept), std::move(*tree)};
}

int finish(const cli::Tool& tool, const Status& status) {
  if (status) return cli::finish_stdout(tool);
  cli::report(tool, status.error());
  return 1;
}

Result<Cgroup> find_to_change(const Session& session, const char* name,
                              const cli::CommandLine& line) {
  auto cgroup = session.tree.find(name);
  if (!cgroup || line.has(kForce)) return cgroup;
  if (auto ok = check_single_writer(session.tree, cgroup->path()); !ok) return error_of(ok);
  return cgroup;
}

Status change(const Session& session, std::span<const CgroupWanted> wanted,
              const CgroupChangeOptions& options, bool dry_run) {
  auto steps = plan_cgroups(session.tree, wanted, options);
  if (!steps) return error_of(steps);
  if (!dry_run) return carry_out_cgroup_steps(session.tree, *steps);
  for (const CgroupStep& step : *steps)
    std::printf("%s\n", describe(session.tree, step).c_str());
  return {};
}

Result<std::vector<CgroupSetting>> settings_of(const Session& session, const std::string& path,
                                               std::span<char* const> limits) {
  std::vector<CgroupLimit> parsed;
  for (const char* text : limits) {
    auto limit = parse_cgroup_limit(text);
    if (!limit) return error_of(limit);
    parsed.push_back(std::move(*limit));
  }
  return resolve_cgroup_limits(session.tree, path, parsed);
}

Result<std::chrono::milliseconds> parse_time(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  constexpr double kSecond = 1000;
  if (unit.empty() || unit == "s") number *= kSecond;
  constexpr double kMost = 1e12;
  if (error != std::errc{} || !(unit.empty() || unit == "s" || unit == "ms") || number < 0 ||
      !(number < kMost)) {
    return refuse("use as a time", cli::quoted(text), "a time is like 1.5, 10s or 250ms");
  }
  return std::chrono::milliseconds(std::llround(number));
}

std::string path_below(const std::string& path, const std::string& name) {
  return (path == "/" ? path : path + '/') + name;
}

}  // namespace nsx::cg_tool
