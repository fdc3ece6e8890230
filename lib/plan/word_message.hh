#pragma once
// What processes that stay outside and the others say to each other: words, and descriptors with
// them.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/fd.hh>

namespace nsx {

struct WordMessage {
  std::vector<std::string> words;  ///< without NULs
  std::vector<OwnedFd> fds;        ///< at most kMaxMessageFds
};

inline constexpr std::size_t kMaxMessageFds = 16;

/// Sends a message over a SOCK_SEQPACKET socket. The descriptors are only lent.
Status send_message(int socket, std::span<const std::string> words, std::span<const int> fds = {});

/// Waits for a message. None: the other end is closed.
Result<std::optional<WordMessage>> receive_message(int socket);

/// What a helper answers, as words, and back.
std::vector<std::string> words_of(const Status& answer);
Status answer_of(const WordMessage& message);

}  // namespace nsx
