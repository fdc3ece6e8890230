// SPDX-License-Identifier: MIT
#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <sys/socket.h>

#include "net/rtnetlink.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Returns eth0, or the first free number.
Result<std::string> free_name(const RouteSocket& socket, const std::string& base) {
  for (unsigned number = 0;; ++number) {
    std::string name = base + std::to_string(number);
    auto found = TRY(find_interface(socket, name));
    if (!found) return name;
  }
}

Result<std::string> choose_name(const RouteSocket& socket, const WireEnd& end,
                                const WireEnd& other) {
  if (!end.interface.empty()) return end.interface;
  if (!end.is_callers) return free_name(socket, "eth");
  const std::string telling = "veth-" + other.who;
  if (check_interface_name(telling)) {
    auto found = TRY(find_interface(socket, telling));
    if (!found) return telling;
  }
  return free_name(socket, "veth");
}

struct Indices {
  std::array<int, 2> of{};
};

Result<Indices> find_both(const WirePlaces& places, const Wire& wire) {
  Indices indices;
  for (std::size_t i = 0; i < 2; ++i) {
    auto found = TRY(find_interface(*places.sockets[i], wire.ends[i].interface));
    if (!found) {
      return refuse("connect", wire.ends[i].interface, "it was renamed or removed in the meantime");
    }
    indices.of[i] = *found;
  }
  return indices;
}

Status set_up(const WirePlaces& places, const Wire& wire, const Indices& indices,
              const std::vector<Cidr>& routes) {
  for (std::size_t i = 0; i < 2; ++i) {
    TRY(set_interface_up(*places.sockets[i], indices.of[i], wire.ends[i].interface));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const WireEnd& end = wire.ends[i];
    for (const Cidr& address : end.addresses) {
      TRY(add_address(*places.sockets[i], indices.of[i], end.interface, address));
    }
  }
  for (const Cidr& gateway : routes) {
    TRY(add_default_route(*places.sockets[*wire.routed], indices.of[*wire.routed], gateway));
  }
  return {};
}

bool reaches(const WireEnd& end, const Cidr& gateway) {
  return std::any_of(end.addresses.begin(), end.addresses.end(),
                     [&](const Cidr& own) { return own.has_in_network(gateway); });
}

}  // namespace

Result<std::vector<Cidr>> gateways(const Wire& wire) {
  std::vector<Cidr> found;
  if (!wire.routed) return found;
  const WireEnd& routed = wire.ends[*wire.routed];
  const WireEnd& other = wire.ends[1 - *wire.routed];
  for (const int family : {AF_INET, AF_INET6}) {
    for (const Cidr& address : other.addresses) {
      if (address.family != family || !reaches(routed, address)) continue;
      found.push_back(address);
      break;
    }
  }
  if (!found.empty()) return found;
  return refuse("add a default route to", routed.who,
                "no address of the other end is in its network",
                "give addresses of one network, like --addr 10.0.0.2/24 --addr 10.0.0.1/24");
}

Result<Wire> connect(const WirePlaces& places, Wire wire) {
  auto routes = TRY(gateways(wire));
  for (std::size_t i = 0; i < 2; ++i) {
    auto name = TRY(choose_name(*places.sockets[i], wire.ends[i], wire.ends[1 - i]));
    TRY(check_interface_name(name));
    wire.ends[i].interface = std::move(name);
  }
  const std::string& name = wire.ends[0].interface;
  TRY(make_veth(*places.sockets[0], name, *places.namespaces[1], wire.ends[1].interface));

  auto indices = attempt([&] { return find_both(places, wire); });
  const auto finish = [&]() -> Status {
    if (!indices) return error_of(indices);
    return set_up(places, wire, *indices, routes);
  };
  auto done = attempt(finish);
  if (done) return wire;
  // Report the error that came first.
  [[maybe_unused]] const auto removed = attempt(
      [&] { return remove_interface(*places.sockets[0], indices ? indices->of[0] : 0, name); });
  return error_of(done);
}

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
  constexpr const char* kInvalid = "invalid address '{}'";
  const std::size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Cidr cidr;
  cidr.family = address.find(':') != std::string::npos ? AF_INET6 : AF_INET;
  // inet_pton(3) would stop at a NUL.
  if (address.find('\0') != std::string::npos ||
      ::inet_pton(cidr.family, address.c_str(), cidr.bytes.data()) != 1) {
    return problem(kInvalid, text,
                   "expected an IPv4 or IPv6 address like 10.0.0.1/24 or fd00::1/64");
  }
  if (slash == std::string_view::npos) {
    return problem(kInvalid, text, "the prefix length is missing",
                   "append it: " + address + (cidr.family == AF_INET ? "/24" : "/64"));
  }
  const std::string_view digits = text.substr(slash + 1);
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, cidr.prefix);
  const std::size_t longest = cidr.size() * 8;
  if (error != std::errc{} || stop != end || cidr.prefix > longest) {
    return problem(kInvalid, text, "expected a prefix length from 0 to " + std::to_string(longest));
  }
  return cidr;
}

}  // namespace nsx
