// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <nsx/text.hh>

#include "common/filter.hh"
#include "common/filter_program.hh"
#include "common/locale.hh"
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

namespace {

/// Estimates the number of parts that regcomp(3) expands a pattern to. glibc compiles a{3} as aaa
/// and a+ as aa*, so ".++++" and "((a{9}){9}){9}" grow exponentially, and thirty characters can
/// exhaust any memory. Nested stars cost time instead, and count the same. The estimate for an
/// invalid pattern is arbitrary.
class SizeEstimate {
 public:
  explicit SizeEstimate(std::string_view pattern) : rest_(pattern) {}

  /// Returns the estimate, or any number above `most` if it exceeds `most`.
  std::uint64_t up_to(std::uint64_t most) {
    // A step multiplies by at most a 32-bit number, so the loop ends before the sum can overflow.
    while (!rest_.empty() && sum_ + last_ <= most)
      step();
    for (const std::uint64_t outer : open_)
      sum_ += outer;
    return sum_ + last_;
  }

 private:
  void step() {
    const char c = rest_.front();
    std::size_t length = 1;
    switch (c) {
      case '(':
        sum_ += last_;
        open_.push_back(sum_);
        sum_ = last_ = 0;
        break;
      case ')':
        if (!open_.empty()) {
          last_ += sum_ + 1;
          sum_ = open_.back();
          open_.pop_back();
        }
        break;
      case '*':
      case '?':
      case '+':
        last_ = last_ * 2 + 1;
        break;
      case '{':
        length = interval();
        break;
      default:
        if (c == '\\') length = 2;
        if (c == '[') length = bracket();
        sum_ += last_;
        last_ = 1;
    }
    rest_.remove_prefix(std::min(length, rest_.size()));
  }

  /// Processes "{2}", "{2,}" or "{2,5}", and returns its length.
  std::size_t interval() {
    const char* at = rest_.data() + 1;
    const char* end = rest_.data() + rest_.size();
    std::uint32_t most = 0;
    for (std::uint32_t bound = 0; at < end && *at != '}';) {
      const auto read = std::from_chars(at, end, bound);
      most = std::max(most, bound);
      at = std::max(read.ptr, at + 1);
    }
    last_ = last_ * (std::uint64_t{most} + 1) + 1;
    return static_cast<std::size_t>(at - rest_.data()) + 1;
  }

  /// Returns the length of a bracket expression, "[abc]". A "]" that comes first, or in
  /// "[:class:]", does not end it.
  std::size_t bracket() const {
    std::size_t at = rest_.starts_with("[^") ? 2 : 1;
    for (const std::size_t first = at; at < rest_.size(); ++at) {
      if (rest_[at] == ']' && at != first) return at + 1;
      if (rest_[at] != '[' || at + 1 == rest_.size()) continue;
      const char kind = rest_[at + 1];
      if (kind != ':' && kind != '.' && kind != '=') continue;
      const std::size_t end = rest_.find(std::string{kind, ']'}, at + 2);
      if (end != std::string_view::npos) at = end + 1;
    }
    return at;
  }

  std::string_view rest_;
  std::vector<std::uint64_t> open_;  ///< the sum before each open parenthesis
  std::uint64_t sum_ = 0;            ///< of the complete parts since the last open parenthesis
  std::uint64_t last_ = 0;           ///< size of the part that a repetition would apply to
};

}  // namespace

tl::expected<Pattern, std::string> compile_pattern(const std::string& text) {
  if (text.size() > Filter::kMaxPatternLength)
    return tl::unexpected("it is longer than " + std::to_string(Filter::kMaxPatternLength) +
                          " bytes");
  if (SizeEstimate(text).up_to(Filter::kMaxPatternSize) > Filter::kMaxPatternSize)
    return tl::unexpected("its repetitions expand to more than " +
                          std::to_string(Filter::kMaxPatternSize) + " parts");
  auto compiled = std::make_unique<regex_t>();
  need_locale();
  if (const int error = ::regcomp(compiled.get(), text.c_str(), REG_EXTENDED | REG_NOSUB)) {
    std::array<char, 128> why{};
    ::regerror(error, compiled.get(), why.data(), why.size());
    return tl::unexpected(std::string(why.data()));
  }
  return Pattern(compiled.release());
}

}  // namespace nsx::cli::filter
