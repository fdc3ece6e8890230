// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <initializer_list>
#include <sys/types.h>
#include <sys/utsname.h>
#include <utility>

#include <nsx/namespace.hh>

#include "kernel/channel.hh"

namespace nsx {

/// Options of a child. The defaults correspond to fork(2).
struct SpawnOptions {
  /// The name of a helper that runs beside the program. It first calls stay_behind() with this
  /// name, and keeps the channel and `keep_fds` open.
  const char* name = nullptr;
  std::initializer_list<int> keep_fds = {};
  bool has_channel = false;  ///< connected to the caller
  /// Make it an orphan, so that a program executed by this process does not inherit a child.
  bool detached = false;
  /// Block all signals before it starts, so that no signal handler of the caller runs in it.
  bool blocks_signals = false;
  /// The signal for the child when the thread that starts it exits (PR_SET_PDEATHSIG); 0: none. Has
  /// no effect on a detached child.
  int death_signal = 0;
};

/// A child, and the near end of its channel. If it was neither waited for nor let go, the
/// destructor ends it: by closing the channel, which the child must watch for, or without a channel
/// by SIGKILL.
class Spawned {
 public:
  Spawned(Spawned&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), channel_(std::move(other.channel_)) {}
  Spawned& operator=(Spawned&&) = delete;
  Spawned(const Spawned&) = delete;
  Spawned& operator=(const Spawned&) = delete;
  ~Spawned();

  pid_t pid() const { return pid_; }  ///< -1: detached, waited for or let go
  const Channel& channel() const { return channel_; }
  Channel take_channel() { return std::move(channel_); }

  /// Waits for its exit and returns its status of wait(2). Returns 0 if the caller's SIGCHLD is
  /// ignored, because the kernel has discarded the status.
  int wait();

  /// Waits for its exit for at most this time, then lets it go. Some file systems block a process
  /// so that not even SIGKILL ends it.
  void wait_or_let_go(std::chrono::milliseconds time);

  /// Lets it continue without waiting for it.
  void let_go() { pid_ = -1; }

  void kill() const;

 private:
  friend class Spawner;
  Spawned() = default;

  pid_t pid_ = -1;
  Channel channel_;
};

/// A reference to the code of a child, which returns its exit status.
class Life {
 public:
  template <class Function>
  Life(const Function& function)  // implicit, for lambdas
      : object_(&function), call_([](const void* object, Channel& channel) {
          return (*static_cast<const Function*>(object))(channel);
        }) {}

  int operator()(Channel& channel) const { return call_(object_, channel); }

 private:
  const void* object_;
  int (*call_)(const void*, Channel&);
};

/// Starts a child that runs `life` with the far end of its channel, and exits with its result, or
/// ENOMEM if memory runs out.
///
/// Before `life`, the child only makes async-signal-safe calls, because other threads of the caller
/// may hold locks. It has copies of everything in the caller except the near end of the channel,
/// and runs no destructors and flushes no buffers. Errors: "cannot fork", also if the channel
/// cannot be created.
Result<Spawned> spawn(const SpawnOptions& options, Life life);

/// Whether an error of spawn() is that of fork(2), not of the channel.
bool is_from_fork(const Error& error);

/// Forks a process that continues with this program. `cgroup`: the directory of the cgroup v2 in
/// which it starts (CLONE_INTO_CGROUP, Linux 5.7), for a single-threaded process; -1: that of the
/// caller.
pid_t fork_program(int cgroup = -1);

/// Returns whether the kernel supports CLONE_INTO_CGROUP.
bool knows_clone_into_cgroup();

/// Prepares a helper process that stays beside the program: sets its name, blocks all signals,
/// leaves the working directory, hides it from processes inside, and closes every descriptor not in
/// `kept` (-1 is ignored). Async-signal-safe.
void stay_behind(const char* name, std::initializer_list<int> kept, int also_kept = -1);

/// A child process in a namespace, with the lifetime of this object. Gives access to data that is
/// only visible from inside, while the caller stays where it is.
class Visitor {
 public:
  /// Forks a child that joins the namespace. If the caller lacks permission, the child first joins
  /// the owning user namespace, where it may have it.
  static Result<Visitor> send(const Kernel& kernel, const Namespace& ns);

  pid_t pid() const { return child_.pid(); }

  /// Returns the result of uname(2) inside.
  const utsname& names() const { return names_; }

  /// Returns a rtnetlink(7) socket that was created inside a net namespace.
  int socket() const { return opened_.get(); }

  /// Returns the root directory of a mount namespace.
  OwnedFd take_root() { return std::move(opened_); }

 private:
  explicit Visitor(Spawned child) : child_(std::move(child)) {}

  Spawned child_;   // exits when the channel is closed
  OwnedFd opened_;  // opened by the child inside
  utsname names_{};
};

}  // namespace nsx
