// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/spawn.hh"
#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

tl::unexpected<Error> cannot(const char* operation, int code) {
  return fail(operation, "the outside helper", code);
}

tl::unexpected<Error> cannot_hear(int code) {
  return cannot("receive from", code);
}

constexpr std::size_t kControlSize =
    CMSG_SPACE(sizeof(int) * kMaxMessageFds) + CMSG_SPACE(sizeof(ucred));

/// What was received in a message besides its bytes.
struct Arrived {
  ssize_t size = -1;  ///< -1: see errno
  bool is_whole = false;
  pid_t sender = 0;
  std::size_t fd_count = 0;
  std::array<OwnedFd, kControlSize / sizeof(int)> fds;  ///< as many as fit into a control message
};

void take_control(msghdr& header, Arrived& arrived) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    const unsigned char* data = CMSG_DATA(part);
    if (part->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, data, sizeof sender);
      arrived.sender = sender.pid;
    }
    if (part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, data + i * sizeof fd, sizeof fd);
      arrived.fds[arrived.fd_count++] = OwnedFd(fd);
    }
  }
}

/// Async-signal-safe.
void receive_packet(int socket, void* data, std::size_t size, int flags, Arrived& arrived) {
  iovec part{data, size};
  alignas(cmsghdr) std::array<char, kControlSize> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  do {
    arrived.size = ::recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);
  } while (arrived.size < 0 && errno == EINTR);
  if (arrived.size < 0) return;
  take_control(header, arrived);
  arrived.is_whole = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty())
    words.emplace_back(next_field(text, '\0'));
  return words;
}

constexpr std::string_view kDone = "done";
constexpr std::string_view kFailed = "failed";

void add_word(std::string& text, std::string_view word) {
  text += word;
  text += '\0';
}

}  // namespace

Result<std::pair<Channel, Channel>> Channel::pair(bool tells_senders) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail("create", "a pair of sockets");
  }
  std::pair<Channel, Channel> channels{OwnedFd(ends[0]), OwnedFd(ends[1])};
  const int on = 1;
  if (tells_senders && ::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return fail("request the credentials of", "a socket's peer");
  }
  return channels;
}

bool Channel::send_packet(const void* data, std::size_t size, std::span<const int> fds) const {
  iovec part{const_cast<void*>(data), size};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxMessageFds)> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* first = CMSG_FIRSTHDR(&header);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(first), fds.data(), fds.size_bytes());
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd_.get(), &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

bool Channel::receive_value(void* data, std::size_t size, const Receiving& how) const {
  Arrived arrived;
  receive_packet(fd_.get(), data, size, how.waits ? 0 : MSG_DONTWAIT, arrived);
  if (arrived.size != static_cast<ssize_t>(size) || !arrived.is_whole) return false;
  if (how.fd != nullptr && arrived.fd_count > 0) *how.fd = std::move(arrived.fds[0]);
  if (how.sender != nullptr) *how.sender = arrived.sender;
  return true;
}

Status Channel::send_words(std::span<const std::string> words, std::span<const int> fds) const {
  std::string text;
  for (const std::string& word : words)
    add_word(text, word);
  return send_text(text, fds);
}

Status Channel::send_status(const Status& status) const {
  std::string text;
  add_word(text, status ? kDone : kFailed);
  if (!status) {
    const Error& error = status.error();
    add_word(text, error.what());
    add_word(text, error.subject());
    add_word(text, std::to_string(error.code));
    add_word(text, error.reason());
    add_word(text, error.hint());
  }
  return send_text(text, {});
}

Status Channel::send_text(std::string_view text, std::span<const int> fds) const {
  constexpr const char* kTalk = "send to";
  if (fds.size() > kMaxMessageFds || text.size() > kMaxMessageSize) return cannot(kTalk, EMSGSIZE);
  if (!send_packet(text.data(), text.size(), fds)) return cannot(kTalk, errno);
  return {};
}

Result<std::optional<WordMessage>> Channel::receive_words() const {
  ssize_t size = 0;
  do {
    size = ::recv(fd_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return cannot_hear(errno);
  if (size == 0) return std::optional<WordMessage>{};
  if (static_cast<std::size_t>(size) > kMaxMessageSize) return cannot_hear(EMSGSIZE);

  std::string text(static_cast<std::size_t>(size), '\0');
  Arrived arrived;
  receive_packet(fd_.get(), text.data(), text.size(), 0, arrived);
  if (arrived.size < 0) return cannot_hear(errno);
  // MSG_CTRUNC is also set if this process has reached its limit of descriptors.
  if (!arrived.is_whole || arrived.fd_count > kMaxMessageFds) return cannot_hear(EMFILE);
  text.resize(static_cast<std::size_t>(arrived.size));
  WordMessage message{split(text), {}};
  message.fds.reserve(arrived.fd_count);
  for (std::size_t i = 0; i < arrived.fd_count; ++i)
    message.fds.push_back(std::move(arrived.fds[i]));
  return message;
}

Result<bool> Channel::receive_status() const {
  auto message = TRY(receive_words());
  if (!message) return false;
  TRY(status_of(*message));
  return true;
}

void Channel::wait_for_end() const {
  char byte = 0;
  while (::read(fd_.get(), &byte, 1) < 0 && errno == EINTR) {
  }
}

bool is_readable_within(int fd, std::chrono::milliseconds time) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + time;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd event{fd, POLLIN, 0};
    const int ready = ::poll(&event, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

Status status_of(WordMessage& message) {
  auto& words = message.words;
  if (words.size() == 1 && words[0] == kDone) return {};
  const bool is_failure = words.size() == 6 && words[0] == kFailed;
  const auto code = is_failure ? parse_number<int>(words[3]) : std::nullopt;
  if (code) {
    return tl::unexpected(Error(words[1], words[2], *code, words[4], words[5]));
  }
  return problem("malformed answer from the outside helper");
}

}  // namespace nsx
