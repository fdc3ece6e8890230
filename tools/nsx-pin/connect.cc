// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <csignal>

#include "common/json.hh"
#include "common/locale.hh"
#include "common/report.hh"
#include "common/table.hh"
#include "common/value.hh"
#include "net/rtnetlink.hh"
#include "nsx-pin/commands.hh"
#include "try.hh"

namespace nsx::pin_tool {

namespace {

constexpr std::string_view kHere = ".";

/// Returns the addresses of a comma-separated list, which may be empty.
Result<std::vector<Cidr>> parse_addresses(std::string_view list) {
  std::vector<Cidr> addresses;
  if (list.ends_with(',')) list.remove_suffix(1);
  if (list.empty()) return addresses;
  for (const std::string_view word : cli::split_list(list))
    addresses.push_back(TRY(parse_cidr(word)));
  return addresses;
}

struct Request {
  Wire wire;
  std::size_t names = 0;      ///< number of --name options so far
  std::size_t addresses = 0;  ///< number of --addr options so far
  bool default_route = false;
  bool json = false;
  PlaceOptions place;
};

/// Returns the end that an option applies to: the first one when it is first given.
Result<std::size_t> next_end(std::size_t& count, const char* option) {
  if (count < 2) return count++;
  return problem("{} was given more than twice", option, "a veth pair has two ends");
}

Status set_name(Request& request, const char* name) {
  auto end = TRY(next_end(request.names, "--name"));
  request.wire.ends[end].interface = name;
  return *name == '\0' ? Status() : check_interface_name(name);
}

Status set_addresses(Request& request, const char* list) {
  auto end = TRY(next_end(request.addresses, "--addr"));
  request.wire.ends[end].addresses = TRY(parse_addresses(list));
  return {};
}

constexpr std::array kConnectOptions{
    cli::under("Addresses", cli::value(cli::kNoLetter, "addr", {"CIDR"},
                                       "comma-separated addresses: first for a, then for b",
                                       cli::call<set_addresses>)),
    cli::flag(cli::kNoLetter, "default-route",
              "add default routes to a through b, or to the end that is not '.'",
              cli::set_flag<&Request::default_route>),
    cli::value(cli::kNoLetter, "name", {"INTERFACE"}, "interface name: first for a, then for b",
               cli::call<set_name>),
    cli::under("Other", cli::flag('J', "json", "print the interfaces as JSON",
                                  cli::set_flag<&Request::json>)),
    kDir,
    cli::kHelp,
};

/// Returns the end that gets default routes: the end outside of the caller's namespace, or the
/// first.
std::size_t routed_end(const Wire& wire) {
  return wire.ends[0].is_callers ? 1 : 0;
}

Status read_request(const cli::CommandLine& line, Request& request) {
  Wire& wire = request.wire;
  for (std::size_t i = 0; i < 2; ++i) {
    wire.ends[i].who = line.operands[i];
    wire.ends[i].is_callers = line.operands[i] == kHere;
  }
  TRY(cli::apply<kConnectOptions>(line, request, request.place));
  if (request.default_route) wire.routed = routed_end(wire);
  auto ways = gateways(wire);
  return ways ? Status() : error_of(ways);
}

/// Blocks terminating signals until the connection is complete or has been undone.
class SignalsWait {
 public:
  SignalsWait() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : kEndingSignals)
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

Result<Wire> carry_out(const Kernel& kernel, const PlaceOptions& options, Wire wire) {
  auto place = TRY(find_place(options));
  auto store = TRY(open_store(kernel, place));
  auto where = TRY(target_options(options));

  std::vector<Namespace> namespaces;
  for (const WireEnd& end : wire.ends) {
    namespaces.push_back(
        TRY(end.is_callers ? own_net(kernel) : find_net(kernel, store, end.who, where)));
  }
  if (namespaces[0].same_as(namespaces[1])) {
    return refuse("connect", wire.ends[0].who + " and " + wire.ends[1].who,
                  "they are the same net namespace");
  }

  // The caller's first: Workplace::enter() changes the namespaces of this process.
  std::array<std::optional<RouteSocket>, 2> sockets;
  const auto open_sockets = [&](bool callers) -> Status {
    for (std::size_t i = 0; i < 2; ++i) {
      if (wire.ends[i].is_callers != callers) continue;
      sockets[i] = TRY(callers ? RouteSocket::open() : RouteSocket::open_in(namespaces[i]));
    }
    return {};
  };
  TRY(open_sockets(true));
  auto workplace = TRY(Workplace::enter(kernel, place, false));
  TRY(open_sockets(false));

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
  constexpr std::size_t kLeast = 12;
  constexpr std::array kColumns{
      cli::TableColumn{.name = "NAME", .least = kLeast},
      cli::TableColumn{.name = "INTERFACE"},
      cli::TableColumn{.name = "ADDRESSES", .is_list = true, .least = kLeast},
  };
  std::vector<cli::TableRow> rows;
  for (const WireEnd& end : wire.ends) {
    std::string addresses;
    for (const Cidr& address : end.addresses)
      addresses +=
          (addresses.empty() ? std::string() : std::string{cli::kBreak}) + spelled(address);
    rows.push_back({{end.who, end.interface, addresses}, {}});
  }
  return cli::print_table(kColumns, std::move(rows), {.fit = true});
}

}  // namespace

constexpr cli::Tool kConnect{
    "nsx-pin connect",
    "[options] a b",
    "Connect two network namespaces with a veth pair",
    kConnectOptions,
    {.least = 2, .most = 2, .first = cli::Completes::pin, .rest = cli::Completes::pin},
    kUsageStatus,
    "a and b are pins, '.' (the current network namespace) or other targets of\n"
    "nsx-enter, such as container:web.\n",
    {{{"nsx-pin connect red blue", "without addresses"},
      {"nsx-pin connect --addr 10.0.0.1/24 --addr 10.0.0.2/24 red blue", "with these addresses"},
      {"nsx-pin connect --default-route --addr 10.0.0.1/24 --addr 10.0.0.2/24 red .",
       "with a default route from red through this network namespace"}}},
};

int connect(const cli::CommandLine& line) {
  cli::use_locale();
  Request request;
  if (auto read = read_request(line, request); !read) {
    return cli::usage_error(kConnect, read.error());
  }
  const auto kernel = cli::open_kernel();
  auto done = kernel ? carry_out(*kernel, request.place, std::move(request.wire))
                     : Result<Wire>(tl::unexpected(kernel.error()));
  if (done && request.json) return cli::print(kConnect, json_of(*done));
  auto printed = done ? print_table(*done) : Status(error_of(done));
  if (printed) return cli::finish_stdout(kConnect);
  cli::report(kConnect, printed.error());
  return 1;
}

}  // namespace nsx::pin_tool
