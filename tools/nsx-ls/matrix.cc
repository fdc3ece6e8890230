#include "nsx-ls/matrix.hh"

#include <algorithm>
#include <map>
#include <unistd.h>

#include <nsx/process.hh>
#include <nsx/target.hh>

#include "common/json.hh"
#include "common/report.hh"
#include "nsx-ls/matrix_rows.hh"
#include "nsx-ls/options.hh"

namespace nsx::ls_tool {

namespace {

using State = MatrixCell::State;

/// The process that all are compared with.
struct Init {
  NamespacesByKind namespaces{};
  bool is_caller = false;  ///< nsx-ls itself, in place of PID 1
};

// --- Which rows ----------------------------------------------------------------------------------

/// PID 1, or where that is not to be seen, nsx-ls itself.
Result<Init> find_init(const Kernel& kernel, const Census& census) {
  if (const CensusProcess* first = find_process(census, 1)) return Init{first->namespaces, false};
  const CensusProcess* self =
      kernel.numbers_are_ours() ? find_process(census, ::getpid()) : nullptr;
  if (self == nullptr) return refuse("compare with", "PID 1", "its namespaces are not to be seen");
  return Init{self->namespaces, true};
}

std::vector<MatrixRow> process_rows(const Census& census) {
  std::vector<MatrixRow> rows;
  rows.reserve(census.processes.size());
  for (const CensusProcess& process : census.processes)
    rows.push_back({{}, process.pid, process.namespaces});
  return rows;
}

/// By name. Those that the caller may not look into are left out, and counted.
std::vector<MatrixRow> container_rows(const Kernel& kernel, const Census& census,
                                      std::size_t& unseen) {
  std::vector<MatrixRow> rows;
  for (const TargetName& target : list_targets(kernel, cli::target_options())) {
    if (target.prefix != "container") continue;
    if (const CensusProcess* process = find_process(census, target.pid)) {
      rows.push_back({target.name, target.pid, process->namespaces});
    } else {
      ++unseen;
    }
  }
  return rows;
}

bool is_older(const CensusProcess& one, const CensusProcess& other) {
  return std::pair(one.start_time, one.pid) < std::pair(other.start_time, other.pid);
}

/// By name. The process of a unit is its oldest.
std::vector<MatrixRow> unit_rows(const Kernel& kernel, const Census& census) {
  std::map<std::string, const CensusProcess*> by_name;
  for (const CensusProcess& process : census.processes) {
    const auto opened = Process::open(kernel, process.pid);
    const auto unit = opened ? unit_of(*opened) : std::nullopt;
    if (!unit) continue;
    const auto [entry, is_new] = by_name.try_emplace(*unit, &process);
    if (!is_new && is_older(process, *entry->second)) entry->second = &process;
  }
  std::vector<MatrixRow> rows;
  rows.reserve(by_name.size());
  for (const auto& [name, process] : by_name)
    rows.push_back({name, process->pid, process->namespaces});
  return rows;
}

// --- As a table ----------------------------------------------------------------------------------

std::uint64_t inode_of(const Census& census, const MatrixRow& row, Kind kind) {
  return census.namespaces[row.namespaces[static_cast<std::size_t>(kind)]].identity.inode;
}

std::string cell_text(const Census& census, const Matrix& matrix, std::size_t row, Kind kind) {
  const MatrixCell& cell = matrix.cell(row, kind);
  switch (cell.state) {
    case State::as_init:
      return "-";
    case State::first:
      return std::to_string(inode_of(census, matrix.rows()[row], kind));
    case State::shared:
      return '=' + matrix.rows()[cell.first].label();
    case State::unknown:
      break;
  }
  return "?";
}

/// What is the machine's stands back.
cli::Style style_of(State state) {
  switch (state) {
    case State::first:
      return cli::Style::green;
    case State::shared:
      return cli::Style::cyan;
    case State::as_init:
      return cli::Style::dim;
    case State::unknown:
      break;
  }
  return cli::Style::yellow;
}

/// What else a view needs to know.
struct Context {
  const Kernel& kernel;
  const Census& census;
  const Init& init;
  const ViewRequest& request;
};

Status print_matrix(const Context& context, const Matrix& matrix, const char* heading) {
  std::vector<cli::TableColumn> columns;
  if (heading != nullptr) columns.push_back({.name = heading});
  columns.push_back({.name = "PID", .is_right = true});
  for (const Kind kind : context.request.kinds_or_all())
    columns.push_back({.name = name(kind)});
  columns.push_back({.name = "COMMAND", .is_last_resort = true});

  std::vector<cli::TableRow> rows;
  for (std::size_t i = 0; i < matrix.rows().size(); ++i) {
    const MatrixRow& row = matrix.rows()[i];
    cli::TableRow line;
    const auto add = [&](std::string text, cli::Style style = cli::Style::plain) {
      line.cells.push_back(std::move(text));
      line.styles.push_back(style);
    };
    if (heading != nullptr) add(row.name);
    add(std::to_string(row.pid));
    for (const Kind kind : context.request.kinds_or_all()) {
      add(cell_text(context.census, matrix, i, kind), style_of(matrix.cell(i, kind).state));
    }
    add(read_command_line(context.kernel, row.pid));
    rows.push_back(std::move(line));
  }
  return cli::print_table(columns, std::move(rows), context.request.table);
}

/// "4022, 4023 and 7 others"
std::string shared_with(const Matrix& matrix, std::size_t row, Kind kind) {
  constexpr std::size_t kShown = 3;
  const auto others = matrix.others(row, kind);
  if (others.empty()) return "nobody";
  std::string text;
  for (std::size_t i = 0; i < others.size() && i < kShown; ++i) {
    text += (i == 0 ? "" : ", ") + matrix.rows()[others[i]].label();
  }
  if (others.size() > kShown) text += " and " + std::to_string(others.size() - kShown) + " more";
  return text;
}

Status print_process(const Context& context, const Matrix& matrix, std::size_t row) {
  const std::vector<cli::TableColumn> columns{{.name = "TYPE"},
                                              {.name = "NS", .is_right = true},
                                              {.name = "SHARED-WITH", .is_foldable = true}};
  const char* init = context.init.is_caller ? "nsx-ls itself" : "PID 1";
  std::vector<cli::TableRow> rows;
  for (const Kind kind : context.request.kinds_or_all()) {
    const State state = matrix.cell(row, kind).state;
    if (state == State::unknown) continue;
    rows.push_back(
        {.cells = {name(kind), std::to_string(inode_of(context.census, matrix.rows()[row], kind)),
                   state == State::as_init ? init : shared_with(matrix, row, kind)}});
  }
  return cli::print_table(columns, std::move(rows), context.request.table);
}

// --- As JSON -------------------------------------------------------------------------------------

void write_cell(const Context& context, const Matrix& matrix, std::size_t row, Kind kind,
                bool with_others, cli::JsonWriter& json) {
  const MatrixRow& shown = matrix.rows()[row];
  const CensusNamespace& ns =
      context.census.namespaces[shown.namespaces[static_cast<std::size_t>(kind)]];
  const bool as_init = matrix.cell(row, kind).state == State::as_init;
  json.key(name(kind)).open('{').key("ns").number(std::uint64_t{ns.identity.inode});
  if (ns.identity.id != 0) json.key("id").number(ns.identity.id);
  json.key("nprocs").number(ns.process_count);
  json.key(context.init.is_caller ? "shared_with_caller" : "shared_with_init").boolean(as_init);
  if (with_others && !as_init) {
    json.key("shared_with").open('[');
    for (const std::size_t other : matrix.others(row, kind)) {
      const MatrixRow& each = matrix.rows()[other];
      if (each.name.empty()) {
        json.number(each.pid);
      } else {
        json.string(each.name);
      }
    }
    json.close();
  }
  json.close();
}

/// With the others of each cell, that is as many as the square of the rows.
std::string json_of(const Context& context, const Matrix& matrix, std::optional<std::size_t> only) {
  cli::JsonWriter json;
  json.open('{').key("matrix").open('[');
  for (std::size_t i = 0; i < matrix.rows().size(); ++i) {
    if (only && *only != i) continue;
    const MatrixRow& row = matrix.rows()[i];
    json.open('{');
    if (!row.name.empty()) json.key("name").string(row.name);
    json.key("pid").number(row.pid);
    json.key("command").string(read_command_line(context.kernel, row.pid));
    json.key("namespaces").open('{');
    for (const Kind kind : context.request.kinds_or_all()) {
      if (matrix.cell(i, kind).state == State::unknown) continue;
      write_cell(context, matrix, i, kind, only || !row.name.empty(), json);
    }
    json.close().close();
  }
  return json.close().close().take() + '\n';
}

// --- The whole -----------------------------------------------------------------------------------

Result<int> print_json(const std::string& text) {
  return cli::print(kTool, text);
}

Result<int> answer(const Status& printed) {
  if (!printed) return tl::unexpected(printed.error());
  return 0;
}

/// Why the process that was asked for is not in the census.
tl::unexpected<Error> explain_absence(const Kernel& kernel, pid_t pid) {
  auto process = Process::open(kernel, pid);
  if (!process) return error_of(process);
  auto ns = process->open_namespace(kernel, Kind::user);
  if (!ns) return error_of(ns);
  return refuse("show", "PID " + std::to_string(pid), "it came and went meanwhile");
}

Result<int> show_process(const Context& context, pid_t pid) {
  const CensusProcess* wanted = find_process(context.census, pid);
  if (wanted == nullptr) return explain_absence(context.kernel, pid);
  const auto row = static_cast<std::size_t>(wanted - context.census.processes.data());
  const Matrix matrix(process_rows(context.census), context.init.namespaces);
  if (context.request.table.format == cli::TableFormat::json) {
    return print_json(json_of(context, matrix, row));
  }
  return answer(print_process(context, matrix, row));
}

Result<int> show_rows(const Context& context) {
  const std::string& wanted = context.request.matrix_rows;
  std::vector<MatrixRow> rows;
  const char* heading = nullptr;
  std::size_t unseen = 0;
  if (wanted == "container") {
    heading = "CONTAINER";
    rows = container_rows(context.kernel, context.census, unseen);
  } else if (wanted == "unit") {
    heading = "UNIT";
    rows = unit_rows(context.kernel, context.census);
  } else {
    rows = process_rows(context.census);
  }
  // Of containers there are few, and one that shares all is worth to be seen.
  if (!context.request.all && wanted != "container") {
    std::erase_if(rows, [&](const MatrixRow& row) {
      return shares_all(row.namespaces, context.init.namespaces, context.request.kinds_or_all());
    });
  }
  if (unseen > 0) {
    cli::report(kTool, Error{"look into",
                             std::to_string(unseen) + " of the containers",
                             EACCES,
                             {},
                             "needs the right to trace their processes"});
  }
  const Matrix matrix(std::move(rows), context.init.namespaces);
  if (context.request.table.format == cli::TableFormat::json) {
    return print_json(json_of(context, matrix, std::nullopt));
  }
  return answer(print_matrix(context, matrix, heading));
}

}  // namespace

Status check_matrix_rows(const std::string& rows) {
  if (rows == "process" || rows == "container" || rows == "unit") return {};
  return refuse("make a matrix of", cli::quoted(rows), "no such rows",
                "process, container or unit");
}

Result<int> show_matrix(const ViewRequest& request) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  CensusRequest wanted;
  wanted.kinds = request.kinds_or_all();
  wanted.start_times = request.matrix_rows == "unit";
  const auto census = take_census(*kernel, wanted);
  if (!census) return tl::unexpected(census.error());
  const auto init = find_init(*kernel, *census);
  if (!init) return tl::unexpected(init.error());
  if (init->is_caller) {
    cli::report(kTool, Error{"compare with", "PID 1", 0, "its namespaces are not to be seen",
                             "those of nsx-ls itself stand for them"});
  }
  const Context context{*kernel, *census, *init, request};
  return request.process ? show_process(context, *request.process) : show_rows(context);
}

}  // namespace nsx::ls_tool
