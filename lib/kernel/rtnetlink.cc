#include <cstring>
#include <linux/if.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nsx/net.hh>

namespace nsx {

namespace {

/// RTM_GETNSID with one attribute. struct rtgenmsg is one byte, and attributes follow aligned:
/// linux/rtnetlink.h has no macro that says so.
struct NetIdRequest {
  nlmsghdr header{};
  rtgenmsg family{};
  alignas(NLMSG_ALIGNTO) rtattr attribute{};
  std::uint32_t fd = 0;
};
static_assert(offsetof(NetIdRequest, attribute) == 20);

/// RTM_NEWLINK without attributes: changes the flags of an interface.
struct LinkRequest {
  nlmsghdr header{};
  ifinfomsg link{};
};

/// NLMSG_ERROR, which answers a request for an acknowledgement.
struct Acknowledgement {
  nlmsghdr header{};
  nlmsgerr result{};
};

/// The attribute NETNSA_NSID of an answer, if it is one.
std::optional<std::int32_t> find_net_id(const char* answer, std::size_t size) {
  nlmsghdr header{};
  if (size < sizeof header) return std::nullopt;
  std::memcpy(&header, answer, sizeof header);
  if (header.nlmsg_type != RTM_NEWNSID || header.nlmsg_len > size) return std::nullopt;

  std::size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(rtgenmsg));
  while (at + sizeof(rtattr) + sizeof(std::int32_t) <= header.nlmsg_len) {
    rtattr attribute{};
    std::memcpy(&attribute, answer + at, sizeof attribute);
    if (attribute.rta_type == NETNSA_NSID) {
      std::int32_t id = 0;
      std::memcpy(&id, answer + at + RTA_LENGTH(0), sizeof id);
      return id;
    }
    if (attribute.rta_len < sizeof attribute) break;
    at += RTA_ALIGN(attribute.rta_len);
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<int>> peer_net_id(const Namespace& net) {
  constexpr const char* kAsk = "ask the netnsid of";
  const std::string subject = "net namespace " + std::to_string(net.identity().inode);
  const OwnedFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail(kAsk, subject);

  NetIdRequest request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETNSID;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.attribute.rta_type = NETNSA_FD;
  request.attribute.rta_len = RTA_LENGTH(sizeof request.fd);
  request.fd = static_cast<std::uint32_t>(net.fd());
  if (::send(socket.get(), &request, sizeof request, 0) < 0) return fail(kAsk, subject);

  char answer[4096];
  const ssize_t size = ::recv(socket.get(), answer, sizeof answer, 0);
  if (size < 0) return fail(kAsk, subject);
  const auto id = find_net_id(answer, static_cast<std::size_t>(size));
  if (!id) return refuse(kAsk, subject, "the kernel gave no answer");
  if (*id == NETNSA_NSID_NOT_ASSIGNED) return std::optional<int>{};
  return std::optional<int>(*id);
}

Status bring_up_loopback() {
  constexpr const char* kSet = "set up";
  constexpr const char* kLoopback = "the interface lo";
  const OwnedFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail(kSet, kLoopback);

  LinkRequest request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.link.ifi_index = 1;  // the first of every net namespace
  request.link.ifi_flags = IFF_UP;
  request.link.ifi_change = IFF_UP;
  if (::send(socket.get(), &request, sizeof request, 0) < 0) return fail(kSet, kLoopback);

  Acknowledgement answer;
  const ssize_t size = ::recv(socket.get(), &answer, sizeof answer, 0);
  if (size < 0) return fail(kSet, kLoopback);
  if (static_cast<std::size_t>(size) < sizeof answer || answer.header.nlmsg_type != NLMSG_ERROR) {
    return refuse(kSet, kLoopback, "the kernel gave no answer");
  }
  if (answer.result.error == 0) return {};
  return fail(kSet, kLoopback, -answer.result.error,
              answer.result.error == -EPERM
                  ? "needs CAP_NET_ADMIN in the user namespace that owns the net namespace"
                  : "");
}

}  // namespace nsx
