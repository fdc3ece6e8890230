// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>
#include <unistd.h>
#include <unordered_map>

#include <nsx/process.hh>
#include <nsx/target.hh>

#include "common/json.hh"
#include "common/report.hh"
#include "nsx-ls/list.hh"
#include "nsx-ls/request.hh"
#include "nsx-ls/views.hh"
#include "try.hh"

namespace nsx::ls_tool {

namespace {

using State = MatrixCell::State;

/// The process with which all others are compared.
struct Init {
  NamespacesByKind namespaces{};
  bool is_caller = false;  ///< nsx-ls itself, in place of PID 1
};

// --- Which rows ----------------------------------------------------------------------------------

/// Returns PID 1 or, if it cannot be seen, nsx-ls itself.
Result<Init> find_init(const Kernel& kernel, const Census& census) {
  if (const CensusProcess* first = find_process(census, 1)) return Init{first->namespaces, false};
  const CensusProcess* self =
      kernel.numbers_are_ours() ? find_process(census, ::getpid()) : nullptr;
  if (self == nullptr) return problem("cannot read the namespaces of PID 1");
  return Init{self->namespaces, true};
}

std::vector<MatrixRow> process_rows(const Census& census) {
  std::vector<MatrixRow> rows;
  rows.reserve(census.processes.size());
  for (const CensusProcess& process : census.processes)
    rows.push_back({{}, process.pid, process.namespaces});
  return rows;
}

/// Returns the containers, sorted by name. Those that the caller may not inspect are only counted.
std::vector<MatrixRow> container_rows(const Kernel& kernel, const Census& census,
                                      std::size_t& unseen) {
  std::vector<MatrixRow> rows;
  for (const TargetName& target : list_targets(kernel, cli::target_options())) {
    if (target.prefix != "container") continue;
    const CensusProcess* process = find_process(census, target.pid);
    if (process == nullptr) {
      ++unseen;
    } else if (is_same_process(kernel, *process)) {
      rows.push_back({target.name, target.pid, process->namespaces});
    }
  }
  return rows;
}

bool is_older(const CensusProcess& one, const CensusProcess& other) {
  return std::pair(one.start_time, one.pid) < std::pair(other.start_time, other.pid);
}

/// Returns the units, sorted by name, each with its oldest process. Cgroups with the same unit name
/// are different units, and their paths are appended to the name.
std::vector<MatrixRow> unit_rows(const Kernel& kernel, const Census& census) {
  std::map<std::pair<std::string, std::string>, const CensusProcess*> units;  // name, cgroup
  CgroupPlaces places(kernel);
  for (const CensusProcess& process : census.processes) {
    const auto opened = Process::open(kernel, process.pid);
    const auto unit = opened ? places.of(*opened).unit : std::nullopt;
    if (!unit || !is_same_process(kernel, process)) continue;
    const auto [entry, is_new] = units.try_emplace({unit->text(), unit->cgroup}, &process);
    if (!is_new && is_older(process, *entry->second)) entry->second = &process;
  }
  std::map<std::string, int> counts;
  for (const auto& [unit, process] : units)
    ++counts[unit.first];
  std::vector<MatrixRow> rows;
  rows.reserve(units.size());
  for (const auto& [unit, process] : units) {
    const auto& [name, cgroup] = unit;
    rows.push_back(
        {counts[name] == 1 ? name : name + ' ' + cgroup, process->pid, process->namespaces});
  }
  return rows;
}

// --- As a table ----------------------------------------------------------------------------------

std::uint64_t inode_of(const Census& census, const MatrixRow& row, Kind kind) {
  return census.namespaces[row.namespaces[static_cast<std::size_t>(kind)]].identity.inode;
}

/// The cell of a namespace shared with PID 1.
constexpr const char* kAsInit = "-";

std::string cell_text(const Census& census, const Matrix& matrix, std::size_t row, Kind kind) {
  const MatrixCell& cell = matrix.cell(row, kind);
  switch (cell.state) {
    case State::as_init:
      return kAsInit;
    case State::first:
      return std::to_string(inode_of(census, matrix.rows()[row], kind));
    case State::shared:
      return '=' + matrix.rows()[cell.first].label();
    case State::unknown:
      break;
  }
  return "?";
}

/// Namespaces shared with PID 1 are dimmed.
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

/// Data that all views need.
struct Context {
  const Kernel& kernel;
  const Census& census;
  const Init& init;
  const ViewRequest& request;
  std::vector<Gap>& gaps;
};

Status print_matrix(const Context& context, const Matrix& matrix, const char* heading) {
  constexpr std::size_t kLeastName = 12;
  constexpr std::size_t kLeastCell = 6;  // the digits in which neighbors differ
  constexpr std::size_t kLeastCommand = 8;
  std::vector<cli::TableColumn> columns;
  if (heading != nullptr) columns.push_back({.name = heading, .least = kLeastName});
  columns.push_back({.name = "PID", .is_right = true});
  for (const Kind kind : context.request.kinds_or_all())
    columns.push_back(
        {.name = name(kind), .least = kLeastCell, .is_optional = true, .nothing = kAsInit});
  columns.push_back({.name = "COMMAND", .is_last_resort = true, .least = kLeastCommand});

  std::vector<std::string> commands = commands_of(context.kernel, context.census, matrix.rows());
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
    add(std::move(commands[i]));
    rows.push_back(std::move(line));
  }
  return cli::print_table(columns, std::move(rows), context.request.table);
}

/// Returns the other rows in a namespace: "4022, 4023, 4024 and 7 more".
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
  const std::vector<cli::TableColumn> columns{
      {.name = "TYPE"},
      {.name = "NS", .is_right = true},
      {.name = "SHARED-WITH", .is_foldable = true, .least = 24}};
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

/// The others of each cell are written for containers, units and a single process only: for all
/// processes the output would grow with the square of their number.
std::string json_of(const Context& context, const Matrix& matrix, std::optional<std::size_t> only) {
  const std::span all(matrix.rows());
  const std::size_t first = only.value_or(0);
  const std::span shown = only ? all.subspan(first, 1) : all;
  const auto commands = commands_of(context.kernel, context.census, shown);
  cli::JsonWriter json;
  json.open('{').key("matrix").open('[');
  for (std::size_t i = first; i < first + shown.size(); ++i) {
    const MatrixRow& row = all[i];
    json.open('{');
    if (!row.name.empty()) json.key("name").string(row.name);
    json.key("pid").number(row.pid);
    json.key("command").string(commands[i - first]);
    json.key("namespaces").open('{');
    for (const Kind kind : context.request.kinds_or_all()) {
      if (matrix.cell(i, kind).state == State::unknown) continue;
      write_cell(context, matrix, i, kind, only || !row.name.empty(), json);
    }
    json.close().close();
  }
  json.close();
  write_gaps(context.gaps, json);
  return json.close().take() + '\n';
}

// --- The views -----------------------------------------------------------------------------------

Result<int> print_json(const std::string& text) {
  return cli::print(kTool, text);
}

Result<int> answer(const Status& printed) {
  if (!printed) return tl::unexpected(printed.error());
  return 0;
}

/// Returns why the requested process is not in the census.
tl::unexpected<Error> explain_absence(const Kernel& kernel, pid_t pid) {
  auto process = TRY(Process::open(kernel, pid));
  TRY(process.open_namespace(kernel, Kind::user));
  return refuse("show", "PID " + std::to_string(pid), "it started or exited during the search");
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
  // Containers are few, and one that shares everything is of interest.
  if (!context.request.all && wanted != "container") {
    std::erase_if(rows, [&](const MatrixRow& row) {
      return shares_all(row.namespaces, context.init.namespaces, context.request.kinds_or_all());
    });
  }
  if (unseen > 0) {
    context.gaps.push_back(
        gap_of({"cannot inspect",
                std::to_string(unseen) + (unseen == 1 ? " container" : " containers"),
                EACCES,
                {},
                "needs the right to trace the processes in it"}));
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
  return problem("invalid matrix rows '{}'", rows, "expected process, container or unit");
}

Result<int> show_matrix(const ViewRequest& request) {
  auto kernel = TRY(cli::open_kernel());
  CensusRequest wanted;
  wanted.kinds = request.kinds_or_all();
  wanted.identities = true;
  wanted.start_times = request.matrix_rows == "unit";
  const auto census = TRY(take_census(kernel, wanted));
  const auto init = TRY(find_init(kernel, census));
  std::vector<Gap> gaps = gaps_of(census);
  if (init.is_caller) {
    gaps.push_back(gap_of(
        {"cannot read the namespaces of PID 1", {}, 0, "comparing with nsx-ls's own instead", {}}));
  }
  const Context context{kernel, census, init, request, gaps};
  const auto shown = request.process ? show_process(context, *request.process) : show_rows(context);
  report_gaps(gaps, request.for_person);
  return shown;
}

Matrix::Matrix(std::vector<MatrixRow> rows, const NamespacesByKind& init)
    : rows_(std::move(rows)), cells_(rows_.size()) {
  std::unordered_map<CensusIndex, std::size_t> first_with;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    for (std::size_t kind = 0; kind < kKindCount; ++kind) {
      const CensusIndex ns = rows_[row].namespaces[kind];
      MatrixCell& cell = cells_[row][kind];
      if (ns == kNone) continue;
      const auto [entry, is_new] = first_with.try_emplace(ns, row);
      cell.state = is_new ? MatrixCell::State::first : MatrixCell::State::shared;
      cell.first = entry->second;
      if (ns == init[kind]) cell.state = MatrixCell::State::as_init;
    }
  }
}

std::vector<std::size_t> Matrix::others(std::size_t row, Kind kind) const {
  const auto place = static_cast<std::size_t>(kind);
  const CensusIndex ns = rows_[row].namespaces[place];
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (i != row && ns != kNone && rows_[i].namespaces[place] == ns) found.push_back(i);
  }
  return found;
}

const CensusProcess* find_process(const Census& census, pid_t pid) {
  const auto& all = census.processes;
  const auto found = std::lower_bound(
      all.begin(), all.end(), pid,
      [](const CensusProcess& process, pid_t wanted) { return process.pid < wanted; });
  return found != all.end() && found->pid == pid ? &*found : nullptr;
}

std::vector<std::string> commands_of(const Kernel& kernel, const Census& census,
                                     std::span<const MatrixRow> rows) {
  std::vector<CensusProcess> processes;
  processes.reserve(rows.size());
  for (const MatrixRow& row : rows)
    processes.push_back(*find_process(census, row.pid));
  return read_command_lines(kernel, processes);
}

bool shares_all(const NamespacesByKind& namespaces, const NamespacesByKind& init, KindSet kinds) {
  return std::all_of(kinds.begin(), KindSet::end(), [&](Kind kind) {
    const auto place = static_cast<std::size_t>(kind);
    return namespaces[place] == kNone || namespaces[place] == init[place];
  });
}

}  // namespace nsx::ls_tool
