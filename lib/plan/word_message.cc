#include "plan/word_message.hh"

#include <cstring>
#include <sys/socket.h>

#include "kernel/text.hh"

namespace nsx {

namespace {

constexpr std::size_t kControlSize = CMSG_SPACE(sizeof(int) * kMaxMessageFds);

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty())
    words.emplace_back(next_field(text, '\0'));
  return words;
}

std::vector<OwnedFd> take_fds(msghdr& header) {
  std::vector<OwnedFd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

Status send_message(int socket, std::span<const std::string> words, std::span<const int> fds) {
  std::string text;
  for (const std::string& word : words) {
    text += word;
    text += '\0';
  }
  iovec data{text.data(), text.size()};
  alignas(cmsghdr) char control[kControlSize]{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(part), fds.data(), fds.size_bytes());
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return fail("talk to", "the helper outside");
  return {};
}

Result<std::optional<WordMessage>> receive_message(int socket) {
  constexpr const char* kListen = "hear from";
  constexpr const char* kOther = "the helper outside";
  ssize_t size = 0;
  do {
    size = ::recv(socket, nullptr, 0, MSG_PEEK | MSG_TRUNC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return fail(kListen, kOther);
  if (size == 0) return std::optional<WordMessage>{};

  std::string text(static_cast<std::size_t>(size), '\0');
  iovec data{text.data(), text.size()};
  alignas(cmsghdr) char control[kControlSize]{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  if (::recvmsg(socket, &header, MSG_CMSG_CLOEXEC) < 0) return fail(kListen, kOther);
  return WordMessage{split(text), take_fds(header)};
}

std::vector<std::string> words_of(const Status& answer) {
  if (answer) return {"done"};
  const Error& error = answer.error();
  return {"failed",     error.operation, error.subject, std::to_string(error.code),
          error.reason, error.hint};
}

Status answer_of(const WordMessage& message) {
  const auto& words = message.words;
  if (words.size() == 1 && words[0] == "done") return {};
  const auto code = words.size() == 6 ? parse_number<int>(words[3]) : std::nullopt;
  if (!code) return refuse("understand", "the helper outside", "its answer makes no sense");
  return tl::unexpected(Error{words[1], words[2], *code, words[4], words[5]});
}

}  // namespace nsx
