// SPDX-License-Identifier: MIT
#pragma once
// rtnetlink(7) for the tools that change the network.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/namespace.hh>
#include <nsx/result.hh>

#include "kernel/netlink.hh"

namespace nsx {

/// A socket for rtnetlink. It stays in the net namespace in which it was opened, even if the
/// process moves to another.
class RouteSocket {
 public:
  /// Opens a socket in the caller's net namespace.
  static Result<RouteSocket> open();

  /// Opens a socket in another net namespace. The calling process, which must be single-threaded,
  /// moves there (setns(2)). Needs CAP_SYS_ADMIN there and in the caller's user namespace.
  static Result<RouteSocket> open_in(const Namespace& net);

  /// Sends a request and waits for the acknowledgement. The hint of an error contains the kernel's
  /// message, if there is one (NETLINK_EXT_ACK).
  Status ask(NetlinkRequest& request, const std::string& operation,
             const std::string& subject) const;

  /// Sends a request that is answered by one message or a dump of many, and passes each to
  /// `answer`.
  Status ask(NetlinkRequest& request, const std::string& operation, const std::string& subject,
             const std::function<void(const NetlinkMessage&)>& answer) const;

 private:
  explicit RouteSocket(OwnedFd socket) : socket_(std::move(socket)) {}

  OwnedFd socket_;
};

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

/// Parses an address with a prefix length. Errors: not an address; the prefix length is missing or
/// too large.
Result<Cidr> parse_cidr(std::string_view text);

// Network interfaces, their addresses and routes, and "netnsids", the numbers by which a net
// namespace knows others (ip-netns(8)). Each function sends one request.

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

// A wire between two net namespaces: nsx-pin connect.

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

}  // namespace nsx
