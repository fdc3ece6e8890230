#include <algorithm>
#include <clocale>

#include <nsx/census.hh>
#include <nsx/process.hh>

#include "common/report.hh"
#include "common/table.hh"
#include "nsx-ls/cells.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/gaps.hh"
#include "nsx-ls/options.hh"
#include "nsx-ls/request.hh"
#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

namespace {

/// Why the process that was asked for is not in the census.
Status explain_absence(const Kernel& kernel, pid_t pid) {
  auto process = Process::open(kernel, pid);
  if (!process) return error_of(process);
  auto ns = process->open_namespace(kernel, Kind::user);
  if (!ns) return error_of(ns);
  return refuse("list the namespaces of", "PID " + std::to_string(pid),
                "it came and went while they were listed");
}

/// The column that carries the lines of the tree, or null: the command, or the number where what
/// it belongs to is the point. As in lsns(8) there is no tree without it, unless one was asked for.
const Column* tree_column(const Request& request) {
  const Tree tree = request.selection.tree;
  if (tree == Tree::none) return nullptr;
  const Column usual = tree == Tree::process ? Column::command : Column::ns;
  const auto found = std::find(request.columns.begin(), request.columns.end(), usual);
  if (found != request.columns.end()) return &*found;
  return request.tree_is_asked_for ? &request.columns.front() : nullptr;
}

Status list(const Request& request) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto census = take_census(*kernel, census_request(request));
  if (!census) return error_of(census);
  // Not even ourselves: something else than proc is there.
  if (census->processes.empty() && !request.sources) {
    return refuse("list", kernel->proc_path(), "it shows no process", "is proc mounted there?");
  }
  if (const auto wanted = request.selection.process) {
    const bool found = std::any_of(census->processes.begin(), census->processes.end(),
                                   [&](const auto& process) { return process.pid == *wanted; });
    if (!found) return explain_absence(*kernel, *wanted);
  }

  std::vector<cli::TableColumn> columns;
  const Column* tree = tree_column(request);
  for (const Column& column : request.columns) {
    columns.push_back({.name = info(column).name,
                       .is_right = info(column).is_right,
                       .is_number = info(column).is_number,
                       .is_last_resort = column == Column::command,
                       .is_list = info(column).is_list,
                       .has_tree = &column == tree});
  }
  Cells cells(*kernel, *census);
  std::vector<cli::TableRow> rows;
  Selection selection = request.selection;
  if (request.filter) {
    selection.accepts = [&](CensusIndex ns) { return cells.match(*request.filter, ns); };
  }
  for (const Row& row : make_rows(*census, selection)) {
    cli::TableRow line{{}, row.parent};
    for (const Column column : request.columns)
      line.cells.push_back(cells.text(row.ns, column));
    rows.push_back(std::move(line));
  }
  report_gaps(*census);
  return cli::print_table("namespaces", columns, rows, request.format, request.headings);
}

ViewRequest view_request(const Options& options, const cli::CommandLine& line) {
  ViewRequest request;
  request.kinds = options.kinds;
  request.process = options.process;
  request.columns = options.columns;
  request.list = options.list;
  request.targets.assign(line.operands.begin(), line.operands.end());
  if (options.json) request.format = cli::TableFormat::json;
  if (options.raw) request.format = cli::TableFormat::raw;
  request.headings = options.headings;
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

int run(int argc, char** argv) {
  // For the width of names and the lines of the tree; messages stay as they are.
  std::setlocale(LC_CTYPE, "");
  auto line = cli::parse(kTool, argc, argv);
  if (!line) return cli::usage_error(kTool, line.error());
  if (const auto status = cli::answer_help(kTool, *line)) return *status;
  if (line->has(kFeatures)) return print_features();

  Options options;
  for (const cli::Given& given : line->options) {
    if (auto done = apply(given, options); !done) return cli::usage_error(kTool, done.error());
  }
  ViewRequest view = view_request(options, *line);
  if (const auto status = show_view(*line, view)) return *status;
  options.process = view.process;
  const auto request = make_request(options);
  if (!request) return cli::usage_error(kTool, request.error());
  if (const auto done = list(*request); !done) {
    cli::report(kTool, done.error());
    return 1;
  }
  return cli::finish_stdout(kTool);
}

}  // namespace

}  // namespace nsx::ls_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::ls_tool::kTool, nsx::ls_tool::run, argc, argv);
}
