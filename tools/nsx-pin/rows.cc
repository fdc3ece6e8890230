// SPDX-License-Identifier: MIT
#include "nsx-pin/rows.hh"

#include <algorithm>
#include <array>
#include <ctime>
#include <pwd.h>

#include <nsx/census.hh>
#include <nsx/inside.hh>

#include "try.hh"

namespace nsx::pin_tool {

namespace {

std::string user_name(uid_t uid) {
  const passwd* user = ::getpwuid(uid);
  return user != nullptr ? user->pw_name : std::to_string(uid);
}

/// The networks that can be peers: the caller's own as ".", and the pinned ones.
struct Networks {
  std::vector<std::string> names;
  std::vector<Namespace> namespaces;
};

/// Opens the networks of all pins, shown or not, for the column PEERS.
Networks find_networks(const Kernel& kernel, const std::vector<PinStore>& stores) {
  Networks networks;
  const auto add = [&](std::string name, Result<Namespace> ns) {
    if (!ns) return;
    networks.names.push_back(std::move(name));
    networks.namespaces.push_back(std::move(*ns));
  };
  add(".", Namespace::open_file_at(kernel, kernel.proc(), "self/ns/net"));
  for (const PinStore& store : stores) {
    const auto pins = store.list(kernel, {Kind::net});
    if (!pins) continue;
    for (const PinFile& pin : *pins) {
      if (pin.state == PinState::live) add(pin.name, store.open_pin(kernel, pin));
    }
  }
  return networks;
}

std::string owner_of(const Kernel& kernel, const Namespace& ns) {
  const auto creator_of_owner = [&]() -> Result<uid_t> {
    auto owner = TRY(ns.owner(kernel));
    return owner.creator_uid();
  };
  const auto uid = ns.kind() == Kind::user ? ns.creator_uid() : creator_of_owner();
  return uid ? user_name(*uid) : std::string();
}

/// Returns the addresses of all interfaces, without those of lo and link-local ones.
std::vector<std::string> addresses_of(const std::vector<Interface>& interfaces) {
  std::vector<std::string> texts;
  for (const Interface& interface : interfaces) {
    if (interface.hardware_address.empty() && interface.name == "lo") continue;
    for (const auto& [address, prefix] : interface.addresses) {
      if (!address.starts_with("fe80:")) texts.push_back(address + '/' + std::to_string(prefix));
    }
  }
  return texts;
}

/// Returns the names of the networks at the other ends of its links.
std::vector<std::string> peers_of(const Kernel& kernel, const Namespace& ns,
                                  const std::vector<Interface>& interfaces,
                                  const Networks& networks) {
  std::vector<std::string> names;
  const auto ids = net_ids_in(kernel, ns, networks.namespaces);
  if (!ids) return names;
  for (std::size_t i = 0; i < ids->size(); ++i) {
    const auto& id = (*ids)[i];
    const auto leads_there = [&](const Interface& each) { return id && each.link_net_id == id; };
    if (std::ranges::any_of(interfaces, leads_there)) names.push_back(networks.names[i]);
  }
  return names;
}

void read_net(const Kernel& kernel, const Namespace& ns, PinNeeds needs, const Networks& networks,
              PinRow& row) {
  if (needs.contains(PinNeed::net_id)) {
    const auto id = peer_net_id(ns);
    if (id && *id) row.net_id = static_cast<std::uint64_t>(**id);
  }
  if (!needs.contains(PinNeed::addresses) && !needs.contains(PinNeed::peers)) return;
  const auto interfaces = read_interfaces(kernel, ns);
  if (!interfaces) return;
  if (needs.contains(PinNeed::addresses)) row.addresses = addresses_of(*interfaces);
  if (needs.contains(PinNeed::peers)) row.peers = peers_of(kernel, ns, *interfaces, networks);
}

void read_namespace(const Kernel& kernel, PinNeeds needs, const Networks& networks, PinRow& row) {
  const auto ns = row.store->open_pin(kernel, row.pin);
  if (!ns) return;
  if (needs.contains(PinNeed::id) && ns->identity().id != 0) row.id = ns->identity().id;
  if (needs.contains(PinNeed::owner)) row.owner = owner_of(kernel, *ns);
  if (ns->kind() == Kind::net) read_net(kernel, *ns, needs, networks, row);
}

Status count_processes(const Kernel& kernel, KindSet kinds, std::vector<PinRow>& rows) {
  CensusRequest wanted;
  wanted.kinds = kinds;
  const auto census = TRY(take_census(kernel, wanted));
  for (PinRow& row : rows) {
    if (row.pin.inode == 0) continue;
    const auto found =
        std::ranges::lower_bound(census.namespaces, row.pin.inode, {},
                                 [](const CensusNamespace& ns) { return ns.identity.inode; });
    const bool is_it = found != census.namespaces.end() && found->identity.inode == row.pin.inode;
    row.processes = is_it ? found->process_count : 0;
  }
  return {};
}

}  // namespace

cli::Value time_value(std::time_t time) {
  if (time == 0) return {};
  std::tm parts{};
  std::array<char, 40> text{};
  ::localtime_r(&time, &parts);
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S%z", &parts);
  return std::string(text.data(), size);
}

std::string state_text(const PinRow& row) {
  const std::string state = name(row.pin.state);
  return row.pin.state == PinState::elsewhere ? state + " (" + row.user + ')' : state;
}

Result<std::vector<PinRow>> list_rows(const Kernel& kernel, const std::vector<PinStore>& stores,
                                      KindSet kinds, PinNeeds needs) {
  std::vector<PinRow> rows;
  for (const PinStore& store : stores) {
    auto pins = TRY(store.list(kernel, kinds, needs.contains(PinNeed::created)));
    if (needs.contains(PinNeed::state)) {
      TRY(store.examine(kernel, pins));
    }
    for (PinFile& pin : pins)
      rows.push_back({std::move(pin), &store});
  }
  std::ranges::stable_sort(
      rows, {}, [](const PinRow& row) -> const auto& { return row.pin.name; });
  if (needs.contains(PinNeed::processes)) {
    TRY(count_processes(kernel, kinds, rows));
  }
  return rows;
}

void read_facts(const Kernel& kernel, const std::vector<PinStore>& stores, PinNeeds needs,
                std::vector<PinRow>& rows) {
  Networks networks;
  if (needs.contains(PinNeed::peers)) networks = find_networks(kernel, stores);
  bool needs_namespace = false;
  for (const PinNeed need :
       {PinNeed::id, PinNeed::net_id, PinNeed::owner, PinNeed::addresses, PinNeed::peers})
    needs_namespace = needs_namespace || needs.contains(need);
  for (PinRow& row : rows) {
    if (needs.contains(PinNeed::state) && row.pin.state == PinState::elsewhere) {
      row.user = user_of(kernel, row.pin);
    }
    if (needs_namespace && row.pin.state == PinState::live) {
      read_namespace(kernel, needs, networks, row);
    }
  }
}

}  // namespace nsx::pin_tool
