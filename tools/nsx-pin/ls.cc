// SPDX-License-Identifier: MIT

#include <algorithm>
#include <array>
#include <ctime>
#include <pwd.h>

#include <nsx/census.hh>
#include <nsx/inside.hh>

#include "common/locale.hh"
#include "common/report.hh"
#include "nsx-pin/columns.hh"
#include "nsx-pin/commands.hh"
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

namespace {

struct Request {
  std::vector<cli::ColumnId> columns;
  cli::TableFormat format = cli::TableFormat::plain;
  bool headings = true;
  std::optional<cli::RowFilter> filter;
  KindSet kinds;
  PlaceOptions place;
};

std::vector<cli::ColumnId> usual_columns() {
  return {column("NAME"), column("KIND"), column("NS"), column("CREATED"), column("STATE")};
}

Status set_columns(Request& request, const char* list) {
  request.columns = TRY(cli::parse_columns(kColumnNames, list, usual_columns()));
  return {};
}

Status set_filter(Request& request, const char* expression) {
  request.filter = TRY(cli::RowFilter::parse(kColumnNames, expression));
  return {};
}

constexpr std::array kLsOptions{
    cli::under("Selection", kType),
    cli::value('Q', "filter", {"EXPR"},
               "pins that match the expression, such as 'STATE == \"stale\"'",
               cli::call<set_filter>),
    cli::under(
        "Output",
        cli::value(
            'o', "output", {"LIST", cli::Completes::list, kColumnWords},
            "columns to show, comma-separated; a leading + appends to the defaults: NAME, KIND, "
            "NS, ID, PROCS (processes inside), NETNSID, CREATED, OWNER, STATE (live, stale, "
            "elsewhere, dead, shadowed, half-made), ADDRESSES, PEERS (pins connected to it), PATH",
            cli::call<set_columns>)),
    cli::flag('J', "json", "print JSON", cli::set<&Request::format, cli::TableFormat::json>),
    cli::flag('r', "raw", "print unaligned, space-separated cells",
              cli::set<&Request::format, cli::TableFormat::raw>),
    cli::flag('n', "noheadings", "omit the headings", cli::clear_flag<&Request::headings>),
    cli::under("Other", kDir),
    cli::kHelp,
};

PinNeeds needs_of(const std::vector<cli::ColumnId>& columns) {
  PinNeeds needs;
  for (const cli::ColumnId id : columns)
    needs.insert(cli::at(kColumns, id).needs);
  return needs;
}

/// Reports the names that no pin has. Returns the exit status.
int check_names(const std::vector<char*>& names, const std::vector<PinRow>& rows) {
  int status = 0;
  for (const char* wanted : names) {
    const auto is_it = [&](const PinRow& row) { return row.pin.name == wanted; };
    if (std::ranges::any_of(rows, is_it)) continue;
    cli::report(kLs, {"no pin named '{}'", wanted, 0, {}, {}});
    status = 1;
  }
  return status;
}

void keep_named(const std::vector<char*>& names, std::vector<PinRow>& rows) {
  if (names.empty()) return;
  std::erase_if(rows, [&](const PinRow& row) {
    return std::ranges::none_of(names, [&](const char* name) { return row.pin.name == name; });
  });
}

bool matches(const cli::RowFilter& filter, const PinRow& row) {
  return filter.matches([&](cli::ColumnId id) { return cli::at(kColumns, id).cell(row).value; });
}

Status print_json(const Request& request, const std::vector<PinRow>& rows) {
  cli::JsonWriter json;
  json.open('{').key("pins").open('[');
  for (const PinRow& row : rows) {
    json.open('{');
    for (const cli::ColumnId id : request.columns)
      cli::write_member(cli::at(kColumns, id), row, json);
    json.close();
  }
  return cli::write_stdout(json.close().close().take() + '\n');
}

Status print_rows(const Request& request, const std::vector<PinRow>& rows) {
  if (request.format == cli::TableFormat::json) return print_json(request, rows);
  std::vector<cli::TableColumn> columns;
  for (const cli::ColumnId id : request.columns)
    columns.push_back(cli::table_column(cli::at(kColumns, id)));
  std::vector<cli::TableRow> lines;
  for (const PinRow& row : rows) {
    cli::TableRow& line = lines.emplace_back();
    for (const cli::ColumnId id : request.columns)
      line.cells.push_back(cli::shown(cli::at(kColumns, id).cell(row)));
  }
  return cli::print_table(columns, std::move(lines),
                          {.format = request.format, .headings = request.headings, .fit = true});
}

Result<int> print_pins(const Request& request, const cli::CommandLine& line) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(request.place));
  const auto stores = TRY(open_stores(kernel, place));
  const PinNeeds shown = needs_of(request.columns);
  const PinNeeds filtered = request.filter ? needs_of(request.filter->columns()) : PinNeeds();
  PinNeeds all = shown;
  all.insert(filtered);
  auto rows = TRY(list_rows(kernel, stores, request.kinds, all));
  const int status = check_names(line.operands, rows);
  keep_named(line.operands, rows);
  if (request.filter) {
    read_facts(kernel, stores, filtered, rows);
    std::erase_if(rows, [&](const PinRow& row) { return !matches(*request.filter, row); });
  }
  PinNeeds rest = shown;
  for (const PinNeed read : filtered)
    rest.remove(read);
  read_facts(kernel, stores, rest, rows);
  TRY(print_rows(request, rows));
  const int written = cli::finish_stdout(kLs);
  return written != 0 ? written : status;
}

}  // namespace

constexpr cli::Tool kLs{
    "nsx-pin ls",
    "[options] [name...]",
    "List pins",
    kLsOptions,
    kAnyPins,
    kUsageStatus,
    nullptr,
    {{{"nsx-pin ls", "all pins"},
      {"nsx-pin ls -o +ADDRESSES,PEERS", "with addresses and connections"},
      {"nsx-pin ls -Q 'STATE == \"stale\"'", "stale pins"}}},
};

int list(const cli::CommandLine& line) {
  cli::use_locale();
  Request request;
  request.columns = usual_columns();
  auto read = cli::apply<kLsOptions>(line, request, request.kinds, request.place);
  if (!read) return cli::usage_error(kLs, read.error());
  if (line.has("json") && line.has("raw")) {
    return cli::usage_error(kLs, {"--json and --raw are mutually exclusive", "", 0, "", ""});
  }
  if (request.kinds.empty()) request.kinds = KindSet::all();
  const auto status = print_pins(request, line);
  if (status) return *status;
  cli::report(kLs, status.error());
  return 1;
}

}  // namespace nsx::pin_tool
