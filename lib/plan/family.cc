#include "plan/family.hh"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/single_threaded.h>
#include <unistd.h>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "plan/follow.hh"
#include "plan/hints.hh"
#include "plan/init.hh"

namespace nsx {

namespace {

/// Asks for the signal that tells the parent's death, which may have come before.
Status die_with(const OwnedFd& parent, int signal) {
  if (::prctl(PR_SET_PDEATHSIG, signal) != 0) return fail("ask for", "the parent-death signal");
  pollfd end{parent.get(), POLLIN, 0};
  if (::poll(&end, 1, 0) > 0) ::raise(signal);
  return {};
}

/// fork(2). With one thread there are no locks of libc's to put right, which would copy three
/// pages.
pid_t fork_cheaply() {
  return __libc_single_threaded ? ::_Fork() : ::fork();
}

tl::unexpected<Error> cannot_fork(int code) {
  return fail("fork", "", code,
              code == ENOMEM ? "the pid namespace may have lost its init process" : "");
}

tl::unexpected<Error> cannot_begin_in(const step::Fork& step, int code) {
  return fail("start a process in the cgroup", step.cgroup_path, code, hint_for_cgroup(code));
}

/// Joins the cgroup where a child cannot begin in it.
Status join(const step::Fork& step) {
  if (auto done = write_file_at(step.cgroup, "cgroup.procs", "0"); !done) {
    return cannot_begin_in(step, done.error().code);
  }
  return {};
}

}  // namespace

Status Family::start_watcher(int signal) {
  auto watcher = Watcher::start(signal);
  if (!watcher) return error_of(watcher);
  watcher_ = std::move(*watcher);
  return {};
}

Status Family::open_terminal() {
  auto terminal = Terminal::open();
  if (!terminal) return error_of(terminal);
  terminal_ = std::move(*terminal);
  return {};
}

Status Family::open_connections() {
  if (!on_start_ && !has_init_) return {};
  auto ends = Channel::make();
  if (!ends) return error_of(ends);
  from_child_ = std::move(ends->first);
  to_parent_ = std::move(ends->second);
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
  if (auto done = open_connections(); !done) return error_of(done);
  auto signals = block_signals(step, terminal_.has_value(), from_child_.has_value());
  if (!signals) return error_of(signals);
  // Before the program is there: a key that it is to get must not be a signal to us.
  if (terminal_) terminal_->make_raw();
  const bool begins_there = step.cgroup >= 0 && kernel.has(Feature::clone_into_cgroup);
  const pid_t child = begins_there ? abi::fork_into_cgroup(step.cgroup) : fork_cheaply();
  if (child < 0) {
    const int code = errno;
    if (terminal_) terminal_->put_back();
    signals->restore();
    return begins_there ? cannot_begin_in(step, code) : cannot_fork(code);
  }
  if (child == 0) {
    signals->restore();
    if (step.cgroup >= 0 && !begins_there) {
      if (auto done = join(step); !done) return error_of(done);
    }
    if (auto done = be_child(step, std::move(self)); !done) return error_of(done);
    return std::nullopt;
  }

  to_parent_.reset();
  unexecuted_ = OwnedFd();
  const Followed followed{.child = child,
                          .step = &step,
                          .terminal = terminal_ ? &*terminal_ : nullptr,
                          .channel = from_child_ ? &*from_child_ : nullptr,
                          .executed = &executed_,
                          .on_start = &on_start_};
  const Outcome outcome = follow(followed, *signals);
  signals->restore();
  return outcome;
}

Status Family::be_child(const step::Fork& step, OwnedFd parent) {
  has_forked_ = true;
  if (watcher_) {
    if (auto done = watcher_->watch_this_process(); !done) return done;
  }
  from_child_.reset();
  executed_ = OwnedFd();
  death_signal_ = step.death_signal;
  parent_ = std::move(parent);
  if (auto done = renew_death_signal(); !done) return done;
  return terminal_ ? terminal_->attach() : Status{};
}

Status Family::become_init() {
  auto signals = WaitedSignals::block_all();
  if (!signals) return error_of(signals);
  const pid_t program = ::fork();
  if (program < 0) {
    const int code = errno;
    signals->restore();
    return cannot_fork(code);
  }
  if (program != 0) be_init(program, *signals, *to_parent_);
  signals->restore();
  // The parent of this process is init now, and whatever happens to that happens to it.
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
  if (to_parent_) to_parent_->send({.type = Message::Type::failed});
}

}  // namespace nsx
