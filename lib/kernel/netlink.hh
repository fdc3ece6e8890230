// SPDX-License-Identifier: MIT
#pragma once
// rtnetlink(7) messages about netnsids and interfaces. Implemented without a library, which would
// slow down each start.

#include <cstddef>
#include <cstdint>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <optional>
#include <string_view>
#include <vector>

#include <nsx/inside.hh>

namespace nsx {

/// Parses the replies to RTM_GETLINK and RTM_GETADDR dumps (rtnetlink(7)), and sorts the interfaces
/// by index. Skips malformed messages.
std::vector<Interface> parse_interfaces(std::string_view links, std::string_view addresses);

/// RTM_GETNSID with one attribute, NETNSA_FD or NETNSA_PID, for the namespace in question. struct
/// rtgenmsg is one byte, and attributes follow with alignment, for which linux/rtnetlink.h has no
/// macro.
struct NetIdRequest {
  nlmsghdr header{};
  rtgenmsg family{};
  alignas(NLMSG_ALIGNTO) rtattr attribute{};
  std::uint32_t of = 0;
};
static_assert(offsetof(NetIdRequest, attribute) == 20);
// So that an array of requests can be sent at once.
static_assert(sizeof(NetIdRequest) == NLMSG_ALIGN(sizeof(NetIdRequest)));

inline NetIdRequest net_id_request(std::uint16_t attribute, std::uint32_t of) {
  NetIdRequest request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETNSID;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.attribute.rta_type = attribute;
  request.attribute.rta_len = RTA_LENGTH(sizeof of);
  request.of = of;
  return request;
}

/// Returns the netnsid in a reply, which may be NETNSA_NSID_NOT_ASSIGNED. None: it is another
/// message.
std::optional<std::int32_t> find_net_id(const char* answer, std::size_t size);

}  // namespace nsx
