// SPDX-License-Identifier: MIT
#pragma once
// One row of a made-up table, for the tests of filters.

#include <array>
#include <string_view>
#include <vector>

#include "common/filter.hh"
#include "support.hh"

namespace nsx::cli {

struct FilterField {
  std::string_view name;
  Value value;
};

inline const std::array kFilterRow{
    FilterField{"NS", std::uint64_t{4026531836}},
    FilterField{"NPROCS", std::uint64_t{3}},
    FilterField{"ZERO", std::uint64_t{0}},
    FilterField{"BIG", ~std::uint64_t{0}},
    FilterField{"LOAD", 0.5},
    FilterField{"BELOW", -1.5},
    FilterField{"TYPE", "net"},
    FilterField{"USER", "root"},
    FilterField{"BLANK", ""},
    FilterField{"NETNSID", "12"},
    FilterField{"FREE", "unassigned"},
    FilterField{"RATE", "2.50"},
    FilterField{"VERSION", "6.1.0"},
    FilterField{"NSFS", std::vector<std::string>{"/run/blue", "/run/red"}},
    FilterField{"IDS", std::vector<std::string>{"7", "9", "x"}},
    FilterField{"HOLLOW", std::vector<std::string>{""}},
    FilterField{"NONE", std::vector<std::string>{}},
    FilterField{"PID", std::monostate{}},
    FilterField{"LINES", "one\ntwo\tthree \"quoted\" it's \\"},
    FilterField{"maj:min", "8:1"},
    FilterField{"%CPU", std::uint64_t{80}},
    FilterField{"_a-b.c/d1", std::uint64_t{1}},
};

inline std::vector<std::string_view> names() {
  std::vector<std::string_view> all;
  for (const FilterField& field : kFilterRow)
    all.push_back(field.name);
  return all;
}

inline Result<Filter> parse_filter(std::string_view text) {
  return Filter::parse(text, names());
}

inline const Value& value_of(std::size_t column) {
  return kFilterRow.at(column).value;
}

inline bool picks(std::string_view text) {
  return must(parse_filter(text)).matches(value_of);
}

}  // namespace nsx::cli
