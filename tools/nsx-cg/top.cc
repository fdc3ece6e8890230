// nsx-cg top.

#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "common/number.hh"
#include "common/report.hh"
#include "nsx-cg/code.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"
#include "nsx-cg/top_batch.hh"
#include "nsx-cg/top_live.hh"
#include "nsx-cg/top_terminfo.hh"

namespace nsx::cg_tool {

namespace {

struct Request {
  TopSettings settings{.columns = {number_of(Column::cpu), number_of(Column::mem),
                                   number_of(Column::pids), number_of(Column::rbps),
                                   number_of(Column::wbps), number_of(Column::cpu_psi),
                                   number_of(Column::mem_psi), number_of(Column::io_psi)}};
  std::optional<std::uint64_t> count;
  bool batch = false;
  TopFormat format = TopFormat::table;
  bool headings = true;
  std::string cgroup = "/";
};

Status set_columns(const char* list, TopSettings& settings) {
  std::vector<Column> usual;
  for (const std::size_t column : settings.columns)
    usual.push_back(kColumns[column].column);
  auto columns = parse_columns(list, std::move(usual));
  if (!columns) return error_of(columns);
  settings.columns.clear();
  for (const Column column : *columns) {
    // The name is always there, in front.
    if (column != Column::cgroup_name) settings.columns.push_back(number_of(column));
  }
  return {};
}

Status set_sort(std::string_view name, TopSettings& settings) {
  const bool falling = name.starts_with('-');
  if (falling) name.remove_prefix(1);
  auto column = parse_top_column(name);
  if (!column) return error_of(column);
  settings.sort = *column;
  settings.falling = falling;
  return {};
}

Status set_interval(const char* text, TopSettings& settings) {
  auto interval = parse_time(text);
  if (!interval) return error_of(interval);
  constexpr std::chrono::milliseconds kLeast{10};
  constexpr std::chrono::hours kMost{24};
  if (*interval < kLeast || *interval > kMost) {
    return refuse("look every", cli::quoted(text), "it is from 10ms to a day");
  }
  settings.interval = *interval;
  return {};
}

Status apply(const cli::Given& given, Request& request) {
  switch (given.option->id) {
    case 'B':
      request.batch = true;
      break;
    case 'b':
      request.settings.exact = true;
      break;
    case 'J':
      request.batch = true;
      request.format = TopFormat::json;
      break;
    case 'n':
      request.headings = false;
      break;
    case 'T':
      request.settings.is_tree = true;
      break;
    case 'o':
      return set_columns(given.argument, request.settings);
    case 'Q':
      request.settings.filter = given.argument;
      break;
    case kSort:
      return set_sort(given.argument, request.settings);
    case kInterval:
      return set_interval(given.argument, request.settings);
    case kCount: {
      const auto count = cli::parse_number<std::uint64_t>(given.argument);
      if (!count || *count == 0) {
        return refuse("use as a count", cli::quoted(given.argument), "it is a number from 1 on");
      }
      request.count = *count;
      break;
    }
    default:
      break;
  }
  return {};
}

void sleep_for(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds::rep kSecond = 1000;
  constexpr std::chrono::milliseconds::rep kNanoseconds = 1'000'000;
  timespec left{.tv_sec = time.count() / kSecond, .tv_nsec = time.count() % kSecond * kNanoseconds};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

Status run_batch(TopSource& source, TopModel& model, const Request& request) {
  // Rates and events are between two readings: the first is not shown.
  if (auto first = source.next(model.wanted_files()); !first) return error_of(first);
  for (std::uint64_t i = 0; !request.count || i < *request.count; ++i) {
    sleep_for(model.settings().interval);
    auto snapshot = source.next(model.wanted_files());
    if (!snapshot) return error_of(snapshot);
    model.take(std::move(*snapshot));
    if (i > 0 && request.format == TopFormat::table) std::putchar('\n');
    if (auto done = print_batch(model, request.format, request.headings); !done) return done;
  }
  return {};
}

/// NO_COLOR, if it is not empty, switches colours off: no-color.org.
bool wants_colors() {
  const char* no_color = std::getenv("NO_COLOR");
  return no_color == nullptr || *no_color == '\0';
}

int show(const Session& session, TopModel& model, const Request& request) {
  auto first = session.tree.find(request.cgroup);
  if (!first) return finish(kTop, error_of(first));
  TopSource source(std::move(*first));
  const std::string note = why_empty(session.tree, model.settings().columns);
  if (request.batch || !has_screen()) {
    if (!note.empty()) std::fprintf(stderr, "%s: %s\n", kTop.name, note.c_str());
    return finish(kTop, run_batch(source, model, request));
  }
  auto ended = run_live(session.tree, source, model, note, request.count, wants_colors());
  if (!ended) return finish(kTop, error_of(ended));
  if (*ended != 0) {
    // The terminal is as it was: end as anybody would.
    std::signal(*ended, SIG_DFL);
    std::raise(*ended);
  }
  return finish(kTop, {});
}

}  // namespace

int top(const cli::CommandLine& line) {
  // For the width of names, and what the terminal can show; messages stay as they are.
  std::setlocale(LC_CTYPE, "");
  Request request;
  for (const cli::Given& given : line.options) {
    if (auto done = apply(given, request); !done) return cli::usage_error(kTop, done.error());
  }
  if (!line.operands.empty()) request.cgroup = line.operands.front();
  auto model = TopModel::make(request.settings);
  if (!model) return cli::usage_error(kTop, model.error());
  auto session = Session::open();
  if (!session) return finish(kTop, error_of(session));
  return show(*session, *model, request);
}

}  // namespace nsx::cg_tool
