// SPDX-License-Identifier: MIT
#pragma once
// Children of this process, and of this program alone: none of them is seen by whoever uses the
// library. All begin here, so that each is sure not to run the caller's code when its own is over.

#include <chrono>
#include <initializer_list>
#include <sys/types.h>
#include <utility>

#include "kernel/channel.hh"

namespace nsx {

/// How a child begins. The defaults are those of fork(2).
struct SpawnOptions {
  /// It stays beside the program, in nobody's way: stay_behind() with this name, the channel and
  /// `keep_fds` before anything else.
  const char* name = nullptr;
  std::initializer_list<int> keep_fds = {};
  bool has_channel = false;  ///< to the caller
  /// It is no child of the caller's, so that a program that this process executes inherits none.
  bool detached = false;
  /// No signal handler of the caller's runs in it: all signals are blocked before it begins.
  bool blocks_signals = false;
  /// What it gets when the thread that spawns it ends (PR_SET_PDEATHSIG); 0: nothing. A detached
  /// one has nobody whose end it could hear of.
  int death_signal = 0;
};

/// A child, and the near end of its channel. One that was neither waited for nor let go is ended
/// with this: by the end of its channel, which it has to heed, or without one by SIGKILL.
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

  /// Waits for its end: a status of wait(2), or 0 where whoever started this process ignores
  /// SIGCHLD, so that the kernel has thrown it away.
  int wait();

  /// Waits for its end as long as this. A child that takes longer, as not even SIGKILL ends a wait
  /// for some file systems, is let go.
  void wait_or_let_go(std::chrono::milliseconds time);

  /// Leaves it to itself.
  void let_go() { pid_ = -1; }

  void kill() const;

 private:
  friend class Spawner;
  Spawned() = default;

  pid_t pid_ = -1;
  Channel channel_;
};

/// A reference to what a child does, which returns its exit status.
class Life {
 public:
  template <class Function>
  Life(const Function& function)  // a lambda is given in its place
      : object_(&function), call_([](const void* object, Channel& channel) {
          return (*static_cast<const Function*>(object))(channel);
        }) {}

  int operator()(Channel& channel) const { return call_(object_, channel); }

 private:
  const void* object_;
  int (*call_)(const void*, Channel&);
};

/// Starts a child that does `life`, with the far end of its channel, and ends with its status or,
/// if memory runs out, ENOMEM. Up to there the child only does what is async-signal-safe, as other
/// threads of the caller may hold locks. It has copies of all that the caller has but the channel's
/// near end, and none of it is tidied up: neither destructors nor buffers. Errors: "fork", unless
/// the channel is what cannot be had.
Result<Spawned> spawn(const SpawnOptions& options, Life life);

/// fork(2) where the program goes on in the child. `cgroup` is the directory of a cgroup v2 in
/// which it begins (CLONE_INTO_CGROUP, Linux 5.7), in a process without threads, or -1.
pid_t fork_program(int cgroup = -1);

/// Whether the kernel knows CLONE_INTO_CGROUP.
bool knows_clone_into_cgroup();

/// What a process of ours does first that stays beside the program, not to be in anyone's way:
/// takes a name, blocks all signals, leaves the working directory, is hidden from those inside, and
/// closes every descriptor but `kept`, of which -1 are none. Async-signal-safe.
void stay_behind(const char* name, std::initializer_list<int> kept, int also_kept = -1);

}  // namespace nsx
