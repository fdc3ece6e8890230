// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <clocale>

#include "common/report.hh"
#include "nsx-pin/columns.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/place.hh"
#include "nsx-pin/rows.hh"
#include "try.hh"

namespace nsx::pin_tool {

namespace {

struct Request {
  std::vector<cli::ColumnId> columns;
  cli::TableFormat format = cli::TableFormat::plain;
  bool headings = true;
  std::optional<cli::RowFilter> filter;
  KindSet kinds;
  PlaceOptions place;
};

std::vector<cli::ColumnId> usual_columns() {
  return {column("NAME"), column("KIND"), column("NS"), column("CREATED"), column("STATE")};
}

Status set_columns(Request& request, const char* list) {
  request.columns = TRY(cli::parse_columns(kColumnNames, list, usual_columns()));
  return {};
}

Status set_filter(Request& request, const char* expression) {
  request.filter = TRY(cli::RowFilter::parse(kColumnNames, expression));
  return {};
}

constexpr std::array kLsOptions{
    cli::under("Selection", kType),
    cli::value('Q', "filter", {"EXPR"},
               "pins that match the expression, such as 'STATE == \"stale\"'",
               cli::call<set_filter>),
    cli::under(
        "Output",
        cli::value(
            'o', "output", {"LIST", cli::Completes::list, kColumnWords},
            "columns to show, comma-separated; a leading + appends to the defaults: NAME, KIND, "
            "NS, ID, PROCS (processes inside), NETNSID, CREATED, OWNER, STATE (live, stale, "
            "elsewhere, dead, shadowed, half-made), ADDRESSES, PEERS (pins connected to it), PATH",
            cli::call<set_columns>)),
    cli::flag('J', "json", "print JSON", cli::set<&Request::format, cli::TableFormat::json>),
    cli::flag('r', "raw", "print unaligned, space-separated cells",
              cli::set<&Request::format, cli::TableFormat::raw>),
    cli::flag('n', "noheadings", "omit the headings", cli::clear_flag<&Request::headings>),
    cli::under("Other", kDir),
    cli::kHelp,
};

PinNeeds needs_of(const std::vector<cli::ColumnId>& columns) {
  PinNeeds needs;
  for (const cli::ColumnId id : columns)
    needs.insert(cli::at(kColumns, id).needs);
  return needs;
}

/// Reports the names that no pin has. Returns the exit status.
int check_names(const std::vector<char*>& names, const std::vector<PinRow>& rows) {
  int status = 0;
  for (const char* wanted : names) {
    const auto is_it = [&](const PinRow& row) { return row.pin.name == wanted; };
    if (std::ranges::any_of(rows, is_it)) continue;
    cli::report(kLs, {"no pin named '{}'", wanted, 0, {}, {}});
    status = 1;
  }
  return status;
}

void keep_named(const std::vector<char*>& names, std::vector<PinRow>& rows) {
  if (names.empty()) return;
  std::erase_if(rows, [&](const PinRow& row) {
    return std::ranges::none_of(names, [&](const char* name) { return row.pin.name == name; });
  });
}

bool matches(const cli::RowFilter& filter, const PinRow& row) {
  return filter.matches([&](cli::ColumnId id) { return cli::at(kColumns, id).cell(row).value; });
}

Status print_json(const Request& request, const std::vector<PinRow>& rows) {
  cli::JsonWriter json;
  json.open('{').key("pins").open('[');
  for (const PinRow& row : rows) {
    json.open('{');
    for (const cli::ColumnId id : request.columns)
      cli::write_member(cli::at(kColumns, id), row, json);
    json.close();
  }
  return cli::write_stdout(json.close().close().take() + '\n');
}

Status print_rows(const Request& request, const std::vector<PinRow>& rows) {
  if (request.format == cli::TableFormat::json) return print_json(request, rows);
  std::vector<cli::TableColumn> columns;
  for (const cli::ColumnId id : request.columns)
    columns.push_back(cli::table_column(cli::at(kColumns, id)));
  std::vector<cli::TableRow> lines;
  for (const PinRow& row : rows) {
    cli::TableRow& line = lines.emplace_back();
    for (const cli::ColumnId id : request.columns)
      line.cells.push_back(cli::shown(cli::at(kColumns, id).cell(row)));
  }
  return cli::print_table(columns, std::move(lines),
                          {.format = request.format, .headings = request.headings, .fit = true});
}

Result<int> print_pins(const Request& request, const cli::CommandLine& line) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(request.place));
  const auto stores = TRY(open_stores(kernel, place));
  const PinNeeds shown = needs_of(request.columns);
  const PinNeeds filtered = request.filter ? needs_of(request.filter->columns()) : PinNeeds();
  PinNeeds all = shown;
  all.insert(filtered);
  auto rows = TRY(list_rows(kernel, stores, request.kinds, all));
  const int status = check_names(line.operands, rows);
  keep_named(line.operands, rows);
  if (request.filter) {
    read_facts(kernel, stores, filtered, rows);
    std::erase_if(rows, [&](const PinRow& row) { return !matches(*request.filter, row); });
  }
  PinNeeds rest = shown;
  for (const PinNeed read : filtered)
    rest.remove(read);
  read_facts(kernel, stores, rest, rows);
  TRY(print_rows(request, rows));
  const int written = cli::finish_stdout(kLs);
  return written != 0 ? written : status;
}

}  // namespace

constexpr cli::Tool kLs{
    "nsx-pin ls",
    "[options] [name...]",
    "List pins",
    kLsOptions,
    kAnyPins,
    kUsageStatus,
    nullptr,
    {{{"nsx-pin ls", "all pins"},
      {"nsx-pin ls -o +ADDRESSES,PEERS", "with addresses and connections"},
      {"nsx-pin ls -Q 'STATE == \"stale\"'", "stale pins"}}},
};

int list(const cli::CommandLine& line) {
  // For the display width of names only; messages stay untranslated.
  std::setlocale(LC_CTYPE, "");
  Request request;
  request.columns = usual_columns();
  auto read = cli::apply<kLsOptions>(line, request, request.kinds, request.place);
  if (!read) return cli::usage_error(kLs, read.error());
  if (line.has("json") && line.has("raw")) {
    return cli::usage_error(kLs, {"--json and --raw are mutually exclusive", "", 0, "", ""});
  }
  if (request.kinds.empty()) request.kinds = KindSet::all();
  const auto status = print_pins(request, line);
  if (status) return *status;
  cli::report(kLs, status.error());
  return 1;
}

}  // namespace nsx::pin_tool
