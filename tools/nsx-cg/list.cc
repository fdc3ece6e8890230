// SPDX-License-Identifier: MIT
// nsx-cg ls and nsx-cg tree.

#include <algorithm>
#include <array>
#include <thread>
#include <unistd.h>
#include <unordered_map>

#include "common/filter.hh"
#include "common/locale.hh"
#include "common/report.hh"
#include "common/table.hh"
#include "common/value.hh"
#include "nsx-cg/cells.hh"
#include "nsx-cg/columns.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/rows.hh"
#include "try.hh"

namespace nsx::cg_tool {

namespace {

/// Long enough for a meaningful rate, short enough to wait for.
constexpr std::chrono::milliseconds kUsualInterval{250};

struct Request {
  bool is_tree = false;
  std::vector<cli::ColumnId> columns = {};
  bool are_listed = false;  ///< -o gave the whole list, not additions
  cli::TableFormat format = cli::TableFormat::plain;
  bool headings = true;
  bool exact = false;
  bool processes = false;
  std::optional<std::size_t> depth = {};
  std::optional<cli::RowFilter> filter = {};
  std::optional<cli::ColumnId> sort = {};
  bool descending = false;
  std::chrono::milliseconds interval = kUsualInterval;
  std::string cgroup = "/";
  bool container_if_any = false;  ///< omit CONTAINER if no row has one
};

Status set_columns(Request& request, const char* list) {
  request.columns = TRY(cli::parse_columns(kColumnNames, list, request.columns));
  request.are_listed |= *list != '+';
  return {};
}

Status set_filter(Request& request, const char* expression) {
  request.filter = TRY(cli::RowFilter::parse(kColumnNames, expression));
  return {};
}

Result<std::size_t> parse_depth(const char* text) {
  if (const auto depth = parse_number<std::size_t>(text)) return *depth;
  return problem("invalid depth '{}'", text, "expected a number of 0 or more");
}

Status set_sort(Request& request, std::string_view name) {
  request.descending = name.starts_with('-');
  if (request.descending) name.remove_prefix(1);
  request.sort = TRY(cli::parse_column(kColumnNames, name));
  return {};
}

constexpr cli::Option kBytes =
    cli::flag('b', "bytes", "print sizes in bytes", cli::set_flag<&Request::exact>);
constexpr cli::Option kDepth = cli::value('d', "depth", {"NUMBER"}, "descend NUMBER levels only",
                                          cli::parse_into<parse_depth, &Request::depth>);
constexpr cli::Option kJson =
    cli::flag('J', "json", "print JSON", cli::set<&Request::format, cli::TableFormat::json>);
constexpr cli::Option kNoHeadings =
    cli::flag('n', "noheadings", "omit the headings", cli::clear_flag<&Request::headings>);
constexpr cli::Option kOutput =
    cli::value('o', "output", {"COLUMNS", cli::Completes::list, kColumnWords},
               "columns to show, comma-separated; a leading + appends to the defaults",
               cli::call<set_columns>);
constexpr cli::Option kFilter = cli::value(
    'Q', "filter", {"EXPR"}, "cgroups that match the expression, such as 'PROCS > 0 and OOM > 0'",
    cli::call<set_filter>);
constexpr cli::Option kSort =
    cli::value(cli::kNoLetter, "sort", {"COLUMN", cli::Completes::words, kColumnWords},
               "sort by this column; a leading - puts the largest first",
               [](Request& request, const char* name) { return set_sort(request, name); });
constexpr cli::Option kInterval = cli::value(
    cli::kNoLetter, "interval", {"TIME"},
    "time between the two samples of CPU%, THROTTLED% and the BPS columns (default 250ms)",
    cli::parse_into<cli::parse_time, &Request::interval>);

constexpr std::array kLsOptions{
    cli::under("Selection", kDepth),
    kFilter,
    cli::under("Output", kOutput),
    kSort,
    kBytes,
    kJson,
    cli::flag('r', "raw", "print unaligned, space-separated cells",
              cli::set<&Request::format, cli::TableFormat::raw>),
    kNoHeadings,
    kInterval,
    cli::under("Other", cli::kHelp),
};

constexpr std::array kTreeOptions{
    cli::under("Selection", kDepth),
    kFilter,
    cli::flag('p', "processes", "also show the processes", cli::set_flag<&Request::processes>),
    cli::under("Output", kOutput),
    kSort,
    kBytes,
    kJson,
    kNoHeadings,
    kInterval,
    cli::under("Other", cli::kHelp),
};

/// Adds the column CONTAINER for people, unless they listed the columns.
void add_container(Request& request) {
  if (request.are_listed || request.format != cli::TableFormat::plain) return;
  auto& columns = request.columns;
  if (std::ranges::find(columns, column("CONTAINER")) != columns.end()) return;
  columns.insert(std::ranges::find(columns, column("NAME")) + 1, column("CONTAINER"));
  request.container_if_any = true;
}

/// Moves NAME to the end: command lines are long and would push later columns away.
void put_name_last(std::vector<cli::ColumnId>& columns) {
  std::stable_partition(columns.begin(), columns.end(),
                        [](cli::ColumnId id) { return id != column("NAME"); });
}

/// Returns the name of a cgroup in a tree: the last component of its path, for the root the whole
/// path.
std::string name_in_tree(const CgroupSample& sample) {
  if (!sample.parent) return sample.path;
  return sample.path.substr(sample.path.rfind('/') + 1);
}

class View {
 public:
  View(const Session& session, Request request) : session_(session), request_(std::move(request)) {}

  Status show() {
    TRY(leave_out_missing());
    TRY(read());
    if (!note_.empty()) cli::note(tool(), note_);
    const auto rows = choose();
    if (request_.container_if_any) drop_empty_container(rows);
    if (request_.processes) read_commands(rows);
    if (reading_.unreadable > 0) {
      cli::note(tool(), "cannot read " + std::to_string(reading_.unreadable) +
                            (reading_.unreadable == 1 ? " cgroup" : " cgroups"));
    }
    return request_.format == cli::TableFormat::json ? print_json(rows) : print_table(rows);
  }

 private:
  const cli::Tool& tool() const { return request_.is_tree ? kTree : kLs; }

  /// Returns all columns that are shown, sorted by or filtered by.
  std::vector<cli::ColumnId> needed() const {
    std::vector<cli::ColumnId> columns = request_.columns;
    if (request_.sort) columns.push_back(*request_.sort);
    if (request_.filter) {
      const auto& filtered = request_.filter->columns();
      columns.insert(columns.end(), filtered.begin(), filtered.end());
    }
    return columns;
  }

  /// Omits columns without data in the whole tree. Sorting or filtering by one is an error.
  Status leave_out_missing() {
    const MissingColumns missing(session_.tree);
    if (request_.sort) {
      TRY(missing.check("sort by", *request_.sort));
    }
    if (request_.filter) {
      for (const cli::ColumnId id : request_.filter->columns()) {
        TRY(missing.check("filter by", id));
      }
    }
    const bool is_plain = request_.format == cli::TableFormat::plain;
    // Scripts expect the columns that they request, and no note each time.
    if (is_plain || ::isatty(STDERR_FILENO) == 1) note_ = missing.note(request_.columns);
    if (is_plain) missing.remove_from(request_.columns);
    return {};
  }

  void drop_empty_container(const std::vector<Row>& rows) {
    const bool has_some = std::ranges::any_of(rows, [&](const Row& row) {
      return reading_.cgroups[row.cgroup].place.container.has_value();
    });
    if (!has_some) std::erase(request_.columns, column("CONTAINER"));
  }

  Status read() {
    auto cgroup = TRY(session_.tree.find(request_.cgroup));
    CgroupSampleRequest wanted;
    wanted.pids = request_.processes;
    bool has_rates = false;
    CgroupSampleRequest first;
    for (const cli::ColumnId id : needed()) {
      const CgroupNeeds& needs = info(id).needs;
      wanted.files.insert(needs.files);
      if (needs.is_rate) {
        has_rates = true;
        first.files.insert(needs.files);
      }
    }
    CgroupReading before;
    if (has_rates) {
      before = TRY(sample_cgroups(cgroup, first));
      std::this_thread::sleep_for(request_.interval);
    }
    reading_ = TRY(sample_cgroups(cgroup, wanted));
    if (wanted.files.contains(CgroupFile::names)) {
      Places(session_.tree).name(reading_);
    }
    rates_ = rates_between(before, reading_);
    return {};
  }

  void read_commands(const std::vector<Row>& rows) {
    std::vector<std::size_t> cgroups;
    cgroups.reserve(rows.size());
    for (const Row& row : rows)
      cgroups.push_back(row.cgroup);
    commands_ = cg_tool::read_commands(session_.tree, reading_, cgroups);
  }

  CgroupRow row(std::size_t cgroup) const {
    return {reading_.cgroups[cgroup], rates_[cgroup], request_.exact};
  }

  cli::Value value(std::size_t cgroup, cli::ColumnId id) const {
    return info(id).cell(row(cgroup)).value;
  }

  std::vector<Row> choose() {
    RowRequest wanted{.is_tree = request_.is_tree, .depth = request_.depth};
    wanted.descending = request_.descending;
    if (request_.filter) {
      wanted.accepts = [&](std::size_t cgroup) {
        return request_.filter->matches([&](cli::ColumnId id) { return value(cgroup, id); });
      };
    }
    std::vector<cli::Value> keys;
    if (request_.sort) {
      for (std::size_t i = 0; i < reading_.cgroups.size(); ++i)
        keys.push_back(value(i, *request_.sort));
      wanted.key = [&](std::size_t cgroup) -> const cli::Value& { return keys[cgroup]; };
    }
    return make_rows(reading_, wanted);
  }

  std::string text(std::size_t cgroup, cli::ColumnId id) const {
    if (id == column("NAME") && request_.is_tree) return name_in_tree(reading_.cgroups[cgroup]);
    return cli::shown(info(id).cell(row(cgroup)));
  }

  Status print_table(const std::vector<Row>& rows) const {
    std::vector<cli::TableColumn> columns;
    for (const cli::ColumnId id : request_.columns) {
      columns.push_back(table_column(id, request_.is_tree));
      columns.back().is_last_resort = request_.processes && id == column("NAME");
      columns.back().is_extra = request_.container_if_any && id == column("CONTAINER");
    }
    std::vector<cli::TableRow> lines;
    lines.reserve(rows.size());
    std::vector<std::size_t> lines_of_rows;
    for (const Row& row : rows) {
      cli::TableRow line;
      line.cells.reserve(request_.columns.size());
      if (row.parent) line.parent = lines_of_rows[*row.parent];
      for (const cli::ColumnId id : request_.columns)
        line.cells.push_back(text(row.cgroup, id));
      lines_of_rows.push_back(lines.size());
      lines.push_back(std::move(line));
      if (request_.processes) add_processes(row.cgroup, lines);
    }
    return cli::print_table(
        columns, std::move(lines),
        {.format = request_.format, .headings = request_.headings, .fit = true});
  }

  /// Adds a line for each process below the line of its cgroup, which is the last one so far.
  void add_processes(std::size_t cgroup, std::vector<cli::TableRow>& lines) const {
    const std::size_t parent = lines.size() - 1;
    for (const pid_t pid : reading_.cgroups[cgroup].pids) {
      cli::TableRow line;
      line.parent = parent;
      for (const cli::ColumnId id : request_.columns) {
        line.cells.push_back(id == column("NAME") ? std::to_string(pid) + ' ' + commands_.at(pid)
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
      for (const cli::ColumnId id : request_.columns)
        cli::write_member(info(id), this->row(row.cgroup), json);
      if (request_.processes) {
        json.key("processes").open('[');
        for (const pid_t pid : sample.pids) {
          json.open('{').key("pid").number(pid).key("command");
          json.string(commands_.at(pid)).close();
        }
        json.close();
      }
      json.close();
    }
    return cli::write_stdout(json.close().close().take() + '\n');
  }

  const Session& session_;
  Request request_;
  std::string note_;  // about omitted columns
  CgroupReading reading_;
  std::vector<CgroupRates> rates_;
  std::unordered_map<pid_t, std::string> commands_;  // of the processes shown
};

int show(const cli::Tool& tool, const cli::CommandLine& line, Request request) {
  add_container(request);
  if (request.processes && !request.are_listed) put_name_last(request.columns);
  if (!line.operands.empty()) request.cgroup = line.operands.front();
  auto session = Session::open();
  if (!session) return finish(tool, error_of(session));
  return finish(tool, View(*session, std::move(request)).show());
}

}  // namespace

constexpr cli::Tool kLs{
    "nsx-cg ls",
    "[options] [cgroup]",
    "List a cgroup and its descendants",
    kLsOptions,
    kMaybeCgroup,
    kUsageStatus,
    nullptr,
    {{{"nsx-cg ls", "all cgroups"},
      {"nsx-cg ls --sort=-MEM /", "largest memory use first"},
      {"nsx-cg ls -Q 'OOM > 0'", "cgroups with OOM kills"}}},
};

constexpr cli::Tool kTree{
    "nsx-cg tree",
    "[options] [cgroup]",
    "Show a cgroup and its descendants as a tree",
    kTreeOptions,
    kMaybeCgroup,
    kUsageStatus,
    nullptr,
    {{{"nsx-cg tree -d 2", "two levels"},
      {"nsx-cg tree -p web", "a container, with its processes"},
      {"nsx-cg tree -o +CPU%", "with CPU use"}}},
};

int list(const cli::CommandLine& line) {
  cli::use_locale();
  Request request{.columns = {column("NAME"), column("PROCS"), column("MEM"), column("LIMIT"),
                              column("PIDS/MAX")}};
  if (auto read = cli::apply<kLsOptions>(line, request); !read) {
    return cli::usage_error(kLs, read.error());
  }
  return show(kLs, line, std::move(request));
}

int tree(const cli::CommandLine& line) {
  cli::use_locale();
  Request request{.is_tree = true, .columns = {column("NAME"), column("PROCS"), column("MEM")}};
  if (auto read = cli::apply<kTreeOptions>(line, request); !read) {
    return cli::usage_error(kTree, read.error());
  }
  return show(kTree, line, std::move(request));
}

}  // namespace nsx::cg_tool
