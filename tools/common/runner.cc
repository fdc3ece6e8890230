#include "common/runner.hh"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/report.hh"

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
  std::string shell = login_shell();
  std::string login_name = '-' + shell.substr(shell.rfind('/') + 1);
  return {std::move(shell), {std::move(login_name)}};
}

int print_plan(const Tool& tool, const Plan& plan) {
  std::string text;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    text += std::to_string(i + 1) + ". " + describe(plan.steps[i]) + '\n';
  }
  return print(tool, text);
}

int run_plan(const Tool& tool, const Plan& plan) {
  const auto outcome = carry_out(plan);
  if (!outcome) {
    report(tool, outcome.error().error);
    return status_of(plan, outcome.error());
  }
  return outcome->signal != 0 ? die_of(outcome->signal) : outcome->exit_status;
}

}  // namespace nsx::cli
