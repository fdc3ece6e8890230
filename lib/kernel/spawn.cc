// SPDX-License-Identifier: MIT
#include "kernel/spawn.hh"

#include <cerrno>
#include <csignal>
#include <new>
#include <sys/prctl.h>
#include <sys/single_threaded.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/abi.hh"
#include "try.hh"

namespace nsx {

namespace {

// The arguments of clone3(2) up to CLONE_INTO_CGROUP.
constexpr std::uint64_t kCloneIntoCgroup = 1ULL << 33;
struct CloneArguments {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
      set_tid_size, cgroup;
};
static_assert(sizeof(CloneArguments) == 88);

long clone_into_cgroup(std::uint64_t directory) {
  CloneArguments arguments{};
  arguments.flags = kCloneIntoCgroup;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = directory;
  return ::syscall(SYS_clone3, &arguments, sizeof arguments);
}

/// Ends a child if its parent has died before the death signal was set. If the parent is outside of
/// the child's pid namespace, getppid(2) returns 0.
void die_with(pid_t parent, int signal) {
  if (::prctl(PR_SET_PDEATHSIG, signal) != 0) abi::end_process(1);
  const pid_t now = ::getppid();
  if (now != parent && now != 0) abi::end_process(1);
}

/// Waits for a child and returns its status of wait(2), or 0 if that was discarded (ECHILD).
int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

/// The state of a call of spawn().
class Spawner {
 public:
  Spawner(const SpawnOptions& options, Life life) : options_(options), life_(life) {}

  Result<Spawned> spawn() {
    Spawned spawned;
    if (options_.has_channel) {
      auto ends = TRY(Channel::pair());
      spawned.channel_ = std::move(ends.first);
      far_ = std::move(ends.second);
    }
    const int code = start(spawned);
    if (code != 0) return fail("fork", "", code);
    return spawned;
  }

 private:
  /// Returns 0 or an errno value.
  int start(Spawned& spawned) {
    sigset_t before;
    if (options_.blocks_signals) {
      sigset_t all;
      ::sigfillset(&all);
      ::pthread_sigmask(SIG_SETMASK, &all, &before);
    }
    const pid_t self = options_.death_signal != 0 ? ::getpid() : 0;
    const pid_t child = fork_program();
    const int code = child < 0 ? errno : 0;
    if (child == 0) {
      if (options_.detached) begin_detached(spawned.channel_);
      live(spawned.channel_, self);
    }
    if (options_.blocks_signals) ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (code != 0) return code;
    if (!options_.detached) {
      spawned.pid_ = child;
      return 0;
    }
    // If the status was discarded (ECHILD), a failure only shows in later messages of the child.
    const int status = wait_for(child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  }

  /// Runs in an intermediate process that exits at once, so that the child is reparented.
  [[noreturn]] void begin_detached(Channel& near) {
    const pid_t child = fork_program();
    if (child == 0) live(near, 0);
    abi::end_process(child < 0 ? errno : 0);
  }

  /// An exception must not unwind into frames copied from the caller.
  [[noreturn]] void live(Channel& near, pid_t parent) {
    // Otherwise this process would keep the other end open, and never see its end. stay_behind()
    // closes it, too.
    if (options_.name == nullptr) near.close();
    if (parent != 0) die_with(parent, options_.death_signal);
    if (options_.name != nullptr) stay_behind(options_.name, options_.keep_fds, far_.fd());
    int status = ENOMEM;
    try {
      status = life_(far_);
    } catch (const std::bad_alloc&) {
      status = ENOMEM;
    }
    abi::end_process(status);
  }

  const SpawnOptions& options_;
  Life life_;
  Channel far_;
};

bool is_from_fork(const Error& error) {
  // A channel fails for a lack of descriptors, of which fork(2) needs none.
  return error.code != EMFILE && error.code != ENFILE;
}

Result<Spawned> spawn(const SpawnOptions& options, Life life) {
  return Spawner(options, life).spawn();
}

Spawned::~Spawned() {
  if (!channel_) kill();
  channel_.close();
  wait();
}

int Spawned::wait() {
  return pid_ > 0 ? wait_for(std::exchange(pid_, -1)) : 0;
}

void Spawned::wait_or_let_go(std::chrono::milliseconds time) {
  if (pid_ <= 0) return;
  if (const OwnedFd pidfd(abi::pidfd_open(pid_, 0)); pidfd) is_readable_within(pidfd.get(), time);
  while (::waitpid(pid_, nullptr, WNOHANG) < 0 && errno == EINTR) {
  }
  let_go();
}

void Spawned::kill() const {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

pid_t fork_program(int cgroup) {
  if (cgroup >= 0) return static_cast<pid_t>(clone_into_cgroup(static_cast<std::uint64_t>(cgroup)));
  // A single-threaded process holds no libc locks to reset after fork, which would copy three
  // pages.
  return __libc_single_threaded ? ::_Fork() : ::fork();
}

bool knows_clone_into_cgroup() {
  // Nothing is cloned: a kernel that knows the flag rejects a descriptor that does not fit into an
  // int (EINVAL), and one that does not know the member rejects that (E2BIG).
  return clone_into_cgroup(~std::uint64_t{0}) < 0 && errno == EINVAL;
}

void stay_behind(const char* name, std::initializer_list<int> kept, int also_kept) {
  ::prctl(PR_SET_NAME, name);
  ::prctl(PR_SET_DUMPABLE, 0);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  [[maybe_unused]] const int moved = ::chdir("/");
  // A pipe that the program writes to must end with the program, so close it here. As an unsigned
  // number, -1 is the largest.
  unsigned first = 0;
  for (;;) {
    unsigned next = ~0U;
    const auto take = [&](int fd) {
      const auto number = static_cast<unsigned>(fd);
      if (number >= first && number < next) next = number;
    };
    for (const int fd : kept)
      take(fd);
    take(also_kept);
    if (next > first) ::close_range(first, next == ~0U ? next : next - 1, 0);
    if (next == ~0U) return;
    first = next + 1;
  }
}

}  // namespace nsx
