#pragma once

#include <array>
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
};

struct ColumnInfo {
  Column column;
  const char* name;
  bool is_right;   ///< aligned to the right
  bool is_number;  ///< in JSON
  const char* help;
};

/// In the order of `Column`.
inline constexpr std::array kColumns{
    ColumnInfo{Column::ns, "NS", true, true, "inode number of the namespace"},
    ColumnInfo{Column::type, "TYPE", false, false, "kind of namespace"},
    ColumnInfo{Column::path, "PATH", false, false, "a path to the namespace"},
    ColumnInfo{Column::nprocs, "NPROCS", true, true, "number of processes in it"},
    ColumnInfo{Column::pid, "PID", true, true, "lowest PID in it"},
    ColumnInfo{Column::ppid, "PPID", true, true, "parent of PID"},
    ColumnInfo{Column::command, "COMMAND", false, false, "command line of PID"},
    ColumnInfo{Column::uid, "UID", true, true, "UID of PID"},
    ColumnInfo{Column::user, "USER", false, false, "user name of PID"},
    ColumnInfo{Column::netnsid, "NETNSID", true, false, "number of a net namespace in ours"},
    ColumnInfo{Column::nsfs, "NSFS", false, false, "where it is mounted"},
    ColumnInfo{Column::pns, "PNS", true, true, "inode number of its parent"},
    ColumnInfo{Column::ons, "ONS", true, true, "inode number of its owner"},
    ColumnInfo{Column::id, "ID", true, true, "64-bit number, never reused (Linux 6.18)"},
};

inline const ColumnInfo& info(Column column) {
  return kColumns[static_cast<std::size_t>(column)];
}

/// The columns of a list like "NS,TYPE", or "+PNS,ONS" for `standard` and these behind it. Case
/// does not matter.
Result<std::vector<Column>> parse_columns(std::string_view list, std::vector<Column> standard);

}  // namespace nsx::ls_tool
