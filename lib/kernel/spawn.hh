// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <sys/utsname.h>
#include <type_traits>
#include <utility>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/namespace.hh>

namespace nsx {

// Communication between the processes of a command: messages over a socket pair, with descriptors
// and the PID of the sender.
//
// A message is either a value of a trivially copyable type, or a list of words. A value needs no
// memory to send or receive, which makes it suitable for the child of a process with threads. The
// peer may have entered a container and is not trusted: messages have a maximum size, values must
// have the expected size, and incomplete messages are rejected.

inline constexpr std::size_t kMaxMessageFds = 16;
inline constexpr std::size_t kMaxMessageSize = 256UL * 1024;

struct WordMessage {
  std::vector<std::string> words;  ///< without NULs
  std::vector<OwnedFd> fds;        ///< at most kMaxMessageFds
};

/// Returns the success or the Error that Channel::send_status() has sent. Moves from the message.
Status status_of(WordMessage& message);

/// Options for receiving a value.
struct Receiving {
  OwnedFd* fd = nullptr;    ///< receives the descriptor of the message; others are closed
  pid_t* sender = nullptr;  ///< receives the sender's PID, in this pid namespace; requires
                            ///< Channel::pair(true)
  bool waits = true;        ///< wait for a message, or return at once
};

/// Waits until a descriptor is readable or at its end. Returns false if the time elapses first.
bool is_readable_within(int fd, std::chrono::milliseconds time);

/// One end of a connection. The other end is notified when no process holds this end any more.
class Channel {
 public:
  Channel() = default;
  explicit Channel(OwnedFd fd) : fd_(std::move(fd)) {}

  /// Returns both ends. If `tells_senders`, the first one receives the PIDs of senders.
  static Result<std::pair<Channel, Channel>> pair(bool tells_senders = false);

  int fd() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }
  void close() { fd_ = OwnedFd(); }
  OwnedFd take_fd() { return std::move(fd_); }

  /// Sends a value and optionally a descriptor (-1: none), which stays open here.
  /// Async-signal-safe. Ignores a closed connection.
  template <class Value>
  void send(const Value& value, int fd = -1) const {
    static_assert(std::is_trivially_copyable_v<Value>);
    send_packet(&value, sizeof value, {&fd, fd >= 0 ? 1U : 0U});
  }

  /// Receives a value. Returns false without changing anything if the other end is closed, or has
  /// sent another type. Async-signal-safe.
  template <class Value>
  bool receive(Value& value, const Receiving& how = {}) const {
    static_assert(std::is_trivially_copyable_v<Value>);
    Value came;
    if (!receive_value(&came, sizeof came, how)) return false;
    value = came;
    return true;
  }

  /// Sends words and descriptors, which stay open here.
  Status send_words(std::span<const std::string> words, std::span<const int> fds = {}) const;

  /// Waits for words. None: the other end is closed.
  Result<std::optional<WordMessage>> receive_words() const;

  /// Sends a success or a complete Error.
  Status send_status(const Status& status) const;

  /// Waits for the result of send_status(), and returns its Error as that of this function. False:
  /// the other end is closed.
  Result<bool> receive_status() const;

  /// Waits until the other end is closed or sends anything. Async-signal-safe.
  void wait_for_end() const;

 private:
  Status send_text(std::string_view text, std::span<const int> fds) const;
  bool send_packet(const void* data, std::size_t size, std::span<const int> fds) const;
  bool receive_value(void* data, std::size_t size, const Receiving& how) const;

  OwnedFd fd_;
};

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
