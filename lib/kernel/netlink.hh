// SPDX-License-Identifier: MIT
#pragma once
// netlink(7) messages, and those of rtnetlink(7) about netnsids and interfaces. Implemented without
// a library, which would slow down each start.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/inside.hh>

namespace nsx {

/// A request under construction. Its buffer is large enough for all requests: names are short, and
/// no lists are sent. Attributes are appended in the order of the calls.
class NetlinkRequest {
 public:
  /// Starts a request of a type such as RTM_NEWADDR. `flags` are added to NLM_F_REQUEST:
  /// NLM_F_CREATE ...
  explicit NetlinkRequest(std::uint16_t type, std::uint16_t flags = 0);

  /// Appends the header of the type, ifinfomsg or the like, filled with zeros.
  template <class Head>
  Head* put_head() {
    return static_cast<Head*>(append(sizeof(Head)));
  }

  void put(std::uint16_t type, const void* value, std::size_t size);
  void put(std::uint16_t type, std::uint32_t value) { put(type, &value, sizeof value); }
  void put_text(std::uint16_t type, const std::string& text) {
    put(type, text.c_str(), text.size() + 1);
  }

  /// Appends an attribute that contains all that `fill` appends.
  template <class Fill>
  void put_nested(std::uint16_t type, Fill fill) {
    auto* outer = static_cast<nlattr*>(append(sizeof(nlattr)));
    const std::size_t start = header()->nlmsg_len - sizeof *outer;
    outer->nla_type = static_cast<std::uint16_t>(type | NLA_F_NESTED);
    fill();
    outer->nla_len = static_cast<std::uint16_t>(header()->nlmsg_len - start);
  }

  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(bytes_.data()); }

  /// Sends the request. Errors: those of send(2), as an errno value without words.
  Status send(int socket);

 private:
  void* append(std::size_t size);

  alignas(NLMSG_ALIGNTO) std::array<char, 2048> bytes_{};
};

/// A received message. The body refers to the datagram.
struct NetlinkMessage {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::string_view body;
};

/// Removes the next message from a datagram; none at the end, or before a malformed one.
std::optional<NetlinkMessage> next_message(std::string_view& datagram);

/// An attribute of a message. The value refers to the datagram.
struct NetlinkAttribute {
  int type = 0;
  std::string_view value;

  /// Returns the value of a string attribute, without the terminating NUL.
  std::string text() const { return std::string(value.substr(0, value.find('\0'))); }

  /// Returns the value of a 32-bit number; none if it has another size.
  std::optional<std::int32_t> number() const;
};

/// Removes the next attribute from the body of a message or from a nested attribute; none at the
/// end, or before a malformed one.
std::optional<NetlinkAttribute> next_attribute(std::string_view& rest);

/// Removes a fixed header, which is aligned, from the front of a body; none if it is shorter.
template <class Head>
std::optional<Head> take_head(std::string_view& body) {
  Head head{};
  if (body.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, body.data(), sizeof head);
  body.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(sizeof head), body.size()));
  return head;
}

/// Receives the next datagram from the kernel. Ignores those of other processes: root in a
/// container can send some, too. Errors: those of recvfrom(2), as an errno value without words.
Result<std::string> receive_netlink(int socket);

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
