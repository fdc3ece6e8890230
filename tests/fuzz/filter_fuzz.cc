// SPDX-License-Identifier: MIT
// Filters from arbitrary bytes, on a row with every kind of value:
//   CXX=clang++ meson setup build-fuzz -Dfuzz=true && ninja -C build-fuzz tests/fuzz/filter-fuzz
//   mkdir -p found && build-fuzz/tests/fuzz/filter-fuzz -max_total_time=60 found
//   tests/fuzz/filter-seeds

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "common/filter.hh"

namespace {

using nsx::cli::Filter;
using nsx::cli::Value;

constexpr std::array<std::string_view, 8> kNames{"NS",   "TYPE", "NSFS", "PID",
                                                 "LOAD", "NONE", "ID",   "maj:min"};

const Value& value_of(std::size_t column) {
  using Texts = std::vector<std::string>;
  static const std::array<Value, kNames.size()> row{std::uint64_t{4026531836},
                                                    "net",
                                                    Texts{"/run/a", "12", ""},
                                                    std::monostate{},
                                                    -0.5,
                                                    Texts{},
                                                    "00012",
                                                    "8:1"};
  return row.at(column);
}

void demand(bool is_so) {
  if (!is_so) std::abort();
}

/// A back reference may cost regexec(3) any time: that is up to the C library, and to the user who
/// types one.
bool has_back_reference(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && text[i + 1] >= '1' && text[i + 1] <= '9') return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (has_back_reference(text)) return 0;
  const auto filter = Filter::parse(text, kNames);
  if (!filter) {
    demand(!filter.error().message().empty());
    return 0;
  }
  for (const std::size_t column : filter->columns())
    demand(column < kNames.size());
  const bool is_picked = filter->matches(value_of);
  // The same filter, unless the text around it makes it too long or too deep.
  if (const auto opposite = Filter::parse("not (" + text + ")", kNames))
    demand(opposite->matches(value_of) != is_picked);
  if (const auto twice = Filter::parse("false or (" + text + ") and true", kNames))
    demand(twice->matches(value_of) == is_picked);
  return 0;
}
