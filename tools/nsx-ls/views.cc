// SPDX-License-Identifier: MIT
#include "nsx-ls/views.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <string_view>

#include "common/json.hh"
#include "common/report.hh"
#include "common/value.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/request.hh"
#include "try.hh"

namespace nsx::ls_tool {

namespace {

struct View {
  std::string_view option;
  const char* takes;  ///< the letters of the options it accepts
  std::size_t targets_from, targets_to;
  Result<int> (*show)(const ViewRequest&);
  int failed;  ///< the exit status on errors
};

constexpr std::size_t kMany = ~std::size_t{0};

constexpr std::array kViews{
    View{"compare", "JWnrtu", 2, kMany, show_compare, kCannotCompare},
    View{"limits", "JWnrtu", 0, 0, show_limits, 1},
    View{"matrix", "JWnprtu", 0, 0, show_matrix, 1},
    View{"list-columns", "JWnru", 0, 0, show_columns, 1},
};
constexpr const char* kDetailTakes = "JWlnortu";

std::string spelled(const cli::Option& option) {
  return std::string("--") + option.name;
}

tl::unexpected<Error> exclude(const std::string& one, const std::string& other) {
  return problem(one + " and " + other + " are mutually exclusive");
}

/// Fails if an option is not accepted by the view. `chosen` names what selected the view.
Status check_options(const cli::CommandLine& line, std::string_view option, const char* takes,
                     const std::string& chosen) {
  if (line.has("json") && line.has("raw")) return exclude("--json", "--raw");
  for (const cli::Given& given : line.options) {
    const std::string_view name = given.option->name;
    const char letter = given.option->letter;
    if (name == option || name == "color" || name == "verbose") continue;
    if (name == "all" && option == "matrix") continue;
    if (letter != '\0' && std::strchr(takes, letter) != nullptr) continue;
    return exclude(chosen, spelled(*given.option));
  }
  return {};
}

Status check_operands(const cli::CommandLine& line, const View& view, const std::string& chosen) {
  if (line.operands.size() < view.targets_from) {
    return problem(chosen + " needs at least two targets");
  }
  if (line.operands.size() > view.targets_to) {
    return problem("unexpected argument '{}'", line.operands[view.targets_to]);
  }
  return {};
}

/// Checks the arguments that only the matrix takes.
Status check_matrix(const ViewRequest& request) {
  TRY(check_matrix_rows(request.matrix_rows));
  if (request.process && request.matrix_rows != "process") {
    return exclude("--task", "--matrix=" + request.matrix_rows);
  }
  if (request.process && request.all) return exclude("--task", "--all");
  return {};
}

/// Reports an error of a view or of writing. Returns the exit status.
int finish(const Result<int>& answer, int failed) {
  if (!answer) {
    cli::report(kTool, answer.error());
    return failed;
  }
  return cli::finish_stdout(kTool) == 0 ? *answer : failed;
}

int show(const cli::CommandLine& line, const View& view, const cli::Option& option,
         ViewRequest& request) {
  const std::string chosen = spelled(option);
  const bool is_lenient = request.as_lsns && view.option == "list-columns";
  auto ok = is_lenient ? Status() : check_options(line, view.option, view.takes, chosen);
  if (ok) ok = check_operands(line, view, chosen);
  if (ok && view.option == "matrix") ok = check_matrix(request);
  if (!ok) return cli::usage_error(kTool, ok.error());
  return finish(view.show(request), view.failed);
}

/// Checks operands as lsns(8) does: it takes the inode number of one namespace and ignores further
/// operands.
Status check_as_lsns(const cli::CommandLine& line, ViewRequest& request) {
  constexpr std::uint64_t kFirstInode = 0xF0000000;
  const auto inode = parse_number<std::uint64_t>(request.targets.front());
  if (!inode || *inode < kFirstInode) {
    return problem("invalid inode number '{}'", request.targets.front(),
                   "expected that of a namespace");
  }
  if (line.has("json") && line.has("raw")) return exclude("--json", "--raw");
  request.targets.resize(1);
  return {};
}

/// Shows the namespaces that the operands name. None if they name only processes, which are listed.
std::optional<int> show_operands(const cli::CommandLine& line, ViewRequest& request) {
  if (line.has("task")) {
    return cli::usage_error(kTool, exclude("--task", "a target").value());
  }
  const auto kernel = cli::open_kernel();
  if (!kernel) return finish(tl::unexpected(kernel.error()), 1);
  if (request.as_lsns) {
    if (auto ok = check_as_lsns(line, request); !ok) return cli::usage_error(kTool, ok.error());
  }
  OperandCensus census(*kernel, request);
  std::vector<Namespace> namespaces;
  std::vector<Unopened> unopened;
  for (const std::string& target : request.targets) {
    auto named = find_named(*kernel, census, target, request.kinds);
    if (!named) return finish(tl::unexpected(named.error()), 1);
    if (named->process) request.processes.push_back(*named->process);
    std::ranges::move(named->namespaces, std::back_inserter(namespaces));
    std::ranges::move(named->unopened, std::back_inserter(unopened));
  }
  if (namespaces.empty() && unopened.empty()) return std::nullopt;
  if (!request.processes.empty()) {
    return cli::usage_error(kTool, Error{"cannot show namespaces and processes together", "", 0, "",
                                         "run nsx-ls once for each"});
  }
  const auto show = [&] { return show_detail(*kernel, census, namespaces, unopened, request); };
  if (request.as_lsns) return finish(show(), 1);
  const auto ok = check_options(line, "", kDetailTakes, "a target");
  if (!ok) return cli::usage_error(kTool, ok.error());
  return finish(show(), 1);
}

const char* name_of(cli::ColumnType type) {
  switch (type) {
    case cli::ColumnType::number:
      return "number";
    case cli::ColumnType::list:
      return "list";
    case cli::ColumnType::text:
      break;
  }
  return "text";
}

std::string json_of_columns() {
  cli::JsonWriter json;
  json.open('{').key("columns").open('[');
  for (const LsColumn& each : kColumns) {
    json.open('{').key("column").string(each.table.name).key("type").string(name_of(each.type));
    json.key("description").string(each.help).close();
  }
  return json.close().close().take() + '\n';
}

/// Prints the columns in the layout of lsns(8), with our descriptions.
Result<int> show_columns_of_lsns(const ViewRequest& request) {
  const std::vector<cli::TableColumn> columns{
      {.name = "HOLDER", .is_right = true}, {.name = "TYPE"}, {.name = "DESCRIPTION"}};
  std::vector<cli::TableRow> rows;
  for (const LsColumn& each : lsns_columns()) {
    const bool is_number = each.type == cli::ColumnType::number;
    rows.push_back({.cells = {each.table.name, is_number ? "<integer>" : "<string>", each.help}});
  }
  cli::TableOptions options = request.table;
  options.headings = false;
  options.json_key = "lsns-columns";
  TRY(cli::print_table(columns, std::move(rows), options));
  return 0;
}

}  // namespace

std::optional<int> show_view(const cli::CommandLine& line, ViewRequest& request) {
  for (const View& view : kViews) {
    for (const cli::Given& given : line.options) {
      if (given.option->name == view.option) return show(line, view, *given.option, request);
    }
  }
  if (request.all) {
    return cli::usage_error(kTool, Error{"--all needs --matrix", "", 0, "", ""});
  }
  if (line.operands.empty()) return std::nullopt;
  return show_operands(line, request);
}

Result<int> show_columns(const ViewRequest& request) {
  if (request.as_lsns) return show_columns_of_lsns(request);
  if (request.table.format == cli::TableFormat::json) return cli::print(kTool, json_of_columns());
  const std::vector<cli::TableColumn> columns{
      {.name = "COLUMN"},
      {.name = "TYPE"},
      {.name = "DESCRIPTION", .is_last_resort = true, .least = 16}};
  std::vector<cli::TableRow> rows;
  rows.reserve(kColumns.size());
  for (const LsColumn& each : kColumns)
    rows.push_back({.cells = {each.table.name, name_of(each.type), each.help}});
  TRY(cli::print_table(columns, std::move(rows), request.table));
  return 0;
}

}  // namespace nsx::ls_tool
