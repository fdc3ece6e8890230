#include "plan/messages.hh"

#include <array>
#include <cstring>
#include <sys/socket.h>
#include <type_traits>

namespace nsx {

static_assert(std::is_trivially_copyable_v<Message>);

Result<std::pair<Channel, Channel>> Channel::make() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail("open", "a pair of sockets");
  }
  std::pair<Channel, Channel> channels;
  channels.first.fd_ = OwnedFd(ends[0]);
  channels.second.fd_ = OwnedFd(ends[1]);
  const int on = 1;
  if (::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return fail("ask for the credentials of", "a socket's peer");
  }
  return channels;
}

void Channel::send(const Message& message) const {
  // If the parent has gone, nobody wants to know.
  ::send(fd_.get(), &message, sizeof message, MSG_NOSIGNAL);
}

std::optional<Message> Channel::receive() const {
  Message message;
  iovec data{&message, sizeof message};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n != static_cast<ssize_t>(sizeof message)) return std::nullopt;
  const cmsghdr* first = CMSG_FIRSTHDR(&header);
  if (first != nullptr && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_CREDENTIALS) {
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(first), sizeof sender);
    message.started.pid = sender.pid;
  }
  return message;
}

}  // namespace nsx
