#include "plan/init.hh"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/abi.hh"
#include "kernel/leave.hh"

namespace nsx {

namespace {

/// Takes what there is of ended and stopped children; ends with the program.
void reap(pid_t program, const Channel& parent) {
  int status = 0;
  for (;;) {
    const pid_t child = ::waitpid(-1, &status, WNOHANG | WUNTRACED);
    if (child <= 0) return;
    if (child != program) continue;
    if (WIFSTOPPED(status)) {
      // A stop of init itself would be no use: the kernel shields it.
      parent.send({.type = Message::Type::stopped});
      continue;
    }
    Outcome outcome;
    if (WIFSIGNALED(status)) {
      outcome.signal = WTERMSIG(status);
    } else {
      outcome.exit_status = WEXITSTATUS(status);
    }
    parent.send({.type = Message::Type::ended, .outcome = outcome});
    abi::end_process(outcome.signal != 0 ? 128 + outcome.signal : outcome.exit_status);
  }
}

}  // namespace

void be_init(pid_t program, const WaitedSignals& signals, const Channel& parent) {
  stay_behind("nsx-init", {signals.fd(), parent.fd()});
  pollfd come{signals.fd(), POLLIN, 0};
  for (;;) {
    ::poll(&come, 1, -1);
    while (const auto signal = signals.next()) {
      const auto number = static_cast<int>(signal->ssi_signo);
      if (number == SIGCHLD) {
        reap(program, parent);
      } else if (is_sent(*signal, program)) {
        ::kill(program, number);
      }
    }
  }
}

}  // namespace nsx
