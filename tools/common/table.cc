// SPDX-License-Identifier: MIT
#include "common/table.hh"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <unistd.h>

#include "common/table_text.hh"

namespace nsx::cli {

namespace {

bool is_wanted_by_environment() {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) != "dumb";
}

}  // namespace

Status print_table(std::span<const TableColumn> columns, std::vector<TableRow> rows,
                   const TableOptions& options) {
  const auto width = terminal_width();
  TableText text = table_text(columns, std::move(rows), options, width);
  if (options.format != TableFormat::json_of_lsns) {
    const TableLines lines(text, options);
    if (lines.are_certain(width)) {
      lines.write(stdout);  // main() checks for errors
      return {};
    }
  }
  return print_with_smartcols(std::move(text), options, stdout);
}

const char* escape_sequence(Style style) {
  // Same order as `Style`.
  constexpr std::array<const char*, 9> kSequences{nullptr,    "\033[1m",  "\033[2m",
                                                  "\033[31m", "\033[32m", "\033[33m",
                                                  "\033[34m", "\033[35m", "\033[36m"};
  return kSequences[static_cast<std::size_t>(style)];
}

Result<bool> wants_color(const char* when) {
  const std::string_view text = when != nullptr ? when : "auto";
  if (text == "always") return true;
  if (text == "never") return false;
  if (text == "auto") return ::isatty(STDOUT_FILENO) == 1 && is_wanted_by_environment();
  return problem("invalid argument '{}' for --color", text, "expected auto, always or never");
}

}  // namespace nsx::cli
