#pragma once

#include <optional>

#include <nsx/namespace.hh>

namespace nsx {

/// The number that the caller's net namespace has given to another, rtnetlink's "netnsid"
/// (ip-netns(8), `ip netns list-id`), or none where it has not.
NSX_API Result<std::optional<int>> peer_net_id(const Namespace& net);

/// Sets the interface "lo" of the caller's net namespace up. Needs CAP_NET_ADMIN in the user
/// namespace that owns it.
NSX_API Status bring_up_loopback();

}  // namespace nsx
