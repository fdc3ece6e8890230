#include <cstring>
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

}  // namespace nsx
