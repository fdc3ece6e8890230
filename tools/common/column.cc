// SPDX-License-Identifier: MIT
#include "common/column.hh"

#include <algorithm>
#include <cctype>
#include <strings.h>

#include "common/report.hh"
#include "try.hh"

namespace nsx::cli {

namespace {

struct WriteValue {
  static constexpr int kDigits = 2;  // after the decimal point
  JsonWriter& json;

  void operator()(std::monostate) const { json.null(); }
  void operator()(std::uint64_t number) const { json.number(number); }
  void operator()(double number) const { json.decimal(number, kDigits); }
  void operator()(const std::string& text) const { json.string(text); }
  void operator()(const std::vector<std::string>& texts) const {
    json.open('[');
    for (const std::string& text : texts)
      json.string(text);
    json.close();
  }
};

/// Returns the names of all columns, followed by the aliases. A Filter numbers its columns by
/// their index in this list.
std::vector<std::string_view> all_words(const ColumnNames& names) {
  std::vector<std::string_view> words;
  for (std::string_view rest = names.words; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const ColumnAlias& alias : names.aliases)
    words.push_back(alias.word);
  return words;
}

/// Returns the column at an index of all_words(), whose size is `words`.
ColumnId column_at(const ColumnNames& names, std::size_t words, std::size_t place) {
  const std::size_t columns = words - names.aliases.size();
  return place < columns ? ColumnId{static_cast<std::uint8_t>(place)}
                         : names.aliases[place - columns].column;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

void write_cell(const Cell& cell, JsonWriter& json) {
  if (std::holds_alternative<std::monostate>(cell.value)) {
    json.string_or_null(cell.shown);
  } else {
    std::visit(WriteValue{json}, cell.value);
  }
}

std::string json_key(std::string_view name) {
  std::string key;
  for (const char c : name) {
    if (c == '%') {
      key += "_percent";
    } else {
      key += c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return key;
}

Result<ColumnId> parse_column(const ColumnNames& names, std::string_view name) {
  const auto words = all_words(names);
  const auto found =
      std::ranges::find_if(words, [&](std::string_view word) { return same_name(word, name); });
  if (found != words.end()) {
    return column_at(names, words.size(), static_cast<std::size_t>(found - words.begin()));
  }
  std::string known = "expected one of ";
  for (std::size_t i = 0; i < words.size() - names.aliases.size(); ++i)
    known.append(i == 0 ? "" : ", ").append(words[i]);
  return problem("unknown column '{}'", name, known);
}

Result<std::vector<ColumnId>> parse_columns(const ColumnNames& names, std::string_view list,
                                            std::vector<ColumnId> standard) {
  std::vector<ColumnId> columns;
  if (list.starts_with('+')) {
    columns = std::move(standard);
    list.remove_prefix(1);
  }
  for (;;) {
    const std::size_t comma = list.find(',');
    columns.push_back(TRY(parse_column(names, list.substr(0, comma))));
    if (comma == std::string_view::npos) return columns;
    list.remove_prefix(comma + 1);
  }
}

Result<RowFilter> RowFilter::parse(const ColumnNames& names, std::string_view text, Rank rank) {
  const auto words = all_words(names);
  auto filter = TRY(Filter::parse(text, words, rank));
  std::vector<ColumnId> columns;
  for (const std::size_t place : filter.columns())
    columns.push_back(column_at(names, words.size(), place));
  return RowFilter(std::move(filter), std::move(columns));
}

bool RowFilter::matches(const std::function<Value(ColumnId)>& value_of) const {
  const auto& places = filter_.columns();
  std::vector<Value> values(places.size());
  return filter_.matches([&](std::size_t place) -> const Value& {
    const auto number = static_cast<std::size_t>(std::ranges::find(places, place) - places.begin());
    return values[number] = value_of(columns_[number]);
  });
}

}  // namespace nsx::cli
