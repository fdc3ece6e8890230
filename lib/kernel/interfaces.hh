#pragma once

#include <string_view>
#include <vector>

#include <nsx/net.hh>

namespace nsx {

/// The interfaces in the answers to RTM_GETLINK and RTM_GETADDR dumps (rtnetlink(7)), by their
/// indices. What makes no sense is passed over.
std::vector<Interface> parse_interfaces(std::string_view links, std::string_view addresses);

}  // namespace nsx
