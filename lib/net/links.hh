// SPDX-License-Identifier: MIT
#pragma once
// Network interfaces, their addresses and routes, and the numbers by which a net namespace knows
// others, "netnsids" (ip-netns(8)): one request each.

#include <optional>
#include <vector>

#include "net/connect.hh"
#include "net/route_socket.hh"

namespace nsx {

/// Whether an interface may have this name.
Status check_interface_name(const std::string& name);

/// The index of the interface with this name, or none.
Result<std::optional<int>> find_interface(const RouteSocket& socket, const std::string& name);

/// Makes two interfaces, each the other end of one wire (veth(4)): one in the namespace of the
/// socket, and its peer in another. Needs CAP_NET_ADMIN in both. EEXIST: one of the names is taken;
/// EOPNOTSUPP: the kernel has no veth.
Status make_veth(const RouteSocket& socket, const std::string& name, const Namespace& peer_net,
                 const std::string& peer_name);

/// With one end of a veth pair, the other goes too. Without an index, 0, the name tells.
Status remove_interface(const RouteSocket& socket, int index, const std::string& name);

Status set_interface_up(const RouteSocket& socket, int index, const std::string& name);

/// An IPv6 address can be used at once: nobody is asked whether it is taken (IFA_F_NODAD).
Status add_address(const RouteSocket& socket, int index, const std::string& name,
                   const Cidr& address);

/// Adds a route to everywhere. EEXIST: there is one.
Status add_default_route(const RouteSocket& socket, int index, const Cidr& gateway);

struct NetId {
  int id = 0;
  std::optional<int> current;  ///< as the socket's namespace numbers it, where another was asked
};

/// All numbers that the socket's namespace has given to others; with `target`, those that the one
/// with this number has given.
Result<std::vector<NetId>> list_net_ids(const RouteSocket& socket, std::optional<int> target = {});

/// Gives a namespace a number, or the next that is free, in the socket's. Needs CAP_NET_ADMIN
/// there. Errors: it has a number, which the kernel does not change, or another has this one.
Status set_net_id(const RouteSocket& socket, const Namespace& net, std::optional<int> id);

}  // namespace nsx
