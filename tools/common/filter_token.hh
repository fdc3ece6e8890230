// SPDX-License-Identifier: MIT
#pragma once
// The words of a filter, for its parser. What they mean is in filter.hh.

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
  std::string_view spelled = {};  ///< empty for the end alone
  Value value = {};               ///< of a number and a text
  Relation relation = {};         ///< of a comparison
  bool flag = false;              ///< of true; of a comparison that is negated
};

/// Hands out the tokens of `text`, which has to stay.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  /// The next one; behind the last one the end, however often.
  Result<Token> next();

 private:
  // Each reads the token at the start of `rest`, which is at the offset at_.
  Result<Token> word(std::string_view rest) const;
  Result<Token> number(std::string_view rest) const;
  Result<Token> quoted_text(std::string_view rest) const;
  Result<Token> sign(std::string_view rest) const;

  std::string_view text_;
  std::size_t at_ = 0;
};

/// The error of what is wrong at the byte `at` of the filter `text`.
tl::unexpected<Error> error_at(std::string_view text, std::size_t at, const std::string& reason,
                               std::string_view hint = {});

/// A part of a filter as a message shows it: in quotes, if it does not bring its own.
std::string shown(std::string_view spelled);

/// Whether two words are the same but for the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b);

}  // namespace nsx::cli::filter
