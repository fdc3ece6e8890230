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

/// An IPv4 or IPv6 address with a prefix length: "10.0.0.1/24", "fd00::1/64".
struct Cidr {
  int family = 0;                        ///< AF_INET or AF_INET6
  std::array<std::uint8_t, 16> bytes{};  ///< in network byte order; for IPv4 the first four
  unsigned prefix = 0;

  /// Returns the size of the address in bytes.
  std::size_t size() const;

  /// Whether another address is in the network of this one.
  bool has_in_network(const Cidr& other) const;

  /// Returns "10.0.0.1".
  std::string address() const;

  bool operator==(const Cidr&) const = default;
};

/// One end of a wire between two net namespaces.
struct WireEnd {
  std::string who;          ///< the namespace, for messages and interface names: "blue"
  bool is_callers = false;  ///< it is the caller's namespace
  std::string interface;    ///< empty for a default name, see connect()
  std::vector<Cidr> addresses;
};

struct Wire {
  std::array<WireEnd, 2> ends;
  std::optional<std::size_t> routed;  ///< the end that gets default routes through the other
};

/// Returns the gateways for the default routes of the routed end: for each address family, the
/// first address of the other end that it reaches directly. Errors: there is none.
Result<std::vector<Cidr>> gateways(const Wire& wire);

/// The namespaces of both ends, and sockets in them.
struct WirePlaces {
  std::array<const Namespace*, 2> namespaces;
  std::array<const RouteSocket*, 2> sockets;
};

/// Creates a veth pair with its ends in two namespaces, and sets up their addresses and routes. If
/// it fails, nothing is left. An end without a name is called eth0, or the next free number; in the
/// caller's namespace veth-WHO, with WHO for the other end, or if that is taken veth0 and so on.
/// Returns the wire with all names.
Result<Wire> connect(const WirePlaces& places, Wire wire);

/// Parses an address with a prefix length. Errors: not an address; the prefix length is missing or
/// too large.
Result<Cidr> parse_cidr(std::string_view text);

}  // namespace nsx
