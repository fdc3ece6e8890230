// SPDX-License-Identifier: MIT

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <unistd.h>

#include <nsx/enter.hh>
#include <nsx/target.hh>

#include "common/report.hh"
#include "common/runner.hh"
#include "nsx-enter/files.hh"
#include "nsx-enter/options.hh"
#include "try.hh"

namespace nsx::enter_tool {

namespace {

/// Returns whether a name is safe for a terminal and for programs that read lines. Backslashes are
/// allowed, because systemd uses them in names.
bool is_plain(std::string name) {
  std::replace(name.begin(), name.end(), '\\', '/');
  return printable(name) == name;
}

int print_targets() {
  const auto kernel = cli::open_kernel();
  if (!kernel) {
    cli::report(kTool, kernel.error());
    return cli::kFailed;
  }
  std::string text;
  for (const TargetName& target : list_targets(*kernel, cli::target_options())) {
    if (!is_plain(target.name)) continue;
    text += target.prefix + ':' + target.name;
    if (!target.description.empty()) text += '\t' + printable(target.description);
    text += '\n';
  }
  return cli::print(kTool, text);
}

/// Returns the value of a variable in the program's environment.
std::string variable(const EnterFacts& facts, const char* name) {
  const std::string start = std::string(name) + '=';
  if (!facts.environment) {
    const char* own = std::getenv(name);
    return own != nullptr ? own : "";
  }
  std::string value;
  for (const std::string& entry : *facts.environment) {
    if (entry.starts_with(start)) value = entry.substr(start.size());
  }
  return value;
}

/// Chooses the program if none was given: a login shell from the files that it will have. With
/// --plan, notes a program that will be missing.
Status choose_program(const EnterFacts& facts, bool is_named, bool is_plan, EnterRequest& request) {
  if (!facts.has_other_files() && !request.program.hint.empty() &&
      !cli::is_in_path(request.program.file)) {
    cli::note(kTool, request.program.hint);
  }
  if (!is_named && facts.has_other_files()) {
    auto shell = TRY(find_shell(request, facts, variable(facts, "SHELL")));
    request.program.file = std::move(shell.file);
    request.program.arguments = std::move(shell.arguments);
  } else if (is_plan) {
    auto found = check_program(facts, request.program, variable(facts, "PATH"));
    if (!found) cli::note(kTool, found.error().message(), found.error().hint());
  }
  request.program.reporter = kTool.name;
  return {};
}

/// Passes on TERM of the caller, as "docker exec -t" does, unless the target has one: it may have
/// been started without a terminal.
void keep_terminal_type(EnterFacts& facts) {
  const char* own = std::getenv("TERM");
  if (own == nullptr || ::isatty(STDIN_FILENO) != 1 || !facts.environment) return;
  if (variable(facts, "TERM").empty()) facts.environment->push_back(std::string("TERM=") + own);
}

bool changes_pid_namespace(const EnterFacts& facts) {
  return std::any_of(facts.namespaces.begin(), facts.namespaces.end(),
                     [](const auto& found) { return found.kind == Kind::pid && !found.shared; });
}

struct Planned {
  Plan plan;
  bool changes_pid = false;  ///< the plan changes the PID namespace
  std::string without_etc;   ///< the pin whose /etc/netns/NAME the program does not see
  // The following are only determined if stderr is a terminal.
  bool has_tools = false;    ///< the program has the files of --tools
  bool opens_files = false;  ///< less privileged processes can reach the caller's files
  bool leaves_root = false;  ///< the target's root is not that of its mount namespace
};

/// Returns the name of the pin if the program enters its network without its files in
/// /etc/netns/NAME; otherwise an empty text.
std::string pin_without_etc(const EnterRequest& request, const Target& target) {
  constexpr std::string_view kPin = "pin ";
  if (!target.name.starts_with(kPin)) return {};
  const auto enters = [&](Kind kind) {
    const bool is_pinned =
        std::any_of(target.namespaces.begin(), target.namespaces.end(),
                    [&](const TargetNamespace& each) { return each.ns.kind() == kind; });
    const auto wants = [&](const auto& each) { return each.kind == kind && !each.file; };
    return is_pinned && (request.all ||
                         std::any_of(request.selections.begin(), request.selections.end(), wants));
  };
  if (!enters(Kind::net) || enters(Kind::mnt)) return {};
  std::string name = target.name.substr(kPin.size());
  return ::access(("/etc/netns/" + name).c_str(), F_OK) == 0 ? name : std::string();
}

/// Returns the command that runs the program with the files of the host.
std::string hint_for_tools(const Options& options) {
  if (options.target == nullptr) return {};
  std::string command = "to use the host's programs: nsx-enter -t " + std::string(options.target);
  command += " --tools";
  if (options.has_program) command += " -- " + options.request.program.file;
  return command;
}

Result<Planned> make_plan(const Kernel& kernel, const Options& options) {
  std::optional<Target> target;
  if (options.target != nullptr) {
    target = TRY(resolve_target(kernel, options.target, cli::target_options()));
  }
  EnterRequest request = options.request;
  Planned planned;
  if (target) planned.without_etc = pin_without_etc(request, *target);
  // Checked only for the note on a terminal, as it takes several system calls.
  const bool is_equal =
      ::isatty(STDERR_FILENO) != 1 ||
      (target && target->process && has_rights_of_caller(kernel, *target->process));
  const bool notes_root = !options.is_nsenter && ::isatty(STDERR_FILENO) == 1;
  request.look_at_files = !options.has_program || options.run.plan || notes_root || request.tools ||
                          cli::needs_files(options.users);
  TRY(cli::choose_place(kTool, kernel, request.cgroup, options.run.plan));
  std::optional<Target> tools;
  if (options.tools_of != nullptr) {
    tools = TRY(resolve_target(kernel, options.tools_of, cli::target_options()));
  }
  auto facts = TRY(read_enter_facts(kernel, request, std::move(target), tools ? &*tools : nullptr));
  TRY(cli::look_up_users(options.users, facts, request));
  if (options.as_container) keep_terminal_type(facts);
  const bool may_lack_it = facts.has_other_files() && !facts.tools;
  if (request.program.hint.empty() && may_lack_it && !options.is_nsenter) {
    request.program.hint = hint_for_tools(options);
  }
  TRY(choose_program(facts, options.has_program, options.run.plan, request));
  planned.leaves_root = notes_root && facts.leaves_root_of_target && !request.inner_root;
  planned.changes_pid = changes_pid_namespace(facts);
  planned.has_tools = facts.tools.has_value();
  const bool has_host_files = !facts.has_other_files() || planned.has_tools;
  planned.opens_files = planned.changes_pid && has_host_files && !is_equal;
  if (!options.run.plan) cli::note_given_terminal(kTool, request, facts);
  planned.plan = TRY(plan_enter(request, std::move(facts)));
  return planned;
}

/// Changes the mounts of the target, and returns the exit status.
int change_mounts(const Kernel& kernel, const Options& options) {
  const auto plan = [&]() -> Result<Plan> {
    const auto target = TRY(resolve_target(kernel, options.target, cli::target_options()));
    auto facts = TRY(read_mount_facts(kernel, options.mounts, target));
    for (const std::string& note : facts.notes)
      cli::note(kTool, note);
    return plan_mount_changes(options.mounts, std::move(facts));
  }();
  // A signal in the middle would leave some of the changes.
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  if (plan) return cli::run_or_print(kTool, kernel, *plan, options.run);
  cli::report(kTool, plan.error());
  return cli::kFailed;
}

/// Notes surprising effects: names that are resolved elsewhere and, on a terminal, where the user
/// can still interrupt, what a hostile target could reach.
void note_risks(const Planned& planned) {
  if (!planned.without_etc.empty()) {
    const std::string name = printable(planned.without_etc);
    cli::note(kTool, "/etc/netns/" + name +
                         " is not used, and names are resolved as on the host (nsx-pin exec " +
                         name + " uses it)");
  }
  if (planned.leaves_root) {
    cli::note(kTool,
              "the target's root directory differs from that of its mount namespace (--root uses "
              "the target's)");
  }
  if (planned.changes_pid) cli::hint_stale_proc(kTool, planned.plan);
  if (planned.opens_files) {
    cli::note(kTool, std::string("the target's processes can reach the host's files through "
                                 "/proc/PID/root of the program ") +
                         (planned.has_tools ? "(--tools=ROOT shows it a directory instead)"
                                            : "(--mount enters the target's files)"));
  }
}

int run(int argc, char** argv) {
  auto line = cli::parse(kTool, argc, argv);
  if (!line) return cli::usage_error(kTool, line.error());
  if (const auto status = cli::answer_help(kTool, *line)) return *status;
  if (line->has("list-targets")) return print_targets();
  Options options;
  options.is_nsenter = cli::is_called(argv[0], "nsenter");
  if (auto ok = read_options(*line, options); !ok) return cli::usage_error(kTool, ok.error());

  const auto kernel = cli::open_kernel();
  if (kernel && !options.mounts.changes.empty()) return change_mounts(*kernel, options);
  if (kernel && !options.copies.empty()) return run_copies(*kernel, options);
  auto planned =
      kernel ? make_plan(*kernel, options) : Result<Planned>(tl::unexpected(kernel.error()));
  if (!planned) {
    cli::report(kTool, planned.error());
    return cli::kFailed;
  }
  if (!options.run.plan && !options.is_nsenter) note_risks(*planned);
  return cli::run_or_print(kTool, *kernel, planned->plan, options.run);
}

}  // namespace

}  // namespace nsx::enter_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::enter_tool::kTool, nsx::enter_tool::run, argc, argv);
}
