#include "net/cidr.hh"

#include <arpa/inet.h>
#include <charconv>

namespace nsx {

std::size_t Cidr::size() const {
  return family == AF_INET ? 4 : 16;
}

bool Cidr::has_in_network(const Cidr& other) const {
  if (other.family != family) return false;
  for (unsigned bit = 0; bit < prefix; ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    if (((bytes[bit / 8] ^ other.bytes[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

std::string Cidr::address() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(family, bytes.data(), text.data(), text.size());
}

Result<Cidr> parse_cidr(std::string_view text) {
  constexpr const char* kUse = "use as an address";
  const std::string subject = '\'' + std::string(text) + '\'';
  const std::size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Cidr cidr;
  cidr.family = address.find(':') != std::string::npos ? AF_INET6 : AF_INET;
  // inet_pton(3) would stop at a NUL.
  if (address.find('\0') != std::string::npos ||
      ::inet_pton(cidr.family, address.c_str(), cidr.bytes.data()) != 1) {
    return refuse(kUse, subject, "it is neither an IPv4 nor an IPv6 address",
                  "10.0.0.1/24, fd00::1/64");
  }
  if (slash == std::string_view::npos) {
    return refuse(kUse, subject, "the length of its network's prefix is missing",
                  cidr.family == AF_INET ? address + "/24" : address + "/64");
  }
  const std::string_view digits = text.substr(slash + 1);
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, cidr.prefix);
  const std::size_t longest = cidr.size() * 8;
  if (error != std::errc{} || stop != end || cidr.prefix > longest) {
    return refuse(kUse, subject,
                  "the length of its prefix is no number from 0 to " + std::to_string(longest));
  }
  return cidr;
}

}  // namespace nsx
