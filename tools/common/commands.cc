#include "common/commands.hh"

#include "common/report.hh"

namespace nsx::cli {

namespace {

constexpr const char* kHelpCommand = "help";

/// Calls `visit` with each of the words of a list that may be null.
template <class Visit>
void for_each_word(const char* list, Visit visit) {
  std::string_view rest = list != nullptr ? list : "";
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    visit(word);
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  }
}

Error unknown_command(const Suite& suite, const char* mistyped) {
  std::vector<std::string_view> names;
  for (const Command& command : suite.commands) {
    names.push_back(command.name());
    for_each_word(command.aliases, [&](std::string_view alias) { names.push_back(alias); });
  }
  names.emplace_back(kHelpCommand);
  const auto near = nearest(names, mistyped);
  return {"understand", quoted(mistyped), 0, "no such command",
          near ? "did you mean " + std::string(*near) + "?" : std::string()};
}

/// `TOOL help [COMMAND]`: the words behind "help".
int print_help(const Suite& suite, std::span<char* const> words) {
  if (words.empty() || words[0] == std::string_view(kHelpCommand)) {
    return print(suite.tool, help_text(suite));
  }
  if (words.size() > 1) {
    return usage_error(suite.tool, {"use", words[1], 0, "help is printed of one command", {}});
  }
  const Command* command = find_command(suite, words[0]);
  if (command == nullptr) return usage_error(suite.tool, unknown_command(suite, words[0]));
  return print(*command->table, help_text(*command->table));
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
  commands += help_row("  help [COMMAND]", "Prints this help, or that of a command.");
  return help_text(suite.tool, commands);
}

int run_command(const Suite& suite, std::span<const CommandCode> code, int argc, char** argv) {
  const auto own = parse(suite.tool, argc, argv);
  if (!own) return usage_error(suite.tool, own.error());
  if (own->has(kHelp.id)) return print(suite.tool, help_text(suite));
  if (const auto status = answer_help(suite.tool, *own)) return *status;
  if (own->program.empty()) {
    return usage_error(suite.tool, {"start", {}, 0, "no command is given", {}});
  }

  const char* name = own->program.front();
  if (name == std::string_view(kHelpCommand)) {
    return print_help(suite, std::span(own->program).subspan(1));
  }
  const Command* command = find_command(suite, name);
  if (command == nullptr) return usage_error(suite.tool, unknown_command(suite, name));

  const Tool& table = *command->table;
  const auto count = static_cast<int>(own->program.size());
  const auto line = parse(table, count, argv + (argc - count));
  if (!line) return usage_error(table, line.error());
  if (const auto status = answer_help(table, *line)) return *status;
  const auto its = std::find_if(code.begin(), code.end(),
                                [&](const CommandCode& each) { return each.table == &table; });
  return its->run(*line);
}

}  // namespace nsx::cli
