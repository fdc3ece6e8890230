// SPDX-License-Identifier: MIT
#pragma once
// The parts of a filter: tokens, patterns, and the compiled program.

#include <cstddef>
#include <memory>
#include <optional>
#include <regex.h>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nsx/result.hh>

#include "common/filter.hh"
#include "common/value.hh"

namespace nsx::cli::filter {

// The tokens of a filter, for its parser. filter.hh documents the language.

enum class Relation { equal, less, at_most, greater, at_least, match };

struct Token {
  enum class Kind {
    end,
    column,
    number,
    text,
    boolean,
    comparison,
    conjunction,
    disjunction,
    negation,
    open,
    close
  };

  Kind kind = Kind::end;
  std::size_t at = 0;             ///< the offset of its first byte
  std::string_view spelled = {};  ///< the source text; empty only at the end
  Value value = {};               ///< of a number or text
  Relation relation = {};         ///< of a comparison
  bool flag = false;              ///< set for "true" and for negated comparisons
};

/// Splits `text` into tokens. `text` must outlive the scanner and its tokens.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  /// Returns the next token; after the last one, Kind::end on every call.
  Result<Token> next();

 private:
  // Each parses the token at the start of `rest`, whose offset is at_.
  Result<Token> word(std::string_view rest) const;
  Result<Token> number(std::string_view rest) const;
  Result<Token> quoted_text(std::string_view rest) const;
  Result<Token> sign(std::string_view rest) const;

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Returns the error for a problem at byte `at` of the filter `text`.
tl::unexpected<Error> error_at(std::string_view text, std::size_t at, const std::string& reason,
                               std::string_view hint = {});

/// Formats a part of a filter for a message: in quotes, unless it has its own.
std::string shown(std::string_view spelled);

/// Returns whether two words are equal, ignoring the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b);

// The regular expressions of a filter.

struct FreePattern {
  void operator()(regex_t* pattern) const {
    ::regfree(pattern);
    delete pattern;
  }
};
using Pattern = std::unique_ptr<regex_t, FreePattern>;

/// Compiles a POSIX extended regular expression for regexec(3). Returns the reason as text if it is
/// invalid, or if regcomp(3) would need excessive memory for it.
tl::expected<Pattern, std::string> compile_pattern(const std::string& text);

// The compiled form of a filter: tests, and the steps that combine their results.

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
