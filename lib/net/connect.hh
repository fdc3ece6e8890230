// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/result.hh>

#include "net/route_socket.hh"

namespace nsx {

/// An IPv4 or IPv6 address with the length of its network's prefix: "10.0.0.1/24", "fd00::1/64".
struct Cidr {
  int family = 0;                        ///< AF_INET or AF_INET6
  std::array<std::uint8_t, 16> bytes{};  ///< in network order; of IPv4 the first four
  unsigned prefix = 0;

  /// The number of bytes of its address.
  std::size_t size() const;

  /// Whether another address is in the network of this one.
  bool has_in_network(const Cidr& other) const;

  /// "10.0.0.1".
  std::string address() const;

  bool operator==(const Cidr&) const = default;
};

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

/// Errors: no address; no prefix, or one that is too long.
Result<Cidr> parse_cidr(std::string_view text);

}  // namespace nsx
