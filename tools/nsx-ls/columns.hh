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
  bool is_number;
  const char* help;
};

/// In the order of `Column`.
inline constexpr std::array kColumns{
    ColumnInfo{Column::ns, "NS", true, "inode number of the namespace"},
    ColumnInfo{Column::type, "TYPE", false, "kind of namespace"},
    ColumnInfo{Column::path, "PATH", false, "a path to the namespace"},
    ColumnInfo{Column::nprocs, "NPROCS", true, "number of processes in it"},
    ColumnInfo{Column::pid, "PID", true, "lowest PID in it"},
    ColumnInfo{Column::ppid, "PPID", true, "parent of PID"},
    ColumnInfo{Column::command, "COMMAND", false, "command line of PID"},
    ColumnInfo{Column::uid, "UID", true, "UID of PID"},
    ColumnInfo{Column::user, "USER", false, "user name of PID"},
    ColumnInfo{Column::netnsid, "NETNSID", false, "number of a net namespace in ours"},
    ColumnInfo{Column::nsfs, "NSFS", false, "where it is mounted"},
    ColumnInfo{Column::pns, "PNS", true, "inode number of its parent"},
    ColumnInfo{Column::ons, "ONS", true, "inode number of its owner"},
    ColumnInfo{Column::id, "ID", true, "64-bit number, never reused (Linux 6.18)"},
};

inline const ColumnInfo& info(Column column) {
  return kColumns[static_cast<std::size_t>(column)];
}

/// The columns of a list like "NS,TYPE", or "+PNS,ONS" for `standard` and these behind it. Case
/// does not matter.
Result<std::vector<Column>> parse_columns(std::string_view list, std::vector<Column> standard);

}  // namespace nsx::ls_tool
