// nsx-cg exec.

#include <nsx/cgroup_control.hh>
#include <nsx/plan.hh>

#include "common/report.hh"
#include "common/runner.hh"
#include "nsx-cg/code.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"

namespace nsx::cg_tool {

int exec(const cli::CommandLine& line) {
  if (line.program.empty()) {
    return cli::usage_error(kExec, {"run", "", 0, "no program is given", "it stands behind --"});
  }
  auto session = Session::open();
  if (!session) return finish(kExec, error_of(session));
  auto cgroup = find_to_change(*session, line.operands.front(), line);
  if (!cgroup) return finish(kExec, error_of(cgroup));
  if (auto joined = join_cgroup(session->tree, *cgroup); !joined) return finish(kExec, joined);
  // This process becomes the program: nothing is left to wait for it, or to clean up.
  Plan plan;
  plan.steps.emplace_back(
      step::Execute{line.program.front(), {line.program.begin(), line.program.end()}});
  const auto outcome = carry_out(*session->kernel, plan);
  return outcome ? 0 : cli::report_failure(kExec, plan, outcome.error());
}

}  // namespace nsx::cg_tool
