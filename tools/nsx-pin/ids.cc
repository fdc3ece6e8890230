#include <map>

#include <nsx/net.hh>

#include "common/json.hh"
#include "common/number.hh"
#include "common/report.hh"
#include "common/table.hh"
#include "net/net_ids.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

struct Request {
  std::optional<int> id;
  std::optional<int> target;
  bool json = false;
  bool headings = true;
};

Result<Request> parse_request(const cli::CommandLine& line) {
  Request request;
  for (const cli::Given& given : line.options) {
    const int option = given.option->id;
    if (option == 'J') request.json = true;
    if (option == 'n') request.headings = false;
    if (option != kNsid && option != kTargetNsid) continue;
    const auto id = cli::parse_number<int>(given.argument);
    if (!id || *id < 0) {
      return refuse("use as a netnsid", cli::quoted(given.argument), "not a number from 0 on");
    }
    (option == kNsid ? request.id : request.target) = id;
  }
  return request;
}

struct Pinned {
  ino_t inode = 0;
  std::vector<std::string> names;
};

/// The pinned namespaces that the caller's has given a number.
Result<std::map<int, Pinned>> pins_by_id(const Kernel& kernel, const cli::CommandLine& line) {
  std::map<int, Pinned> pins;
  auto place = find_place(line);
  if (!place) return error_of(place);
  auto store = open_store(kernel, *place);
  if (!store) return error_of(store);
  auto all = store->list(kernel, {Kind::net});
  if (!all) return error_of(all);
  for (const PinFile& pin : *all) {
    if (pin.state != PinState::live) continue;
    // It may be gone by now.
    const auto ns = store->open_pin(kernel, pin);
    const auto id = ns ? peer_net_id(*ns) : Result<std::optional<int>>{};
    if (!id || !*id) continue;
    Pinned& its = pins[**id];
    its.inode = ns->identity().inode;
    its.names.push_back(pin.name);
  }
  return pins;
}

struct Row {
  NetId id;
  Pinned pinned;  ///< without names: is not
};

Result<std::vector<Row>> find_rows(const Request& request, const cli::CommandLine& line) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto socket = RouteSocket::open();
  if (!socket) return error_of(socket);
  auto ids = list_net_ids(*socket, request.target);
  if (!ids) return error_of(ids);
  auto pins = pins_by_id(*kernel, line);
  if (!pins) return error_of(pins);
  std::vector<Row> rows;
  for (const NetId& id : *ids) {
    if (request.id && id.id != *request.id) continue;
    const auto ours = request.target ? id.current : std::optional(id.id);
    const auto pin = ours ? pins->find(*ours) : pins->end();
    rows.push_back({id, pin != pins->end() ? pin->second : Pinned{}});
  }
  if (request.id && rows.empty()) {
    return refuse("find the netnsid", std::to_string(*request.id), "no namespace has it");
  }
  return rows;
}

std::string json_of(const std::vector<Row>& rows) {
  cli::JsonWriter json;
  json.open('{').key("ids").open('[');
  for (const Row& row : rows) {
    json.open('{').key("netnsid").number(row.id.id);
    if (row.id.current) json.key("current").number(*row.id.current);
    json.key("ns").number_or_null(row.pinned.inode).key("names").open('[');
    for (const std::string& name : row.pinned.names)
      json.string(name);
    json.close().close();
  }
  return json.close().close().take() + '\n';
}

Status print_table(const Request& request, const std::vector<Row>& rows) {
  std::vector<cli::TableColumn> columns{{"NETNSID", true, true, false, false}};
  if (request.target) columns.push_back({"CURRENT", true, true, false, false});
  columns.push_back({"NS", true, true, false, false});
  columns.push_back({"NAMES", false, false, false, true});
  std::vector<cli::TableRow> lines;
  for (const Row& row : rows) {
    cli::TableRow line{{std::to_string(row.id.id)}, {}};
    if (request.target) {
      line.cells.push_back(row.id.current ? std::to_string(*row.id.current) : "");
    }
    line.cells.push_back(row.pinned.inode != 0 ? std::to_string(row.pinned.inode) : "");
    std::string names;
    for (const std::string& name : row.pinned.names)
      names += (names.empty() ? "" : "\n") + printable(name);
    line.cells.push_back(std::move(names));
    lines.push_back(std::move(line));
  }
  return cli::print_table("ids", columns, lines, cli::TableFormat::plain, request.headings);
}

}  // namespace

int ids(const cli::CommandLine& line) {
  const auto request = parse_request(line);
  if (!request) return cli::usage_error(kIds, request.error());
  auto rows = find_rows(*request, line);
  if (rows && request->json) return cli::print(kIds, json_of(*rows));
  const auto printed = rows ? print_table(*request, *rows) : Status(error_of(rows));
  if (printed) return cli::finish_stdout(kIds);
  cli::report(kIds, printed.error());
  return 1;
}

}  // namespace nsx::pin_tool
