#include "nsx-ls/rows_json.hh"

#include <cctype>
#include <vector>

#include "common/json.hh"

namespace nsx::ls_tool {

namespace {

std::string key_of(Column column) {
  std::string key = info(column).name;
  for (char& c : key)
    c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return key;
}

struct WriteValue {
  cli::JsonWriter& json;

  void operator()(std::monostate) const { json.null(); }
  void operator()(std::uint64_t number) const { json.number(number); }
  void operator()(double number) const { json.raw(cli::text_of(number)); }
  void operator()(const std::string& text) const { json.string(text); }
  void operator()(const std::vector<std::string>& texts) const {
    json.open('[');
    for (const std::string& text : texts)
      json.string(text);
    json.close();
  }
};

}  // namespace

std::string json_of(std::span<const Row> rows, std::span<const Column> columns, Cells& cells) {
  std::vector<std::string> keys;
  for (const Column column : columns)
    keys.push_back(key_of(column));
  cli::JsonWriter json;
  json.open('{').key("namespaces").open('[');
  // The rows whose children are being written. A loop: trees can be thousands of levels deep.
  std::vector<std::size_t> above;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    while (!above.empty() && rows[i].parent != above.back()) {
      json.close().close();
      above.pop_back();
    }
    json.open('{');
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const cli::Cell cell = cells.cell(rows[i].ns, columns[j]);
      json.key(keys[j]);
      if (!cell.json.empty()) {
        json.raw(cell.json);
      } else {
        std::visit(WriteValue{json}, cell.value);
      }
    }
    if (i + 1 < rows.size() && rows[i + 1].parent == i) {
      json.key("children").open('[');
      above.push_back(i);
    } else {
      json.close();
    }
  }
  for (; !above.empty(); above.pop_back())
    json.close().close();
  return json.close().close().take() + '\n';
}

}  // namespace nsx::ls_tool
