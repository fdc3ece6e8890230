// SPDX-License-Identifier: MIT

#include <array>
#include <cstring>
#include <map>

#include <nsx/census.hh>
#include <nsx/inside.hh>
#include <nsx/process.hh>

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

struct Request {
  std::optional<int> id;
  std::optional<int> target;
  bool json = false;
  bool headings = true;
  PlaceOptions place;
};

Result<int> parse_net_id(const char* text) {
  const auto id = parse_number<int>(text);
  if (id && *id >= 0) return *id;
  return problem("invalid netnsid '{}'", text, "expected a number of 0 or more");
}

constexpr std::array kIdsOptions{
    cli::under("Selection", cli::value(cli::kNoLetter, "nsid", {"NUMBER"},
                                       "the namespace with this netnsid only",
                                       cli::parse_into<parse_net_id, &Request::id>)),
    cli::value(cli::kNoLetter, "target-nsid", {"NUMBER"},
               "the netnsids assigned in the namespace with this netnsid",
               cli::parse_into<parse_net_id, &Request::target>),
    cli::under("Output", cli::flag('J', "json", "print JSON", cli::set_flag<&Request::json>)),
    cli::flag('n', "noheadings", "omit the headings", cli::clear_flag<&Request::headings>),
    cli::under("Other", kDir),
    cli::kHelp,
};

/// What is known of a namespace with a netnsid.
struct Known {
  ino_t inode = 0;
  std::vector<std::string> names;  ///< of its pins
  pid_t pid = 0;                   ///< the first process in it; 0: none
  std::string command;
};

/// Adds the namespaces that are not pinned, and a process of each, as nsx-ls finds them.
void add_found(const Kernel& kernel, std::map<int, Known>& known) {
  CensusRequest request;
  request.kinds = {Kind::net};
  request.sources = {Source::process, Source::thread, Source::children,
                     Source::fd,      Source::socket, Source::mount};
  const auto census = take_census(kernel, request);
  // The netnsids and pins are complete without it.
  if (!census) return;
  for (CensusIndex i = 0; i < census->namespaces.size(); ++i) {
    const CensusNamespace& found = census->namespaces[i];
    if (found.kind != Kind::net) continue;
    const auto ns = open_namespace(kernel, *census, i);
    const auto id = ns ? peer_net_id(*ns) : Result<std::optional<int>>{};
    if (!id || !*id) continue;
    Known& its = known[**id];
    its.inode = ns->identity().inode;
    if (found.first_process == kNone) continue;
    its.pid = census->processes[found.first_process].pid;
    const auto process = Process::open(kernel, its.pid);
    if (auto command = process ? process->read("comm") : Result<std::string>()) {
      its.command = command->substr(0, command->find_last_not_of('\n') + 1);
    }
  }
}

/// Returns the namespaces to which the caller's net namespace has assigned a netnsid.
Result<std::map<int, Known>> find_by_id(const Kernel& kernel, const PlaceOptions& options) {
  std::map<int, Known> known;
  auto place = TRY(find_place(options));
  auto store = TRY(open_store(kernel, place));
  auto all = TRY(store.list(kernel, {Kind::net}));
  for (const PinFile& pin : all) {
    if (pin.state != PinState::live) continue;
    // The pin may have been removed meanwhile.
    const auto ns = store.open_pin(kernel, pin);
    const auto id = ns ? peer_net_id(*ns) : Result<std::optional<int>>{};
    if (!id || !*id) continue;
    Known& its = known[**id];
    its.inode = ns->identity().inode;
    its.names.push_back(pin.name);
  }
  add_found(kernel, known);
  return known;
}

struct Row {
  NetId id;
  Known known;
};

Result<std::vector<Row>> find_rows(const Request& request) {
  auto kernel = TRY(cli::open_kernel());
  auto socket = TRY(RouteSocket::open());
  auto ids = TRY(list_net_ids(socket, request.target));
  auto known = TRY(find_by_id(kernel, request.place));
  std::vector<Row> rows;
  for (const NetId& id : ids) {
    if (request.id && id.id != *request.id) continue;
    const auto ours = request.target ? id.current : std::optional(id.id);
    const auto its = ours ? known.find(*ours) : known.end();
    rows.push_back({id, its != known.end() ? its->second : Known{}});
  }
  if (request.id && rows.empty()) {
    return problem("no namespace with netnsid {}", std::to_string(*request.id));
  }
  return rows;
}

std::string json_of(const std::vector<Row>& rows) {
  cli::JsonWriter json;
  json.open('{').key("ids").open('[');
  for (const Row& row : rows) {
    json.open('{').key("netnsid").number(row.id.id);
    if (row.id.current) json.key("current").number(*row.id.current);
    json.key("ns").number_or_null(row.known.inode).key("names").open('[');
    for (const std::string& name : row.known.names)
      json.string(name);
    json.close();
    if (row.known.pid != 0) {
      json.key("pid").number(row.known.pid).key("command").string(row.known.command);
    }
    json.close();
  }
  return json.close().close().take() + '\n';
}

Status print_table(const Request& request, const std::vector<Row>& rows) {
  std::vector<cli::TableColumn> columns{{"NETNSID", true, true, false, false}};
  if (request.target) columns.push_back({"CURRENT", true, true, false, false});
  columns.push_back({"NS", true, true, false, false});
  constexpr std::size_t kLeast = 12;
  columns.push_back({.name = "NAMES", .is_list = true, .least = kLeast, .is_optional = true});
  columns.push_back({"PID", true, true, false, false});
  columns.push_back({.name = "COMMAND", .is_last_resort = true, .least = kLeast});
  std::vector<cli::TableRow> lines;
  for (const Row& row : rows) {
    cli::TableRow line{{std::to_string(row.id.id)}, {}};
    if (request.target) {
      line.cells.push_back(row.id.current ? std::to_string(*row.id.current) : "");
    }
    line.cells.push_back(row.known.inode != 0 ? std::to_string(row.known.inode) : "");
    std::string names;
    for (const std::string& name : row.known.names) {
      if (!names.empty()) names += cli::kBreak;
      names += name;
    }
    line.cells.push_back(std::move(names));
    line.cells.push_back(row.known.pid != 0 ? std::to_string(row.known.pid) : "");
    line.cells.push_back(row.known.command);
    lines.push_back(std::move(line));
  }
  return cli::print_table(columns, std::move(lines), {.headings = request.headings, .fit = true});
}

}  // namespace

constexpr cli::Tool kIds{
    "nsx-pin ids",
    "[options]",
    "List the netnsids assigned in this network namespace",
    kIdsOptions,
    cli::Operands::none,
    kUsageStatus,
    nullptr,
    {{{"nsx-pin ids", "all netnsids"},
      {"nsx-pin ids --nsid 0", "a single one"},
      {"nsx-pin ids --json", "for scripts"}}},
};

int ids(const cli::CommandLine& line) {
  cli::use_locale();
  Request request;
  if (auto read = cli::apply<kIdsOptions>(line, request, request.place); !read) {
    return cli::usage_error(kIds, read.error());
  }
  auto rows = find_rows(request);
  if (rows && request.json) return cli::print(kIds, json_of(*rows));
  const auto printed = rows ? print_table(request, *rows) : Status(error_of(rows));
  if (printed) return cli::finish_stdout(kIds);
  cli::report(kIds, printed.error());
  return 1;
}

namespace {

constexpr std::array kSetIdOptions{
    kDir,
    cli::kHelp,
};

Status carry_out(const cli::CommandLine& line, const PlaceOptions& options, std::optional<int> id) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(options));
  auto store = TRY(open_store(kernel, place));
  auto where = TRY(target_options(options));
  auto net = TRY(find_net(kernel, store, line.operands[0], where));
  auto socket = TRY(RouteSocket::open());
  auto done = set_net_id(socket, net, id);
  if (!done) done.error().set_subject(line.operands[0]);
  return done;
}

}  // namespace

constexpr cli::Tool kSetId{
    "nsx-pin set-id",
    "[options] name number",
    "Assign a netnsid to a pinned network namespace",
    kSetIdOptions,
    {.least = 2,
     .most = 2,
     .first = cli::Completes::pin,
     .rest = cli::Completes::words,
     .words = "auto"},
    kUsageStatus,
    nullptr,
    {{{"nsx-pin set-id blue auto", "the next free netnsid"},
      {"nsx-pin set-id blue 7", "netnsid 7"},
      {"nsx-pin ids", "show what is assigned"}}},
};

int set_id(const cli::CommandLine& line) {
  PlaceOptions options;
  if (auto read = cli::apply<kSetIdOptions>(line, options); !read) {
    return cli::usage_error(kSetId, read.error());
  }
  const char* text = line.operands[1];
  std::optional<int> id;
  if (std::strcmp(text, "auto") != 0) {
    id = parse_number<int>(text);
    if (!id || *id < 0) {
      return cli::usage_error(
          kSetId,
          {"invalid netnsid '{}'", text, 0, "expected a number of 0 or more, or 'auto'", {}});
    }
  }
  const auto done = carry_out(line, options, id);
  if (done) return 0;
  cli::report(kSetId, done.error());
  return 1;
}

}  // namespace nsx::pin_tool
