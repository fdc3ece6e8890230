// SPDX-License-Identifier: MIT
#include <sched.h>
#include <sys/socket.h>

#include "net/rtnetlink.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr std::uint32_t kSequence = 1;  // one request at a time

/// Returns the kernel's message about an error, which follows the fixed part of its answer:
/// "Nexthop has invalid gateway".
std::string words_of(const nlmsghdr& answer, std::size_t fixed) {
  if ((answer.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  std::string words;
  for_each_attribute(answer, fixed, [&](const nlattr& attribute) {
    if (mnl_attr_get_type(&attribute) != NLMSGERR_ATTR_MSG) return;
    const std::string_view text(mnl_attr_get_str(&attribute), mnl_attr_get_payload_len(&attribute));
    words = text.substr(0, text.find('\0'));
  });
  return words;
}

/// Returns the result in the last message of an answer. NLMSG_DONE, which ends a dump, starts with
/// an errno like an error, except on older kernels, where it is empty.
Status end_of(const nlmsghdr& message, const std::string& operation, const std::string& subject) {
  if (mnl_nlmsg_get_payload_len(&message) < sizeof(int)) return {};
  const int code = -*static_cast<const int*>(mnl_nlmsg_get_payload(&message));
  if (code == 0) return {};
  // With NETLINK_CAP_ACK, errors do not repeat the request.
  const bool is_error = message.nlmsg_type == NLMSG_ERROR;
  const std::string words = words_of(message, is_error ? sizeof(nlmsgerr) : sizeof(int));
  return fail(operation, subject, code, words.empty() ? "" : "the kernel says: " + words);
}

}  // namespace

RouteRequest::RouteRequest(std::uint16_t type, std::uint16_t flags)
    : header_(mnl_nlmsg_put_header(bytes_.data())) {
  header_->nlmsg_type = type;
  header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  header_->nlmsg_seq = kSequence;
}

Result<RouteSocket> RouteSocket::open() {
  constexpr const char* kOpen = "open a socket for";
  constexpr const char* kWhat = "rtnetlink";
  RouteSocket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!socket.socket_) return fail(kOpen, kWhat);
  if (mnl_socket_bind(socket.socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) return fail(kOpen, kWhat);
  int on = 1;
  for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK}) {
    if (mnl_socket_setsockopt(socket.socket_.get(), option, &on, sizeof on) < 0) {
      return fail(kOpen, kWhat);
    }
  }
  return socket;
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

Status RouteSocket::send(RouteRequest& request, const std::string& operation,
                         const std::string& subject) const {
  const nlmsghdr* header = request.header();
  if (mnl_socket_sendto(socket_.get(), header, header->nlmsg_len) >= 0) return {};
  return fail(operation, subject);
}

Status RouteSocket::ask(RouteRequest& request, const std::string& operation,
                        const std::string& subject) const {
  request.header()->nlmsg_flags |= NLM_F_ACK;
  return ask(request, operation, subject, [](const nlmsghdr&) {});
}

Status RouteSocket::ask(RouteRequest& request, const std::string& operation,
                        const std::string& subject,
                        const std::function<void(const nlmsghdr&)>& answer) const {
  TRY(send(request, operation, subject));
  const bool is_dump = (request.header()->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
  const bool is_acknowledged = (request.header()->nlmsg_flags & NLM_F_ACK) != 0;
  alignas(NLMSG_ALIGNTO) std::array<char, 32768> bytes{};
  for (;;) {
    const auto size = mnl_socket_recvfrom(socket_.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(operation, subject);
    int left = static_cast<int>(size);
    for (auto* message = reinterpret_cast<nlmsghdr*>(bytes.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
      const bool is_end = message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR;
      if (is_end) return end_of(*message, operation, subject);
      answer(*message);
      if (!is_dump && !is_acknowledged) return {};
    }
  }
}

}  // namespace nsx
