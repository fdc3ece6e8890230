#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include <nsx/result.hh>

namespace nsx::ls_tool {

enum class Column {
  ns,
  type,
  path,
  nprocs,
  pid,
  ppid,
  command,
  uid,
  user,
  netnsid,
  nsfs,
  pns,
  ons,
  id,
  held_by,
  pin_name,
  container,
  unit,
  cgroup,
  threads,
  owner_user,
  uid_map,
  gid_map,
  leader,
  age,
};

/// What the cells of a column hold.
enum class ColumnType { number, text, list };

struct ColumnInfo {
  Column column;
  const char* name;
  ColumnType type;
  bool is_right;  ///< aligned to the right
  const char* help;
};

/// In the order of `Column`.
inline constexpr std::array kColumns{
    ColumnInfo{Column::ns, "NS", ColumnType::number, true, "inode number of the namespace"},
    ColumnInfo{Column::type, "TYPE", ColumnType::text, false, "kind of namespace"},
    ColumnInfo{Column::path, "PATH", ColumnType::text, false, "a path to the namespace"},
    ColumnInfo{Column::nprocs, "NPROCS", ColumnType::number, true, "number of processes in it"},
    ColumnInfo{Column::pid, "PID", ColumnType::number, true, "lowest PID in it"},
    ColumnInfo{Column::ppid, "PPID", ColumnType::number, true, "parent of PID"},
    ColumnInfo{Column::command, "COMMAND", ColumnType::text, false, "command line of PID"},
    ColumnInfo{Column::uid, "UID", ColumnType::number, true, "UID of PID"},
    ColumnInfo{Column::user, "USER", ColumnType::text, false, "user name of PID"},
    ColumnInfo{Column::netnsid, "NETNSID", ColumnType::text, true,
               "number of a net namespace in ours, or \"unassigned\""},
    ColumnInfo{Column::nsfs, "NSFS", ColumnType::list, false, "where it is mounted"},
    ColumnInfo{Column::pns, "PNS", ColumnType::number, true, "inode number of its parent"},
    ColumnInfo{Column::ons, "ONS", ColumnType::number, true, "inode number of its owner"},
    ColumnInfo{Column::id, "ID", ColumnType::number, true,
               "64-bit number, never given again (Linux 6.18)"},
    ColumnInfo{Column::held_by, "HELD-BY", ColumnType::list, false, "what keeps it alive"},
    ColumnInfo{Column::pin_name, "NAME", ColumnType::list, false, "its names as a pin"},
    ColumnInfo{Column::container, "CONTAINER", ColumnType::text, false, "container of PID"},
    ColumnInfo{Column::unit, "UNIT", ColumnType::text, false, "systemd unit of PID"},
    ColumnInfo{Column::cgroup, "CGROUP", ColumnType::text, false, "cgroup of PID"},
    ColumnInfo{Column::threads, "THREADS", ColumnType::number, true, "number of threads in it"},
    ColumnInfo{Column::owner_user, "OWNER-USER", ColumnType::text, false,
               "who made it, or the user namespace that owns it"},
    ColumnInfo{Column::uid_map, "UIDMAP", ColumnType::list, false,
               "UIDs of a user namespace, INSIDE:OUTSIDE:COUNT"},
    ColumnInfo{Column::gid_map, "GIDMAP", ColumnType::list, false, "its GIDs, likewise"},
    ColumnInfo{Column::leader, "LEADER", ColumnType::number, true,
               "PID of the oldest process in it"},
    ColumnInfo{Column::age, "AGE", ColumnType::number, true, "seconds since LEADER has started"},
};

inline const ColumnInfo& info(Column column) {
  return kColumns[static_cast<std::size_t>(column)];
}

/// The names of all columns, in their order.
std::span<const std::string_view> column_names();

/// The columns of a list like "NS,TYPE", or "+PNS,ONS" for `standard` and these behind it. Case
/// does not matter.
Result<std::vector<Column>> parse_columns(std::string_view list, std::vector<Column> standard);

}  // namespace nsx::ls_tool
