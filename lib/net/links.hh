// SPDX-License-Identifier: MIT
#pragma once
// Network interfaces, their addresses and routes, and "netnsids", the numbers by which a net
// namespace knows others (ip-netns(8)). Each function sends one request.

#include <optional>
#include <vector>

#include "net/connect.hh"
#include "net/route_socket.hh"

namespace nsx {

/// Checks the name of an interface.
Status check_interface_name(const std::string& name);

/// Returns the index of the interface with this name, or nothing if there is none.
Result<std::optional<int>> find_interface(const RouteSocket& socket, const std::string& name);

/// Creates a pair of connected interfaces (veth(4)): one in the namespace of the socket, and its
/// peer in another. Needs CAP_NET_ADMIN in both. EEXIST: one of the names is taken; EOPNOTSUPP: the
/// kernel has no veth.
Status make_veth(const RouteSocket& socket, const std::string& name, const Namespace& peer_net,
                 const std::string& peer_name);

/// Removes an interface; for a veth pair, also the other end. If the index is 0, it is found by
/// name.
Status remove_interface(const RouteSocket& socket, int index, const std::string& name);

Status set_interface_up(const RouteSocket& socket, int index, const std::string& name);

/// Adds an address to an interface. An IPv6 address is usable at once, without duplicate address
/// detection (IFA_F_NODAD).
Status add_address(const RouteSocket& socket, int index, const std::string& name,
                   const Cidr& address);

/// Adds a default route. EEXIST: there is one already.
Status add_default_route(const RouteSocket& socket, int index, const Cidr& gateway);

struct NetId {
  int id = 0;
  std::optional<int>
      current;  ///< its number in the socket's namespace, if another namespace was queried
};

/// Lists the numbers that the socket's namespace has assigned to others or, with `target`, those
/// that the namespace with this number has assigned.
Result<std::vector<NetId>> list_net_ids(const RouteSocket& socket, std::optional<int> target = {});

/// Assigns a number, or the next free one, to a namespace, in the socket's namespace. Needs
/// CAP_NET_ADMIN there. Errors: the namespace already has a number, which the kernel does not
/// change, or the number is taken.
Status set_net_id(const RouteSocket& socket, const Namespace& net, std::optional<int> id);

}  // namespace nsx
