// SPDX-License-Identifier: MIT

#include <algorithm>
#include <array>
#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <unistd.h>

#include "common/json.hh"
#include "common/report.hh"
#include "common/table.hh"
#include "common/value.hh"
#include "nsx-cg/cells.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/rows.hh"
#include "nsx-cg/top_live.hh"
#include "nsx-cg/top_terminfo.hh"
#include "try.hh"

namespace nsx::cg_tool {

namespace {

/// Returns the columns: NAME, the chosen ones and EVENTS.
std::vector<cli::ColumnId> columns_of(const TopModel& model) {
  std::vector<cli::ColumnId> columns{column("NAME")};
  const auto others = model.columns();
  columns.insert(columns.end(), others.begin(), others.end());
  columns.push_back(kEventsColumn);
  return columns;
}

Status print(const TopModel& model, bool headings) {
  const auto chosen = columns_of(model);
  const bool is_tree = model.settings().is_tree;
  std::vector<cli::TableColumn> columns;
  columns.reserve(chosen.size());
  for (const cli::ColumnId id : chosen) {
    if (id == kEventsColumn) {
      constexpr std::size_t kLeast = 8;
      columns.push_back({.name = "EVENTS", .least = kLeast});
    } else {
      columns.push_back(table_column(id, is_tree));
    }
  }
  std::vector<cli::TableRow> lines;
  for (const Row& row : model.rows()) {
    cli::TableRow line{{}, row.parent};
    for (const cli::ColumnId id : chosen) {
      std::string text =
          cli::shown(top_cell(id, model.snapshot(), row.cgroup, model.settings().exact));
      if (row.parent && id == column("NAME")) {
        text.erase(0, text.rfind('/') + 1);
      }
      line.cells.push_back(std::move(text));
    }
    lines.push_back(std::move(line));
  }
  return cli::print_table(columns, std::move(lines), {.headings = headings, .fit = true});
}

double seconds_since_1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

}  // namespace

std::string json_line(const TopModel& model, double time) {
  constexpr int kMilliseconds = 3;
  cli::JsonWriter json;
  json.open('{').key("time").decimal(time, kMilliseconds).key("cgroups").open('[');
  const TopSnapshot& snapshot = model.snapshot();
  for (const Row& row : model.rows()) {
    json.open('{');
    for (const cli::ColumnId id : columns_of(model)) {
      if (id == kEventsColumn) continue;
      const CgroupRow read{snapshot.reading.cgroups[row.cgroup], snapshot.rates[row.cgroup]};
      cli::write_member(info(id), read, json);
    }
    const TopEvents& events = snapshot.events[row.cgroup];
    constexpr double kPercent = 100;
    constexpr int kDigits = 2;
    json.key("events").open('{');
    json.key("killed").number(events.kills).key("at_limit").number(events.at_limit);
    json.key("reclaimed").number(events.reclaims).key("forks_failed").number(events.failed_forks);
    json.key("throttled_percent").decimal(events.throttled * kPercent, kDigits);
    json.close().close();
  }
  return json.close().close().take();
}

Status print_batch(const TopModel& model, TopFormat format, bool headings) {
  if (format == TopFormat::table) {
    TRY(print(model, headings));
  } else {
    TRY(cli::write_stdout(json_line(model, seconds_since_1970()) + '\n'));
  }
  return cli::flush_stdout();
}

namespace {

struct Request {
  TopSettings settings{.columns = {column("CPU%"), column("MEM"), column("PIDS/MAX"),
                                   column("RBPS"), column("WBPS"), column("CPU-PSI"),
                                   column("MEM-PSI"), column("IO-PSI")}};
  std::optional<std::uint64_t> count;
  bool batch = false;
  TopFormat format = TopFormat::table;
  bool headings = true;
  std::string cgroup = "/";
  bool are_columns_listed = false;
};

Status set_columns(Request& request, const char* list) {
  request.are_columns_listed = *list != '+';
  std::vector<cli::ColumnId>& columns = request.settings.columns;
  columns = TRY(cli::parse_columns(kColumnNames, list, columns));
  // NAME is always shown, as the first column.
  std::erase(columns, column("NAME"));
  return {};
}

Status set_sort(TopSettings& settings, const char* text) {
  std::string_view name = text;
  const bool falling = name.starts_with('-');
  if (falling) name.remove_prefix(1);
  settings.sort = TRY(cli::parse_column(kTopNames, name));
  settings.falling = falling;
  return {};
}

Result<std::chrono::milliseconds> parse_interval(const char* text) {
  auto interval = TRY(cli::parse_time(text));
  constexpr std::chrono::milliseconds kLeast{10};
  constexpr std::chrono::hours kMost{24};
  if (interval >= kLeast && interval <= kMost) return interval;
  return problem("invalid interval '{}'", text, "expected a time from 10ms to one day");
}

Result<std::uint64_t> parse_count(const char* text) {
  const auto count = parse_number<std::uint64_t>(text);
  if (count && *count > 0) return *count;
  return problem("invalid count '{}'", text, "expected a number of 1 or more");
}

constexpr std::array kTopOptions{
    cli::under("Selection",
               cli::value('Q', "filter", {"EXPR"},
                          "cgroups that match the expression, such as 'PROCS > 0 and OOM > 0'",
                          cli::set_text<&TopSettings::filter>)),
    cli::under("Output",
               cli::value('o', "output", {"COLUMNS", cli::Completes::list, kColumnWords},
                          "columns to show, comma-separated; a leading + appends to the defaults",
                          cli::call<set_columns>)),
    cli::value(cli::kNoLetter, "sort", {"COLUMN", cli::Completes::words, kTopSortWords.data()},
               "sort by this column; a leading - puts the largest first (default -CPU%)",
               cli::call<set_sort>),
    cli::flag('T', "tree", "show a tree", cli::set_flag<&TopSettings::is_tree>),
    cli::flag('b', "bytes", "print sizes in bytes", cli::set_flag<&TopSettings::exact>),
    cli::value(cli::kNoLetter, "interval", {"TIME"},
               "time between samples: 500ms, 10s (default 1s)",
               cli::parse_into<parse_interval, &TopSettings::interval>),
    cli::flag('B', "batch", "print a table for each sample, also on a terminal",
              cli::set_flag<&Request::batch>),
    cli::flag('J', "json", "print a line of JSON for each sample",
              [](Request& request) {
                request.batch = true;
                request.format = TopFormat::json;
              }),
    cli::flag('n', "noheadings", "omit the headings", cli::clear_flag<&Request::headings>),
    cli::value(cli::kNoLetter, "count", {"NUMBER"}, "exit after NUMBER samples",
               cli::parse_into<parse_count, &Request::count>),
    cli::under("Other", cli::kHelp),
};

void sleep_for(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds::rep kSecond = 1000;
  constexpr std::chrono::milliseconds::rep kNanoseconds = 1'000'000;
  timespec left{.tv_sec = time.count() / kSecond, .tv_nsec = time.count() % kSecond * kNanoseconds};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

Status run_batch(TopSource& source, TopModel& model, const Request& request) {
  // Rates and events need two readings: the first one is not shown.
  TRY(source.next(model.wanted_files()));
  for (std::uint64_t i = 0; !request.count || i < *request.count; ++i) {
    sleep_for(model.settings().interval);
    auto snapshot = TRY(source.next(model.wanted_files()));
    model.take(std::move(snapshot));
    if (i > 0 && request.format == TopFormat::table) std::putchar('\n');
    TRY(print_batch(model, request.format, request.headings));
  }
  return {};
}

/// Whether colors are used: a non-empty NO_COLOR disables them (no-color.org).
bool wants_colors() {
  const char* no_color = std::getenv("NO_COLOR");
  return no_color == nullptr || *no_color == '\0';
}

/// For people, adds the column CONTAINER and removes columns without data.
void choose_columns(const MissingColumns& missing, Request& request) {
  if (request.format == TopFormat::json) return;
  auto& columns = request.settings.columns;
  missing.remove_from(columns);
  const bool has_container = std::ranges::find(columns, column("CONTAINER")) != columns.end();
  if (!request.are_columns_listed && !has_container) {
    columns.insert(columns.begin(), column("CONTAINER"));
    request.settings.container_if_any = true;
  }
}

/// Passes the columns without data to the model. Errors: the list is sorted by one of them.
Status leave_out_missing(const MissingColumns& missing, TopSettings& settings) {
  for (std::size_t i = 0; i < kColumns.size(); ++i)
    settings.missing.push_back(missing.why(cli::ColumnId{static_cast<std::uint8_t>(i)}));
  if (settings.sort == kEventsColumn) return {};
  return missing.check("sort by", settings.sort);
}

int show(const Session& session, Request& request) {
  auto first = session.tree.find(request.cgroup);
  if (!first) return finish(kTop, error_of(first));
  const MissingColumns missing(session.tree);
  if (auto ok = leave_out_missing(missing, request.settings); !ok) return finish(kTop, ok);
  const std::string note = missing.note(request.settings.columns);
  choose_columns(missing, request);
  auto made = TopModel::make(request.settings);
  if (!made) return finish(kTop, error_of(made));
  TopModel& model = *made;
  TopSource source(session.tree, std::move(*first));
  if (request.batch || !has_screen()) {
    const bool is_for_person = request.format == TopFormat::table || ::isatty(STDERR_FILENO) == 1;
    if (!note.empty() && is_for_person) cli::note(kTop, note);
    return finish(kTop, run_batch(source, model, request));
  }
  auto ended = run_live(session.tree, source, model, note, request.count, wants_colors());
  if (!ended) return finish(kTop, error_of(ended));
  if (*ended != 0) {
    // The terminal is restored: end by the signal, as its sender expects.
    std::signal(*ended, SIG_DFL);
    std::raise(*ended);
  }
  return finish(kTop, {});
}

}  // namespace

constexpr cli::Tool kTop{
    "nsx-cg top",
    "[options] [cgroup]",
    "Show resource use of a cgroup and its descendants over time",
    kTopOptions,
    kMaybeCgroup,
    kUsageStatus,
    "On a terminal, h shows the keys. Otherwise a table is printed for each sample.\n",
    {{{"nsx-cg top", "the whole machine"},
      {"nsx-cg top --sort=-MEM web", "a container, by memory"},
      {"nsx-cg top --batch --count 1", "a single table"}}},
};

int top(const cli::CommandLine& line) {
  // For the display width of names and the characters of the terminal; messages stay untranslated.
  std::setlocale(LC_CTYPE, "");
  Request request;
  if (auto read = cli::apply<kTopOptions>(line, request, request.settings); !read) {
    return cli::usage_error(kTop, read.error());
  }
  if (!line.operands.empty()) request.cgroup = line.operands.front();
  // An invalid filter is a usage error.
  if (auto model = TopModel::make(request.settings); !model) {
    return cli::usage_error(kTop, model.error());
  }
  auto session = Session::open();
  if (!session) return finish(kTop, error_of(session));
  return show(*session, request);
}

}  // namespace nsx::cg_tool
