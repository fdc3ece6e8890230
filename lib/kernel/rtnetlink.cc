#include "kernel/rtnetlink.hh"

#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

#include <nsx/net.hh>

namespace nsx {

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

Result<std::optional<int>> peer_net_id(const Namespace& net) {
  constexpr const char* kAsk = "ask the netnsid of";
  const std::string subject = "net namespace " + std::to_string(net.identity().inode);
  const OwnedFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail(kAsk, subject);

  const NetIdRequest request = net_id_request(NETNSA_FD, static_cast<std::uint32_t>(net.fd()));
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
