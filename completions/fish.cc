// For fish 3.1 or later.

#include "generate.hh"

namespace nsx::completions {

namespace {

/// Prints the program and its arguments that stand before the cursor; fails if there is none yet.
constexpr const char* kProgram = R"(
# The program and its arguments before the cursor; fails while there is none.
function __@ID@_program
    set -l argv (commandline -opc)
    set -e argv[1]
    argparse --stop-nonopt@SPECIFICATIONS@ -- $argv 2>/dev/null
    and set -q argv[1]
    and printf '%s\n' $argv
end

# What completes that: the completion of the program itself.
function __@ID@_complete_program
    set -l words (__@ID@_program) (commandline -ct)
    string match -q -- '-*' $words[1]
    or __fish_complete_subcommand --commandline $words
end

complete -c @TOOL@ -x -a '(__@ID@_complete_program)'
)";

/// Prints the lists that the current word can become: "+PNS,ONS" for "+PNS,O".
constexpr const char* kList = R"(
# The current word, a list with commas between, with each of the given words behind it.
function __@ID@_list
    set -l value (commandline -ct | string replace -r '^--[^=]*=' '')
    set -l listed (string match -r '^\+?(?:.*,)?' -- $value)
    printf '%s\n' $listed$argv
end
)";

/// Completes targets; fish itself keeps what fits, and shows what stands behind a tab beside it.
constexpr const char* kTargets =
    " -a '(__fish_complete_pids; nsx-enter --list-targets 2>/dev/null)'";

std::string quoted(std::string text) {
  return '\'' + replaced(replaced(std::move(text), "\\", "\\\\"), "'", "\\'") + '\'';
}

/// What argparse is told of an option: "t/target=", "m/mount=?".
std::string argparse_specification(const cli::Option& option) {
  std::string text = option.letter() != '\0' ? std::string{option.letter(), '/'} : "";
  text += option.name;
  if (option.argument == cli::Argument::required) text += '=';
  if (option.argument == cli::Argument::optional ||
      option.argument == cli::Argument::optional_if_long) {
    text += "=?";
  }
  return text;
}

/// The options of complete(1) for the argument. Without -r or -x, it must be in the same word.
std::string argument(const cli::Tool& tool, const cli::Option& option) {
  const std::string_view what = completes(option);
  const bool required = option.argument == cli::Argument::required;
  if (what == "file") return required ? " -r -F" : " -F";
  std::string text = required ? " -x" : "";
  if (what == "pid") text += " -a '(__fish_complete_pids)'";
  if (what == "target") text += kTargets;
  if (what == "directory") text += " -a '(__fish_complete_directories)'";
  if (what == "words") text += " -a " + quoted(option.words);
  if (what == "list") text += " -a '(__" + identifier(tool) + "_list " + option.words + ")'";
  return text;
}

}  // namespace

std::string fish(const cli::Tool& tool) {
  const bool runs_program = tool.operands == cli::Operands::program;
  std::string specifications;
  std::string options;
  bool has_list = false;
  for (const cli::Option& option : tool.options) {
    specifications.append(1, ' ').append(quoted(argparse_specification(option)));
    options += "complete -c @TOOL@";
    if (runs_program) options += " -n 'not __@ID@_program'";
    if (option.letter() != '\0') options += std::string(" -s ") + option.letter();
    options += std::string(" -l ") + option.name + argument(tool, option) + " -d " +
               quoted(option.help) + '\n';
    if (std::string_view(completes(option)) == "list") has_list = true;
  }

  std::string text = "# fish completion for @TOOL@, made from the table of its options.\n";
  if (has_list) text += kList;
  text += runs_program ? kProgram : "\ncomplete -c @TOOL@ -f\n";
  if (tool.operands == cli::Operands::targets) {
    text += std::string("complete -c @TOOL@") + kTargets + '\n';
  }
  text += options;
  text = replaced(std::move(text), "@SPECIFICATIONS@", specifications);
  text = replaced(std::move(text), "@ID@", identifier(tool));
  return replaced(std::move(text), "@TOOL@", tool.name);
}

}  // namespace nsx::completions
