// SPDX-License-Identifier: MIT
// Which options go together, and what follows from them.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>

#include "nsx-enter/files.hh"
#include "nsx-enter/options.hh"
#include "try.hh"

namespace nsx::enter_tool {

namespace {

// --- Combinations of options ---------------------------------------------------------------------

/// Checks that there is a target if an option needs one.
Status check_target(const Options& options) {
  if (options.target != nullptr) return {};
  const EnterRequest& request = options.request;
  std::string message;
  const auto needs = [&](const std::string& option, const std::string& or_else = "") {
    message = option + " needs a target (--target=PID)" + or_else;
  };
  for (const auto& selection : request.selections) {
    if (selection.file || selection.id) continue;
    const std::string option =
        std::string("--") + (selection.kind == Kind::mnt ? "mount" : name(selection.kind));
    needs(option, " or a file (" + option + "=FILE)");
  }
  if (request.all) needs("--all");
  if (request.net_socket) needs("--net-socket");
  if (request.user_parent && request.selections.empty()) needs("--user-parent");
  if (request.root && !*request.root) needs("--root", " or a directory (--root=DIR)");
  if (request.working_directory && !*request.working_directory) {
    needs("--wd", " or a directory (--wd=DIR)");
  }
  if (request.environment) needs("--env");
  if (options.as_container) needs("--as-container");
  if (request.join_cgroup) needs("--join-cgroup");
  if (request.tools) needs("--tools");
  if (!options.mounts.changes.empty()) needs("a change of mounts");
  if (request.follow_uid) needs("--setuid=follow");
  if (request.follow_gid) needs("--setgid=follow");
  if (message.empty()) return {};
  return problem(message);
}

/// Checks the options of the root directory: only one of them can determine it.
Status check_tools(const cli::CommandLine& line, const Options& options) {
  if (!options.request.tools) {
    for (const char* option : {"tools-rw", "target-at", "target-path"}) {
      if (line.has(option)) return problem(std::string("--") + option + " needs --tools");
    }
    return {};
  }
  for (const char* option : {"mount", "root", "mount-proc", "mount-sys"}) {
    if (line.has(option))
      return problem(std::string("--tools and --") + option + " are mutually exclusive");
  }
  if (options.request.working_directory && *options.request.working_directory) {
    return problem("--tools and --wd=DIR are mutually exclusive", {}, {},
                   "use --wdns=DIR for a directory in the new root directory");
  }
  return {};
}

/// Checks the options that change mounts: nothing is run then.
Status check_mounts(const cli::CommandLine& line, const Options& options) {
  if (options.mounts.changes.empty()) {
    for (const char* option : {"mkdir", "force"}) {
      if (line.has(option))
        return problem(std::string("--") + option + " needs --bind, --tmpfs or --unbind");
    }
    return {};
  }
  if (!line.program.empty())
    return problem("unexpected argument '{}'", line.program.front(),
                   "--bind, --tmpfs and --unbind run no program");
  for (const cli::Given& given : line.options) {
    constexpr std::array kAlso = std::to_array<std::string_view>(
        {"target", "bind", "tmpfs", "unbind", "mkdir", "force", "plan", "json"});
    const std::string_view name = given.option->name;
    if (std::find(kAlso.begin(), kAlso.end(), name) == kAlso.end())
      return problem("--bind, --tmpfs and --unbind run no program, so --" + std::string(name) +
                     " has no effect");
  }
  return {};
}

bool is_directory(const char* path) {
  struct stat st {};
  return std::strchr(path, '/') != nullptr && ::stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/// Returns the option without an argument that the directory after it was probably meant for, as in
/// "-w /etc", or null. The directory would be run as the program.
const char* bare_directory_option(const cli::CommandLine& line, const EnterRequest& request) {
  if (line.has("wdns") && !request.inner_working_directory) return "--wdns=";
  if (request.working_directory && !*request.working_directory) return "--wd=";
  if (request.root && !*request.root) return "--root=";
  return nullptr;
}

/// Returns a hint for users of docker(1), whose -u and --user correspond to --as: here,
/// "--user www-data id" would run www-data with an argument.
std::string hint_for_user_in_place_of_program(const cli::CommandLine& line) {
  if (line.options.empty() || line.program.size() < 2) return {};
  const cli::Given& last = line.options.back();
  const char letter = last.option->letter;
  const bool is_habit = (letter == 'U' || letter == 'u') && last.argument == nullptr;
  if (!is_habit || !is_word(line.program.front())) return {};
  return std::string("did you mean --as=") + line.program.front() + "?";
}

/// Checks that the options are compatible.
Status check(const cli::CommandLine& line, const Options& options) {
  if (line.has("wd") && line.has("wdns")) {
    return problem("--wd and --wdns are mutually exclusive");
  }
  const char* bare = bare_directory_option(line, options.request);
  if (bare != nullptr && !line.program.empty() && is_directory(line.program.front())) {
    return refuse("run", line.program.front(), "it is a directory",
                  std::string("did you mean ") + bare + line.program.front() + "?");
  }
  TRY(check_target(options));
  TRY(check_tools(line, options));
  TRY(check_mounts(line, options));
  TRY(cli::check_users(line));
  const char* keeps = options.request.keep_capabilities      ? "--keep-caps"
                      : options.request.preserve_credentials ? "--preserve-credentials"
                                                             : nullptr;
  // A new proc would lack the masked and read-only paths of the container's.
  if (keeps == nullptr && options.request.mount_proc) keeps = "--mount-proc";
  if (options.as_container && keeps != nullptr) {
    return problem(std::string("--as-container and ") + keeps + " are mutually exclusive");
  }
  return cli::check(options.run);
}

bool names_no_namespace(const EnterRequest& request) {
  return request.selections.empty() && !request.all && !request.net_socket && !request.user_parent;
}

/// Takes the target from the first word if no option names anything to enter: "nsx-enter web sh".
/// nsenter(1) runs that word in the caller's namespaces instead.
void take_target(cli::CommandLine& line, Options& options) {
  const EnterRequest& request = options.request;
  const bool has_directory =
      request.root || request.working_directory || request.inner_working_directory;
  const bool enters = options.target != nullptr || has_directory || !names_no_namespace(request);
  if (options.is_nsenter || enters || line.program.empty()) return;
  options.target = line.program.front();
  line.program.erase(line.program.begin());
  const auto is_separator = [](const char* word) { return std::strcmp(word, "--") == 0; };
  if (!line.program.empty() && is_separator(line.program.front())) {
    line.program.erase(line.program.begin());
  }
}

/// Enters all namespaces if no option selects some, so that a program meant for a container never
/// runs on the host. Directories are then those of the target. nsenter(1) refuses to run without a
/// namespace (util-linux 2.41).
Status complete(Options& options) {
  EnterRequest& request = options.request;
  if (!names_no_namespace(request)) return {};
  if (options.is_nsenter) {
    return problem("no namespace specified", {}, {},
                   "use --all to enter all namespaces of the target");
  }
  if (options.target == nullptr) return {};
  request.all = true;
  if (request.root && *request.root) {
    request.inner_root = std::move(*request.root);
    request.root.reset();
  }
  if (request.working_directory && *request.working_directory) {
    request.inner_working_directory = std::move(*request.working_directory);
    request.working_directory.reset();
  }
  return {};
}

/// Completes --tools: the target's files are needed, whichever namespaces are entered.
void complete_tools(Options& options) {
  EnterRequest& request = options.request;
  // It starts in the target's working directory anyway.
  request.working_directory.reset();
  request.tools->word = options.target;
  if (const char* home = std::getenv("HOME")) request.tools->home = home;
  if (options.extends_path) {
    const char* path = std::getenv("PATH");
    request.tools->extended_path = path != nullptr ? path : kDefaultPath;
  }
  const bool has_files = request.all || names_no_namespace(request) ||
                         std::any_of(request.selections.begin(), request.selections.end(),
                                     [](const auto& each) { return each.kind == Kind::mnt; });
  if (!has_files) request.selections.push_back({Kind::mnt, {}, {}});
}

/// Applies --as-container, which works like "docker exec", except where other options decide.
void follow_container(const cli::CommandLine& line, Options& options) {
  EnterRequest& request = options.request;
  if (names_no_namespace(request)) request.all = true;
  request.environment = true;
  if (!request.cgroup.into && request.cgroup.limits.empty()) {
    request.join_cgroup = true;
    request.join_v1_cgroups = true;
  }
  if (!options.users.as) {
    request.follow_uid = request.follow_uid || !line.has("setuid");
    request.follow_groups = !line.has("setgid");
    request.follow_gid = request.follow_gid || request.follow_groups;
  }
  request.follow_privileges = true;
  request.follow_resource_limits = true;
  request.follow_context = true;
  // A program with the host's files cannot start in a directory of the target.
  const bool enters_files = request.all || request.root || line.has("mount");
  if (enters_files && !request.working_directory && !request.inner_working_directory) {
    request.working_directory = PathOrTarget();
  }
}

}  // namespace

Status combine(cli::CommandLine& line, Options& options) {
  take_target(line, options);
  if (!options.copies.empty()) {
    TRY(check_copies(line, options));
    return cli::check(options.run);
  }
  EnterRequest& request = options.request;
  if (line.has("tools")) request.tools = options.tools;
  TRY(check(line, options));
  request.follow = options.run.follow;
  // The program ends with this process.
  add_ending_signals(request.follow.forward);
  request.fork = !options.run.forks_not;
  request.protection = cli::protection(options.run, options.is_nsenter);
  if (options.as_container) follow_container(line, options);
  if (request.tools) complete_tools(options);
  TRY(complete(options));
  request.program = cli::choose_program(line.program);
  if (!options.is_nsenter) request.program.hint = hint_for_user_in_place_of_program(line);
  options.has_program = !line.program.empty();
  options.users.host_hint = "use --mount or --root to look up names in the target's files";
  return {};
}

}  // namespace nsx::enter_tool
