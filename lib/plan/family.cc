// SPDX-License-Identifier: MIT
#include "plan/family.hh"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/spawn.hh"
#include "plan/hints.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Requests the parent-death signal, and raises it if the parent has already died.
Status die_with(const OwnedFd& parent, int signal) {
  if (::prctl(PR_SET_PDEATHSIG, signal) != 0) return fail("request", "the parent-death signal");
  pollfd end{parent.get(), POLLIN, 0};
  if (::poll(&end, 1, 0) > 0) ::raise(signal);
  return {};
}

tl::unexpected<Error> cannot_fork(int code) {
  return fail("fork", "", code, hint_for_fork(code));
}

tl::unexpected<Error> cannot_begin_in(const step::Fork& step, int code) {
  return fail("start a process in the cgroup", step.cgroup_path, code, hint_for_cgroup(code));
}

/// Joins the cgroup if the child could not be started in it.
Status join(const step::Fork& step) {
  if (auto done = write_file_at(step.cgroup, "cgroup.procs", "0"); !done) {
    return cannot_begin_in(step, done.error().code);
  }
  return {};
}

/// Reaps exited and stopped children. Exits together with the program.
void reap(pid_t program, const Channel& parent) {
  int status = 0;
  for (;;) {
    const pid_t child = ::waitpid(-1, &status, WNOHANG | WUNTRACED);
    if (child <= 0) return;
    if (child != program) continue;
    if (WIFSTOPPED(status)) {
      // The kernel protects init from being stopped, so only report it.
      parent.send(Message{.type = Message::Type::stopped});
      continue;
    }
    Outcome outcome;
    if (WIFSIGNALED(status)) {
      outcome.signal = WTERMSIG(status);
    } else {
      outcome.exit_status = WEXITSTATUS(status);
    }
    parent.send(Message{.type = Message::Type::ended, .outcome = outcome});
    abi::end_process(outcome.signal != 0 ? 128 + outcome.signal : outcome.exit_status);
  }
}

/// Signals that stop or continue a job are sent to its whole process group, if it has one of its
/// own.
void pass_on(int signal, pid_t program) {
  const bool is_for_job = signal == SIGTSTP || signal == SIGCONT;
  if (!is_for_job || ::kill(-program, signal) != 0) ::kill(program, signal);
}

int stand_watch(const Channel& channel, int signal) {
  const auto named = channel.receive_words();
  if (named && *named && (*named)->fds.size() == 1) {
    channel.wait_for_end();
    abi::pidfd_send_signal((*named)->fds.front().get(), signal);
  }
  return 0;
}

}  // namespace

Status Family::start_watcher(int signal) {
  watcher_.emplace(TRY(Watcher::start(signal)));
  return {};
}

Status Family::open_terminal(const step::OpenTerminal& step) {
  terminal_ = TRY(Terminal::open(step));
  return {};
}

Status Family::open_connections() {
  if (!on_start_ && !has_init_) return {};
  auto ends = TRY(Channel::pair(true));
  from_child_ = std::move(ends.first);
  to_parent_ = std::move(ends.second);
  if (!on_start_) return {};
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return fail("open", "a pipe");
  executed_ = OwnedFd(pipe[0]);
  unexecuted_ = OwnedFd(pipe[1]);
  return {};
}

Result<std::optional<Outcome>> Family::fork(const Kernel& kernel, const step::Fork& step) {
  OwnedFd self;
  if (step.death_signal != 0) {
    self = OwnedFd(abi::pidfd_open(::getpid(), 0));
    if (!self) return fail("open a pidfd of", "this process");
  }
  TRY(open_connections());
  auto signals = TRY(block_signals(step, terminal_.has_value(), from_child_.has_value()));
  // Before the program exists: keys meant for it must not become signals for this process.
  if (terminal_) terminal_->take_over();
  const bool begins_there = step.cgroup >= 0 && kernel.has(Feature::clone_into_cgroup);
  const pid_t child = fork_program(begins_there ? step.cgroup : -1);
  if (child < 0) {
    const int code = errno;
    if (terminal_) terminal_->put_back();
    signals.restore();
    return begins_there ? cannot_begin_in(step, code) : cannot_fork(code);
  }
  if (child == 0) {
    signals.restore();
    if (step.cgroup >= 0 && !begins_there) {
      TRY(join(step));
    }
    TRY(be_child(step, std::move(self)));
    return std::nullopt;
  }

  to_parent_.reset();
  unexecuted_ = OwnedFd();
  const Followed followed{.child = child,
                          .is_init = has_init_,
                          .proc = kernel.proc(),
                          .step = &step,
                          .terminal = terminal_ ? &*terminal_ : nullptr,
                          .channel = from_child_ ? &*from_child_ : nullptr,
                          .executed = &executed_,
                          .on_start = &on_start_};
  Outcome outcome = follow(followed, signals);
  if (terminal_) outcome.lost_output = terminal_->write_error();
  signals.restore();
  return outcome;
}

Status Family::be_child(const step::Fork& step, OwnedFd parent) {
  has_forked_ = true;
  if (watcher_) {
    TRY(watcher_->watch_this_process());
  }
  from_child_.reset();
  executed_ = OwnedFd();
  death_signal_ = step.death_signal;
  parent_ = std::move(parent);
  TRY(renew_death_signal());
  return terminal_ ? terminal_->attach() : Status{};
}

Status Family::become_init() {
  auto signals = TRY(WaitedSignals::block_all());
  const pid_t program = fork_program();
  if (program < 0) {
    const int code = errno;
    signals.restore();
    return cannot_fork(code);
  }
  if (program != 0) be_init(program, signals, *to_parent_);
  auto foreground = terminal_ ? terminal_->take_foreground() : Status{};
  signals.restore();
  if (!foreground) return foreground;
  // The parent of this process is now the init. If the init dies, the kernel kills this process.
  death_signal_ = 0;
  return {};
}

Status Family::renew_death_signal() const {
  return death_signal_ != 0 ? die_with(parent_, death_signal_) : Status{};
}

Status Family::tell_start(const Kernel& kernel) const {
  if (!to_parent_ || !on_start_) return {};
  Message message{.type = Message::Type::starting};
  message.started.pid_inside = ::getpid();
  for (const KindInfo& kind : kKinds) {
    auto fd = open_at(kernel.proc(), (std::string("self/ns/") + kind.name).c_str(), O_RDONLY);
    if (!fd) continue;
    const auto ns = Namespace::from_fd(kernel, std::move(*fd));
    if (!ns) continue;
    message.started.namespaces[static_cast<std::size_t>(kind.kind)] = ns->identity();
  }
  to_parent_->send(message);
  return {};
}

void Family::give_up() const {
  if (to_parent_) to_parent_->send(Message{.type = Message::Type::failed});
}

void be_init(pid_t program, const WaitedSignals& signals, const Channel& parent) {
  stay_behind("nsx-init", {signals.fd(), parent.fd()});
  const bool leads_session = ::getsid(0) == ::getpid();
  pollfd come{signals.fd(), POLLIN, 0};
  for (;;) {
    ::poll(&come, 1, -1);
    while (const auto signal = signals.next()) {
      const auto number = static_cast<int>(signal->ssi_signo);
      if (number == SIGCHLD) {
        reap(program, parent);
      } else if (is_sent(*signal, program) || (number == SIGHUP && leads_session)) {
        // A hangup of the terminal is only sent to the leader of its session.
        pass_on(number, program);
      }
    }
  }
}

Result<Watcher> Watcher::start(int signal) {
  auto child = spawn({.name = "nsx-watcher", .has_channel = true},
                     [&](const Channel& channel) { return stand_watch(channel, signal); });
  if (!child) return cannot_spawn("a watcher", std::move(child.error()));
  return Watcher(std::move(*child));
}

Status Watcher::watch_this_process() {
  child_.let_go();
  const Channel channel = child_.take_channel();
  const OwnedFd pidfd(abi::pidfd_open(::getpid(), 0));
  if (!pidfd) return fail("open a pidfd of", "this process");
  const std::vector<std::string> words{"watch"};
  const int fd = pidfd.get();
  return channel.send_words(words, {&fd, 1});
}

}  // namespace nsx
