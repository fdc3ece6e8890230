// SPDX-License-Identifier: MIT
#pragma once
// What a filter is once it was read: tests, and the steps that combine what they say.

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

/// One side alone, or two that are compared.
struct Test {
  Operand left;
  std::optional<Relation> relation = {};  ///< nothing: whether the left side is true by itself
  bool is_negated = false;                ///< != and !~
  Operand right = {};                     ///< without a pattern
  Pattern pattern = {};                   ///< of =~ and !~
};

/// There is one truth, that of the last test; a step makes it, turns it around, or lets it stand
/// and skips what cannot change it. So a program of any nesting is carried out without a stack.
struct Step {
  enum class Kind { test, negate, skip_if_true, skip_if_false };
  Kind kind;
  std::size_t index = 0;  ///< of the test; of the step to skip to, which comes later
};

struct Program {
  std::vector<Test> tests;
  std::vector<Step> steps;
  std::vector<std::size_t> columns;
};

Result<Program> parse_program(std::string_view text, std::span<const std::string_view> columns,
                              Rank rank);

}  // namespace nsx::cli::filter
