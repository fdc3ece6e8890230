#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nsx/namespace.hh>

namespace nsx {

/// The number that the caller's net namespace has given to another, rtnetlink's "netnsid"
/// (ip-netns(8), `ip netns list-id`), or none where it has not.
NSX_API Result<std::optional<int>> peer_net_id(const Namespace& net);

/// An address of an interface, "10.0.0.2" with the prefix 24.
struct InterfaceAddress {
  std::string address;
  unsigned prefix = 0;

  bool operator==(const InterfaceAddress&) const = default;
};

/// A network interface.
struct Interface {
  int index = 0;
  std::string name;              ///< "eth0"; may hold any byte but "/" and white space
  std::string kind;              ///< "veth", "bridge" ...; empty: of hardware, and lo
  std::string hardware_address;  ///< "02:42:ac:11:00:02"; empty: has none
  bool is_up = false;
  std::vector<InterfaceAddress> addresses;
};

/// The interfaces of a net namespace, by their indices, with their IPv4 and IPv6 addresses. Forks a
/// child that joins it (setns(2)) and ends. Needs CAP_SYS_ADMIN in the user namespace that owns it,
/// but for the caller's own.
NSX_API Result<std::vector<Interface>> read_interfaces(const Kernel& kernel, const Namespace& net);

/// Sets the interface "lo" of the caller's net namespace up. Needs CAP_NET_ADMIN in the user
/// namespace that owns it.
NSX_API Status bring_up_loopback();

}  // namespace nsx
