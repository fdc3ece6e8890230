#include "common/runner.hh"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/json.hh"
#include "common/number.hh"
#include "common/report.hh"
#include "common/signals.hh"

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

/// Ends this process the way its program ended, so that the caller's shell sees the same.
int die_of(int signal) {
  // The program has written its core file; ours would replace it.
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

/// The number of a descriptor that is open for writing; closed in the program from here on.
Result<int> parse_fd(const char* text) {
  const auto number = parse_number<int>(text);
  if (!number || *number < 0) {
    return refuse("write the status to", quoted(text), "not the number of a descriptor");
  }
  const int fd = *number;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return fail("write the status to", "descriptor " + std::to_string(fd));
  if ((flags & O_ACCMODE) == O_RDONLY) {
    return refuse("write the status to", "descriptor " + std::to_string(fd),
                  "it is open for reading only");
  }
  // The three standard ones are the program's as well.
  if (fd > STDERR_FILENO && ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return fail("close on exec", "descriptor " + std::to_string(fd));
  }
  return fd;
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

/// Writes what happens to the program to a descriptor, a JSON line each.
class StatusWriter {
 public:
  explicit StatusWriter(int fd) : fd_(fd) {}

  void started(const Started& started) const {
    JsonWriter json;
    json.open('{').key("event").string("started").key("pid").number(started.pid);
    json.key("pid-inside").number(started.pid_inside).key("namespaces").open('{');
    for (const KindInfo& kind : kKinds) {
      const NamespaceIdentity& ns = started.namespaces[static_cast<std::size_t>(kind.kind)];
      if (ns.inode == 0) continue;
      json.key(kind.name).open('{').key("ns").number(ns.inode).key("id");
      json.number_or_null(ns.id).close();
    }
    write(json.close().close().take());
  }

  void ended(const Outcome& outcome) const {
    if (fd_ < 0) return;
    JsonWriter json;
    json.open('{').key("event").string("ended");
    if (outcome.signal != 0) {
      json.key("signal").string(signal_name(outcome.signal));
    } else {
      json.key("exit-status").number(static_cast<unsigned>(outcome.exit_status));
    }
    write(json.close().take());
  }

 private:
  /// A reader that has gone must not end us: the program is ours to wait for.
  void write(std::string line) const {
    line += '\n';
    struct sigaction ignore {};
    struct sigaction old {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &old);
    [[maybe_unused]] const ssize_t written = ::write(fd_, line.data(), line.size());
    ::sigaction(SIGPIPE, &old, nullptr);
  }

  int fd_;
};

int status_of(const Plan& plan, const PlanFailure& failure) {
  if (!std::holds_alternative<step::Execute>(plan.steps[failure.step])) return kFailed;
  return failure.error.code == ENOENT ? kNotFound : kNotExecutable;
}

}  // namespace

std::optional<Kind> kind_by_letter(int letter) {
  switch (letter) {
    case 'm':
      return Kind::mnt;
    case 'u':
      return Kind::uts;
    case 'i':
      return Kind::ipc;
    case 'n':
      return Kind::net;
    case 'p':
      return Kind::pid;
    case 'U':
      return Kind::user;
    case 'C':
      return Kind::cgroup;
    case 'T':
      return Kind::time;
    default:
      return std::nullopt;
  }
}

Program choose_program(const std::vector<char*>& operands) {
  if (!operands.empty()) {
    return {operands.front(), {operands.begin(), operands.end()}};
  }
  return as_login_shell(login_shell());
}

Program as_login_shell(std::string shell) {
  std::string login_name = '-' + shell.substr(shell.rfind('/') + 1);
  return {std::move(shell), {std::move(login_name)}};
}

const std::vector<int>& usual_signals() {
  static const std::vector<int> signals{SIGTERM, SIGINT,  SIGHUP,  SIGQUIT,
                                        SIGUSR1, SIGUSR2, SIGWINCH};
  return signals;
}

Status apply(const Given& given, RunOptions& options) {
  const char* argument = given.argument;
  switch (given.option->id) {
    case kPlanId:
      options.plan = true;
      break;
    case kJsonId:
      options.json = true;
      break;
    case kPtyId:
      options.follow.terminal = true;
      break;
    case kKillChildId: {
      auto signal = argument != nullptr ? parse_signal(argument) : Result<int>(SIGKILL);
      if (!signal) return error_of(signal);
      options.follow.kill_child = *signal;
      break;
    }
    case kForwardSignalsId: {
      auto signals =
          argument != nullptr ? parse_signals(argument) : Result<std::vector<int>>(usual_signals());
      if (!signals) return error_of(signals);
      options.follow.forward = std::move(*signals);
      break;
    }
    case kStatusFdId: {
      auto fd = parse_fd(argument);
      if (!fd) return error_of(fd);
      options.status_fd = *fd;
      options.follow.report = true;
      break;
    }
    default:
      break;
  }
  return {};
}

Status apply(const Given& given, CgroupRequest& request) {
  if (given.option->id == kIntoCgroupId) request.into = given.argument;
  if (given.option->id == kCgroupLimitsId) {
    auto limits = parse_cgroup_limits(given.argument);
    if (!limits) return error_of(limits);
    request.limits.insert(request.limits.end(), limits->begin(), limits->end());
  }
  return {};
}

Status check(const RunOptions& options) {
  if (!options.json || options.plan) return {};
  return refuse("use", "--json", "it is for --plan");
}

bool is_called(const char* path, std::string_view peer) {
  const std::string_view name(path);
  return name.substr(name.rfind('/') + 1) == peer;
}

void hint_stale_proc(const Tool& tool, const Plan& plan) {
  KindSet changed;
  for (const Step& step : plan.steps) {
    if (const auto* unshare = std::get_if<step::Unshare>(&step)) {
      for (const Kind kind : unshare->kinds)
        changed.insert(kind);
    }
    if (const auto* join = std::get_if<step::JoinNamespace>(&step)) changed.insert(join->kind);
    // Another root may have another /proc.
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
  if (options.status_fd >= 0) on_start = [&](const Started& started) { status.started(started); };
  const auto outcome = carry_out(kernel, plan, on_start);
  if (!outcome) return report_failure(tool, plan, outcome.error());
  status.ended(*outcome);
  // Tidying up would copy a dozen pages that the fork shared, for the kernel to free them.
  std::_Exit(end_as(*outcome));
}

}  // namespace nsx::cli
