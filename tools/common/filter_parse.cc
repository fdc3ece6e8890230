// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>
#include <string>

#include "common/filter.hh"
#include "common/filter_program.hh"
#include "try.hh"

namespace nsx::cli::filter {

namespace {

using Kind = Token::Kind;

/// A recursive-descent parser. Only parentheses recurse.
class Parser {
 public:
  Parser(std::string_view text, std::span<const std::string_view> columns, Rank rank)
      : text_(text), columns_(columns), rank_(rank), scanner_(text) {}

  Result<Program> parse();

 private:
  /// Parses one symbol of the grammar, starting at token_, and emits its steps.
  using Symbol = Status (Parser::*)();
  Status any() {
    if (rank_ == Rank::one) return all_or_any();
    return chain(Kind::disjunction, Step::Kind::skip_if_true, &Parser::all);
  }
  Status all() { return chain(Kind::conjunction, Step::Kind::skip_if_false, &Parser::negation); }
  Status all_or_any();
  Status chain(Kind joint, Step::Kind skip, Symbol link);
  Status negation();
  Status parenthesis();
  Status test();
  Status pattern(Test& test, const Token& left);
  Result<Operand> operand(bool is_right_side);
  Result<Operand> column(bool is_right_side);

  Status advance();
  Status go_deeper();
  tl::unexpected<Error> expected(const std::string& what) const;
  std::string what_may_follow(bool in_parenthesis) const;

  std::string_view text_;
  std::span<const std::string_view> columns_;
  Rank rank_;
  Scanner scanner_;
  Token token_;
  Program program_;
  std::size_t depth_ = 0;
  bool can_compare_ =
      false;  ///< the last thing parsed is an operand that is not part of a comparison
};

Status Parser::advance() {
  token_ = TRY(scanner_.next());
  return {};
}

Status Parser::go_deeper() {
  if (depth_++ < Filter::kMaxDepth) return {};
  return error_at(text_, token_.at,
                  "nested deeper than " + std::to_string(Filter::kMaxDepth) + " levels");
}

tl::unexpected<Error> Parser::expected(const std::string& what) const {
  const std::string found = token_.kind == Kind::end ? "the end" : shown(token_.spelled);
  return error_at(text_, token_.at, "expected " + what + ", not " + found);
}

std::string Parser::what_may_follow(bool in_parenthesis) const {
  if (in_parenthesis) return can_compare_ ? "an operator or ')'" : "'and', 'or' or ')'";
  return can_compare_ ? "an operator" : "'and' or 'or'";
}

Result<Program> Parser::parse() {
  TRY(advance());
  TRY(any());
  if (token_.kind != Kind::end) return expected(what_may_follow(false));
  return std::move(program_);
}

Status Parser::chain(Kind joint, Step::Kind skip, Symbol link) {
  TRY((this->*link)());
  while (token_.kind == joint) {
    TRY(advance());
    const std::size_t here = program_.steps.size();
    program_.steps.push_back({skip});
    TRY((this->*link)());
    program_.steps[here].index = program_.steps.size();
  }
  return {};
}

/// Parses a chain of "and" and "or" with equal precedence, from left to right.
Status Parser::all_or_any() {
  TRY(negation());
  while (token_.kind == Kind::conjunction || token_.kind == Kind::disjunction) {
    const bool is_and = token_.kind == Kind::conjunction;
    TRY(advance());
    const std::size_t here = program_.steps.size();
    program_.steps.push_back({is_and ? Step::Kind::skip_if_false : Step::Kind::skip_if_true});
    TRY(negation());
    program_.steps[here].index = program_.steps.size();
  }
  return {};
}

Status Parser::negation() {
  std::size_t count = 0;
  for (; token_.kind == Kind::negation; ++count) {
    TRY(go_deeper());
    TRY(advance());
  }
  TRY(token_.kind == Kind::open ? parenthesis() : test());
  if (count % 2 != 0) program_.steps.push_back({Step::Kind::negate});
  depth_ -= count;
  return {};
}

Status Parser::parenthesis() {
  TRY(go_deeper());
  TRY(advance());
  TRY(any());
  if (token_.kind != Kind::close) return expected(what_may_follow(true));
  --depth_;
  can_compare_ = false;
  return advance();
}

Status Parser::test() {
  const Token first = token_;
  auto left = TRY(operand(false));
  Test test{.left = std::move(left)};
  can_compare_ = token_.kind != Kind::comparison;
  if (token_.kind == Kind::comparison) {
    test.relation = token_.relation;
    test.is_negated = token_.flag;
    TRY(advance());
    if (test.relation == Relation::match) {
      TRY(pattern(test, first));
    } else {
      test.right = TRY(operand(true));
    }
  }
  program_.steps.push_back({Step::Kind::test, program_.tests.size()});
  program_.tests.push_back(std::move(test));
  return {};
}

Result<Operand> Parser::operand(bool is_right_side) {
  Operand operand;
  switch (token_.kind) {
    case Kind::column: {
      operand = TRY(this->column(is_right_side));
      break;
    }
    case Kind::number:
    case Kind::text:
      operand = token_.value;
      break;
    case Kind::boolean:
      operand = token_.flag;
      break;
    default:
      return expected("a value");
  }
  TRY(advance());
  return operand;
}

Result<Operand> Parser::column(bool is_right_side) {
  const auto found = std::find_if(columns_.begin(), columns_.end(), [&](std::string_view name) {
    return same_word(name, token_.spelled);
  });
  if (found == columns_.end()) {
    std::string reason = "unknown column " + shown(token_.spelled) + ": expected one of ";
    const char* comma = "";
    for (const std::string_view name : columns_) {
      reason += comma;
      reason += name;
      comma = ", ";
    }
    const std::string in_quotes = '"' + std::string(token_.spelled) + '"';
    return error_at(text_, token_.at, reason,
                    is_right_side ? "write " + in_quotes + " to compare with text" : "");
  }
  const auto column = static_cast<std::size_t>(found - columns_.begin());
  auto& used = program_.columns;
  if (std::find(used.begin(), used.end(), column) == used.end()) used.push_back(column);
  return ColumnOperand{column};
}

Status Parser::pattern(Test& test, const Token& left) {
  if (left.kind == Kind::boolean)
    return error_at(text_, left.at, shown(left.spelled) + " is not text to match");
  const auto* pattern = std::get_if<std::string>(&token_.value);
  if (pattern == nullptr) return expected("a regular expression in quotes");
  auto compiled = compile_pattern(*pattern);
  if (!compiled)
    return error_at(text_, token_.at, "invalid regular expression: " + compiled.error());
  test.pattern = std::move(*compiled);
  return advance();
}

}  // namespace

Result<Program> parse_program(std::string_view text, std::span<const std::string_view> columns,
                              Rank rank) {
  if (text.size() > Filter::kMaxLength) {
    return problem("invalid filter", "",
                   "it is longer than " + std::to_string(Filter::kMaxLength) + " bytes");
  }
  return Parser(text, columns, rank).parse();
}

}  // namespace nsx::cli::filter
