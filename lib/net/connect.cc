#include "net/connect.hh"

#include <algorithm>
#include <sys/socket.h>

#include "net/links.hh"

namespace nsx {

namespace {

/// eth0, or the first number that is free.
Result<std::string> free_name(const RouteSocket& socket, const std::string& base) {
  for (unsigned number = 0;; ++number) {
    std::string name = base + std::to_string(number);
    auto found = find_interface(socket, name);
    if (!found) return error_of(found);
    if (!*found) return name;
  }
}

Result<std::string> choose_name(const RouteSocket& socket, const WireEnd& end,
                                const WireEnd& other) {
  if (!end.interface.empty()) return end.interface;
  if (!end.is_callers) return free_name(socket, "eth");
  const std::string telling = "veth-" + other.who;
  if (check_interface_name(telling)) {
    auto found = find_interface(socket, telling);
    if (!found) return error_of(found);
    if (!*found) return telling;
  }
  return free_name(socket, "veth");
}

struct Indices {
  std::array<int, 2> of{};
};

Result<Indices> find_both(const WirePlaces& places, const Wire& wire) {
  Indices indices;
  for (std::size_t i = 0; i < 2; ++i) {
    auto found = find_interface(*places.sockets[i], wire.ends[i].interface);
    if (!found) return error_of(found);
    if (!*found) {
      return refuse("connect", wire.ends[i].interface, "somebody renamed it or took it away");
    }
    indices.of[i] = **found;
  }
  return indices;
}

Status set_up(const WirePlaces& places, const Wire& wire, const Indices& indices,
              const std::vector<Cidr>& routes) {
  for (std::size_t i = 0; i < 2; ++i) {
    auto done = set_interface_up(*places.sockets[i], indices.of[i], wire.ends[i].interface);
    if (!done) return done;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const WireEnd& end = wire.ends[i];
    for (const Cidr& address : end.addresses) {
      auto done = add_address(*places.sockets[i], indices.of[i], end.interface, address);
      if (!done) return done;
    }
  }
  for (const Cidr& gateway : routes) {
    auto done = add_default_route(*places.sockets[*wire.routed], indices.of[*wire.routed], gateway);
    if (!done) return done;
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
  return refuse("give a default route to", routed.who,
                "no address of the other end is in its network",
                "--addr 10.0.0.2/24 --addr 10.0.0.1/24");
}

Result<Wire> connect(const WirePlaces& places, Wire wire) {
  auto routes = gateways(wire);
  if (!routes) return error_of(routes);
  for (std::size_t i = 0; i < 2; ++i) {
    auto name = choose_name(*places.sockets[i], wire.ends[i], wire.ends[1 - i]);
    if (!name) return error_of(name);
    if (auto ok = check_interface_name(*name); !ok) return error_of(ok);
    wire.ends[i].interface = std::move(*name);
  }
  const std::string& name = wire.ends[0].interface;
  auto made = make_veth(*places.sockets[0], name, *places.namespaces[1], wire.ends[1].interface);
  if (!made) return error_of(made);

  auto indices = find_both(places, wire);
  auto done = indices ? set_up(places, wire, *indices, *routes) : Status(error_of(indices));
  if (done) return wire;
  // The failure before is the one to tell.
  [[maybe_unused]] const auto removed =
      remove_interface(*places.sockets[0], indices ? indices->of[0] : 0, name);
  return error_of(done);
}

}  // namespace nsx
