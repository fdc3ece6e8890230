#include <algorithm>
#include <array>
#include <clocale>
#include <ctime>
#include <pwd.h>
#include <strings.h>

#include <nsx/census.hh>
#include <nsx/net.hh>

#include "common/filter.hh"
#include "common/report.hh"
#include "common/table.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/kinds.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

enum class Column { name, kind, ns, id, procs, netnsid, created, owner, state, path };

/// In the order of `Column`.
constexpr std::array kColumns{
    cli::TableColumn{"NAME", false, false, false, false},
    cli::TableColumn{"KIND", false, false, false, false},
    cli::TableColumn{"NS", true, true, false, false},
    cli::TableColumn{"ID", true, true, false, false},
    cli::TableColumn{"PROCS", true, true, false, false},
    cli::TableColumn{"NETNSID", true, true, false, false},
    cli::TableColumn{"CREATED", false, false, false, false},
    cli::TableColumn{"OWNER", false, false, false, false},
    cli::TableColumn{"STATE", false, false, false, false},
    cli::TableColumn{"PATH", false, false, false, false},
};

constexpr std::string_view kStandard = "NAME,KIND,NS,CREATED,STATE";

struct Request {
  std::vector<Column> columns;
  cli::TableFormat format = cli::TableFormat::plain;
  bool headings = true;
  std::optional<cli::Filter> filter;
  KindSet kinds;
};

Result<std::vector<Column>> parse_columns(std::string_view list) {
  std::string whole(list);
  if (list.starts_with('+')) whole = std::string(kStandard) + ',' + whole.substr(1);
  std::vector<Column> columns;
  for (std::string_view rest = whole;;) {
    const std::size_t comma = rest.find(',');
    const std::string word(rest.substr(0, comma));
    const auto* const found = std::find_if(
        kColumns.begin(), kColumns.end(),
        [&](const auto& column) { return ::strcasecmp(column.name, word.c_str()) == 0; });
    if (found == kColumns.end()) {
      return refuse("show the column", cli::quoted(word), "there is none of this name",
                    kColumnWords);
    }
    columns.push_back(static_cast<Column>(found - kColumns.begin()));
    if (comma == std::string_view::npos) return columns;
    rest.remove_prefix(comma + 1);
  }
}

Status apply(const cli::Given& given, Request& request) {
  switch (given.option->id) {
    case 'o': {
      auto columns = parse_columns(given.argument);
      if (!columns) return error_of(columns);
      request.columns = std::move(*columns);
      break;
    }
    case 'J':
      request.format = cli::TableFormat::json;
      break;
    case 'r':
      request.format = cli::TableFormat::raw;
      break;
    case 'n':
      request.headings = false;
      break;
    case 'Q': {
      std::vector<std::string_view> names;
      names.reserve(kColumns.size());
      for (const cli::TableColumn& column : kColumns)
        names.emplace_back(column.name);
      auto filter = cli::Filter::parse(given.argument, names);
      if (!filter) return error_of(filter);
      request.filter = std::move(*filter);
      break;
    }
    default:
      break;
  }
  return {};
}

std::string time_text(std::time_t time) {
  std::tm parts{};
  std::array<char, 40> text{};
  ::localtime_r(&time, &parts);
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S%z", &parts);
  return {text.data(), size};
}

std::string user_name(uid_t uid) {
  const passwd* user = ::getpwuid(uid);
  return user != nullptr ? user->pw_name : std::to_string(uid);
}

/// Fills cells. What needs more than the list is asked for only where a column shows it.
class Cells {
 public:
  Cells(const Kernel& kernel, const PinStore& store, const Census* census)
      : kernel_(kernel), store_(store), census_(census) {}

  cli::Value value(const PinFile& pin, Column column) const {
    switch (column) {
      case Column::name:
        return printable(pin.name);
      case Column::kind:
        return std::string(name(pin.kind));
      case Column::ns:
        return pin.inode != 0 ? cli::Value(std::uint64_t{pin.inode}) : cli::Value();
      case Column::created:
        return pin.created != 0 ? cli::Value(time_text(pin.created)) : cli::Value();
      case Column::state:
        return std::string(name(pin.state));
      case Column::path:
        return printable(pin.path);
      case Column::procs:
        return processes(pin);
      case Column::id:
      case Column::netnsid:
      case Column::owner:
        break;
    }
    if (pin.state != PinState::live) return {};
    const auto ns = store_.open_pin(kernel_, pin);
    return ns ? value_of_open(*ns, column) : cli::Value();
  }

 private:
  cli::Value value_of_open(const Namespace& ns, Column column) const {
    if (column == Column::id) {
      return ns.identity().id != 0 ? cli::Value(ns.identity().id) : cli::Value();
    }
    if (column == Column::netnsid) {
      if (ns.kind() != Kind::net) return {};
      const auto id = peer_net_id(ns);
      return id && *id ? cli::Value(static_cast<std::uint64_t>(**id)) : cli::Value();
    }
    Result<uid_t> uid = ns.kind() == Kind::user ? ns.creator_uid() : owner_uid(ns);
    return uid ? cli::Value(user_name(*uid)) : cli::Value();
  }

  Result<uid_t> owner_uid(const Namespace& ns) const {
    auto owner = ns.owner(kernel_);
    return owner ? owner->creator_uid() : Result<uid_t>(error_of(owner));
  }

  cli::Value processes(const PinFile& pin) const {
    if (census_ == nullptr || pin.inode == 0) return {};
    const auto& all = census_->namespaces;
    const auto found = std::lower_bound(
        all.begin(), all.end(), pin.inode,
        [](const CensusNamespace& ns, ino_t inode) { return ns.identity.inode < inode; });
    if (found == all.end() || found->identity.inode != pin.inode) return std::uint64_t{0};
    return std::uint64_t{found->process_count};
  }

  const Kernel& kernel_;
  const PinStore& store_;
  const Census* census_;
};

bool shows(const Request& request, Column column) {
  if (std::find(request.columns.begin(), request.columns.end(), column) != request.columns.end()) {
    return true;
  }
  if (!request.filter) return false;
  const auto& used = request.filter->columns();
  return std::find(used.begin(), used.end(), static_cast<std::size_t>(column)) != used.end();
}

Result<std::optional<Census>> census_for(const Kernel& kernel, const Request& request) {
  if (!shows(request, Column::procs)) return std::optional<Census>{};
  CensusRequest wanted;
  wanted.kinds = request.kinds;
  auto census = take_census(kernel, wanted);
  if (!census) return error_of(census);
  return std::optional<Census>(std::move(*census));
}

bool matches(const Request& request, const Cells& cells, const PinFile& pin) {
  if (!request.filter) return true;
  std::array<std::optional<cli::Value>, kColumns.size()> values;
  return request.filter->matches([&](std::size_t column) -> const cli::Value& {
    auto& value = values[column];
    if (!value) value = cells.value(pin, static_cast<Column>(column));
    return *value;
  });
}

Result<int> print_pins(const Request& request, const cli::CommandLine& line) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto place = find_place(line);
  if (!place) return error_of(place);
  auto store = open_store(*kernel, *place);
  if (!store) return error_of(store);
  auto pins = store->list(*kernel, request.kinds, shows(request, Column::created));
  if (!pins) return error_of(pins);
  auto census = census_for(*kernel, request);
  if (!census) return error_of(census);

  int status = 0;
  for (const char* wanted : line.operands) {
    const bool is_there = std::any_of(pins->begin(), pins->end(),
                                      [&](const PinFile& pin) { return pin.name == wanted; });
    if (is_there) continue;
    cli::report(kLs, {"find the pin", wanted, 0, "there is none of this name", {}});
    status = 1;
  }
  const Cells cells(*kernel, *store, *census ? &**census : nullptr);
  std::vector<cli::TableColumn> columns;
  for (const Column column : request.columns)
    columns.push_back(kColumns[static_cast<std::size_t>(column)]);
  std::vector<cli::TableRow> rows;
  for (const PinFile& pin : *pins) {
    const auto is_named = [&](const char* wanted) { return pin.name == wanted; };
    if (!line.operands.empty() &&
        std::none_of(line.operands.begin(), line.operands.end(), is_named)) {
      continue;
    }
    if (!matches(request, cells, pin)) continue;
    cli::TableRow row;
    for (const Column column : request.columns)
      row.cells.push_back(cli::text_of(cells.value(pin, column)));
    rows.push_back(std::move(row));
  }
  auto printed = cli::print_table("pins", columns, rows, request.format, request.headings);
  if (!printed) return error_of(printed);
  const int written = cli::finish_stdout(kLs);
  return written != 0 ? written : status;
}

}  // namespace

int list(const cli::CommandLine& line) {
  // For the width of names; messages stay as they are.
  std::setlocale(LC_CTYPE, "");
  Request request;
  auto standard = parse_columns(kStandard);
  request.columns = std::move(*standard);
  for (const cli::Given& given : line.options) {
    if (auto done = apply(given, request); !done) return cli::usage_error(kLs, done.error());
  }
  if (line.has('J') && line.has('r')) {
    return cli::usage_error(kLs, {"use --json and", "--raw", 0, "they exclude each other", {}});
  }
  const auto kinds = wanted_kinds(line);
  if (!kinds) return cli::usage_error(kLs, kinds.error());
  request.kinds = *kinds;
  const auto status = print_pins(request, line);
  if (status) return *status;
  cli::report(kLs, status.error());
  return 1;
}

}  // namespace nsx::pin_tool
