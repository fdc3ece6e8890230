#pragma once
// Numbers with units, as people write them.

#include <cstdint>
#include <optional>
#include <string_view>

namespace nsx {

/// Bytes: "512M", "1.5GiB", "10KB" (1000). None: that is no size, or too large for 64 bits.
std::optional<std::uint64_t> read_size(std::string_view text);

/// Microseconds: "50ms", "1.5s", "100us"; without a unit, microseconds.
std::optional<std::uint64_t> read_microseconds(std::string_view text);

/// A decimal number from 0 on, without exponent or sign.
std::optional<double> read_decimal(std::string_view text);

/// The share in "50%": 0.5.
std::optional<double> read_share(std::string_view text);

}  // namespace nsx
