#include <algorithm>
#include <clocale>

#include <nsx/census.hh>
#include <nsx/process.hh>

#include "common/report.hh"
#include "common/table.hh"
#include "nsx-ls/cells.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/options.hh"
#include "nsx-ls/rows.hh"
#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

namespace {

/// What was asked for.
struct Request {
  Selection selection;
  bool tree_is_asked_for = false;
  std::vector<Column> columns;
  cli::TableFormat format = cli::TableFormat::plain;
  bool headings = true;
};

/// The options as they were given, before they are held against each other.
struct Options {
  KindSet kinds;
  std::optional<pid_t> process;
  std::optional<Tree> tree;
  const char* columns = nullptr;
  bool list = false;
  bool raw = false;
  bool json = false;
  bool headings = true;
};

Result<Tree> parse_tree(const char* relation) {
  const std::string_view text = relation != nullptr ? relation : "owner";
  if (text == "owner") return Tree::owner;
  if (text == "parent") return Tree::parent;
  if (text == "process") return Tree::process;
  return refuse("make a tree by", cli::quoted(text), "unknown relation",
                "owner, parent or process");
}

/// Puts one option into the options.
Status apply(const cli::Given& given, Options& options) {
  switch (given.option->id) {
    case 'J':
      options.json = true;
      break;
    case 'l':
      options.list = true;
      break;
    case 'n':
      options.headings = false;
      break;
    case 'o':
      options.columns = given.argument;
      break;
    case 'p': {
      auto pid = cli::parse_pid(given.argument);
      if (!pid) return error_of(pid);
      options.process = *pid;
      break;
    }
    case 'r':
      options.raw = true;
      break;
    case 't': {
      const auto kind = kind_by_name(given.argument);
      if (!kind) {
        return refuse("list namespaces of the kind", cli::quoted(given.argument), "unknown kind",
                      kKindWords);
      }
      options.kinds.insert(*kind);
      break;
    }
    case 'T': {
      auto tree = parse_tree(given.argument);
      if (!tree) return error_of(tree);
      options.tree = *tree;
      break;
    }
    default:
      break;
  }
  return {};
}

/// lsns(8) shows where net namespaces are as soon as they are asked for by their kind.
std::vector<Column> standard_columns(KindSet asked) {
  std::vector columns{Column::ns, Column::type, Column::nprocs, Column::pid, Column::user};
  if (asked.contains(Kind::net)) {
    columns.push_back(Column::netnsid);
    columns.push_back(Column::nsfs);
  }
  columns.push_back(Column::command);
  return columns;
}

Result<Request> make_request(const Options& options) {
  const auto exclusive = [](const char* a, const char* b) {
    return refuse(std::string("use ") + a + " and", b, "they exclude each other");
  };
  if (options.json && options.raw) return exclusive("--json", "--raw");
  if (options.list && options.tree) return exclusive("--list", "--tree");

  Request request;
  if (!options.kinds.empty()) request.selection.kinds = options.kinds;
  request.selection.process = options.process;
  request.selection.tree = options.list ? Tree::none : options.tree.value_or(Tree::process);
  request.tree_is_asked_for = options.tree.has_value();
  request.headings = options.headings;
  if (options.json) request.format = cli::TableFormat::json;
  if (options.raw) request.format = cli::TableFormat::raw;

  request.columns = standard_columns(options.kinds);
  if (options.columns != nullptr) {
    auto columns = parse_columns(options.columns, std::move(request.columns));
    if (!columns) return error_of(columns);
    request.columns = std::move(*columns);
  }
  return request;
}

CensusRequest census_request(const Request& request) {
  const auto shows = [&](Column column) {
    return std::find(request.columns.begin(), request.columns.end(), column) !=
           request.columns.end();
  };
  const Tree tree = request.selection.tree;
  CensusRequest census;
  census.kinds = request.selection.kinds;
  // The owners stand in the tree with their own counts.
  if (tree == Tree::owner) census.kinds.insert(Kind::user);
  if (tree == Tree::owner || tree == Tree::parent || shows(Column::pns) || shows(Column::ons)) {
    census.sources.insert(Source::relation);
  }
  return census;
}

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
  if (census->processes.empty()) {
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
                       .is_list = column == Column::nsfs,
                       .has_tree = &column == tree});
  }
  Cells cells(*kernel, *census);
  std::vector<cli::TableRow> rows;
  for (const Row& row : make_rows(*census, request.selection)) {
    cli::TableRow line{{}, row.parent};
    for (const Column column : request.columns)
      line.cells.push_back(cells.text(row.ns, column));
    rows.push_back(std::move(line));
  }
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
