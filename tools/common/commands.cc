// SPDX-License-Identifier: MIT
#include "common/commands.hh"

#include <array>
#include <optional>

#include <nsx/text.hh>

#include "common/report.hh"

namespace nsx::cli {

namespace {

constexpr const char* kHelpCommand = "help";

/// Calls `visit` with each word of a space-separated list, which may be null.
template <class Visit>
void for_each_word(const char* list, Visit visit) {
  std::string_view rest = list != nullptr ? list : "";
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    visit(word);
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  }
}

/// The name that other tools use for a command. A word can have several rows: the first whose
/// command the tool has applies.
struct Synonym {
  std::string_view word;
  std::string_view command;
};

constexpr std::array kSynonyms{
    Synonym{"delete", "rm"},     Synonym{"remove", "rm"},   Synonym{"erase", "rm"},
    Synonym{"destroy", "rm"},    Synonym{"show", "ls"},     Synonym{"list", "ls"},
    Synonym{"status", "ls"},     Synonym{"create", "add"},  Synonym{"new", "add"},
    Synonym{"make", "add"},      Synonym{"add", "create"},  Synonym{"new", "create"},
    Synonym{"make", "create"},   Synonym{"enter", "exec"},  Synonym{"run", "exec"},
    Synonym{"rename", "mv"},     Synonym{"move", "mv"},     Synonym{"link", "connect"},
    Synonym{"unfreeze", "thaw"}, Synonym{"limit", "set"},   Synonym{"stats", "top"},
    Synonym{"pause", "freeze"},  Synonym{"resume", "thaw"}, Synonym{"unpause", "thaw"},
};

std::optional<std::string_view> meant_command(const Suite& suite, std::string_view word) {
  for (const Synonym& synonym : kSynonyms) {
    if (synonym.word == word && find_command(suite, synonym.command) != nullptr) {
      return synonym.command;
    }
  }
  std::vector<std::string_view> names;
  for (const Command& command : suite.commands) {
    if (command.destroys) continue;
    names.push_back(command.name());
    for_each_word(command.aliases, [&](std::string_view alias) { names.push_back(alias); });
  }
  names.emplace_back(kHelpCommand);
  return nsx::nearest(names, word);
}

Error unknown_command(const Suite& suite, const char* mistyped) {
  const auto meant = meant_command(suite, mistyped);
  const std::string suggestion = meant ? " (did you mean '" + std::string(*meant) + "'?)" : "";
  return {"unknown command '{}'" + suggestion, mistyped, 0, "", ""};
}

/// Runs `TOOL help [COMMAND]`; `words` are those after "help".
int print_help(const Suite& suite, std::span<char* const> words) {
  if (words.empty() || words[0] == std::string_view(kHelpCommand)) {
    return print(suite.tool, help_text(suite));
  }
  if (words.size() > 1) {
    return usage_error(suite.tool, {"unexpected argument '{}'", words[1], 0, "", ""});
  }
  const Command* command = find_command(suite, words[0]);
  if (command == nullptr) return usage_error(suite.tool, unknown_command(suite, words[0]));
  return print(*command->table, help_text(*command->table));
}

/// Runs a command. `words` are the last words of argv, starting with the command's name.
int run_words(const Command& command, const std::vector<char*>& words, int argc, char** argv) {
  const Tool& table = *command.table;
  const auto count = static_cast<int>(words.size());
  const auto line = parse(table, count, argv + (argc - count));
  if (!line) return usage_error(table, line.error());
  if (const auto status = answer_help(table, *line)) return *status;
  return command.run(*line);
}

}  // namespace

const Command* find_command(const Suite& suite, std::string_view name) {
  for (const Command& command : suite.commands) {
    bool found = command.name() == name;
    for_each_word(command.aliases, [&](std::string_view alias) { found |= alias == name; });
    if (found) return &command;
  }
  return nullptr;
}

std::string help_text(const Suite& suite) {
  std::string commands;
  for (const Command& command : suite.commands) {
    std::string names = "  " + std::string(command.name());
    for_each_word(command.aliases,
                  [&](std::string_view alias) { names.append(", ").append(alias); });
    commands += help_row(std::move(names), command.table->purpose);
  }
  commands += help_row("  help [COMMAND]", "Print this help, or that of a command");
  return help_text(suite.tool, commands);
}

int run_command(const Suite& suite, int argc, char** argv) {
  const auto own = parse(suite.tool, argc, argv);
  if (!own) return usage_error(suite.tool, own.error());
  if (own->has(kHelp.name)) return print(suite.tool, help_text(suite));
  if (const auto status = answer_help(suite.tool, *own)) return *status;
  if (own->program.empty()) {
    return usage_error(suite.tool, {"missing command", "", 0, "", ""});
  }

  const char* name = own->program.front();
  if (name == std::string_view(kHelpCommand)) {
    return print_help(suite, std::span(own->program).subspan(1));
  }
  const Command* command = find_command(suite, name);
  if (command == nullptr) return usage_error(suite.tool, unknown_command(suite, name));

  return guarded(*command->table, [&] { return run_words(*command, own->program, argc, argv); });
}

}  // namespace nsx::cli
