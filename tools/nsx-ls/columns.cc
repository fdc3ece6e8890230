#include "nsx-ls/columns.hh"

#include <optional>
#include <string>
#include <strings.h>

#include "common/report.hh"

namespace nsx::ls_tool {

namespace {

std::optional<Column> column_by_name(const std::string& name) {
  for (const ColumnInfo& entry : kColumns) {
    if (::strcasecmp(entry.name, name.c_str()) == 0) return entry.column;
  }
  return std::nullopt;
}

std::string all_names() {
  std::string names;
  for (const ColumnInfo& entry : kColumns) {
    names += std::string(names.empty() ? "" : ", ") + entry.name;
  }
  return names;
}

}  // namespace

std::span<const std::string_view> column_names() {
  static constexpr auto kNames = [] {
    std::array<std::string_view, kColumns.size()> names;
    for (std::size_t i = 0; i < names.size(); ++i)
      names[i] = kColumns[i].name;
    return names;
  }();
  return kNames;
}

Result<std::vector<Column>> parse_columns(std::string_view list, std::vector<Column> standard) {
  std::vector<Column> columns;
  if (list.starts_with('+')) {
    columns = std::move(standard);
    list.remove_prefix(1);
  }
  for (;;) {
    const std::size_t comma = list.find(',');
    const std::string word(list.substr(0, comma));
    const auto column = column_by_name(word);
    if (!column) return refuse("show the column", cli::quoted(word), "no such column", all_names());
    columns.push_back(*column);
    if (comma == std::string_view::npos) return columns;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace nsx::ls_tool
