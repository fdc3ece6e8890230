// SPDX-License-Identifier: MIT
#pragma once
// The columns of nsx-pin ls, one row each, and the data that their cells are made of.

#include <optional>
#include <string>
#include <vector>

#include <nsx/enum_set.hh>
#include <nsx/pin.hh>

#include "common/column.hh"

namespace nsx::pin_tool {

/// Data that a column needs beyond the list of pins.
enum class PinNeed : std::uint8_t {
  created,    ///< creation times of the files
  state,      ///< PinStore::examine(), and the users of pins mounted elsewhere
  processes,  ///< a census
  id,
  net_id,
  owner,
  addresses,
  peers,
};
using PinNeeds = EnumSet<PinNeed, PinNeed::peers>;

/// A pin, and the data that has been read for it.
struct PinRow {
  PinFile pin;
  const PinStore* store = nullptr;  ///< that has the pin; not owned
  std::string user = {};            ///< for the state elsewhere: the process that has it mounted
  std::optional<std::uint64_t> processes = {};
  std::optional<std::uint64_t> id = {};      ///< 64-bit ID
  std::optional<std::uint64_t> net_id = {};  ///< in the caller's net namespace
  std::string owner = {};                    ///< user name
  std::vector<std::string> addresses = {};
  std::vector<std::string> peers = {};
};

using PinColumn = cli::Column<PinRow, PinNeeds>;

/// Returns a local time, "2026-01-31T12:00:00+0100"; no value for 0.
cli::Value time_value(std::time_t time);

/// Returns the cell of STATE: "stale", "elsewhere (PID 4021)".
std::string state_text(const PinRow& row);

/// The width down to which cells are cut if the terminal is too narrow.
inline constexpr std::size_t kLeastName = 12;
inline constexpr std::size_t kLeastPath = 20;

inline constexpr auto kNumber = cli::ColumnType::number;
inline constexpr auto kList = cli::ColumnType::list;

inline constexpr std::array kColumns{
    PinColumn{.table = {.name = "NAME", .least = kLeastName},
              .cell = [](const PinRow& row) -> cli::Cell { return {row.pin.name}; }},
    PinColumn{
        .table = {.name = "KIND"},
        .cell = [](const PinRow& row) -> cli::Cell { return {std::string(name(row.pin.kind))}; }},
    PinColumn{.table = {.name = "NS", .is_right = true},
              .type = kNumber,
              .needs = {PinNeed::state},
              .cell = [](const PinRow& row) -> cli::Cell {
                return {cli::number_or_nothing(row.pin.inode)};
              }},
    PinColumn{
        .table = {.name = "ID", .is_right = true},
        .type = kNumber,
        .needs = {PinNeed::id},
        .cell = [](const PinRow& row) -> cli::Cell { return {cli::number_or_nothing(row.id)}; }},
    PinColumn{.table = {.name = "PROCS", .is_right = true},
              .type = kNumber,
              .needs = {PinNeed::processes},
              .cell = [](const PinRow& row) -> cli::Cell {
                return {cli::number_or_nothing(row.processes)};
              }},
    PinColumn{.table = {.name = "NETNSID", .is_right = true, .is_optional = true},
              .type = kNumber,
              .needs = {PinNeed::net_id},
              .cell = [](const PinRow& row) -> cli::Cell {
                return {cli::number_or_nothing(row.net_id)};
              }},
    PinColumn{.table = {.name = "CREATED"},
              .needs = {PinNeed::created},
              .cell = [](const PinRow& row) -> cli::Cell { return {time_value(row.pin.created)}; }},
    PinColumn{
        .table = {.name = "OWNER", .least = kLeastName},
        .needs = {PinNeed::owner},
        .cell = [](const PinRow& row) -> cli::Cell { return {cli::text_or_nothing(row.owner)}; }},
    PinColumn{.table = {.name = "STATE", .least = kLeastName},
              .needs = {PinNeed::state},
              .cell = [](const PinRow& row) -> cli::Cell { return {state_text(row)}; }},
    PinColumn{
        .table = {.name = "ADDRESSES", .is_list = true, .least = kLeastName, .is_optional = true},
        .type = kList,
        .needs = {PinNeed::addresses},
        .cell = [](const PinRow& row) -> cli::Cell {
          return {cli::list_or_nothing(row.addresses)};
        }},
    PinColumn{
        .table = {.name = "PEERS", .is_list = true, .least = kLeastName, .is_optional = true},
        .type = kList,
        .needs = {PinNeed::peers},
        .cell = [](const PinRow& row) -> cli::Cell { return {cli::list_or_nothing(row.peers)}; }},
    PinColumn{.table = {.name = "PATH", .least = kLeastPath, .keeps_end = true},
              .cell = [](const PinRow& row) -> cli::Cell { return {row.pin.path}; }},
};

inline constexpr const char* kColumnWords = cli::kWordsOf<kColumns>.data();
inline constexpr cli::ColumnNames kColumnNames{.words = kColumnWords};

consteval cli::ColumnId column(std::string_view name) {
  return cli::column_named(kColumns, name);
}

}  // namespace nsx::pin_tool
