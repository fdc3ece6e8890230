// SPDX-License-Identifier: MIT
#include "common/runner.hh"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/arguments.hh"
#include "common/json.hh"
#include "common/report.hh"
#include "common/value.hh"
#include "try.hh"

namespace nsx::cli {

namespace {

std::string login_shell() {
  const char* shell = std::getenv("SHELL");
  if (shell != nullptr && *shell != '\0') return shell;
  const passwd* user = ::getpwuid(::getuid());
  if (user != nullptr && user->pw_shell != nullptr && *user->pw_shell != '\0') {
    return user->pw_shell;
  }
  return "/bin/sh";
}

/// Ends this process by the signal that ended the program, as the caller's shell should see it.
int die_of(int signal) {
  // The program has written its core file, which ours would replace.
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::signal(signal, SIG_DFL);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
  return 128 + signal;
}

/// Parses the number of a descriptor, which must be open for writing, and sets close-on-exec on it.
Result<int> parse_fd(const char* text) {
  const auto number = parse_number<int>(text);
  if (!number || *number < 0) {
    return problem("invalid file descriptor '{}'", text, "expected a number");
  }
  const int fd = *number;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || was_closed(fd)) {
    return fail("write the status to", "descriptor " + std::to_string(fd), EBADF);
  }
  if ((flags & O_ACCMODE) == O_RDONLY) {
    return refuse("write the status to", "descriptor " + std::to_string(fd),
                  "it is open for reading only");
  }
  // The program shares the standard descriptors.
  if (fd > STDERR_FILENO && ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return fail("set close-on-exec on", "descriptor " + std::to_string(fd));
  }
  return fd;
}

/// Parses a list of descriptors. They must be open now: otherwise a number could later be that of a
/// descriptor of this process.
Result<std::vector<int>> parse_fds(std::string_view list) {
  std::vector<int> fds;
  for (const std::string_view word : split_list(list)) {
    const auto number = parse_number<int>(word);
    if (!number || *number < 0) {
      return problem("invalid file descriptor '{}'", word, "expected a number");
    }
    if (::fcntl(*number, F_GETFD) < 0) {
      return fail("keep {} open", "descriptor " + std::string(word));
    }
    fds.push_back(*number);
  }
  return fds;
}

std::string plan_text(const Plan& plan) {
  std::string text;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    text += std::to_string(i + 1) + ". " + describe(plan.steps[i]);
    const std::string privilege = needs(plan.steps[i]);
    if (!privilege.empty()) text += " (needs " + privilege + ')';
    text += '\n';
  }
  return text;
}

std::string plan_json(const Plan& plan) {
  JsonWriter json;
  json.open('{').key("steps").open('[');
  for (const Step& step : plan.steps) {
    json.open('{').key("action").string(action(step)).key("description").string(describe(step));
    json.key("needs").string_or_null(needs(step)).close();
  }
  return json.close().close().take() + '\n';
}

/// Writes the events of the program to a descriptor, one line of JSON per event.
class StatusWriter {
 public:
  explicit StatusWriter(int fd) : fd_(fd) {}

  void started(const Started& started) {
    JsonWriter json;
    json.open('{').key("event").string("started").key("pid").number(started.pid);
    json.key("pid_inside").number(started.pid_inside).key("namespaces").open('{');
    for (const KindInfo& kind : kKinds) {
      const NamespaceIdentity& ns = started.namespaces[static_cast<std::size_t>(kind.kind)];
      if (ns.inode == 0) continue;
      json.key(kind.name).open('{').key("ns").number(ns.inode).key("id");
      json.number_or_null(ns.id).close();
    }
    write(json.close().close().take());
  }

  /// Returns the first error of writing, if any.
  Status check() const {
    if (error_ == 0) return {};
    return fail("write the status to", "descriptor " + std::to_string(fd_), error_);
  }

  void ended(const Outcome& outcome) {
    if (fd_ < 0) return;
    JsonWriter json;
    json.open('{').key("event").string("ended");
    if (outcome.signal != 0) {
      json.key("signal").string(signal_name(outcome.signal));
    } else {
      json.key("exit_status").number(static_cast<unsigned>(outcome.exit_status));
    }
    write(json.close().take());
  }

 private:
  /// A reader that has exited must not end this process, which has to wait for the program. It is
  /// no error either: the reader may have read everything it wanted.
  void write(std::string line) {
    line += '\n';
    struct sigaction ignore {};
    struct sigaction old {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &old);
    const ssize_t written = ::write(fd_, line.data(), line.size());
    if (written < 0 && errno != EPIPE && error_ == 0) error_ = errno;
    ::sigaction(SIGPIPE, &old, nullptr);
  }

  int fd_;
  int error_ = 0;
};

int status_of(const Plan& plan, const PlanFailure& failure) {
  if (!std::holds_alternative<step::Execute>(plan.steps[failure.step])) return kFailed;
  return failure.error.code == ENOENT ? kNotFound : kNotExecutable;
}

}  // namespace

Program choose_program(const std::vector<char*>& operands) {
  if (!operands.empty()) {
    return {operands.front(), {operands.begin(), operands.end()}};
  }
  return as_login_shell(login_shell());
}

void set_pty(RunOptions& options) {
  options.needs_parent = "--pty";
  options.follow.terminal = FollowRequest::Terminal::its_own;
  options.gives_terminal = false;
}

void set_no_pty(RunOptions& options) {
  options.follow.terminal = FollowRequest::Terminal::callers;
  options.gives_terminal = true;
}

Status set_kept_fds(RunOptions& options, const char* list) {
  auto kept = TRY(list != nullptr ? parse_fds(list) : Result<std::vector<int>>{});
  options.keeps_descriptors = true;
  options.kept_descriptors = std::move(kept);
  return {};
}

Status set_kill_child(RunOptions& options, const char* signal) {
  options.follow.kill_child = TRY(signal != nullptr ? parse_signal(signal) : Result<int>(SIGKILL));
  options.needs_parent = "--kill-child";
  return {};
}

Status set_forward_signals(RunOptions& options, const char* list) {
  auto signals =
      TRY(list != nullptr ? parse_signals(list) : Result<std::vector<int>>(usual_signals()));
  for (const int signal : signals) {
    if (signal != SIGKILL && signal != SIGSTOP) continue;
    return refuse("forward", std::string("SIG") + signal_name(signal), "no process can catch it",
                  signal == SIGKILL ? "use --kill-child to kill the program with its parent" : "");
  }
  options.needs_parent = "--forward-signals";
  options.follow.forward = std::move(signals);
  return {};
}

Status set_status_fd(RunOptions& options, const char* fd) {
  options.status_fd = TRY(parse_fd(fd));
  options.needs_parent = "--status-fd";
  options.follow.report = true;
  return {};
}

Status add_cgroup_limits(CgroupRequest& request, const char* limits) {
  auto parsed = TRY(parse_cgroup_limits(limits));
  request.limits.insert(request.limits.end(), parsed.begin(), parsed.end());
  return {};
}

Status check(const RunOptions& options) {
  if (options.forks_not && options.needs_parent != nullptr) {
    return problem(std::string("--no-fork and ") + options.needs_parent +
                   " are mutually exclusive");
  }
  if (!options.json || options.plan) return {};
  return problem("--json needs --plan");
}

Protection protection(const RunOptions& options, bool as_peer) {
  Protection protection;
  protection.of_terminal = !as_peer && !options.gives_terminal && has_terminal();
  protection.keeps_all_descriptors =
      options.keeps_descriptors ? options.kept_descriptors.empty() : as_peer;
  protection.kept_descriptors = options.kept_descriptors;
  return protection;
}

void note_given_terminal(const Tool& tool, const EnterRequest& request, const EnterFacts& facts) {
  const bool gives = request.protection.of_terminal && !request.fork && facts.is_anothers() &&
                     request.follow.terminal == FollowRequest::Terminal::callers;
  if (!gives || ::isatty(STDERR_FILENO) != 1) return;
  note(tool, "with --no-fork, the program gets this terminal and can type into it");
}

bool is_called(const char* path, std::string_view peer) {
  const std::string_view name(path);
  return name.substr(name.rfind('/') + 1) == peer;
}

bool is_in_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  const auto look = [](const std::string& file) {
    return ::access(file.c_str(), F_OK) == 0 ? 0 : errno;
  };
  return search_path(name, path != nullptr ? path : kDefaultPath, look).has_value();
}

void hint_stale_proc(const Tool& tool, const Plan& plan) {
  KindSet changed;
  for (const Step& step : plan.steps) {
    if (const auto* unshare = std::get_if<step::Unshare>(&step)) {
      for (const Kind kind : unshare->kinds)
        changed.insert(kind);
    }
    if (const auto* join = std::get_if<step::JoinNamespace>(&step)) changed.insert(join->kind);
    // Another root directory may have its own /proc.
    if (std::holds_alternative<step::ChangeRoot>(step)) return;
  }
  if (!changed.contains(Kind::pid) || changed.contains(Kind::mnt)) return;
  note(tool, "/proc still shows the old PID namespace (--mount-proc mounts a new one)");
}

int report_failure(const Tool& tool, const Plan& plan, const PlanFailure& failure) {
  report(tool, failure.error);
  return status_of(plan, failure);
}

int end_as(const Outcome& outcome) {
  return outcome.signal != 0 ? die_of(outcome.signal) : outcome.exit_status;
}

int run_or_print(const Tool& tool, const Kernel& kernel, const Plan& plan,
                 const RunOptions& options) {
  if (options.plan) return print(tool, options.json ? plan_json(plan) : plan_text(plan));
  StatusWriter status(options.status_fd);
  OnStart on_start;
  if (options.status_fd >= 0) {
    // If this line cannot be written, the program still runs and is waited for.
    on_start = [&](const Started& started) {
      const auto tell = [&]() -> Status {
        status.started(started);
        return {};
      };
      if (auto done = attempt(tell); !done) report(tool, done.error());
    };
  }
  const auto outcome = carry_out(kernel, plan, on_start);
  if (!outcome) {
    const int failed = report_failure(tool, plan, outcome.error());
    if (failed == kFailed) note_missing_proc(tool, kernel, outcome.error().error);
    return failed;
  }
  status.ended(*outcome);
  // The program has run, but the reader of --status-fd did not get all events.
  if (auto done = status.check(); !done) {
    report(tool, done.error());
    std::_Exit(kFailed);
  }
  if (outcome->lost_output != 0 && outcome->lost_output != EPIPE) {
    report(tool, Error{"cannot write", "standard output", outcome->lost_output, {}, {}});
    std::_Exit(kFailed);
  }
  // Destructors would copy a dozen pages that are shared since the fork, only to free them.
  std::_Exit(end_as(*outcome));
}

bool needs_scope(const CgroupTree& tree) {
  const auto place = place_for_new_cgroup(tree);
  return place && nsx::needs_scope(tree, *place);
}

Result<NewCgroupPlace> place_for_cgroup(const CgroupTree& tree) {
  if (!needs_scope(tree)) return place_for_new_cgroup(tree);
  const char* directory = std::getenv("XDG_RUNTIME_DIR");
  const std::string command = own_command_line();
  auto place = enter_new_scope(
      tree, {.runtime_directory = directory != nullptr ? directory : "", .description = command});
  if (!place && !place.error().hint().empty())
    place.error().set_hint(place.error().hint() + ' ' + command);
  return place;
}

Status choose_place(const Tool& tool, const Kernel& kernel, CgroupRequest& request,
                    bool only_plan) {
  if (request.limits.empty() || request.into) return {};
  auto tree = TRY(CgroupTree::open(kernel));
  if (only_plan && needs_scope(tree)) {
    note(tool, "the cgroup will be created in a new systemd scope");
    return {};
  }
  auto place = TRY(place_for_cgroup(tree));
  request.into = std::move(place.path);
  request.leaf = std::move(place.leaf);
  return {};
}

}  // namespace nsx::cli
