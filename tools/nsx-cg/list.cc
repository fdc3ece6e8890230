// nsx-cg ls and nsx-cg tree.

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <thread>

#include <nsx/process.hh>

#include "common/filter.hh"
#include "common/number.hh"
#include "common/report.hh"
#include "common/table.hh"
#include "nsx-cg/cells.hh"
#include "nsx-cg/code.hh"
#include "nsx-cg/columns.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/rows.hh"
#include "nsx-cg/session.hh"

namespace nsx::cg_tool {

namespace {

/// Long enough for a rate to say something, short enough to be waited for.
constexpr std::chrono::milliseconds kUsualInterval{250};

struct Request {
  bool is_tree = false;
  std::vector<Column> columns = {};
  bool are_listed = false;  ///< all of them, in this order
  cli::TableFormat format = cli::TableFormat::plain;
  bool headings = true;
  bool exact = false;
  bool processes = false;
  std::optional<std::size_t> depth = {};
  std::optional<cli::Filter> filter = {};
  std::optional<Column> sort = {};
  bool descending = false;
  std::chrono::milliseconds interval = kUsualInterval;
  std::string cgroup = "/";
};

Status apply(const cli::Given& given, Request& request) {
  const char* argument = given.argument;
  switch (given.option->id) {
    case 'J':
      request.format = cli::TableFormat::json;
      break;
    case 'r':
      request.format = cli::TableFormat::raw;
      break;
    case 'n':
      request.headings = false;
      break;
    case 'b':
      request.exact = true;
      break;
    case 'p':
      request.processes = true;
      break;
    case 'o': {
      auto columns = parse_columns(argument, request.columns);
      if (!columns) return error_of(columns);
      request.columns = std::move(*columns);
      request.are_listed |= *argument != '+';
      break;
    }
    case 'Q': {
      auto filter = cli::Filter::parse(argument, column_names());
      if (!filter) return error_of(filter);
      request.filter.emplace(std::move(*filter));
      break;
    }
    case 'd': {
      const auto depth = cli::parse_number<std::size_t>(argument);
      if (!depth) return refuse("use as a depth", cli::quoted(argument), "it is a number");
      request.depth = *depth;
      break;
    }
    case kSort: {
      std::string_view name = argument;
      request.descending = name.starts_with('-');
      if (request.descending) name.remove_prefix(1);
      auto column = parse_column(name);
      if (!column) return error_of(column);
      request.sort = *column;
      break;
    }
    case kInterval: {
      auto interval = parse_time(argument);
      if (!interval) return error_of(interval);
      request.interval = *interval;
      break;
    }
    default:
      break;
  }
  return {};
}

/// Command lines are long: what stands behind them would stand far away.
void put_name_last(std::vector<Column>& columns) {
  std::stable_partition(columns.begin(), columns.end(),
                        [](Column column) { return column != Column::cgroup_name; });
}

/// A cgroup's name in a tree: the last of its path, but of the first.
std::string name_in_tree(const CgroupSample& sample) {
  if (!sample.parent) return sample.path;
  return sample.path.substr(sample.path.rfind('/') + 1);
}

class View {
 public:
  View(const Session& session, const Request& request) : session_(session), request_(request) {}

  Status show() {
    if (auto done = read(); !done) return done;
    const auto rows = choose();
    if (reading_.unreadable > 0) {
      std::fprintf(stderr, "%s: %zu cgroups could not be looked into\n", tool().name,
                   reading_.unreadable);
    }
    return request_.format == cli::TableFormat::json ? print_json(rows) : print_table(rows);
  }

 private:
  const cli::Tool& tool() const { return request_.is_tree ? kTree : kLs; }

  /// All columns that something is asked of.
  std::vector<Column> needed() const {
    std::vector<Column> columns = request_.columns;
    if (request_.sort) columns.push_back(*request_.sort);
    if (request_.filter) {
      for (const std::size_t column : request_.filter->columns())
        columns.push_back(static_cast<Column>(column));
    }
    return columns;
  }

  Status read() {
    auto cgroup = session_.tree.find(request_.cgroup);
    if (!cgroup) return error_of(cgroup);
    CgroupSampleRequest wanted;
    wanted.pids = request_.processes;
    bool has_rates = false;
    CgroupSampleRequest first;
    for (const Column column : needed()) {
      wanted.files.insert(info(column).files);
      if (info(column).is_rate) {
        has_rates = true;
        first.files.insert(info(column).files);
      }
    }
    CgroupReading before;
    if (has_rates) {
      auto reading = sample_cgroups(*cgroup, first);
      if (!reading) return error_of(reading);
      before = std::move(*reading);
      std::this_thread::sleep_for(request_.interval);
    }
    auto reading = sample_cgroups(*cgroup, wanted);
    if (!reading) return error_of(reading);
    reading_ = std::move(*reading);
    rates_ = rates_between(before, reading_);
    return {};
  }

  cli::Cell cell(std::size_t cgroup, Column column) const {
    return make_cell(column, reading_.cgroups[cgroup], rates_[cgroup], request_.exact);
  }

  std::vector<Row> choose() {
    RowRequest wanted{.is_tree = request_.is_tree, .depth = request_.depth};
    wanted.descending = request_.descending;
    if (request_.filter) {
      wanted.accepts = [&](std::size_t cgroup) {
        std::vector<cli::Value> values(kColumns.size());
        return request_.filter->matches([&](std::size_t column) -> const cli::Value& {
          return values[column] = cell(cgroup, static_cast<Column>(column)).value;
        });
      };
    }
    std::vector<cli::Value> keys;
    if (request_.sort) {
      for (std::size_t i = 0; i < reading_.cgroups.size(); ++i)
        keys.push_back(cell(i, *request_.sort).value);
      wanted.key = [&](std::size_t cgroup) -> const cli::Value& { return keys[cgroup]; };
    }
    return make_rows(reading_, wanted);
  }

  std::string text(std::size_t cgroup, Column column) const {
    if (column == Column::cgroup_name && request_.is_tree) {
      return name_in_tree(reading_.cgroups[cgroup]);
    }
    cli::Cell found = cell(cgroup, column);
    return found.shown.empty() ? cli::text_of(found.value) : std::move(found.shown);
  }

  Status print_table(const std::vector<Row>& rows) const {
    std::vector<cli::TableColumn> columns;
    for (const Column column : request_.columns) {
      columns.push_back({.name = info(column).name,
                         .is_right = info(column).is_right,
                         .is_number = false,
                         .is_last_resort = request_.processes && column == Column::cgroup_name,
                         .is_list = false,
                         .has_tree = request_.is_tree && column == Column::cgroup_name});
    }
    std::vector<cli::TableRow> lines;
    lines.reserve(rows.size());
    std::vector<std::size_t> lines_of_rows;
    for (const Row& row : rows) {
      cli::TableRow line;
      line.cells.reserve(request_.columns.size());
      if (row.parent) line.parent = lines_of_rows[*row.parent];
      for (const Column column : request_.columns)
        line.cells.push_back(text(row.cgroup, column));
      lines_of_rows.push_back(lines.size());
      lines.push_back(std::move(line));
      if (request_.processes) add_processes(row.cgroup, lines);
    }
    return cli::print_table("cgroups", columns, lines, request_.format, request_.headings);
  }

  /// A line for each process, below its cgroup's, which is the last.
  void add_processes(std::size_t cgroup, std::vector<cli::TableRow>& lines) const {
    const std::size_t parent = lines.size() - 1;
    for (const pid_t pid : reading_.cgroups[cgroup].pids) {
      cli::TableRow line;
      line.parent = parent;
      for (const Column column : request_.columns) {
        line.cells.push_back(column == Column::cgroup_name
                                 ? std::to_string(pid) + ' ' +
                                       read_command_line(*session_.kernel, pid)
                                 : std::string());
      }
      lines.push_back(std::move(line));
    }
  }

  Status print_json(const std::vector<Row>& rows) const {
    cli::JsonWriter json;
    json.open('{').key("cgroups").open('[');
    for (const Row& row : rows) {
      const CgroupSample& sample = reading_.cgroups[row.cgroup];
      json.open('{');
      for (const Column column : request_.columns)
        add_members(json, column, sample, rates_[row.cgroup]);
      if (request_.processes) {
        json.key("processes").open('[');
        for (const pid_t pid : sample.pids) {
          json.open('{').key("pid").number(pid).key("command");
          json.string(read_command_line(*session_.kernel, pid)).close();
        }
        json.close();
      }
      json.close();
    }
    const std::string text = json.close().close().take() + '\n';
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return {};
    return fail("write", "standard output");
  }

  const Session& session_;
  const Request& request_;
  CgroupReading reading_;
  std::vector<CgroupRates> rates_;
};

int show(const cli::Tool& tool, const cli::CommandLine& line, Request request) {
  // For the width of names and the lines of the tree; messages stay as they are.
  std::setlocale(LC_CTYPE, "");
  for (const cli::Given& given : line.options) {
    if (auto done = apply(given, request); !done) return cli::usage_error(tool, done.error());
  }
  if (request.processes && !request.are_listed) put_name_last(request.columns);
  if (!line.operands.empty()) request.cgroup = line.operands.front();
  auto session = Session::open();
  if (!session) return finish(tool, error_of(session));
  return finish(tool, View(*session, request).show());
}

}  // namespace

int list(const cli::CommandLine& line) {
  return show(
      kLs, line,
      {.columns = {Column::cgroup_name, Column::procs, Column::mem, Column::limit, Column::pids}});
}

int tree(const cli::CommandLine& line) {
  return show(kTree, line,
              {.is_tree = true, .columns = {Column::cgroup_name, Column::procs, Column::mem}});
}

}  // namespace nsx::cg_tool
