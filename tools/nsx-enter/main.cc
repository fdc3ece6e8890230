#include <algorithm>
#include <csignal>
#include <cstring>
#include <sys/stat.h>

#include <nsx/enter.hh>

#include "common/number.hh"
#include "common/report.hh"
#include "common/runner.hh"
#include "nsx-enter/list_targets.hh"
#include "nsx-enter/options.hh"

namespace nsx::enter_tool {

namespace {

/// What the command line says.
struct Options {
  EnterRequest request;
  const char* target = nullptr;
  cli::RunOptions run;
};

PathOrTarget path_or_target(const char* argument) {
  return argument != nullptr ? PathOrTarget(argument) : std::nullopt;
}

/// A later option of the same kind replaces an earlier one, as in nsenter(1).
Status select(EnterRequest& request, Kind kind, const char* argument) {
  std::erase_if(request.selections, [&](const auto& s) { return s.kind == kind; });
  if (argument == nullptr || argument[0] != ':') {
    request.selections.push_back({kind, path_or_target(argument), {}});
    return {};
  }
  auto id = cli::parse_number<std::uint64_t>(argument + 1);
  if (!id) {
    return refuse("use as a namespace", cli::quoted(argument),
                  "what follows the colon is no 64-bit id",
                  "./" + std::string(argument) + " is a file");
  }
  request.selections.push_back({kind, {}, *id});
  return {};
}

/// An id or "follow".
Status parse_id(const char* text, const char* what, std::optional<std::uint32_t>& id,
                bool& follows) {
  follows = std::strcmp(text, "follow") == 0;
  if (follows) return {};
  id = cli::parse_number<std::uint32_t>(text);
  // (uid_t) -1 means "leave it" to the kernel.
  if (id && *id != ~std::uint32_t{0}) return {};
  return refuse(std::string("use as a ") + what, cli::quoted(text),
                "neither a number from 0 to 4294967294 nor 'follow'");
}

/// Puts one option into the request.
Status apply(const cli::Given& given, Options& options) {
  EnterRequest& request = options.request;
  const char* argument = given.argument;
  if (const auto kind = cli::kind_by_letter(given.option->id)) {
    return select(request, *kind, argument);
  }
  switch (given.option->id) {
    case 't':
      if (options.target != nullptr) {
        return refuse("use", "--target", "it was given already", options.target);
      }
      options.target = argument;
      break;
    case 'a':
      request.all = true;
      break;
    case 'N': {
      request.net_socket = cli::parse_number<int>(argument);
      if (!request.net_socket || *request.net_socket < 0) {
        return refuse("use as a socket", cli::quoted(argument), "not the number of a descriptor");
      }
      break;
    }
    case kUserParent:
      request.user_parent = true;
      break;
    case 'S':
      return parse_id(argument, "UID", request.uid, request.follow_uid);
    case 'G':
      return parse_id(argument, "GID", request.gid, request.follow_gid);
    case kPreserveCredentials:
      request.preserve_credentials = true;
      break;
    case kKeepCaps:
      request.keep_capabilities = true;
      break;
    case 'e':
      request.environment = true;
      break;
    case 'c':
      request.join_cgroup = true;
      break;
    case 'Z':
      request.follow_context = true;
      break;
    case 'r':
      request.root = path_or_target(argument);
      break;
    case 'w':
      request.working_directory = path_or_target(argument);
      break;
    case 'W':
      request.inner_working_directory = path_or_target(argument);
      break;
    case kMountProc:
      request.mount_proc = argument != nullptr ? argument : "/proc";
      break;
    case 'F':
      request.fork = false;
      break;
    default:
      break;
  }
  if (auto done = cli::apply(given, request.cgroup); !done) return done;
  return cli::apply(given, options.run);
}

/// Whether the request needs a target and names none.
Status check_target(const Options& options) {
  if (options.target != nullptr) return {};
  const EnterRequest& request = options.request;
  const char* needs = nullptr;
  for (const auto& selection : request.selections) {
    if (!selection.file && !selection.id) needs = "namespaces without a file";
  }
  if (request.all) needs = "--all";
  if (request.net_socket) needs = "--net-socket";
  if (request.user_parent && request.selections.empty()) needs = "--user-parent";
  if (request.root && !*request.root) needs = "--root without a directory";
  if (request.working_directory && !*request.working_directory) needs = "--wd without a directory";
  if (request.environment) needs = "--env";
  if (request.join_cgroup) needs = "--join-cgroup";
  if (request.follow_uid) needs = "--setuid=follow";
  if (request.follow_gid) needs = "--setgid=follow";
  if (needs == nullptr) return {};
  return refuse("enter", needs, "no target process is named", "--target=PID");
}

bool is_directory(const char* path) {
  struct stat st {};
  return std::strchr(path, '/') != nullptr && ::stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/// Whether the options go together. A directory behind a bare --wdns was meant to be its argument,
/// and would be run as the program.
Status check(const cli::CommandLine& line, const Options& options) {
  if (line.has('w') && line.has('W')) {
    return refuse("use", "--wdns", "it excludes --wd", "one of them");
  }
  const bool bare = line.has('W') && !options.request.inner_working_directory;
  if (bare && !line.program.empty() && is_directory(line.program.front())) {
    return refuse("run", line.program.front(), "it is a directory",
                  std::string("did you mean --wdns=") + line.program.front() + "?");
  }
  if (auto ok = check_target(options); !ok) return ok;
  return cli::check(options.run);
}

bool names_nothing(const EnterRequest& request) {
  return request.selections.empty() && !request.all && !request.net_socket &&
         !request.user_parent && !request.root && !request.working_directory;
}

/// A target alone means all of it. nsenter(1) refuses that.
Status complete(Options& options, bool is_nsenter) {
  EnterRequest& request = options.request;
  if (options.target == nullptr || !names_nothing(request)) return {};
  if (!is_nsenter) {
    request.all = true;
    return {};
  }
  if (request.inner_working_directory) return {};
  return refuse("enter", options.target, "no namespace is named", "--all enters all");
}

/// Nobody is left behind when nsx-enter is told to end: these go on to the program, asked or not.
FollowRequest follow_request(const cli::RunOptions& options) {
  FollowRequest follow = options.follow;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
    auto& list = follow.forward;
    if (std::find(list.begin(), list.end(), signal) == list.end()) list.push_back(signal);
  }
  return follow;
}

/// The login shell of the environment that the program gets.
void choose_shell(Program& program, const std::vector<std::string>& environment) {
  for (const std::string& entry : environment) {
    if (entry.starts_with("SHELL=/")) program = cli::as_login_shell(entry.substr(6));
  }
}

bool changes_pid_namespace(const EnterFacts& facts) {
  return std::any_of(facts.namespaces.begin(), facts.namespaces.end(),
                     [](const auto& found) { return found.kind == Kind::pid && !found.shared; });
}

struct Planned {
  Plan plan;
  bool changes_pid = false;  ///< namespace
};

Result<Planned> make_plan(const Kernel& kernel, const Options& options, bool has_program) {
  std::optional<Target> target;
  if (options.target != nullptr) {
    auto found = resolve_target(kernel, options.target, cli::target_options());
    if (!found) return error_of(found);
    target = std::move(*found);
  }
  EnterRequest request = options.request;
  auto facts = read_enter_facts(kernel, request, std::move(target));
  if (!facts) return error_of(facts);
  if (!has_program && facts->environment) choose_shell(request.program, *facts->environment);
  const bool changes_pid = changes_pid_namespace(*facts);
  auto plan = plan_enter(request, std::move(*facts));
  if (!plan) return error_of(plan);
  return Planned{std::move(*plan), changes_pid};
}

int run(int argc, char** argv) {
  auto line = cli::parse(kTool, argc, argv);
  if (!line) return cli::usage_error(kTool, line.error());
  if (const auto status = cli::answer_help(kTool, *line)) return *status;
  if (line->has(kListTargets)) return print_targets();

  Options options;
  for (const cli::Given& given : line->options) {
    if (auto done = apply(given, options); !done) return cli::usage_error(kTool, done.error());
  }
  if (auto ok = check(*line, options); !ok) return cli::usage_error(kTool, ok.error());
  options.request.follow = follow_request(options.run);
  const bool is_nsenter = cli::is_called(argv[0], "nsenter");
  if (auto ok = complete(options, is_nsenter); !ok) return cli::usage_error(kTool, ok.error());
  options.request.program = cli::choose_program(line->program);

  const auto kernel = cli::open_kernel();
  auto planned = kernel ? make_plan(*kernel, options, !line->program.empty())
                        : Result<Planned>(tl::unexpected(kernel.error()));
  if (!planned) {
    cli::report(kTool, planned.error());
    return cli::kFailed;
  }
  if (planned->changes_pid && !options.run.plan && !is_nsenter) {
    cli::hint_stale_proc(kTool, planned->plan);
  }
  return cli::run_or_print(kTool, *kernel, planned->plan, options.run);
}

}  // namespace

}  // namespace nsx::enter_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::enter_tool::kTool, nsx::enter_tool::run, argc, argv);
}
