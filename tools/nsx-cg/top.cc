// SPDX-License-Identifier: MIT
// nsx-cg top.

#include <algorithm>
#include <array>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <unistd.h>

#include "common/number.hh"
#include "common/report.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/missing.hh"
#include "nsx-cg/session.hh"
#include "nsx-cg/top_batch.hh"
#include "nsx-cg/top_live.hh"
#include "nsx-cg/top_terminfo.hh"
#include "try.hh"

namespace nsx::cg_tool {

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
  const auto count = cli::parse_number<std::uint64_t>(text);
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
