// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nsx/result.hh>

namespace nsx::cli {

// The effect of an option, as a value in the option's row of the table.

/// Its address identifies the type of a part of a request.
template <class Part>
inline constexpr char kPartId = 0;

template <class Part>
inline constexpr const void* part_id = &kPartId<Part>;

/// A part of a request that options can change.
struct Part {
  const void* id;  ///< part_id of its type
  void* object;
};

namespace effect {

/// The parameters of a stateless function: the part, and optionally the argument.
template <class Call>
struct Signature;

template <class Function, class Result, class Part>
struct Signature<Result (Function::*)(Part&) const> {
  using Changed = Part;
  static Result call(Part& part, const char* /*argument*/) { return Function{}(part); }
};

template <class Function, class Result, class Part>
struct Signature<Result (Function::*)(Part&, const char*) const> {
  using Changed = Part;
  static Result call(Part& part, const char* argument) { return Function{}(part, argument); }
};

template <class Member>
struct Of;

template <class Type, class Owner>
struct Of<Type Owner::*> {
  using Part = Owner;
};

template <auto member>
using PartOf = typename Of<decltype(member)>::Part;

template <auto function>
struct Call;

template <class Result, class Part, Result (*function)(Part&)>
struct Call<function> {
  Result operator()(Part& part) const { return function(part); }
};

template <class Result, class Part, Result (*function)(Part&, const char*)>
struct Call<function> {
  Result operator()(Part& part, const char* argument) const { return function(part, argument); }
};

// These take the type as well as its member. Given the member alone, g++ 12 does not notice that
// the type is in an unnamed namespace, and merges the functions of equally named types.

template <class Part, auto member, auto value>
struct Set {
  void operator()(Part& part) const { part.*member = value; }
};

template <class Part, auto member>
struct SetText {
  void operator()(Part& part, const char* argument) const { part.*member = argument; }
};

template <class Part, auto member>
struct AppendText {
  void operator()(Part& part, const char* argument) const { (part.*member).emplace_back(argument); }
};

template <class Part, auto member, const auto& usual>
struct SetTextOr {
  void operator()(Part& part, const char* argument) const {
    part.*member = argument != nullptr ? argument : usual;
  }
};

template <class Part, auto member, auto parse>
struct ParseInto {
  Status operator()(Part& part, const char* argument) const {
    auto parsed = parse(argument);
    if (!parsed) return tl::unexpected(std::move(parsed.error()));
    part.*member = *std::move(parsed);
    return {};
  }
};

}  // namespace effect

/// Changes one part of a request. Made from a stateless function that takes the part and, for
/// options with an argument, the argument (null if it was not given). The function can return an
/// error: [](Request& request, const char* file) { ... }.
struct Effect {
  const void* part =
      nullptr;  ///< part_id of the part it changes; null: the option is handled elsewhere
  Status (*apply)(void* part, const char* argument) = nullptr;

  constexpr Effect() = default;

  template <class Function>
  constexpr Effect(Function /*change*/)
      : part(part_id<typename effect::Signature<decltype(&Function::operator())>::Changed>),
        apply(erased<Function>) {}

 private:
  template <class Function>
  static Status erased(void* part, const char* argument) {
    using Its = effect::Signature<decltype(&Function::operator())>;
    auto& changed = *static_cast<typename Its::Changed*>(part);
    if constexpr (std::is_void_v<decltype(Its::call(changed, argument))>) {
      Its::call(changed, argument);
      return {};
    } else {
      return Its::call(changed, argument);
    }
  }
};

// The common effects: set_flag<&Request::json>.

template <auto function>
inline constexpr effect::Call<function> call{};

template <auto member, auto value>
inline constexpr effect::Set<effect::PartOf<member>, member, value> set{};

template <auto member>
inline constexpr effect::Set<effect::PartOf<member>, member, true> set_flag{};

template <auto member>
inline constexpr effect::Set<effect::PartOf<member>, member, false> clear_flag{};

/// Sets the member to the argument.
template <auto member>
inline constexpr effect::SetText<effect::PartOf<member>, member> set_text{};

/// Appends the argument to the member.
template <auto member>
inline constexpr effect::AppendText<effect::PartOf<member>, member> append_text{};

/// Sets the member to the optional argument, or to the constant `usual` if it was left out.
template <auto member, const auto& usual>
inline constexpr effect::SetTextOr<effect::PartOf<member>, member, usual> set_text_or{};

/// Sets the member to the parsed argument; `parse` can return an error.
template <auto parse, auto member>
inline constexpr effect::ParseInto<effect::PartOf<member>, member, parse> parse_into{};

enum class Argument {
  none,
  required,
  optional,
  optional_if_long,  ///< the short option takes none
};

/// The kind of object that an argument or operand names, for completion.
enum class Completes {
  nothing,
  pid,
  target,
  container,
  pin,
  cgroup,
  user,
  file,
  directory,
  words,
  list
};

/// A row of a table: the complete description of an option.
struct Option {
  char letter;       ///< of the short option, or kNoLetter
  const char* name;  ///< of the long option
  Argument argument;
  const char* metavar;  ///< name of the argument in --help; null without an argument
  Completes completes;
  const char* words;  ///< choices for Completes::words and list, separated by spaces; more text
                      ///< has to follow a choice that ends in "="
  const char* help;
  Effect effect = {};
  const char* heading = nullptr;  ///< of the group of options that starts here; null: none does
};

/// The letter of an option that has no short form.
inline constexpr char kNoLetter = '\0';

/// Returns an option without an argument.
constexpr Option flag(char letter, const char* name, const char* help, Effect effect = {}) {
  return {letter, name, Argument::none, nullptr, Completes::nothing, nullptr, help, effect};
}

/// The argument of an option: its name in --help, and its completion.
struct Metavar {
  const char* name;
  Completes completes = Completes::nothing;
  const char* words = nullptr;  ///< see Option::words
};

/// Returns an option with a required argument.
constexpr Option value(char letter, const char* name, Metavar argument, const char* help,
                       Effect effect = {}) {
  return {letter, name,  Argument::required, argument.name, argument.completes, argument.words,
          help,   effect};
}

/// Returns an option with an optional argument.
constexpr Option optional_value(char letter, const char* name, Metavar argument, const char* help,
                                Effect effect = {}) {
  return {letter, name,  Argument::optional, argument.name, argument.completes, argument.words,
          help,   effect};
}

/// Returns `first` as the first option of a group with this heading.
constexpr Option under(const char* heading, Option first) {
  first.heading = heading;
  return first;
}

/// The options that every tool has. answer_help() handles them.
inline constexpr Option kHelp = flag('h', "help", "print this help");
inline constexpr Option kVersion = flag('V', "version", "print the version");

/// An example in --help.
struct Example {
  const char* command;
  const char* purpose;  ///< a phrase: "list the sockets of the container web"
};

using Examples = std::array<Example, 3>;

/// The operands that a tool or command takes.
struct Operands {
  static constexpr std::size_t kAnyNumber = ~std::size_t{0};

  /// The position of the program to run.
  enum class Runs {
    nothing,        ///< there is no program
    first_operand,  ///< the operands are the program; the first one ends the options, as in env(1)
    after_dashes,   ///< the program follows "--"
  };

  std::size_t least = 0;
  std::size_t most = 0;  ///< not counting the program
  Completes first = Completes::nothing;
  Completes rest = Completes::nothing;
  const char* words = nullptr;  ///< the choices, if `first` or `rest` is Completes::words
  Runs runs = Runs::nothing;
  /// Without "--", the first operand ends the options and the program follows it.
  bool or_after_first = false;

  static const Operands none, program, targets;
};

inline constexpr Operands Operands::none{};
inline constexpr Operands Operands::program{.runs = Runs::first_operand};
inline constexpr Operands Operands::targets{
    .most = kAnyNumber, .first = Completes::target, .rest = Completes::target};

/// A tool, or a command of a tool with commands (commands.hh).
struct Tool {
  const char* name;      ///< "nsx-ls", "nsx-pin add"
  const char* synopsis;  ///< follows the name: "[options] [program [argument...]]"
  const char* purpose;   ///< one imperative phrase: "List pins"
  std::span<const Option> options;
  Operands operands;
  int usage_status;      ///< the exit status of a usage error
  const char* epilogue;  ///< follows the options in --help; null: none
  Examples examples = {};
};

/// An option on the command line.
struct Given {
  const Option* option;
  const char* argument;  ///< null if none was given
};

/// A parsed command line.
struct CommandLine {
  std::vector<Given> options;   ///< in the given order
  std::vector<char*> operands;  ///< in the given order, without the program
  std::vector<char*> program;   ///< its argv, without a final null; empty if none was given
  bool ended_by_first = false;  ///< the first operand ended the options: Operands::or_after_first

  /// Returns whether the option with this long name was given.
  bool has(std::string_view name) const;
};

/// Parses a command line with getopt_long(3). Options and operands can be mixed, unless the first
/// operand is a program, which ends the options as "--" does. Errors: unknown, ambiguous or
/// incomplete options, and too many or too few operands; too few are accepted with --help and
/// --version. An optional argument of a short option can start with "=".
Result<CommandLine> parse(const Tool& tool, int argc, char** argv);

/// Applies the effects of all given options to the parts of a request, in the given order. Errors:
/// that of the first invalid argument.
Status apply_to(std::span<const Part> parts, const CommandLine& line);

/// Applies the effects like apply_to(), and checks at compile time that all parts that the table
/// changes are given: apply<kOptions>(line, request, run).
template <const auto& options, class... Parts>
Status apply(const CommandLine& line, Parts&... parts) {
  constexpr bool is_complete = [] {
    for (const Option& option : options) {
      const void* its = option.effect.part;
      if (its != nullptr && ((its != part_id<Parts>)&&...)) return false;
    }
    return true;
  }();
  static_assert(is_complete, "a row of the table changes something that is not given here");
  const std::array<Part, sizeof...(Parts)> all{Part{part_id<Parts>, &parts}...};
  return apply_to(all, line);
}

/// Splits a comma-separated list. An empty text is a list of one empty word.
std::vector<std::string_view> split_list(std::string_view list);

/// Returns the text of --help; `commands` are the rows of the tool's commands, if it has any.
std::string help_text(const Tool& tool, const std::string& commands = {});

/// The column in --help where the texts of options and commands start.
inline constexpr std::size_t kHelpColumn = 29;

/// Returns a row of --help: `left`, and `text` wrapped from `column` on.
std::string help_row(std::string left, std::string_view text, std::size_t column = kHelpColumn);

/// Returns the option name that is closest to a mistyped one, or none if no name is similar.
std::optional<std::string_view> nearest(const Tool& tool, std::string_view mistyped);

}  // namespace nsx::cli
