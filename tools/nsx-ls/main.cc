// SPDX-License-Identifier: MIT
#include <unistd.h>

#include "common/locale.hh"
#include "common/report.hh"
#include "common/runner.hh"
#include "common/table.hh"
#include "nsx-ls/list.hh"
#include "nsx-ls/request.hh"
#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

namespace {

ViewRequest view_request(const Options& options, const cli::CommandLine& line) {
  ViewRequest request;
  request.kinds = options.kinds;
  if (!options.processes.empty()) request.process = options.processes.back();
  request.columns = options.columns;
  request.list = options.list;
  request.matrix_rows = options.matrix_rows;
  request.all = options.all;
  request.for_person = options.verbose;
  request.targets.assign(line.operands.begin(), line.operands.end());
  request.table = options.table;
  if (options.json) request.table.format = json_format(options);
  request.as_lsns = options.as_lsns;
  // In lsns(8), only a tree by process shows a tree of processes.
  if (options.as_lsns && options.tree) request.list = *options.tree != Tree::process;
  if (options.raw) request.table.format = cli::TableFormat::raw;
  return request;
}

int print_features() {
  const auto kernel = cli::open_kernel();
  if (!kernel) {
    cli::report(kTool, kernel.error());
    return 1;
  }
  std::string text;
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    const auto feature = static_cast<Feature>(i);
    text += std::string(name(feature)) + (kernel->has(feature) ? " yes\n" : " no\n");
  }
  return cli::print(kTool, text);
}

int run_as(bool as_lsns, int argc, char** argv) {
  cli::use_locale();
  auto line = cli::parse(kTool, argc, argv);
  if (!line) return cli::usage_error(kTool, line.error());
  if (const auto status = cli::answer_help(kTool, *line)) return *status;
  if (line->has("features")) return print_features();

  Options options;
  options.as_lsns = as_lsns;
  options.table.color = !options.as_lsns && cli::wants_color(nullptr).value();
  options.table.fit = !options.as_lsns;
  options.table.lone_backslashes = options.as_lsns;
  if (auto ok = read_options(*line, options); !ok) return cli::usage_error(kTool, ok.error());
  // Notes are for people. lsns(8) prints none.
  if (::isatty(STDERR_FILENO) == 1 && !options.as_lsns) options.verbose = true;
  ViewRequest view = view_request(options, *line);
  if (const auto status = show_view(*line, view)) return *status;
  if (!view.processes.empty()) options.processes = view.processes;
  auto request = make_request(options);
  if (!request) return cli::usage_error(kTool, request.error());
  if (const auto done = show_list(std::move(*request)); !done) {
    cli::report(kTool, done.error());
    return 1;
  }
  return cli::finish_stdout(kTool);
}

int run(int argc, char** argv) {
  const bool as_lsns = cli::is_called(argv[0], "lsns");
  const int status = run_as(as_lsns, argc, argv);
  return as_lsns && status == kTool.usage_status ? 1 : status;
}

}  // namespace

}  // namespace nsx::ls_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::ls_tool::kTool, nsx::ls_tool::run, argc, argv);
}
