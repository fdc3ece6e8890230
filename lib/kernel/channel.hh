// SPDX-License-Identifier: MIT
#pragma once
// How the processes of one command talk to each other: messages over a pair of sockets, with
// descriptors and the sender's PID beside them.
//
// A message is either a value of a type without pointers, which takes no memory to send or receive
// and so suits a child of a process with threads, or words. A peer may have entered a container:
// what arrives is bounded, has to have the size that was asked for, and is never half of a message.

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

/// The success or the Error that Channel::send_status() sent as this message, which is moved from.
Status status_of(WordMessage& message);

/// How a value is received, and what comes with it.
struct Receiving {
  OwnedFd* fd = nullptr;    ///< takes the descriptor that comes along; others are closed
  pid_t* sender = nullptr;  ///< who sent it, as this process counts; with Channel::pair(true)
  bool waits = true;        ///< until something comes; otherwise this only looks
};

/// Waits until a descriptor has something to read, or its end. False: the time was up before.
bool is_readable_within(int fd, std::chrono::milliseconds time);

/// One end of a connection. The other sees that it is over when no process holds this end any more.
class Channel {
 public:
  Channel() = default;
  explicit Channel(OwnedFd fd) : fd_(std::move(fd)) {}

  /// Both ends. If `tells_senders`, the first learns who sends.
  static Result<std::pair<Channel, Channel>> pair(bool tells_senders = false);

  int fd() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }
  void close() { fd_ = OwnedFd(); }
  OwnedFd take_fd() { return std::move(fd_); }

  /// Sends a value, with a descriptor if that is not -1, which is only lent. Async-signal-safe.
  /// Nobody is told if the other end is closed.
  template <class Value>
  void send(const Value& value, int fd = -1) const {
    static_assert(std::is_trivially_copyable_v<Value>);
    send_packet(&value, sizeof value, {&fd, fd >= 0 ? 1U : 0U});
  }

  /// Receives a value. False: the other end is closed, or sent something else; then nothing is
  /// changed. Async-signal-safe.
  template <class Value>
  bool receive(Value& value, const Receiving& how = {}) const {
    static_assert(std::is_trivially_copyable_v<Value>);
    Value came;
    if (!receive_value(&came, sizeof came, how)) return false;
    value = came;
    return true;
  }

  /// Sends words, and lends descriptors.
  Status send_words(std::span<const std::string> words, std::span<const int> fds = {}) const;

  /// Waits for words. None: the other end is closed.
  Result<std::optional<WordMessage>> receive_words() const;

  /// Sends success, or all of an Error.
  Status send_status(const Status& status) const;

  /// Waits for what send_status() sends: an Error is returned as this function's. False: the other
  /// end is closed.
  Result<bool> receive_status() const;

  /// Waits until the other end is closed, or sends anything. Async-signal-safe.
  void wait_for_end() const;

 private:
  Status send_text(std::string_view text, std::span<const int> fds) const;
  bool send_packet(const void* data, std::size_t size, std::span<const int> fds) const;
  bool receive_value(void* data, std::size_t size, const Receiving& how) const;

  OwnedFd fd_;
};

}  // namespace nsx
