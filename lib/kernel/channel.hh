// SPDX-License-Identifier: MIT
#pragma once
// Communication between the processes of a command: messages over a socket pair, with descriptors
// and the PID of the sender.
//
// A message is either a value of a trivially copyable type, or a list of words. A value needs no
// memory to send or receive, which makes it suitable for the child of a process with threads. The
// peer may have entered a container and is not trusted: messages have a maximum size, values must
// have the expected size, and incomplete messages are rejected.

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <type_traits>
#include <utility>
#include <vector>

#include <nsx/fd.hh>

namespace nsx {

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

}  // namespace nsx
