// SPDX-License-Identifier: MIT
#include <sched.h>
#include <sys/socket.h>

#include "net/rtnetlink.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Returns the kernel's message about an error, which follows the fixed part of its answer:
/// "Nexthop has invalid gateway".
std::string words_of(std::string_view attributes) {
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type == NLMSGERR_ATTR_MSG) return attribute->text();
  }
  return {};
}

/// Returns the result in the last message of an answer. NLMSG_DONE, which ends a dump, starts with
/// an errno like an error, except on older kernels, where it is empty.
Status end_of(const NetlinkMessage& message, const std::string& operation,
              const std::string& subject) {
  std::string_view rest = message.body;
  // With NETLINK_CAP_ACK, errors do not repeat the request.
  int code = 0;
  if (message.type == NLMSG_ERROR) {
    const auto head = take_head<nlmsgerr>(rest);
    code = head ? -head->error : EBADMSG;
  } else if (const auto error = take_head<int>(rest)) {
    code = -*error;
  }
  if (code == 0) return {};
  const std::string words = (message.flags & NLM_F_ACK_TLVS) != 0 ? words_of(rest) : std::string();
  return fail(operation, subject, code, words.empty() ? "" : "the kernel says: " + words);
}

}  // namespace

Result<RouteSocket> RouteSocket::open() {
  constexpr const char* kOpen = "open a socket for";
  constexpr const char* kWhat = "rtnetlink";
  OwnedFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail(kOpen, kWhat);
  int on = 1;
  for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK}) {
    if (::setsockopt(socket.get(), SOL_NETLINK, option, &on, sizeof on) != 0) {
      return fail(kOpen, kWhat);
    }
  }
  return RouteSocket(std::move(socket));
}

Result<RouteSocket> RouteSocket::open_in(const Namespace& net) {
  if (::setns(net.fd(), CLONE_NEWNET) != 0) {
    const int code = errno;
    return fail("join", "the net namespace " + std::to_string(net.identity().inode), code,
                code == EPERM
                    ? "run as root, or with CAP_SYS_ADMIN in the user namespace that owns it"
                    : "");
  }
  return open();
}

Status RouteSocket::ask(NetlinkRequest& request, const std::string& operation,
                        const std::string& subject) const {
  request.header()->nlmsg_flags |= NLM_F_ACK;
  return ask(request, operation, subject, [](const NetlinkMessage&) {});
}

Status RouteSocket::ask(NetlinkRequest& request, const std::string& operation,
                        const std::string& subject,
                        const std::function<void(const NetlinkMessage&)>& answer) const {
  if (auto sent = request.send(socket_.get()); !sent) {
    return fail(operation, subject, sent.error().code);
  }
  const bool is_dump = (request.header()->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
  const bool is_acknowledged = (request.header()->nlmsg_flags & NLM_F_ACK) != 0;
  for (;;) {
    const auto datagram = receive_netlink(socket_.get());
    if (!datagram) return fail(operation, subject, datagram.error().code);
    std::string_view rest = *datagram;
    while (const auto message = next_message(rest)) {
      const bool is_end = message->type == NLMSG_DONE || message->type == NLMSG_ERROR;
      if (is_end) return end_of(*message, operation, subject);
      answer(*message);
      if (!is_dump && !is_acknowledged) return {};
    }
  }
}

}  // namespace nsx
