// SPDX-License-Identifier: MIT
// For fish 3.1 or later.

#include <algorithm>

#include "generate.hh"

namespace nsx::completions {

namespace {

/// Prints the program and its arguments before the cursor; fails if there is no program yet.
constexpr const char* kFirstOperand = R"(
# The program and its arguments before the cursor; fails while there is none.
function __@ID@_program
    set -l argv (commandline -opc)
    set -e argv[1]
    argparse --stop-nonopt@SPECIFICATIONS@ -- $argv 2>/dev/null
    and set -q argv[1]
    and printf '%s\n' $argv
end
)";

/// Does the same for a program after "--". Succeeds without output if the program comes next.
constexpr const char* kAfterDashes = R"(
# The words after "--" and before the cursor; fails while there is no "--".
function __@ID@_program
    set -l argv (commandline -opc)
    set -l at (contains -i -- -- $argv)
    or return
    set -e argv[1..$at]
    set -q argv[1]
    and printf '%s\n' $argv
    return 0
end
)";

constexpr const char* kProgram = R"(
# Candidates for the program and its arguments, from the completion of the program itself.
function __@ID@_complete_program
    set -l words (__@ID@_program) (commandline -ct)
    string match -q -- '-*' $words[1]
    or __fish_complete_subcommand --commandline $words
end
)";

/// Determine the command on the command line.
constexpr const char* kCommand = R"(
# The command before the cursor; fails while there is none.
function __@ID@_command
    set -l argv (commandline -opc)
    set -e argv[1]
    for word in $argv
        if not string match -q -- '-*' $word
            echo $word
            return 0
        end
    end
    return 1
end

# Succeeds if the command has one of these names.
function __@ID@_is
    set -l command (__@ID@_command)
    and contains -- $command $argv
end
)";

/// Determines which operand is to be completed.
constexpr const char* kOperands = R"(
# Succeeds if at least $argv[1] and fewer than $argv[2] operands are before the cursor. The other
# arguments are the options.
function __@ID@_has
    set -l from $argv[1]
    set -l to $argv[2]
    set -l specifications $argv[3..-1]
    set -l argv (commandline -opc)
    set -e argv[1]
    @SKIP@argparse $specifications -- $argv 2>/dev/null
    and test (count $argv) -ge $from -a (count $argv) -lt $to
end
)";

/// Removes the command and everything before it.
constexpr const char* kSkipCommand = R"(set -e argv[1..(contains -i -- (__@ID@_command) $argv)]
    )";

constexpr const char* kPins = R"(
# The names of pins.
function __@ID@_pins
    set -l root /run
    if set -q NSX_PIN_DIR
        set root $NSX_PIN_DIR
    end
    for each in $root $XDG_RUNTIME_DIR
        set -l files $each/{cgroup,ipc,mnt,net,pid,time,user,uts}ns/*
        string replace -r '.*/' '' -- $files
    end | sort -u
end
)";

constexpr const char* kCgroups = R"(
# Candidates for a cgroup: names of containers and units, paths one level at a time, or a prefix and a name.
function __@ID@_cgroups
    set -l value (commandline -ct | string replace -r '^--[^=]*=' '')
    if string match -q '*:*' -- $value
        nsx-enter --list-targets 2>/dev/null | string match -r '^(?:container|unit):.*'
        return
    end
    __@ID@_bare_names 'container|unit'
    set -l mount (string match -r '^(?:\S+ ){4}(\S+) .* - cgroup2 ' </proc/self/mountinfo)
    if set -q mount[2]
        set -l above (string replace -r '[^/]*$' '' -- $value | string trim -l -c /)
        for each in $mount[2]/$above*/
            set -l name (string trim -r -c / -- (string sub -s (math (string length $mount[2]) + 1) -- $each))
            set -l children $each*/
            set -q children[1]
            and set name $name/
            string match -q -r '^[^/]' -- $value
            and set name (string trim -l -c / -- $name)
            printf '%s\n' $name
        end
    end
    printf '%s:\n' container unit
end
)";

/// Prints the candidates for a comma-separated list: "+PNS,ONS" for "+PNS,O".
constexpr const char* kList = R"(
# The current word, a comma-separated list, completed with each of the given words.
function __@ID@_list
    set -l value (commandline -ct | string replace -r '^--[^=]*=' '')
    set -l listed (string match -r '^\+?(?:.*,)?' -- $value)
    printf '%s\n' $listed$argv
end
)";

/// Fish itself filters the candidates, and shows the text after a tab as a description.
constexpr const char* kBareNames = R"(
# The names, without prefixes, of targets whose kind matches the pattern $argv[1]. Omits names that would mean
# something else without their prefix.
function __@ID@_bare_names
    nsx-enter --list-targets 2>/dev/null |
        string replace -rf '^('$argv[1]'):(?!-|[0-9]+(?:\t|$))([^:\t]+)(?:\t(.*))?$' '$2\t$1 $3'
end
)";

constexpr const char* kTargets = R"(
# Candidates for "nsx-enter --target": names, PIDs after the first digit, or a prefix and a name.
function __@ID@_targets
    set -l value (commandline -ct | string replace -r '^(--[^=]*=|-[a-zA-Z]+)' '')
    if string match -q '*:*' -- $value
        nsx-enter --list-targets 2>/dev/null
        return
    end
    __@ID@_bare_names 'container|pin|unit'
    string match -q -r '^[0-9]' -- $value
    and __fish_complete_pids
    printf '%s:\n' cgroup container ns pin unit
end
)";

std::string quoted(std::string text) {
  return '\'' + replaced(replaced(std::move(text), "\\", "\\\\"), "'", "\\'") + '\'';
}

/// Returns the specification of an option for argparse: "t/target=", "m/mount=?".
std::string argparse_specification(const cli::Option& option) {
  std::string text = option.letter != '\0' ? std::string{option.letter, '/'} : "";
  text += option.name;
  if (option.argument == cli::Argument::required) text += '=';
  if (option.argument == cli::Argument::optional ||
      option.argument == cli::Argument::optional_if_long) {
    text += "=?";
  }
  return text;
}

/// Returns the specifications of all options: " 'h/help' 't/target='".
std::string argparse_specifications(const cli::Tool& tool) {
  std::string text;
  for (const cli::Option& option : tool.options)
    text.append(1, ' ').append(quoted(argparse_specification(option)));
  return text;
}

/// Returns the options of fish's complete command that produce the candidates.
std::string candidates(cli::Completes completes, const char* words) {
  switch (completes) {
    case cli::Completes::pid:
      return " -a '(__fish_complete_pids)'";
    case cli::Completes::target:
      return " -k -a '(__@ID@_targets)'";
    case cli::Completes::container:
      return " -a '(nsx-enter --list-targets 2>/dev/null | string replace -rf \"^container:\" "
             "\"\")'";
    case cli::Completes::user:
      return " -a '(__fish_complete_users)'";
    case cli::Completes::pin:
      return " -a '(__@ID@_pins)'";
    case cli::Completes::cgroup:
      return " -k -a '(__@ID@_cgroups)'";
    case cli::Completes::directory:
      return " -a '(__fish_complete_directories)'";
    case cli::Completes::words:
      return " -a " + quoted(words);
    case cli::Completes::list:
      return std::string(" -a '(__@ID@_list ") + words + ")'";
    case cli::Completes::file:
      return " -F";
    case cli::Completes::nothing:
      break;
  }
  return {};
}

/// Returns the options of complete for an option's argument. Without -r or -x, the argument must be
/// in the same word.
std::string argument(const cli::Option& option) {
  std::string text;
  if (option.argument == cli::Argument::required) {
    text = option.completes == cli::Completes::file ? " -r" : " -x";
  }
  return text + candidates(option.completes, option.words);
}

/// Returns a complete command with a condition, which can be empty.
std::string line(const std::string& condition, const std::string& what) {
  const std::string when = condition.empty() ? "" : " -n " + quoted(condition);
  return "complete -c @TOOL@" + when + what + '\n';
}

std::string also(const std::string& condition, const std::string& other) {
  return condition.empty() ? other : condition + "; and " + other;
}

/// Returns the complete commands for the operands.
std::string operand_lines(const cli::Tool& tool, const std::string& condition) {
  const cli::Operands& operands = tool.operands;
  const std::string first = candidates(operands.first, operands.words);
  const std::string rest = candidates(operands.rest, operands.words);
  if (operands.most == 0) return {};
  if (operands.most == cli::Operands::kAnyNumber && first == rest) return line(condition, first);
  const auto from_to = [&](const char* range) {
    return also(condition, std::string("__@ID@_has ") + range + argparse_specifications(tool));
  };
  std::string text = first.empty() ? "" : line(from_to("0 1"), first);
  if (rest.empty() || operands.most == 1) return text;
  const std::string to =
      operands.most == cli::Operands::kAnyNumber ? "100000" : std::to_string(operands.most);
  return text + line(from_to(("1 " + to).c_str()), rest);
}

/// Returns the complete commands for a table, all with a condition.
std::string lines(const cli::Tool& tool, const std::string& condition) {
  const bool has_program = tool.operands.runs != cli::Operands::Runs::nothing;
  const std::string before = has_program ? also(condition, "not __@ID@_program") : condition;
  std::string text;
  for (const cli::Option& option : tool.options) {
    std::string what = option.letter != '\0' ? std::string(" -s ") + option.letter : "";
    what += std::string(" -l ") + option.name + argument(option) + " -d " + quoted(option.help);
    text += line(before, what);
  }
  text += operand_lines(tool, before);
  if (has_program) {
    const bool after_dashes = tool.operands.runs == cli::Operands::Runs::after_dashes;
    text += line(after_dashes ? also(condition, "__@ID@_program") : condition,
                 " -x -a '(__@ID@_complete_program)'");
  }
  return text;
}

/// Returns the complete commands for a tool with commands.
std::string command_lines(const cli::Suite& suite) {
  const std::string no_command = "not __@ID@_command";
  cli::Tool own = suite.tool;
  own.operands = cli::Operands::none;
  std::string text = lines(own, no_command);
  for (const cli::Command& command : suite.commands) {
    text += line(no_command,
                 " -a " + std::string(command.name()) + " -d " + quoted(command.table->purpose));
    text += lines(*command.table, "__@ID@_is " + all_names(command));
  }
  text += line(no_command, " -a help -d 'Print this help, or that of a command'");
  return text + line("__@ID@_is help", " -a " + quoted(names_of_commands(suite)));
}

/// Returns whether any table of the suite has its program at this position.
bool has_program(const cli::Suite& suite, cli::Operands::Runs where) {
  const auto is_there = [&](const cli::Tool& tool) { return tool.operands.runs == where; };
  if (suite.commands.empty()) return is_there(suite.tool);
  return std::any_of(suite.commands.begin(), suite.commands.end(),
                     [&](const cli::Command& command) { return is_there(*command.table); });
}

}  // namespace

std::string fish(const cli::Suite& suite) {
  const bool has_commands = !suite.commands.empty();
  const std::string all = has_commands ? command_lines(suite) : lines(suite.tool, "");
  const bool first_operand = has_program(suite, cli::Operands::Runs::first_operand);
  const bool after_dashes = has_program(suite, cli::Operands::Runs::after_dashes);

  std::string text = "# fish completion for @TOOL@, generated from its option table.\n";
  if (has_commands) text += kCommand;
  if (all.find("__@ID@_has ") != std::string::npos) {
    text += replaced(kOperands, "@SKIP@", has_commands ? kSkipCommand : "");
  }
  if (takes(suite, cli::Completes::list)) text += kList;
  const bool has_targets = takes(suite, cli::Completes::target);
  const bool has_cgroups = takes(suite, cli::Completes::cgroup);
  if (has_targets || has_cgroups) text += kBareNames;
  if (has_targets) text += kTargets;
  if (takes(suite, cli::Completes::pin)) text += kPins;
  if (has_cgroups) text += kCgroups;
  if (first_operand) {
    text += replaced(kFirstOperand, "@SPECIFICATIONS@", argparse_specifications(suite.tool));
  }
  if (after_dashes) text += kAfterDashes;
  if (first_operand || after_dashes) text += kProgram;
  text += first_operand ? "\n" : "\ncomplete -c @TOOL@ -f\n";
  text += all;
  text = replaced(std::move(text), "@ID@", identifier(suite.tool));
  return replaced(std::move(text), "@TOOL@", suite.tool.name);
}

}  // namespace nsx::completions
