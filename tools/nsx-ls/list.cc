#include "nsx-ls/list.hh"

#include <algorithm>
#include <cstdio>

#include <nsx/process.hh>
#include <nsx/target.hh>

#include "common/report.hh"
#include "nsx-ls/cells.hh"
#include "nsx-ls/gaps.hh"
#include "nsx-ls/options.hh"
#include "nsx-ls/order.hh"
#include "nsx-ls/rows_json.hh"

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

Result<pid_t> find_container(const Kernel& kernel, const std::string& name) {
  auto target = resolve_target(kernel, "container:" + name);
  if (!target) return error_of(target);
  return target->process->pid();
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

cli::Style style_of_kind(Kind kind) {
  switch (kind) {
    case Kind::net:
      return cli::Style::cyan;
    case Kind::user:
      return cli::Style::magenta;
    case Kind::pid:
      return cli::Style::green;
    case Kind::mnt:
      return cli::Style::blue;
    default:
      return cli::Style::plain;
  }
}

cli::Style style_of(const CensusNamespace& ns, Column column) {
  if (column == Column::type) return style_of_kind(ns.kind);
  // One that lives on without a process is easily overlooked.
  if (column == Column::ns && ns.process_count == 0) return cli::Style::yellow;
  return cli::Style::plain;
}

Status print_rows(const Request& request, const Census& census, Cells& cells,
                  const std::vector<Row>& rows) {
  std::vector<cli::TableColumn> columns;
  const Column* tree = tree_column(request);
  for (const Column& column : request.columns) {
    const bool is_list = info(column).type == ColumnType::list;
    columns.push_back({.name = info(column).name,
                       .is_right = info(column).is_right,
                       .is_last_resort = column == Column::command,
                       .is_list = is_list && column != Column::held_by,
                       .has_tree = &column == tree,
                       .is_foldable = column == Column::held_by});
  }
  std::vector<cli::TableRow> lines;
  lines.reserve(rows.size());
  for (const Row& row : rows) {
    cli::TableRow& line = lines.emplace_back();
    line.parent = row.parent;
    line.cells.reserve(request.columns.size());
    for (const Column column : request.columns) {
      line.cells.push_back(shown(cells.cell(row.ns, column)));
      if (request.table.color) line.styles.push_back(style_of(census.namespaces[row.ns], column));
    }
  }
  return cli::print_table(columns, std::move(lines), request.table);
}

}  // namespace

Status show_list(Request request) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  if (!request.container.empty()) {
    auto pid = find_container(*kernel, request.container);
    if (!pid) return error_of(pid);
    request.selection.process = *pid;
  }
  auto census = take_census(*kernel, census_request(request));
  if (!census) return error_of(census);
  // Not even ourselves: something else than proc is there.
  if (census->processes.empty() &&
      (!request.sources || request.sources->contains(Source::process))) {
    return refuse("list", kernel->proc_path(), "it shows no process", "is proc mounted there?");
  }
  if (const auto wanted = request.selection.process) {
    const bool found = std::any_of(census->processes.begin(), census->processes.end(),
                                   [&](const auto& process) { return process.pid == *wanted; });
    if (!found) return explain_absence(*kernel, *wanted);
  }

  Cells cells(*kernel, *census);
  Selection selection = request.selection;
  if (tree_column(request) == nullptr) selection.tree = Tree::none;
  if (request.filter) {
    selection.accepts = [&](CensusIndex ns) { return cells.match(*request.filter, ns); };
  }
  Order order(cells, request.sort, request.reverse);
  if (!order.is_as_found()) {
    selection.is_before = [&](CensusIndex a, CensusIndex b) { return order.is_before(a, b); };
  }
  std::vector<Row> rows = make_rows(*census, selection);
  if (request.limit && rows.size() > *request.limit) rows.resize(*request.limit);

  report_gaps(*census);
  if (request.table.format == cli::TableFormat::json) {
    const std::string text = json_of(rows, request.columns, cells);
    std::fwrite(text.data(), 1, text.size(), stdout);  // main() asks whether that went well
    return {};
  }
  return print_rows(request, *census, cells, rows);
}

}  // namespace nsx::ls_tool
