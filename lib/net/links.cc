// SPDX-License-Identifier: MIT
#include <algorithm>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <sys/socket.h>

#include <nsx/inside.hh>

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

namespace {

constexpr const char* kNeedsAdmin =
    "run as root, or with CAP_NET_ADMIN in the user namespace that owns the net namespace";

/// Adds advice for an errno, unless the kernel has explained the error.
Status with_hint(Status done, int code, std::string_view hint) {
  if (!done && done.error().code == code && done.error().hint().empty())
    done.error().set_hint(hint);
  return done;
}

Status ask(const RouteSocket& socket, NetlinkRequest& request, const std::string& operation,
           const std::string& subject) {
  return with_hint(socket.ask(request, operation, subject), EPERM, kNeedsAdmin);
}

constexpr const char* kGive = "assign a netnsid to";

std::string subject_of(const Namespace& net) {
  return "net namespace " + std::to_string(net.identity().inode);
}

NetId parse(const NetlinkMessage& answer) {
  NetId found;
  std::string_view rest = answer.body;
  if (!take_head<rtgenmsg>(rest)) return found;
  while (const auto attribute = next_attribute(rest)) {
    const auto value = attribute->number();
    if (!value) continue;
    if (attribute->type == NETNSA_NSID) found.id = *value;
    if (attribute->type == NETNSA_CURRENT_NSID && *value >= 0) found.current = value;
  }
  return found;
}

}  // namespace

Status check_interface_name(const std::string& name) {
  const auto refused = [&](const char* why) {
    return problem("invalid interface name '{}'", name, why);
  };
  if (name.empty()) return refused("it is empty");
  if (name.size() >= IFNAMSIZ) return refused("it is longer than 15 bytes");
  if (name == "." || name == "..") return refused("the kernel does not allow it");
  // The kernel would replace "%d" by a number.
  constexpr std::string_view kRefused("/:% \t\n\v\f\r\0", 10);
  if (name.find_first_of(kRefused) != std::string::npos) {
    return refused("it contains a slash, a colon, a percent sign or white space");
  }
  return {};
}

Result<std::optional<int>> find_interface(const RouteSocket& socket, const std::string& name) {
  NetlinkRequest request(RTM_GETLINK);
  request.put_head<ifinfomsg>();
  request.put_text(IFLA_IFNAME, name);
  std::optional<int> index;
  const auto done =
      socket.ask(request, "look up the interface", name, [&](const NetlinkMessage& answer) {
        std::string_view rest = answer.body;
        if (const auto head = take_head<ifinfomsg>(rest)) index = head->ifi_index;
      });
  if (!done && done.error().code != ENODEV) return tl::unexpected(done.error());
  return index;
}

Status make_veth(const RouteSocket& socket, const std::string& name, const Namespace& peer_net,
                 const std::string& peer_name) {
  NetlinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  request.put_head<ifinfomsg>();
  request.put_text(IFLA_IFNAME, name);
  request.put_nested(IFLA_LINKINFO, [&] {
    request.put_text(IFLA_INFO_KIND, "veth");
    request.put_nested(IFLA_INFO_DATA, [&] {
      request.put_nested(VETH_INFO_PEER, [&] {
        request.put_head<ifinfomsg>();
        request.put_text(IFLA_IFNAME, peer_name);
        request.put(IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_net.fd()));
      });
    });
  });
  auto done = ask(socket, request, "make the interfaces", name + " and " + peer_name);
  // The kernel's own message, if there is one, does not name the missing driver.
  if (!done && done.error().code == EOPNOTSUPP) {
    done.error().set_hint("modprobe veth (the kernel needs CONFIG_VETH)");
  }
  return with_hint(std::move(done), EEXIST, "choose other names with --name");
}

Status remove_interface(const RouteSocket& socket, int index, const std::string& name) {
  NetlinkRequest request(RTM_DELLINK);
  request.put_head<ifinfomsg>()->ifi_index = index;
  if (index == 0) request.put_text(IFLA_IFNAME, name);
  return ask(socket, request, "remove the interface", name);
}

Status set_interface_up(const RouteSocket& socket, int index, const std::string& name) {
  NetlinkRequest request(RTM_NEWLINK);
  auto* link = request.put_head<ifinfomsg>();
  link->ifi_index = index;
  link->ifi_flags = IFF_UP;
  link->ifi_change = IFF_UP;
  return ask(socket, request, "bring up the interface", name);
}

Status add_address(const RouteSocket& socket, int index, const std::string& name,
                   const Cidr& address) {
  NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  auto* head = request.put_head<ifaddrmsg>();
  head->ifa_family = static_cast<std::uint8_t>(address.family);
  head->ifa_prefixlen = static_cast<std::uint8_t>(address.prefix);
  head->ifa_flags = IFA_F_NODAD;
  head->ifa_index = static_cast<std::uint32_t>(index);
  for (const int type : {IFA_LOCAL, IFA_ADDRESS}) {
    request.put(static_cast<std::uint16_t>(type), address.bytes.data(), address.size());
  }
  const std::string what = "give the interface " + name + " the address";
  auto done = ask(socket, request, what, address.address() + '/' + std::to_string(address.prefix));
  return with_hint(std::move(done), EACCES,
                   "enable IPv6 there: sysctl net.ipv6.conf." + name + ".disable_ipv6=0");
}

Status add_default_route(const RouteSocket& socket, int index, const Cidr& gateway) {
  NetlinkRequest request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
  auto* head = request.put_head<rtmsg>();
  head->rtm_family = static_cast<std::uint8_t>(gateway.family);
  head->rtm_table = RT_TABLE_MAIN;
  head->rtm_protocol = RTPROT_STATIC;
  head->rtm_scope = RT_SCOPE_UNIVERSE;
  head->rtm_type = RTN_UNICAST;
  request.put(RTA_GATEWAY, gateway.bytes.data(), gateway.size());
  request.put(RTA_OIF, static_cast<std::uint32_t>(index));
  auto done = ask(socket, request, "add a default route via", gateway.address());
  return with_hint(std::move(done), EEXIST,
                   "remove the existing default route first: ip route del default");
}

Result<std::vector<NetId>> list_net_ids(const RouteSocket& socket, std::optional<int> target) {
  NetlinkRequest request(RTM_GETNSID, NLM_F_DUMP);
  request.put_head<rtgenmsg>();
  if (target) {
    request.put(NETNSA_TARGET_NSID, static_cast<std::uint32_t>(*target));
  }
  std::vector<NetId> ids;
  const std::string whose = target ? "the namespace with netnsid " + std::to_string(*target) : "";
  auto done = socket.ask(request, target ? "list the netnsids of" : "list netnsids", whose,
                         [&](const NetlinkMessage& answer) { ids.push_back(parse(answer)); });
  if (!done) {
    if (target && done.error().code == EINVAL) {
      return problem("no namespace has netnsid {}", std::to_string(*target));
    }
    return error_of(done);
  }
  std::sort(ids.begin(), ids.end(), [](const NetId& a, const NetId& b) { return a.id < b.id; });
  return ids;
}

Status set_net_id(const RouteSocket& socket, const Namespace& net, std::optional<int> id) {
  NetlinkRequest request(RTM_NEWNSID);
  request.put_head<rtgenmsg>();
  request.put(NETNSA_FD, static_cast<std::uint32_t>(net.fd()));
  request.put(NETNSA_NSID, static_cast<std::uint32_t>(id.value_or(NETNSA_NSID_NOT_ASSIGNED)));
  auto done = socket.ask(request, kGive, subject_of(net));
  if (done) return done;
  Error& error = done.error();
  if (error.code == EPERM) {
    error.set_hint(
        "run as root, or with CAP_NET_ADMIN in the user namespace that owns this net namespace");
  }
  if (error.code != EEXIST) return done;
  const auto known = peer_net_id(net);
  return refuse(kGive, subject_of(net),
                known && *known
                    ? "it already has netnsid " + std::to_string(**known) + ", which cannot change"
                    : "another namespace has netnsid " + std::to_string(id.value_or(0)));
}

}  // namespace nsx
