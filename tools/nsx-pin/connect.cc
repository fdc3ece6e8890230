#include "net/connect.hh"

#include <algorithm>
#include <csignal>

#include "common/json.hh"
#include "common/report.hh"
#include "common/table.hh"
#include "net/links.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/find_net.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

constexpr std::string_view kHere = ".";

/// The addresses of a list with commas; an empty one has none.
Result<std::vector<Cidr>> parse_addresses(std::string_view list) {
  std::vector<Cidr> addresses;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    auto address = parse_cidr(list.substr(0, comma));
    if (!address) return error_of(address);
    addresses.push_back(*address);
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return addresses;
}

/// Which end an option is for: the first time it is the first one's.
Result<std::size_t> next_end(std::size_t& count, const cli::Option& option, const char* argument) {
  if (count < 2) return count++;
  return refuse("use", std::string("--") + option.name, "a wire has two ends", argument);
}

/// Which end gets default routes: the one that is not ours, or else the first.
std::size_t routed_end(const Wire& wire) {
  return wire.ends[0].is_callers ? 1 : 0;
}

Result<Wire> parse_wire(const cli::CommandLine& line) {
  Wire wire;
  for (std::size_t i = 0; i < 2; ++i) {
    wire.ends[i].who = line.operands[i];
    wire.ends[i].is_callers = line.operands[i] == kHere;
  }
  std::size_t names = 0;
  std::size_t lists = 0;
  for (const cli::Given& given : line.options) {
    if (given.option->id == kIfaceName) {
      auto end = next_end(names, *given.option, given.argument);
      if (!end) return error_of(end);
      wire.ends[*end].interface = given.argument;
      if (*given.argument == '\0') continue;
      if (auto ok = check_interface_name(given.argument); !ok) return error_of(ok);
    }
    if (given.option->id == kAddr) {
      auto end = next_end(lists, *given.option, given.argument);
      if (!end) return error_of(end);
      auto addresses = parse_addresses(given.argument);
      if (!addresses) return error_of(addresses);
      wire.ends[*end].addresses = std::move(*addresses);
    }
  }
  if (line.has(kDefaultRoute)) wire.routed = routed_end(wire);
  if (auto routes = gateways(wire); !routes) return error_of(routes);
  return wire;
}

/// Signals that end a process wait until what was begun is complete, or taken back.
class SignalsWait {
 public:
  SignalsWait() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
      ::sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, &before_);
  }
  ~SignalsWait() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait(SignalsWait&&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;
  SignalsWait& operator=(SignalsWait&&) = delete;

 private:
  sigset_t before_{};
};

Result<Wire> carry_out(const Kernel& kernel, const cli::CommandLine& line, Wire wire) {
  auto place = find_place(line);
  if (!place) return error_of(place);
  auto store = open_store(kernel, *place);
  if (!store) return error_of(store);

  std::vector<Namespace> namespaces;
  for (const WireEnd& end : wire.ends) {
    auto ns = end.is_callers ? own_net(kernel) : find_net(kernel, *store, end.who);
    if (!ns) return error_of(ns);
    namespaces.push_back(std::move(*ns));
  }
  if (namespaces[0].identity() == namespaces[1].identity()) {
    return refuse("connect", wire.ends[0].who + " and " + wire.ends[1].who,
                  "they are the same net namespace");
  }

  // Ours first: after the others we are not here any more.
  std::array<std::optional<RouteSocket>, 2> sockets;
  const auto open_sockets = [&](bool callers) -> Status {
    for (std::size_t i = 0; i < 2; ++i) {
      if (wire.ends[i].is_callers != callers) continue;
      auto socket = callers ? RouteSocket::open() : RouteSocket::open_in(namespaces[i]);
      if (!socket) return error_of(socket);
      sockets[i] = std::move(*socket);
    }
    return {};
  };
  if (auto done = open_sockets(true); !done) return error_of(done);
  auto workplace = Workplace::enter(kernel, *place, false);
  if (!workplace) return error_of(workplace);
  if (auto done = open_sockets(false); !done) return error_of(done);

  const SignalsWait wait;
  return connect({{namespaces.data(), &namespaces[1]}, {&*sockets[0], &*sockets[1]}},
                 std::move(wire));
}

std::string spelled(const Cidr& address) {
  return address.address() + '/' + std::to_string(address.prefix);
}

std::string json_of(const Wire& wire) {
  cli::JsonWriter json;
  json.open('{').key("ends").open('[');
  for (const WireEnd& end : wire.ends) {
    json.open('{').key("name").string(end.who).key("interface").string(end.interface);
    json.key("addresses").open('[');
    for (const Cidr& address : end.addresses)
      json.string(spelled(address));
    json.close().close();
  }
  return json.close().close().take() + '\n';
}

Status print_table(const Wire& wire) {
  constexpr std::array kColumns{
      cli::TableColumn{"NAME", false, false, false, false},
      cli::TableColumn{"INTERFACE", false, false, false, false},
      cli::TableColumn{"ADDRESSES", false, false, false, true},
  };
  std::vector<cli::TableRow> rows;
  for (const WireEnd& end : wire.ends) {
    std::string addresses;
    for (const Cidr& address : end.addresses)
      addresses += (addresses.empty() ? "" : "\n") + spelled(address);
    rows.push_back({{printable(end.who), printable(end.interface), addresses}, {}});
  }
  return cli::print_table("ends", kColumns, rows, cli::TableFormat::plain, true);
}

}  // namespace

int connect(const cli::CommandLine& line) {
  auto wire = parse_wire(line);
  if (!wire) return cli::usage_error(kConnect, wire.error());
  const auto kernel = cli::open_kernel();
  auto done = kernel ? carry_out(*kernel, line, std::move(*wire))
                     : Result<Wire>(tl::unexpected(kernel.error()));
  if (done && line.has('J')) return cli::print(kConnect, json_of(*done));
  auto printed = done ? print_table(*done) : Status(error_of(done));
  if (printed) return cli::finish_stdout(kConnect);
  cli::report(kConnect, printed.error());
  return 1;
}

}  // namespace nsx::pin_tool
