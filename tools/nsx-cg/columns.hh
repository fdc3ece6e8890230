// SPDX-License-Identifier: MIT
#pragma once
// The columns of nsx-cg ls, tree and top, one row each.

#include <nsx/result.hh>

#include "account/account.hh"
#include "common/column.hh"
#include "common/table.hh"
#include "nsx-cg/cells.hh"

namespace nsx::cg_tool {

struct CgroupNeeds {
  CgroupFileSet files;               ///< the files to read
  const char* controller = nullptr;  ///< required for a value; null: none
  bool is_rate = false;              ///< needs two samples
};

using CgroupColumn = cli::Column<CgroupRow, CgroupNeeds>;

/// The width down to which cells are cut if the terminal is too narrow.
inline constexpr std::size_t kLeastPath = 20;
inline constexpr std::size_t kLeastName = 12;

inline constexpr auto kNumber = cli::ColumnType::number;

inline constexpr std::array kColumns{
    CgroupColumn{.table = {.name = "NAME", .least = kLeastPath},
                 .cell = [](const CgroupRow& row) { return text(row.sample.path); }},
    CgroupColumn{.table = {.name = "PROCS", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::processes}},
                 .cell = [](const CgroupRow& row) { return count(row.sample.processes); }},
    CgroupColumn{.table = {.name = "THREADS", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::threads}},
                 .cell = [](const CgroupRow& row) { return count(row.sample.threads); }},
    CgroupColumn{.table = {.name = "CPU%", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::cpu_stat}, nullptr, true},
                 .cell = [](const CgroupRow& row) { return percent(row.rates.cpu); }},
    CgroupColumn{.table = {.name = "THROTTLED%", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::cpu_stat}, "cpu", true},
                 .cell = [](const CgroupRow& row) { return percent(row.rates.throttled); }},
    CgroupColumn{.table = {.name = "MEM", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::memory_current}, "memory"},
                 .cell = [](const CgroupRow& row) { return size(row.sample.memory, row.exact); }},
    CgroupColumn{
        .table = {.name = "PEAK", .is_right = true},
        .type = kNumber,
        .needs = {{CgroupFile::memory_peak}, "memory"},
        .cell = [](const CgroupRow& row) { return size(row.sample.memory_peak, row.exact); }},
    CgroupColumn{
        .table = {.name = "LIMIT", .is_right = true},
        .type = kNumber,
        .needs = {{CgroupFile::memory_max}, "memory"},
        .cell = [](const CgroupRow& row) { return size(row.sample.memory_max, row.exact); }},
    CgroupColumn{.table = {.name = "SWAP", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::swap_current}, "memory"},
                 .cell = [](const CgroupRow& row) { return size(row.sample.swap, row.exact); }},
    CgroupColumn{.table = {.name = "RBPS", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::io_stat}, "io", true},
                 .cell = [](const CgroupRow& row) { return rate(row.rates.read_bytes, row.exact); },
                 .json = write_rate<&CgroupRates::read_bytes>},
    CgroupColumn{
        .table = {.name = "WBPS", .is_right = true},
        .type = kNumber,
        .needs = {{CgroupFile::io_stat}, "io", true},
        .cell = [](const CgroupRow& row) { return rate(row.rates.written_bytes, row.exact); },
        .json = write_rate<&CgroupRates::written_bytes>},
    CgroupColumn{
        .table = {.name = "RXBPS", .is_right = true},
        .type = kNumber,
        .needs = {{CgroupFile::net}, nullptr, true},
        .cell = [](const CgroupRow& row) { return rate(row.rates.received_bytes, row.exact); },
        .json = write_rate<&CgroupRates::received_bytes>},
    CgroupColumn{.table = {.name = "TXBPS", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::net}, nullptr, true},
                 .cell = [](const CgroupRow& row) { return rate(row.rates.sent_bytes, row.exact); },
                 .json = write_rate<&CgroupRates::sent_bytes>},
    CgroupColumn{
        .table = {.name = "RX", .is_right = true},
        .type = kNumber,
        .needs = {{CgroupFile::net}},
        .cell = [](const CgroupRow& row) { return size(received(row.sample), row.exact); }},
    CgroupColumn{.table = {.name = "TX", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::net}},
                 .cell = [](const CgroupRow& row) { return size(sent(row.sample), row.exact); }},
    CgroupColumn{.table = {.name = "PIDS/MAX", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::pids_current, CgroupFile::pids_max}, "pids"},
                 .cell = [](const CgroupRow& row) { return pids(row.sample); },
                 .json = write_pids,
                 .key = "pids"},
    CgroupColumn{.table = {.name = "CPU-PSI", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::cpu_pressure}},
                 .cell = [](const CgroupRow& row) { return pressure(row.sample.cpu_pressure); },
                 .json = write_pressure<&CgroupSample::cpu_pressure>},
    CgroupColumn{.table = {.name = "MEM-PSI", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::memory_pressure}},
                 .cell = [](const CgroupRow& row) { return pressure(row.sample.memory_pressure); },
                 .json = write_pressure<&CgroupSample::memory_pressure>},
    CgroupColumn{.table = {.name = "IO-PSI", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::io_pressure}},
                 .cell = [](const CgroupRow& row) { return pressure(row.sample.io_pressure); },
                 .json = write_pressure<&CgroupSample::io_pressure>},
    CgroupColumn{.table = {.name = "OOM", .is_right = true},
                 .type = kNumber,
                 .needs = {{CgroupFile::memory_events}, "memory"},
                 .cell = [](const CgroupRow& row) { return count(row.sample.oom_kills); }},
    CgroupColumn{.table = {.name = "FROZEN"},
                 .needs = {{CgroupFile::events}},
                 .cell = [](const CgroupRow& row) { return yes_or_no(row.sample.frozen); },
                 .json = write_frozen},
    CgroupColumn{.table = {.name = "TYPE"},
                 .needs = {{CgroupFile::type}},
                 .cell = [](const CgroupRow& row) { return text(row.sample.type); }},
    CgroupColumn{.table = {.name = "CONTROLLERS", .least = kLeastName, .is_optional = true},
                 .needs = {{CgroupFile::controllers}},
                 .cell = [](const CgroupRow& row) { return text(joined(row.sample.controllers)); },
                 .json = write_controllers},
    CgroupColumn{.table = {.name = "CONTAINER", .least = kLeastName, .is_optional = true},
                 .needs = {{CgroupFile::names}},
                 .cell = [](const CgroupRow& row) { return short_container(row.sample.place); },
                 .json = write_container},
    CgroupColumn{.table = {.name = "UNIT", .least = kLeastName, .is_optional = true},
                 .needs = {{CgroupFile::names}},
                 .cell = [](const CgroupRow& row) { return unit(row.sample.place); }},
};

inline constexpr const char* kColumnWords = cli::kWordsOf<kColumns>.data();

consteval cli::ColumnId column(std::string_view name) {
  return cli::column_named(kColumns, name);
}

/// Short names for common columns.
inline constexpr std::array kColumnAliases{
    cli::ColumnAlias{"CPU", column("CPU%")},      cli::ColumnAlias{"MEMORY", column("MEM")},
    cli::ColumnAlias{"PIDS", column("PIDS/MAX")}, cli::ColumnAlias{"TASKS", column("PIDS/MAX")},
    cli::ColumnAlias{"READ", column("RBPS")},     cli::ColumnAlias{"WRITE", column("WBPS")},
    cli::ColumnAlias{"PATH", column("NAME")},
};
inline constexpr cli::ColumnNames kColumnNames{.words = kColumnWords, .aliases = kColumnAliases};

inline const CgroupColumn& info(cli::ColumnId id) {
  return cli::at(kColumns, id);
}

/// Returns the layout of a column. In a tree, NAME keeps its start, which has the lines, when cut.
inline cli::TableColumn table_column(cli::ColumnId id, bool is_tree) {
  cli::TableColumn table = cli::table_column(info(id));
  if (id == column("NAME")) {
    table.has_tree = is_tree;
    table.keeps_end = !is_tree;
  }
  return table;
}

}  // namespace nsx::cg_tool
