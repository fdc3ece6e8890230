#include "nsx-ls/columns_view.hh"

#include "common/json.hh"
#include "common/report.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/options.hh"

namespace nsx::ls_tool {

namespace {

const char* name_of(ColumnType type) {
  switch (type) {
    case ColumnType::number:
      return "number";
    case ColumnType::list:
      return "list";
    case ColumnType::text:
      break;
  }
  return "text";
}

std::string json_of_columns() {
  cli::JsonWriter json;
  json.open('{').key("columns").open('[');
  for (const ColumnInfo& each : kColumns) {
    json.open('{').key("column").string(each.name).key("type").string(name_of(each.type));
    json.key("description").string(each.help).close();
  }
  return json.close().close().take() + '\n';
}

}  // namespace

Result<int> show_columns(const ViewRequest& request) {
  if (request.table.format == cli::TableFormat::json) return cli::print(kTool, json_of_columns());
  const std::vector<cli::TableColumn> columns{
      {.name = "COLUMN"}, {.name = "TYPE"}, {.name = "DESCRIPTION", .is_last_resort = true}};
  std::vector<cli::TableRow> rows;
  rows.reserve(kColumns.size());
  for (const ColumnInfo& each : kColumns)
    rows.push_back({.cells = {each.name, name_of(each.type), each.help}});
  if (auto done = cli::print_table(columns, std::move(rows), request.table); !done) {
    return error_of(done);
  }
  return 0;
}

}  // namespace nsx::ls_tool
