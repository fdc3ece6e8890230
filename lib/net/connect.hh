#pragma once

#include <array>
#include <optional>
#include <vector>

#include "net/cidr.hh"
#include "net/route_socket.hh"

namespace nsx {

/// One end of a wire between two net namespaces.
struct WireEnd {
  std::string who;          ///< the namespace, for people and for names: "blue"
  bool is_callers = false;  ///< it is the one that the command was called in
  std::string interface;    ///< empty: see connect()
  std::vector<Cidr> addresses;
};

struct Wire {
  std::array<WireEnd, 2> ends;
  std::optional<std::size_t> routed;  ///< the end that gets default routes through the other
};

/// The addresses by which the routed end reaches everything: of each family that the other has an
/// address of, the first that it reaches directly. Errors: there is none.
Result<std::vector<Cidr>> gateways(const Wire& wire);

/// Where the ends are. The sockets are of the namespaces.
struct WirePlaces {
  std::array<const Namespace*, 2> namespaces;
  std::array<const RouteSocket*, 2> sockets;
};

/// Makes a veth pair with its ends in two namespaces, up and with their addresses and routes: all
/// of it, or on a failure nothing. Where no name is given, it is eth0, or the next that is free;
/// in the caller's namespace veth-WHO, where WHO is the other end, or veth0 and so on. Returns the
/// wire with all names.
Result<Wire> connect(const WirePlaces& places, Wire wire);

}  // namespace nsx
