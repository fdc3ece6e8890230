// SPDX-License-Identifier: MIT
#include "nsx-cg/commands.hh"

#include <array>
#include <cstdio>

#include "common/report.hh"
#include "try.hh"

namespace nsx::cg_tool {

Result<Session> Session::open() {
  auto kernel = TRY(cli::open_kernel());
  auto kept = std::make_unique<const Kernel>(std::move(kernel));
  auto tree = TRY(CgroupTree::open(*kept, cli::target_options()));
  return Session{std::move(kept), std::move(tree)};
}

int finish(const cli::Tool& tool, const Status& status) {
  if (status) return cli::finish_stdout(tool);
  cli::report(tool, status.error());
  return 1;
}

Result<Cgroup> find_to_change(const Session& session, const char* name, bool force) {
  auto cgroup = session.tree.find(name);
  if (!cgroup || force) return cgroup;
  TRY(check_single_writer(session.tree, cgroup->path()));
  return cgroup;
}

Status change(const Session& session, std::span<const CgroupWanted> wanted,
              const ChangeOptions& options) {
  auto steps = TRY(plan_cgroups(session.tree, wanted, options.how));
  return carry_out_or_print(session, steps, options.dry_run);
}

void print_steps(const Session& session, std::span<const CgroupStep> steps) {
  for (const CgroupStep& step : steps)
    std::printf("%s\n", describe(session.tree.mount_point(), step).c_str());
}

Status carry_out_or_print(const Session& session, std::span<const CgroupStep> steps, bool dry_run) {
  if (dry_run) {
    print_steps(session, steps);
  } else {
    TRY(carry_out_cgroup_steps(session.tree, steps));
  }
  return {};
}

Result<std::vector<CgroupLimit>> parse_limits(std::span<char* const> operands) {
  std::vector<CgroupLimit> limits;
  for (const char* text : operands) {
    limits.push_back(TRY(parse_cgroup_limit(text)));
  }
  return limits;
}

Result<std::vector<CgroupSetting>> settings_of(const cli::Tool& tool, const Session& session,
                                               const std::string& path,
                                               std::span<const CgroupLimit> limits) {
  auto settings = TRY(resolve_cgroup_limits(session.tree, path, limits));
  for (const CgroupSetting& setting : settings) {
    if (!setting.rounded_from) continue;
    cli::note(tool, setting.file + ": rounded up from " + std::to_string(*setting.rounded_from) +
                        " to " + setting.value + " bytes (whole pages)");
  }
  return settings;
}

std::string path_below(const std::string& path, const std::string& name) {
  return (path == "/" ? path : path + '/') + name;
}

namespace {

constexpr std::array kCommands{
    cli::Command{&kLs, list, "list show"},
    cli::Command{&kTree, tree},
    cli::Command{&kTop, top},
    cli::Command{&kRun, run},
    cli::Command{&kExec, exec},
    cli::Command{&kCreate, create, "mkdir"},
    cli::Command{&kRm, remove, "rmdir", true},
    cli::Command{&kMv, move, "move"},
    cli::Command{&kKillTable, kill, nullptr, true},
    cli::Command{&kFreeze, freeze, nullptr, true},
    cli::Command{&kThaw, thaw},
    cli::Command{&kWait, wait},
    cli::Command{&kReclaim, reclaim, nullptr, true},
    cli::Command{&kDelegate, delegate},
    cli::Command{&kSet, set},
    cli::Command{&kGet, get},
    cli::Command{&kExplain, explain},
    cli::Command{&kExport, export_},
    cli::Command{&kApply, apply},
    cli::Command{&kWhich, which},
};

constexpr std::array kOptions{
    cli::kHelp,
    cli::kVersion,
};

}  // namespace

constexpr cli::Suite kSuite{
    {"nsx-cg",
     "command [options] [operands]",
     "Limit and monitor cgroups",
     kOptions,
     cli::Operands::program,
     kUsageStatus,
     nullptr,
     {{{"nsx-cg top", "what uses the machine now"},
       {"nsx-cg run memory=512M -- make", "with a memory limit"},
       {"nsx-cg explain web", "which limits apply to web"}}}},
    kCommands,
};

}  // namespace nsx::cg_tool
