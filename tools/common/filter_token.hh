// SPDX-License-Identifier: MIT
#pragma once
// The tokens of a filter, for its parser. filter.hh documents the language.

#include <cstddef>
#include <string>
#include <string_view>

#include <nsx/result.hh>

#include "common/value.hh"

namespace nsx::cli::filter {

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

}  // namespace nsx::cli::filter
