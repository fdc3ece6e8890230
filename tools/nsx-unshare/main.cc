// SPDX-License-Identifier: MIT
#include <cstdlib>

#include "common/report.hh"
#include "common/runner.hh"
#include "nsx-unshare/options.hh"
#include "try.hh"

namespace nsx::unshare_tool {

namespace {

Result<Plan> make_plan(const Kernel& kernel, CreateRequest request) {
  const char* path = std::getenv("PATH");
  request.search_path = path != nullptr ? path : "/usr/bin:/bin";
  auto facts = TRY(read_create_facts(kernel, request));
  return plan_create(request, facts);
}

int run(int argc, char** argv) {
  auto line = cli::parse(kTool, argc, argv);
  if (!line) return cli::usage_error(kTool, line.error());
  if (const auto status = cli::answer_help(kTool, *line)) return *status;

  Options options;
  options.is_unshare = cli::is_called(argv[0], "unshare");
  if (auto ok = read_options(*line, options); !ok) return cli::usage_error(kTool, ok.error());

  const auto kernel = cli::open_kernel(cli::Proc::may_be_missing);
  const Status placed =
      kernel ? cli::choose_place(kTool, *kernel, options.request.cgroup, options.run.plan)
             : tl::unexpected(kernel.error());
  auto plan = placed ? make_plan(*kernel, std::move(options.request))
                     : Result<Plan>(tl::unexpected(placed.error()));
  if (!plan) {
    cli::report(kTool, plan.error());
    if (kernel) cli::note_missing_proc(kTool, *kernel, plan.error());
    return cli::kFailed;
  }
  if (!options.run.plan && !options.is_unshare) cli::hint_stale_proc(kTool, *plan);
  return cli::run_or_print(kTool, *kernel, *plan, options.run);
}

}  // namespace

}  // namespace nsx::unshare_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::unshare_tool::kTool, nsx::unshare_tool::run, argc, argv);
}
