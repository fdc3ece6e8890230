#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include <nsx/cgroup_sample.hh>
#include <nsx/result.hh>

namespace nsx::cg_tool {

enum class Column {
  cgroup_name,
  procs,
  threads,
  cpu,
  mem,
  peak,
  limit,
  swap,
  rbps,
  wbps,
  rxbps,
  txbps,
  rx,
  tx,
  pids,
  cpu_psi,
  mem_psi,
  io_psi,
  oom,
  frozen,
  type,
  controllers,
  container,
  unit,
};

struct ColumnInfo {
  Column column;
  const char* name;
  bool is_right;
  bool is_rate;         ///< needs two readings
  CgroupFileSet files;  ///< what it is read from
};

/// In the order of `Column`.
inline constexpr std::array kColumns{
    ColumnInfo{Column::cgroup_name, "NAME", false, false, {}},
    ColumnInfo{Column::procs, "PROCS", true, false, {CgroupFile::processes}},
    ColumnInfo{Column::threads, "THREADS", true, false, {CgroupFile::threads}},
    ColumnInfo{Column::cpu, "CPU%", true, true, {CgroupFile::cpu_stat}},
    ColumnInfo{Column::mem, "MEM", true, false, {CgroupFile::memory_current}},
    ColumnInfo{Column::peak, "PEAK", true, false, {CgroupFile::memory_peak}},
    ColumnInfo{Column::limit, "LIMIT", true, false, {CgroupFile::memory_max}},
    ColumnInfo{Column::swap, "SWAP", true, false, {CgroupFile::swap_current}},
    ColumnInfo{Column::rbps, "RBPS", true, true, {CgroupFile::io_stat}},
    ColumnInfo{Column::wbps, "WBPS", true, true, {CgroupFile::io_stat}},
    ColumnInfo{Column::rxbps, "RXBPS", true, true, {CgroupFile::net}},
    ColumnInfo{Column::txbps, "TXBPS", true, true, {CgroupFile::net}},
    ColumnInfo{Column::rx, "RX", true, false, {CgroupFile::net}},
    ColumnInfo{Column::tx, "TX", true, false, {CgroupFile::net}},
    ColumnInfo{
        Column::pids, "PIDS/MAX", true, false, {CgroupFile::pids_current, CgroupFile::pids_max}},
    ColumnInfo{Column::cpu_psi, "CPU-PSI", true, false, {CgroupFile::cpu_pressure}},
    ColumnInfo{Column::mem_psi, "MEM-PSI", true, false, {CgroupFile::memory_pressure}},
    ColumnInfo{Column::io_psi, "IO-PSI", true, false, {CgroupFile::io_pressure}},
    ColumnInfo{Column::oom, "OOM", true, false, {CgroupFile::memory_events}},
    ColumnInfo{Column::frozen, "FROZEN", false, false, {CgroupFile::events}},
    ColumnInfo{Column::type, "TYPE", false, false, {CgroupFile::type}},
    ColumnInfo{Column::controllers, "CONTROLLERS", false, false, {CgroupFile::controllers}},
    ColumnInfo{Column::container, "CONTAINER", false, false, {}},
    ColumnInfo{Column::unit, "UNIT", false, false, {}},
};

inline const ColumnInfo& info(Column column) {
  return kColumns[static_cast<std::size_t>(column)];
}

/// The names of all columns, in their order.
std::span<const std::string_view> column_names();

/// The column of this name. Case does not matter.
Result<Column> parse_column(std::string_view name);

/// The columns of a list like "NAME,MEM", or "+OOM" for `standard` and these behind it.
Result<std::vector<Column>> parse_columns(std::string_view list, std::vector<Column> standard);

}  // namespace nsx::cg_tool
