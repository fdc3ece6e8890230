#include "net/links.hh"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

namespace nsx {

namespace {

constexpr const char* kNeedsAdmin =
    "needs CAP_NET_ADMIN in the user namespace that owns the net namespace";

/// Adds what to do about an errno, where the kernel's own words do not say.
Status with_hint(Status done, int code, const char* hint) {
  if (!done && done.error().code == code && done.error().hint.empty()) done.error().hint = hint;
  return done;
}

Status ask(const RouteSocket& socket, RouteRequest& request, const std::string& operation,
           const std::string& subject) {
  return with_hint(socket.ask(request, operation, subject), EPERM, kNeedsAdmin);
}

}  // namespace

Status check_interface_name(const std::string& name) {
  const auto refused = [&](const char* why) {
    return refuse("use as the name of an interface", '\'' + name + '\'', why);
  };
  if (name.empty()) return refused("it is empty");
  if (name.size() >= IFNAMSIZ) return refused("it is longer than 15 bytes");
  if (name == "." || name == "..") return refused("the kernel takes no such name");
  // The kernel would make a number of "%d".
  constexpr std::string_view kRefused("/:% \t\n\v\f\r\0", 10);
  if (name.find_first_of(kRefused) != std::string::npos) {
    return refused("it has a slash, a colon, a percent sign or white space");
  }
  return {};
}

Result<std::optional<int>> find_interface(const RouteSocket& socket, const std::string& name) {
  RouteRequest request(RTM_GETLINK);
  request.put_head<ifinfomsg>();
  mnl_attr_put_strz(request.header(), IFLA_IFNAME, name.c_str());
  std::optional<int> index;
  const auto done =
      socket.ask(request, "look for the interface", name, [&](const nlmsghdr& answer) {
        index = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&answer))->ifi_index;
      });
  if (!done && done.error().code != ENODEV) return tl::unexpected(done.error());
  return index;
}

Status make_veth(const RouteSocket& socket, const std::string& name, const Namespace& peer_net,
                 const std::string& peer_name) {
  RouteRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  request.put_head<ifinfomsg>();
  nlmsghdr* header = request.header();
  mnl_attr_put_strz(header, IFLA_IFNAME, name.c_str());
  nlattr* link = mnl_attr_nest_start(header, IFLA_LINKINFO);
  mnl_attr_put_strz(header, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
  nlattr* peer = mnl_attr_nest_start(header, VETH_INFO_PEER);
  request.put_head<ifinfomsg>();
  mnl_attr_put_strz(header, IFLA_IFNAME, peer_name.c_str());
  mnl_attr_put_u32(header, IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_net.fd()));
  mnl_attr_nest_end(header, peer);
  mnl_attr_nest_end(header, data);
  mnl_attr_nest_end(header, link);
  auto done = ask(socket, request, "make the interfaces", name + " and " + peer_name);
  // The kernel's own words for it, if it has some, do not tell what is missing.
  if (!done && done.error().code == EOPNOTSUPP) {
    done.error().hint = "this kernel has no virtual Ethernet: modprobe veth, or CONFIG_VETH";
  }
  return with_hint(std::move(done), EEXIST, "there is an interface of that name: --name");
}

Status remove_interface(const RouteSocket& socket, int index, const std::string& name) {
  RouteRequest request(RTM_DELLINK);
  request.put_head<ifinfomsg>()->ifi_index = index;
  if (index == 0) mnl_attr_put_strz(request.header(), IFLA_IFNAME, name.c_str());
  return ask(socket, request, "remove the interface", name);
}

Status set_interface_up(const RouteSocket& socket, int index, const std::string& name) {
  RouteRequest request(RTM_NEWLINK);
  auto* link = request.put_head<ifinfomsg>();
  link->ifi_index = index;
  link->ifi_flags = IFF_UP;
  link->ifi_change = IFF_UP;
  return ask(socket, request, "set up the interface", name);
}

Status add_address(const RouteSocket& socket, int index, const std::string& name,
                   const Cidr& address) {
  RouteRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  auto* head = request.put_head<ifaddrmsg>();
  head->ifa_family = static_cast<std::uint8_t>(address.family);
  head->ifa_prefixlen = static_cast<std::uint8_t>(address.prefix);
  head->ifa_flags = IFA_F_NODAD;
  head->ifa_index = static_cast<std::uint32_t>(index);
  for (const int type : {IFA_LOCAL, IFA_ADDRESS}) {
    mnl_attr_put(request.header(), static_cast<std::uint16_t>(type), address.size(),
                 address.bytes.data());
  }
  const std::string what = "give the interface " + name + " the address";
  auto done = ask(socket, request, what, address.address() + '/' + std::to_string(address.prefix));
  return with_hint(std::move(done), EACCES, "IPv6 is switched off there");
}

Status add_default_route(const RouteSocket& socket, int index, const Cidr& gateway) {
  RouteRequest request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
  auto* head = request.put_head<rtmsg>();
  head->rtm_family = static_cast<std::uint8_t>(gateway.family);
  head->rtm_table = RT_TABLE_MAIN;
  head->rtm_protocol = RTPROT_STATIC;
  head->rtm_scope = RT_SCOPE_UNIVERSE;
  head->rtm_type = RTN_UNICAST;
  mnl_attr_put(request.header(), RTA_GATEWAY, gateway.size(), gateway.bytes.data());
  mnl_attr_put_u32(request.header(), RTA_OIF, static_cast<std::uint32_t>(index));
  auto done = ask(socket, request, "add a default route by", gateway.address());
  return with_hint(std::move(done), EEXIST, "there is a default route already");
}

}  // namespace nsx
