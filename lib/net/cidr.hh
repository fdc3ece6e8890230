#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <nsx/result.hh>

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

/// Errors: no address; no prefix, or one that is too long.
Result<Cidr> parse_cidr(std::string_view text);

}  // namespace nsx
