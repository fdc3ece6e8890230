// SPDX-License-Identifier: MIT
#include "nsx-cg/top_batch.hh"

#include <chrono>
#include <cstdio>

#include "common/json.hh"
#include "common/report.hh"
#include "common/table.hh"
#include "nsx-cg/cells.hh"
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

}  // namespace nsx::cg_tool
