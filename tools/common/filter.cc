// SPDX-License-Identifier: MIT
#include "common/filter.hh"

#include <algorithm>
#include <charconv>
#include <compare>
#include <string>

#include "common/filter_program.hh"
#include "try.hh"

namespace nsx::cli {

namespace filter {

namespace {

using ValueOf = std::function<const Value&(std::size_t)>;

/// A value, or one text of a list.
using Scalar = std::variant<std::monostate, std::uint64_t, double, std::string_view>;

/// Returns whether `holds` is true for the value or, in a list, for any of its texts.
template <class Holds>
bool any_of(const Value& value, Holds holds) {
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value); texts != nullptr) {
    if (texts->empty()) return holds(Scalar{});
    return std::any_of(texts->begin(), texts->end(),
                       [&](const std::string& text) { return holds(Scalar{text}); });
  }
  if (const auto* text = std::get_if<std::string>(&value)) return holds(Scalar{*text});
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return holds(Scalar{*number});
  if (const auto* number = std::get_if<double>(&value)) return holds(Scalar{*number});
  return holds(Scalar{});
}

/// Returns the number that `text` spells in the filter language, without a suffix; otherwise empty.
Scalar number_of(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return {};
  if (!std::all_of(text.begin(), text.end(), [&](char c) { return is_digit(c) || c == '.'; }))
    return {};
  const auto is_all_of = [&](auto& number) {
    const auto [stop, error] = std::from_chars(text.begin(), text.end(), number);
    return error == std::errc{} && stop == text.end();
  };
  if (std::uint64_t whole = 0; is_all_of(whole)) return whole;
  if (double real = 0; is_all_of(real)) return real;
  return {};
}

std::partial_ordering compare_numbers(const Scalar& a, const Scalar& b) {
  const auto* whole_a = std::get_if<std::uint64_t>(&a);
  const auto* whole_b = std::get_if<std::uint64_t>(&b);
  if (whole_a != nullptr && whole_b != nullptr) return *whole_a <=> *whole_b;
  // A long double holds both kinds without loss where it is longer than a double.
  const auto as_real = [](const Scalar& number) {
    const auto* whole = std::get_if<std::uint64_t>(&number);
    return whole != nullptr ? static_cast<long double>(*whole)
                            : static_cast<long double>(std::get<double>(number));
  };
  return as_real(a) <=> as_real(b);
}

bool is_nothing(const Scalar& scalar) {
  return std::holds_alternative<std::monostate>(scalar);
}

/// Compares two values. They are unordered if one is empty, or if one is a number and the other a
/// text that is not.
std::partial_ordering compare(Scalar a, Scalar b) {
  const auto* text_a = std::get_if<std::string_view>(&a);
  const auto* text_b = std::get_if<std::string_view>(&b);
  if (text_a != nullptr && text_b != nullptr) return text_a->compare(*text_b) <=> 0;
  if (text_a != nullptr) a = number_of(*text_a);
  if (text_b != nullptr) b = number_of(*text_b);
  if (is_nothing(a) || is_nothing(b)) return std::partial_ordering::unordered;
  return compare_numbers(a, b);
}

bool is_like_nothing(const Scalar& scalar) {
  const auto* text = std::get_if<std::string_view>(&scalar);
  return text != nullptr && text->empty();
}

bool equal(const Scalar& a, const Scalar& b) {
  if (is_nothing(a)) return is_like_nothing(b);
  if (is_nothing(b)) return is_like_nothing(a);
  return std::is_eq(compare(a, b));
}

bool related(Relation relation, const Scalar& a, const Scalar& b) {
  switch (relation) {
    case Relation::equal:
      return equal(a, b);
    case Relation::less:
      return std::is_lt(compare(a, b));
    case Relation::at_most:
      return std::is_lteq(compare(a, b));
    case Relation::greater:
      return std::is_gt(compare(a, b));
    case Relation::at_least:
      return std::is_gteq(compare(a, b));
    case Relation::match:
      break;  // handled by matches_pattern(): there is no right side
  }
  return false;
}

bool matches_pattern(const regex_t& pattern, std::string_view text) {
  // REG_STARTEND passes the length, so that a NUL does not end the text early.
  regmatch_t bounds{0, static_cast<regoff_t>(text.size())};
  return ::regexec(&pattern, text.data(), 1, &bounds, REG_STARTEND) == 0;
}

struct TextOfScalar {
  std::string operator()(std::string_view text) const { return std::string(text); }
  template <class Other>
  std::string operator()(const Other& other) const {
    return text_of(Value(other));
  }
};

struct IsTrue {
  bool operator()(std::monostate) const { return false; }
  bool operator()(std::uint64_t number) const { return number != 0; }
  bool operator()(double number) const { return number != 0; }
  bool operator()(const std::string& text) const { return !text.empty(); }
  bool operator()(const std::vector<std::string>& texts) const {
    return std::any_of(texts.begin(), texts.end(), *this);
  }
};

bool is_true(const Value& value) {
  return std::visit(IsTrue{}, value);
}

/// The evaluation of one filter on one row.
class Evaluation {
 public:
  Evaluation(const Program& program, const ValueOf& value_of)
      : program_(program), value_of_(value_of) {}

  bool run() const {
    bool truth = false;
    for (std::size_t at = 0; at < program_.steps.size();) {
      const Step& step = program_.steps[at++];
      switch (step.kind) {
        case Step::Kind::test:
          truth = holds(program_.tests[step.index]);
          break;
        case Step::Kind::negate:
          truth = !truth;
          break;
        case Step::Kind::skip_if_true:
          if (truth) at = step.index;
          break;
        case Step::Kind::skip_if_false:
          if (!truth) at = step.index;
          break;
      }
    }
    return truth;
  }

 private:
  bool holds(const Test& test) const {
    return test.relation ? compares(test) != test.is_negated : is_true(test.left);
  }

  bool compares(const Test& test) const {
    if (test.pattern) {
      return any_of(value(test.left), [&](const Scalar& left) {
        return matches_pattern(*test.pattern, std::visit(TextOfScalar{}, left));
      });
    }
    if (std::holds_alternative<bool>(test.left) || std::holds_alternative<bool>(test.right)) {
      return related(*test.relation, std::uint64_t{is_true(test.left)},
                     std::uint64_t{is_true(test.right)});
    }
    const Value& right_value = value(test.right);
    return any_of(value(test.left), [&](const Scalar& left) {
      return any_of(right_value,
                    [&](const Scalar& right) { return related(*test.relation, left, right); });
    });
  }

  bool is_true(const Operand& operand) const {
    const bool* flag = std::get_if<bool>(&operand);
    return flag != nullptr ? *flag : filter::is_true(value(operand));
  }

  /// Returns the value of an operand that is a column or a literal, not true or false.
  const Value& value(const Operand& operand) const {
    const auto* column = std::get_if<ColumnOperand>(&operand);
    return column != nullptr ? value_of_(column->column) : std::get<Value>(operand);
  }

  const Program& program_;
  const ValueOf& value_of_;
};

}  // namespace
}  // namespace filter

Filter::Filter(std::unique_ptr<const filter::Program> program) : program_(std::move(program)) {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

Result<Filter> Filter::parse(std::string_view text, std::span<const std::string_view> columns,
                             Rank rank) {
  auto program = TRY(filter::parse_program(text, columns, rank));
  return Filter(std::make_unique<const filter::Program>(std::move(program)));
}

const std::vector<std::size_t>& Filter::columns() const {
  return program_->columns;
}

bool Filter::evaluate(const std::function<const Value&(std::size_t)>& value_of) const {
  return filter::Evaluation(*program_, value_of).run();
}

}  // namespace nsx::cli
