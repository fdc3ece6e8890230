// SPDX-License-Identifier: MIT
#pragma once
// The contents of cells, empty if the kernel does not report a value.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "account/sample.hh"
#include "common/json.hh"
#include "common/value.hh"

namespace nsx::cg_tool {

/// The data that the cells of a cgroup are made of.
struct CgroupRow {
  const CgroupSample& sample;
  const CgroupRates& rates;
  bool exact = false;  ///< show sizes in bytes
};

/// Formats a size for people in three or four characters: "512M", "1.5G"; with `exact`, "4096".
std::string size_text(std::uint64_t bytes, bool exact);

// Kinds of cells.
cli::Cell count(const std::optional<std::uint64_t>& number);
cli::Cell size(const std::optional<std::uint64_t>& bytes, bool exact);
cli::Cell rate(const std::optional<double>& bytes, bool exact);
cli::Cell percent(const std::optional<double>& share);
cli::Cell pressure(const std::optional<CgroupPressure>& pressure);
cli::Cell yes_or_no(const std::optional<bool>& flag);
cli::Cell text(std::string text);

// Cells of one column each.
std::optional<std::uint64_t> received(const CgroupSample& sample);
std::optional<std::uint64_t> sent(const CgroupSample& sample);
cli::Cell pids(const CgroupSample& sample);
cli::Cell short_container(const CgroupPlace& place);  ///< with an ID as `docker ps` shows it
cli::Cell unit(const CgroupPlace& place);
std::string joined(const std::vector<std::string>& words);

// JSON that differs from the value of the cell.
void write_pids(const CgroupRow& row,
                cli::JsonWriter& json);  ///< with the member "max"
void write_frozen(const CgroupRow& row, cli::JsonWriter& json);
void write_controllers(const CgroupRow& row, cli::JsonWriter& json);
void write_container(const CgroupRow& row, cli::JsonWriter& json);
void write_rate(const std::optional<double>& rate, cli::JsonWriter& json);
void write_pressure(const std::optional<CgroupPressure>& pressure, cli::JsonWriter& json);
template <auto member>
void write_rate(const CgroupRow& row, cli::JsonWriter& json) {
  write_rate(row.rates.*member, json);
}
template <auto member>
void write_pressure(const CgroupRow& row, cli::JsonWriter& json) {
  write_pressure(row.sample.*member, json);
}

}  // namespace nsx::cg_tool
