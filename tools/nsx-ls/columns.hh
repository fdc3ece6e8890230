// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <nsx/census.hh>

#include "common/column.hh"
#include "common/json.hh"
#include "common/value.hh"
#include "nsx-ls/facts.hh"

namespace nsx::ls_tool {

// The contents of cells, made of a census and of the facts that were read for it.

/// The data that the cells of a namespace are made of.
struct NamespaceRow {
  const Census& census;
  const Facts& facts;
  Subject subject;

  const CensusNamespace& ns() const { return census.namespaces[subject.ns]; }
  /// The facts of the namespace and of its process, empty if none were read.
  const NamespaceFacts& of_ns() const;
  const ProcessFacts& of_process() const;
};

// Kinds of cells.
cli::Cell number_cell(std::uint64_t number);
cli::Cell text_cell(const std::string& text);
cli::Cell inode_cell(const NamespaceRow& row, CensusIndex of);
cli::Cell pid_cell(const NamespaceRow& row, pid_t CensusProcess::*member);
cli::Cell id_map_cell(const std::optional<IdMap>& map);
void write_map(const std::optional<IdMap>& map, cli::JsonWriter& json);

// Cells of one column each.
cli::Cell path_cell(const NamespaceRow& row);
cli::Cell uid_cell(const NamespaceRow& row);
cli::Cell user_cell(const NamespaceRow& row);
cli::Cell mounts_cell(const NamespaceRow& row);
cli::Cell names_as_pin_cell(const NamespaceRow& row);
cli::Cell held_by_cell(const NamespaceRow& row);
cli::Cell containers_cell(const NamespaceRow& row);
cli::Cell owner_user_cell(const NamespaceRow& row);
cli::Cell leader_cell(const NamespaceRow& row);
cli::Cell age_cell(const NamespaceRow& row);

/// Data that has to be read for a column.
struct ColumnNeeds {
  SourceSet sources = {};  ///< of the census, besides processes
  KindSet kinds = {};      ///< kinds of namespaces besides those that are listed
  FactSet facts = {};
  /// A census of a single process is enough if only that process was requested.
  bool is_of_one = false;
};

using LsColumn = cli::Column<NamespaceRow, ColumnNeeds>;

inline constexpr auto kNumber = cli::ColumnType::number;
inline constexpr auto kList = cli::ColumnType::list;

inline constexpr std::array kColumns{
    LsColumn{.table = {.name = "NS", .is_right = true, .width = 10},
             .type = kNumber,
             .help = "inode number of the namespace",
             .needs = {.is_of_one = true},
             .cell = [](const NamespaceRow& row) { return inode_cell(row, row.subject.ns); }},
    LsColumn{.table = {.name = "TYPE", .width = 5},
             .help = "kind of namespace",
             .needs = {.is_of_one = true},
             .cell = [](const NamespaceRow& row) -> cli::Cell { return {name(row.ns().kind)}; }},
    LsColumn{.table = {.name = "PATH", .least = 16, .keeps_end = true},
             .help = "a path to the namespace",
             .cell = path_cell},
    LsColumn{.table = {.name = "NPROCS", .is_right = true, .width = 5},
             .type = kNumber,
             .help = "number of processes in it",
             .cell = [](const NamespaceRow& row) { return number_cell(row.ns().process_count); }},
    LsColumn{.table = {.name = "PID", .is_right = true, .width = 5},
             .type = kNumber,
             .help = "lowest PID in it",
             .cell = [](const NamespaceRow& row) { return pid_cell(row, &CensusProcess::pid); }},
    LsColumn{.table = {.name = "PPID", .is_right = true, .width = 5},
             .type = kNumber,
             .help = "parent of PID",
             .cell = [](const NamespaceRow& row) { return pid_cell(row, &CensusProcess::parent); }},
    LsColumn{.table = {.name = "COMMAND", .is_last_resort = true, .least = 16},
             .help = "command line of PID",
             .needs = {.facts = {Fact::command}},
             .cell = [](const NamespaceRow& row) { return text_cell(row.of_process().command); }},
    LsColumn{.table = {.name = "UID", .is_right = true},
             .type = kNumber,
             .help = "UID of PID",
             .needs = {.facts = {Fact::creator}},
             .cell = uid_cell},
    LsColumn{.table = {.name = "USER", .least = 8},
             .help = "user name of PID",
             .needs = {.facts = {Fact::creator, Fact::user}},
             .cell = user_cell},
    LsColumn{.table = {.name = "NETNSID", .is_right = true, .least = 7, .nothing = "unassigned"},
             .help = "netnsid in the current network namespace, or \"unassigned\"",
             .needs = {.facts = {Fact::net_id}},
             .cell = [](const NamespaceRow& row) -> cli::Cell { return {row.of_ns().net_id}; }},
    LsColumn{.table = {.name = "NSFS", .is_list = true, .least = 16, .keeps_end = true},
             .type = kList,
             .help = "where it is mounted",
             .needs = {.sources = {Source::mount}},
             .cell = mounts_cell},
    LsColumn{.table = {.name = "PNS", .is_right = true, .width = 10},
             .type = kNumber,
             .help = "inode number of its parent",
             .needs = {.sources = {Source::relation}, .is_of_one = true},
             .cell = [](const NamespaceRow& row) { return inode_cell(row, row.ns().parent); }},
    LsColumn{.table = {.name = "ONS", .is_right = true, .width = 10},
             .type = kNumber,
             .help = "inode number of its owner",
             .needs = {.sources = {Source::relation}, .is_of_one = true},
             .cell = [](const NamespaceRow& row) { return inode_cell(row, row.ns().owner); }},
    LsColumn{.table = {.name = "ID", .is_right = true},
             .type = kNumber,
             .help = "64-bit ID, never reused (Linux 6.18)",
             .needs = {.is_of_one = true},
             .cell = [](const NamespaceRow& row) -> cli::Cell {
               return {cli::number_or_nothing(row.ns().identity.id)};
             }},
    LsColumn{.table = {.name = "HELD-BY", .is_foldable = true, .least = 24},
             .type = kList,
             .help = "processes, files and namespaces that keep it alive",
             .needs = {.sources = SourceSet::all(), .facts = {Fact::holders}},
             .cell = held_by_cell,
             .json = [](const NamespaceRow& row,
                        cli::JsonWriter& json) { write_json(row.of_ns().holders, json); }},
    LsColumn{.table = {.name = "NAME", .is_list = true, .least = 12},
             .type = kList,
             .help = "its names as a pin",
             .needs = {.sources = {Source::mount}},
             .cell = names_as_pin_cell},
    LsColumn{.table = {.name = "CONTAINER", .least = 12},
             .type = kList,
             .help = "containers in it",
             .needs = {.facts = {Fact::container}},
             .cell = containers_cell},
    LsColumn{.table = {.name = "UNIT", .least = 12},
             .help = "systemd unit of PID",
             .needs = {.facts = {Fact::unit}},
             .cell = [](const NamespaceRow& row) { return text_cell(row.of_process().unit); }},
    LsColumn{.table = {.name = "CGROUP", .least = 16, .keeps_end = true},
             .help = "cgroup of PID",
             .needs = {.facts = {Fact::cgroup}},
             .cell = [](const NamespaceRow& row) { return text_cell(row.of_process().cgroup); }},
    LsColumn{
        .table = {.name = "THREADS", .is_right = true},
        .type = kNumber,
        .help = "number of threads in it",
        .needs = {.sources = {Source::thread}, .facts = {Fact::threads}},
        .cell =
            [](const NamespaceRow& row) { return number_cell(row.facts.threads[row.subject.ns]); }},
    LsColumn{.table = {.name = "OWNER-USER", .least = 10},
             .help = "creator of it, or of the user namespace that owns it",
             .needs = {.sources = {Source::relation},
                       .kinds = {Kind::user},
                       .facts = {Fact::owner_user},
                       .is_of_one = true},
             .cell = owner_user_cell},
    LsColumn{.table = {.name = "UIDMAP", .is_list = true, .least = 12},
             .type = kList,
             .help = "UIDs of a user namespace, INSIDE:OUTSIDE:COUNT",
             .needs = {.facts = {Fact::uid_map}},
             .cell = [](const NamespaceRow& row) { return id_map_cell(row.of_ns().uid_map); },
             .json = [](const NamespaceRow& row,
                        cli::JsonWriter& json) { write_map(row.of_ns().uid_map, json); }},
    LsColumn{.table = {.name = "GIDMAP", .is_list = true, .least = 12},
             .type = kList,
             .help = "its GIDs, likewise",
             .needs = {.facts = {Fact::gid_map}},
             .cell = [](const NamespaceRow& row) { return id_map_cell(row.of_ns().gid_map); },
             .json = [](const NamespaceRow& row,
                        cli::JsonWriter& json) { write_map(row.of_ns().gid_map, json); }},
    LsColumn{.table = {.name = "LEADER", .is_right = true},
             .type = kNumber,
             .help = "PID of the oldest process in it",
             .needs = {.facts = {Fact::leader}},
             .cell = leader_cell},
    LsColumn{.table = {.name = "AGE", .is_right = true},
             .type = kNumber,
             .help = "age of LEADER in seconds",
             .needs = {.facts = {Fact::leader}},
             .cell = age_cell},
};

inline constexpr const char* kColumnWords = cli::kWordsOf<kColumns>.data();
inline constexpr cli::ColumnNames kColumnNames{.words = kColumnWords};

consteval cli::ColumnId column(std::string_view name) {
  return cli::column_named(kColumns, name);
}

inline const LsColumn& info(cli::ColumnId id) {
  return cli::at(kColumns, id);
}

/// Returns the columns that lsns(8) has.
inline std::span<const LsColumn> lsns_columns() {
  return std::span(kColumns).first(static_cast<std::size_t>(column("ONS")) + 1);
}

/// Returns the facts that have to be read for these columns.
inline FactSet facts_of(std::span<const cli::ColumnId> columns) {
  FactSet facts;
  for (const cli::ColumnId id : columns)
    facts.insert(info(id).needs.facts);
  return facts;
}

/// Returns the layout of a column. With `is_padded`, it is at least as wide as in lsns(8);
/// otherwise the heading is the minimum.
inline cli::TableColumn table_column(cli::ColumnId id, bool is_padded) {
  cli::TableColumn table = cli::table_column(info(id));
  if (!is_padded) table.width = 0;
  // A column that can be cut can also be omitted if it is empty.
  table.is_optional = table.least != 0;
  return table;
}

}  // namespace nsx::ls_tool
