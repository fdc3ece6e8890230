// SPDX-License-Identifier: MIT
// nsx-cg exec.

#include <array>

#include <nsx/plan.hh>

#include "common/report.hh"
#include "common/runner.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"

namespace nsx::cg_tool {

namespace {

constexpr std::array kExecOptions{kForce, cli::kHelp};

}  // namespace

constexpr cli::Tool kExec{
    "nsx-cg exec",
    "[options] cgroup -- program [argument...]",
    "Run a program in an existing cgroup",
    kExecOptions,
    cli::Operands{.least = 1,
                  .most = 1,
                  .first = cli::Completes::cgroup,
                  .runs = cli::Operands::Runs::after_dashes},
    kUsageStatus,
    nullptr,
    {{{"nsx-cg exec /batch -- make", "build there"},
      {"nsx-cg exec web -- sleep 60", "in the cgroup of a container"},
      {"nsx-cg run memory=1G -- make", "in a cgroup of its own instead"}}},
};

int exec(const cli::CommandLine& line) {
  CgroupChangeOptions options;
  if (auto read = cli::apply<kExecOptions>(line, options); !read) {
    return cli::usage_error(kExec, read.error());
  }
  if (line.program.empty()) {
    return cli::usage_error(kExec, {"missing program: put it after '--'", "", 0, "", ""});
  }
  auto session = Session::open();
  if (!session) return finish(kExec, error_of(session));
  auto cgroup = find_to_change(*session, line.operands.front(), options.force);
  if (!cgroup) return finish(kExec, error_of(cgroup));
  // This process becomes the program, so nothing waits for it or cleans up after it.
  Plan plan;
  step::EnterCgroup enter;
  enter.path = cgroup->path();
  plan.steps.emplace_back(std::move(enter));
  plan.steps.emplace_back(
      step::Execute{line.program.front(), {line.program.begin(), line.program.end()}});
  const auto outcome = carry_out(*session->kernel, plan);
  return outcome ? 0 : cli::report_failure(kExec, plan, outcome.error());
}

}  // namespace nsx::cg_tool
