#pragma once
// The numbers by which a net namespace knows others, "netnsids" (ip-netns(8)).

#include <optional>
#include <vector>

#include "net/route_socket.hh"

namespace nsx {

struct NetId {
  int id = 0;
  std::optional<int> current;  ///< as the socket's namespace numbers it, where another was asked
};

/// All numbers that the socket's namespace has given to others; with `target`, those that the one
/// with this number has given.
Result<std::vector<NetId>> list_net_ids(const RouteSocket& socket, std::optional<int> target = {});

/// Gives a namespace a number, or the next that is free, in the socket's. Needs CAP_NET_ADMIN
/// there. EEXIST: it has a number, which the kernel does not change, or another has this one.
Status set_net_id(const RouteSocket& socket, const Namespace& net, std::optional<int> id);

}  // namespace nsx
