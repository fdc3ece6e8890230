// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <nsx/text.hh>

#include "common/filter_program.hh"
#include "quantity.hh"

namespace nsx::cli::filter {

namespace {

using Kind = Token::Kind;

struct Spelling {
  std::string_view text;
  Kind kind;
  Relation relation = {};
  bool flag = false;
};

/// Of two signs with the same start, the longer one comes first.
constexpr std::array kSigns{
    Spelling{"&&", Kind::conjunction},
    Spelling{"||", Kind::disjunction},
    Spelling{"==", Kind::comparison, Relation::equal},
    Spelling{"!=", Kind::comparison, Relation::equal, true},
    Spelling{"<=", Kind::comparison, Relation::at_most},
    Spelling{">=", Kind::comparison, Relation::at_least},
    Spelling{"=~", Kind::comparison, Relation::match},
    Spelling{"!~", Kind::comparison, Relation::match, true},
    Spelling{"<", Kind::comparison, Relation::less},
    Spelling{">", Kind::comparison, Relation::greater},
    Spelling{"!", Kind::negation},
    Spelling{"(", Kind::open},
    Spelling{")", Kind::close},
};

constexpr std::array kWords{
    Spelling{"and", Kind::conjunction},
    Spelling{"or", Kind::disjunction},
    Spelling{"not", Kind::negation},
    Spelling{"eq", Kind::comparison, Relation::equal},
    Spelling{"ne", Kind::comparison, Relation::equal, true},
    Spelling{"lt", Kind::comparison, Relation::less},
    Spelling{"le", Kind::comparison, Relation::at_most},
    Spelling{"gt", Kind::comparison, Relation::greater},
    Spelling{"ge", Kind::comparison, Relation::at_least},
    Spelling{"true", Kind::boolean, {}, true},
    Spelling{"false", Kind::boolean, {}, false},
};

// Instead of <cctype>, which depends on the locale.
constexpr std::string_view kSpace = " \t\n\r\f\v";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool starts_word(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || c == '%';
}

bool continues_word(char c) {
  return starts_word(c) || is_digit(c) || c == '-' || c == ':' || c == '.' || c == '/';
}

std::string_view word_at_start(std::string_view text) {
  return {text.begin(), std::find_if_not(text.begin(), text.end(), continues_word)};
}

/// Returns the character that an escape sequence at the start of `text` stands for. Returns none if
/// there is no backslash, or if it is literal, as in "\.".
std::optional<char> escaped(std::string_view text, char quote) {
  if (text.size() < 2 || text[0] != '\\') return std::nullopt;
  if (text[1] == quote || text[1] == '\\') return text[1];
  if (text[1] == 'n') return '\n';
  if (text[1] == 't') return '\t';
  return std::nullopt;
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string shown(std::string_view spelled) {
  const bool has_quotes = spelled.starts_with('"') || spelled.starts_with('\'');
  const std::string text = printable(spelled);
  return has_quotes ? text : '\'' + text + '\'';
}

tl::unexpected<Error> error_at(std::string_view text, std::size_t at, const std::string& reason,
                               std::string_view hint) {
  const auto before = text.substr(0, at);
  const auto characters = before.size() - static_cast<std::size_t>(std::count_if(
                                              before.begin(), before.end(), continues_character));
  return problem("invalid filter '{}'", text,
                 "at character " + std::to_string(characters + 1) + ": " + reason, hint);
}

Result<Token> Scanner::next() {
  at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size());
  const std::string_view rest = text_.substr(at_);
  if (rest.empty()) return Token{.at = at_};
  Result<Token> token = starts_word(rest[0])                ? word(rest)
                        : is_digit(rest[0])                 ? number(rest)
                        : rest[0] == '"' || rest[0] == '\'' ? quoted_text(rest)
                                                            : sign(rest);
  if (token) at_ += token->spelled.size();
  return token;
}

Result<Token> Scanner::word(std::string_view rest) const {
  const std::string_view spelled = word_at_start(rest);
  for (const Spelling& known : kWords) {
    if (same_word(spelled, known.text))
      return Token{known.kind, at_, spelled, {}, known.relation, known.flag};
  }
  return Token{.kind = Kind::column, .at = at_, .spelled = spelled};
}

Result<Token> Scanner::number(std::string_view rest) const {
  const std::string_view spelled = word_at_start(rest);
  const auto quantity = read_quantity(spelled);
  if (!quantity) {
    return error_at(
        text_, at_,
        "invalid number " + shown(spelled) + ": expected a number like 12, 0.5, 4K (4KiB) or 4KB");
  }
  Token token{.kind = Kind::number, .at = at_, .spelled = spelled};
  if (quantity->is_whole()) {
    if (const auto whole = quantity->whole()) token.value = *whole;
  } else {
    if (const auto real = quantity->real()) token.value = *real;
  }
  if (std::holds_alternative<std::monostate>(token.value)) {
    return error_at(
        text_, at_,
        "number " + shown(spelled) + " is out of range: the largest is 18446744073709551615");
  }
  return token;
}

Result<Token> Scanner::quoted_text(std::string_view rest) const {
  const char quote = rest[0];
  std::string value;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == quote) {
      return Token{.kind = Kind::text,
                   .at = at_,
                   .spelled = rest.substr(0, i + 1),
                   .value = std::move(value)};
    }
    if (rest[i] == '\0') return error_at(text_, at_ + i, "text cannot contain a NUL");
    if (const auto c = escaped(rest.substr(i), quote)) {
      value += *c;
      ++i;
    } else {
      value += rest[i];
    }
  }
  return error_at(text_, at_, "missing closing quote");
}

Result<Token> Scanner::sign(std::string_view rest) const {
  for (const Spelling& known : kSigns) {
    if (rest.starts_with(known.text)) {
      const std::string_view spelled = rest.substr(0, known.text.size());
      return Token{known.kind, at_, spelled, {}, known.relation, known.flag};
    }
  }
  const auto* end = std::find_if_not(rest.begin() + 1, rest.end(), continues_character);
  const std::string_view character(rest.begin(), end);
  const bool is_half = character == "=" || character == "&" || character == "|";
  std::string reason = "unexpected " + shown(character);
  if (is_half) reason += " (did you mean " + shown(std::string(2, rest[0])) + "?)";
  if (character == "-") reason += ": numbers have no sign";
  return error_at(text_, at_, reason);
}

}  // namespace nsx::cli::filter
