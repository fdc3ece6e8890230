#include "nsx-cg/top_batch.hh"

#include <chrono>
#include <cstdio>

#include "common/json.hh"
#include "common/table.hh"
#include "nsx-cg/cells.hh"

namespace nsx::cg_tool {

namespace {

/// The name, the chosen columns, and the events.
std::vector<std::size_t> columns_of(const TopModel& model) {
  std::vector<std::size_t> columns{number_of(Column::cgroup_name)};
  columns.insert(columns.end(), model.settings().columns.begin(), model.settings().columns.end());
  columns.push_back(kEventsColumn);
  return columns;
}

Status print(const TopModel& model, bool headings) {
  const auto chosen = columns_of(model);
  const bool is_tree = model.settings().is_tree;
  std::vector<cli::TableColumn> columns;
  columns.reserve(chosen.size());
  for (const std::size_t column : chosen) {
    columns.push_back({.name = top_column_names()[column].data(),
                       .is_right = is_right(column),
                       .is_number = false,
                       .is_last_resort = false,
                       .is_list = false,
                       .has_tree = is_tree && column == number_of(Column::cgroup_name)});
  }
  std::vector<cli::TableRow> lines;
  for (const Row& row : model.rows()) {
    cli::TableRow line{{}, row.parent};
    for (const std::size_t column : chosen) {
      cli::Cell cell = top_cell(column, model.snapshot(), row.cgroup, model.settings().exact);
      std::string text = cell.shown.empty() ? cli::text_of(cell.value) : std::move(cell.shown);
      if (row.parent && column == number_of(Column::cgroup_name)) {
        text.erase(0, text.rfind('/') + 1);
      }
      line.cells.push_back(std::move(text));
    }
    lines.push_back(std::move(line));
  }
  return cli::print_table("cgroups", columns, lines, cli::TableFormat::plain, headings);
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
    for (const std::size_t column : columns_of(model)) {
      if (column == kEventsColumn) continue;
      add_members(json, kColumns[column].column, snapshot.reading.cgroups[row.cgroup],
                  snapshot.rates[row.cgroup]);
    }
    const TopEvents& events = snapshot.events[row.cgroup];
    constexpr double kPercent = 100;
    constexpr int kDigits = 2;
    json.key("events").open('{');
    json.key("killed").number(events.kills).key("at-limit").number(events.at_limit);
    json.key("reclaimed").number(events.reclaims).key("forks-failed").number(events.failed_forks);
    json.key("throttled%").decimal(events.throttled * kPercent, kDigits);
    json.close().close();
  }
  return json.close().close().take();
}

Status print_batch(const TopModel& model, TopFormat format, bool headings) {
  if (format == TopFormat::table) {
    if (auto done = print(model, headings); !done) return done;
  } else {
    const std::string line = json_line(model, seconds_since_1970()) + '\n';
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) {
      return fail("write", "standard output");
    }
  }
  if (std::fflush(stdout) != 0) return fail("write", "standard output");
  return {};
}

}  // namespace nsx::cg_tool
