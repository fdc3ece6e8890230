#pragma once

#include <optional>
#include <sys/types.h>
#include <utility>

#include <nsx/fd.hh>
#include <nsx/plan.hh>

namespace nsx {

/// What those inside tell the parent that waits outside.
struct Message {
  enum class Type : std::uint8_t {
    starting,  ///< the program, next
    failed,    ///< it will not start
    stopped,   ///< the program has stopped; the parent stops with it, and wakes it
    ended,     ///< the program has
  };
  Type type = Type::failed;
  Started started{};  ///< of starting; its `pid` is filled in on arrival
  Outcome outcome{};  ///< of ended
};

/// One end of a connection for such messages.
class Channel {
 public:
  /// The two ends, the parent's first.
  static Result<std::pair<Channel, Channel>> make();

  void send(const Message& message) const;

  /// The next message that has come, or none. `started.pid` is the sender's number as we count.
  std::optional<Message> receive() const;

  int fd() const { return fd_.get(); }

 private:
  OwnedFd fd_;
};

}  // namespace nsx
