// SPDX-License-Identifier: MIT
#pragma once
// The language that picks rows of a table: nsx-ls -Q 'NPROCS > 10 and not USER == "root"'.
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
// It is that of scols-filter(5), which lsns(8) and lsblk(8) have, but that "and" binds tighter than
// "or", and that "not" takes the whole test behind it: not NPROCS == 1 is not (NPROCS == 1). There
// "and" and "or" are of one rank, and "not" takes the next operand alone.
//
// Spelling
//   Case does not matter for words, columns and suffixes. K and KiB are 1024, KB is 1000.
//   In a text \\ is a backslash, \n a line feed, \t a tab, and \" or \' the quote that would end
//   it; any other backslash stands for itself, so that "\.conf$" is the pattern that it looks like.
//
// Meaning
//   An operand alone is true if it is not empty: a number that is not 0, a text with a character, a
//   list with a text that has one. Nothing is not true.
//   Numbers compare as numbers, and so does a number with a text that is one ("12", "0.5", without
//   a suffix). A number and any other text are not equal, and none is the lesser.
//   Texts compare by their bytes, as strcmp(3) does.
//   =~ looks for a POSIX extended regular expression, regex(7), in the text, or in a number's
//   digits, so it is anchored only by ^ and $.
//   A list holds a comparison if any of its texts does. != and !~ are the negation of == and =~: no
//   text of the list equals or matches.
//   Nothing, and a list without texts, is to a text what the empty text is, for == and =~: so
//   CONTAINER == "" finds the rows without one. Any other comparison with nothing is false, but !=
//   and !~ are true.
//   A comparison with true or false asks whether the other side is true, as if it stood alone; true
//   is above false.

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

/// How tight "and" binds.
enum class Rank {
  and_first,  ///< tighter than "or"
  one,        ///< as "or", from left to right, as in lsns(8)
};

/// A filter that was read and is ready for any number of rows.
class Filter {
 public:
  /// What a filter may be long, in bytes.
  static constexpr std::size_t kMaxLength = 65536;
  /// What a pattern may be long, and of how many characters it may be once its repetitions are
  /// written out: regcomp(3) recurses, and takes whatever memory that needs.
  static constexpr std::size_t kMaxPatternLength = 1024;
  static constexpr std::size_t kMaxPatternSize = 5000;
  /// How many parentheses and negations may be open at one place.
  static constexpr std::size_t kMaxDepth = 100;

  /// Reads `text`. A column's number is its place in `columns`. An error points at its position:
  /// "invalid filter 'NPROCS >> 3': at character 9: expected a value, not '>'".
  static Result<Filter> parse(std::string_view text, std::span<const std::string_view> columns,
                              Rank rank = Rank::and_first);

  /// The columns that it looks at, each once, in the order of their first mention.
  const std::vector<std::size_t>& columns() const;

  /// Whether a row is one of those that the filter picks. `value_of` gives the row's value in a
  /// column, by reference, and is asked only for what decides.
  template <class ValueOf>
  bool matches(ValueOf&& value_of) const {
    using Returned = std::invoke_result_t<ValueOf&, std::size_t>;
    static_assert(std::is_lvalue_reference_v<Returned> &&
                      std::is_same_v<std::remove_cvref_t<Returned>, Value>,
                  "what is not a reference to a Value would be gone before it is looked at");
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
