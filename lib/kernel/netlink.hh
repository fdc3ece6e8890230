// SPDX-License-Identifier: MIT
#pragma once
// The messages of rtnetlink(7) about netnsids, by hand: a library for them would cost each start.

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

/// The interfaces in the answers to RTM_GETLINK and RTM_GETADDR dumps (rtnetlink(7)), by their
/// indices. What makes no sense is passed over.
std::vector<Interface> parse_interfaces(std::string_view links, std::string_view addresses);

/// RTM_GETNSID with one attribute: NETNSA_FD or NETNSA_PID, whose namespace it asks about. struct
/// rtgenmsg is one byte, and attributes follow aligned: no macro of linux/rtnetlink.h says so.
struct NetIdRequest {
  nlmsghdr header{};
  rtgenmsg family{};
  alignas(NLMSG_ALIGNTO) rtattr attribute{};
  std::uint32_t of = 0;
};
static_assert(offsetof(NetIdRequest, attribute) == 20);
// Many can be sent at once.
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

/// The netnsid that an answer tells, if it is one: NETNSA_NSID_NOT_ASSIGNED, if there is none.
std::optional<std::int32_t> find_net_id(const char* answer, std::size_t size);

}  // namespace nsx
