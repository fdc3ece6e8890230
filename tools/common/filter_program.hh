// SPDX-License-Identifier: MIT
#pragma once
// The compiled form of a filter: tests, and the steps that combine their results.

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include <nsx/result.hh>

#include "common/filter_pattern.hh"
#include "common/filter_token.hh"
#include "common/value.hh"

namespace nsx::cli::filter {

struct ColumnOperand {
  std::size_t column;
};
using Operand = std::variant<bool, ColumnOperand, Value>;

/// An operand alone, or a comparison of two.
struct Test {
  Operand left;
  std::optional<Relation> relation = {};  ///< none: tests whether the left side alone is true
  bool is_negated = false;                ///< for != and !~
  Operand right = {};                     ///< unused with a pattern
  Pattern pattern = {};                   ///< for =~ and !~
};

/// A step of a program. The program keeps a single truth value, the result of the last test. A step
/// sets it, negates it, or skips the steps that could not change it, so that programs of any
/// nesting depth run without a stack.
struct Step {
  enum class Kind { test, negate, skip_if_true, skip_if_false };
  Kind kind;
  std::size_t index = 0;  ///< of the test, or of the later step to skip to
};

struct Program {
  std::vector<Test> tests;
  std::vector<Step> steps;
  std::vector<std::size_t> columns;
};

Result<Program> parse_program(std::string_view text, std::span<const std::string_view> columns,
                              Rank rank);

}  // namespace nsx::cli::filter
