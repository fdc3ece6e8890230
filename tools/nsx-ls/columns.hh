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
  threads,
  owner_user,
};

struct ColumnInfo {
  Column column;
  const char* name;
  bool is_right;   ///< aligned to the right
  bool is_number;  ///< in JSON
  bool is_list;    ///< a line feed parts the values of a cell
  const char* help;
};

/// In the order of `Column`.
inline constexpr std::array kColumns{
    ColumnInfo{Column::ns, "NS", true, true, false, "inode number of the namespace"},
    ColumnInfo{Column::type, "TYPE", false, false, false, "kind of namespace"},
    ColumnInfo{Column::path, "PATH", false, false, false, "a path to the namespace"},
    ColumnInfo{Column::nprocs, "NPROCS", true, true, false, "number of processes in it"},
    ColumnInfo{Column::pid, "PID", true, true, false, "lowest PID in it"},
    ColumnInfo{Column::ppid, "PPID", true, true, false, "parent of PID"},
    ColumnInfo{Column::command, "COMMAND", false, false, false, "command line of PID"},
    ColumnInfo{Column::uid, "UID", true, true, false, "UID of PID"},
    ColumnInfo{Column::user, "USER", false, false, false, "user name of PID"},
    ColumnInfo{Column::netnsid, "NETNSID", true, false, false, "number of a net namespace in ours"},
    ColumnInfo{Column::nsfs, "NSFS", false, false, true, "where it is mounted"},
    ColumnInfo{Column::pns, "PNS", true, true, false, "inode number of its parent"},
    ColumnInfo{Column::ons, "ONS", true, true, false, "inode number of its owner"},
    ColumnInfo{Column::id, "ID", true, true, false, "64-bit number, never reused (Linux 6.18)"},
    ColumnInfo{Column::held_by, "HELD-BY", false, false, false, "what keeps it alive"},
    ColumnInfo{Column::pin_name, "NAME", false, false, true, "its name as a pin"},
    ColumnInfo{Column::threads, "THREADS", true, true, false, "number of threads in it"},
    ColumnInfo{Column::owner_user, "OWNER-USER", false, false, false,
               "who made it, or the user namespace that owns it"},
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
