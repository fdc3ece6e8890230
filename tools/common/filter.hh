// SPDX-License-Identifier: MIT
#pragma once
// The language that selects rows of a table: nsx-ls -Q 'NPROCS > 10 and not USER == "root"'.
//
//   filter     = any ;
//   any        = all , { ( "or" | "||" ) , all } ;
//   all        = negation , { ( "and" | "&&" ) , negation } ;
//   negation   = { "not" | "!" } , ( "(" , any , ")" | test ) ;
//   test       = operand
//              | operand , order , operand
//              | operand , ( "=~" | "!~" ) , text ;
//   order      = "==" | "!=" | "<"  | "<=" | ">"  | ">="
//              | "eq" | "ne" | "lt" | "le" | "gt" | "ge" ;
//   operand    = column | number | text | "true" | "false" ;
//   column     = ( letter | "_" | "%" ) , { letter | digit | "_" | "%" | "-" | ":" | "." | "/" } ;
//   number     = digit , { digit } , [ "." , digit , { digit } ] , [ suffix ] ;
//   suffix     = ( "K" | "M" | "G" | "T" | "P" | "E" | "Z" | "Y" ) , [ "iB" | "B" ] ;
//   text       = '"' , { character } , '"' | "'" , { character } , "'" ;
//
// It follows scols-filter(5), which lsns(8) and lsblk(8) use, with two differences: "and" binds
// tighter than "or", and "not" applies to the whole test after it, so not NPROCS == 1 means
// not (NPROCS == 1). In scols-filter(5), "and" and "or" have the same precedence, and "not" applies
// to the next operand only.
//
// Spelling
//   Words, columns and suffixes are case-insensitive. K and KiB are 1024, KB is 1000.
//   In a text, \\ is a backslash, \n a line feed, \t a tab, and \" or \' the quote that would
//   otherwise end it. Any other backslash is literal, so "\.conf$" can be written as is.
//
// Meaning
//   - An operand alone is true if it is a number other than 0, a non-empty text, or a list with a
//     non-empty text. An empty value is false.
//   - Numbers compare as numbers, also with a text that is a number without a suffix: "12", "0.5".
//     A number and any other text are unequal and unordered.
//   - Texts compare by bytes, as in strcmp(3).
//   - =~ searches for a POSIX extended regular expression, regex(7), in the text or in the digits
//     of a number; only ^ and $ anchor it.
//   - A comparison is true for a list if it is true for any of its texts. != and !~ negate == and
//     =~: no text of the list equals or matches.
//   - For == and =~ with a text, an empty value or list counts as the empty text: CONTAINER == ""
//     finds the rows without a container. Any other comparison with an empty value is false, except
//     that != and !~ are true.
//   - A comparison with true or false tests whether the other side alone is true; true is greater
//     than false.

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nsx/result.hh>

#include "common/value.hh"

namespace nsx::cli {

namespace filter {
struct Program;
}

/// The precedence of "and".
enum class Rank {
  and_first,  ///< higher than that of "or"
  one,        ///< the same as that of "or", evaluated from left to right, as in lsns(8)
};

/// A parsed filter, which can be evaluated on any number of rows.
class Filter {
 public:
  /// The maximum length of a filter, in bytes.
  static constexpr std::size_t kMaxLength = 65536;
  /// The maximum length of a pattern, in bytes, and its maximum size with all repetitions expanded.
  /// regcomp(3) recurses, and allocates as much memory as a pattern needs.
  static constexpr std::size_t kMaxPatternLength = 1024;
  static constexpr std::size_t kMaxPatternSize = 5000;
  /// The maximum nesting depth of parentheses and negations.
  static constexpr std::size_t kMaxDepth = 100;

  /// Parses `text`. Columns are numbered by their index in `columns`. An error names its position:
  /// "invalid filter 'NPROCS >> 3': at character 9: expected a value, not '>'".
  static Result<Filter> parse(std::string_view text, std::span<const std::string_view> columns,
                              Rank rank = Rank::and_first);

  /// The columns that the filter uses, without duplicates, in the order of their first use.
  const std::vector<std::size_t>& columns() const;

  /// Returns whether a row matches. `value_of` returns a reference to the row's value in a column;
  /// it is called only for the columns that are needed to decide.
  template <class ValueOf>
  bool matches(ValueOf&& value_of) const {
    using Returned = std::invoke_result_t<ValueOf&, std::size_t>;
    static_assert(std::is_lvalue_reference_v<Returned> &&
                      std::is_same_v<std::remove_cvref_t<Returned>, Value>,
                  "value_of must return a reference to a Value that outlives the call");
    return evaluate(std::ref(value_of));
  }

  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;
  ~Filter();

 private:
  explicit Filter(std::unique_ptr<const filter::Program> program);
  bool evaluate(const std::function<const Value&(std::size_t)>& value_of) const;

  std::unique_ptr<const filter::Program> program_;
};

}  // namespace nsx::cli
