#include "nsx-cg/columns.hh"

#include <algorithm>
#include <strings.h>

namespace nsx::cg_tool {

namespace {

constexpr auto kNames = [] {
  std::array<std::string_view, kColumns.size()> names{};
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i] = kColumns[i].name;
  return names;
}();

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::span<const std::string_view> column_names() {
  return kNames;
}

Result<Column> parse_column(std::string_view name) {
  const auto* const found = std::find_if(
      kNames.begin(), kNames.end(), [&](std::string_view known) { return same_name(known, name); });
  if (found != kNames.end()) return static_cast<Column>(found - kNames.begin());
  return refuse("show the column", '\'' + std::string(name) + '\'', "there is none of this name",
                "--help lists them");
}

Result<std::vector<Column>> parse_columns(std::string_view list, std::vector<Column> standard) {
  std::vector<Column> columns;
  if (list.starts_with('+')) {
    columns = std::move(standard);
    list.remove_prefix(1);
  }
  for (;;) {
    const std::size_t comma = list.find(',');
    auto column = parse_column(list.substr(0, comma));
    if (!column) return error_of(column);
    columns.push_back(*column);
    if (comma == std::string_view::npos) return columns;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace nsx::cg_tool
