// SPDX-License-Identifier: MIT
#include "nsx-cg/cells.hh"

#include <cmath>
#include <cstdio>

#include "common/column.hh"

namespace nsx::cg_tool {

namespace {

std::string decimal(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

std::string limit_text(const std::optional<std::uint64_t>& limit) {
  if (!limit) return "-";
  return *limit == kNoCgroupLimit ? "max" : std::to_string(*limit);
}

std::string text_of(const std::optional<PlaceName>& name) {
  return name ? name->text() : std::string();
}

}  // namespace

std::string size_text(std::uint64_t bytes, bool exact) {
  constexpr std::uint64_t kUnit = 1024;
  if (exact || bytes < kUnit) return std::to_string(bytes);
  constexpr const char* kUnits = "KMGTPE";
  auto number = static_cast<double>(bytes) / kUnit;
  std::size_t unit = 0;
  // Otherwise 1023.96 would be shown as 1024.
  constexpr double kRounds = 1023.5;
  while (number >= kRounds && kUnits[unit + 1] != '\0') {
    number /= kUnit;
    ++unit;
  }
  constexpr double kOneDigit = 9.95;
  return decimal(number, number < kOneDigit ? 1 : 0) + kUnits[unit];
}

cli::Cell count(const std::optional<std::uint64_t>& number) {
  return {cli::number_or_nothing(number)};
}

cli::Cell size(const std::optional<std::uint64_t>& bytes, bool exact) {
  if (!bytes) return {};
  if (*bytes == kNoCgroupLimit) return {cli::Value(), "max"};
  return {*bytes, size_text(*bytes, exact)};
}

cli::Cell rate(const std::optional<double>& bytes, bool exact) {
  if (!bytes) return {};
  const auto whole = static_cast<std::uint64_t>(std::llround(*bytes));
  return {whole, size_text(whole, exact)};
}

cli::Cell percent(const std::optional<double>& share) {
  if (!share) return {};
  return {*share * 100, decimal(*share * 100, 1)};
}

cli::Cell pressure(const std::optional<CgroupPressure>& pressure) {
  if (!pressure) return {};
  return {pressure->some.avg10, decimal(pressure->some.avg10, 2)};
}

cli::Cell yes_or_no(const std::optional<bool>& flag) {
  if (!flag) return {};
  return {std::string(*flag ? "yes" : "no")};
}

cli::Cell text(std::string text) {
  return {cli::text_or_nothing(std::move(text))};
}

std::optional<std::uint64_t> received(const CgroupSample& sample) {
  if (!sample.net) return std::nullopt;
  return sample.net->in.counters.bytes;
}

std::optional<std::uint64_t> sent(const CgroupSample& sample) {
  if (!sample.net) return std::nullopt;
  return sample.net->out.counters.bytes;
}

cli::Cell pids(const CgroupSample& sample) {
  if (!sample.pids_current) return {};
  return {*sample.pids_current,
          std::to_string(*sample.pids_current) + '/' + limit_text(sample.pids_max)};
}

cli::Cell short_container(const CgroupPlace& place) {
  constexpr std::size_t kIdLength = 64;
  constexpr std::size_t kShort = 12;
  auto container = place.container;
  if (container && container->name.size() == kIdLength) container->name.resize(kShort);
  return text(text_of(container));
}

cli::Cell unit(const CgroupPlace& place) {
  return text(text_of(place.unit));
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

void write_pids(const CgroupRow& row, cli::JsonWriter& json) {
  write_cell(size(row.sample.pids_current, true), json);
  json.key("max");
  write_cell(size(row.sample.pids_max, true), json);
}

void write_frozen(const CgroupRow& row, cli::JsonWriter& json) {
  if (row.sample.frozen) {
    json.boolean(*row.sample.frozen);
  } else {
    json.null();
  }
}

void write_controllers(const CgroupRow& row, cli::JsonWriter& json) {
  write_cell({row.sample.controllers}, json);
}

void write_container(const CgroupRow& row, cli::JsonWriter& json) {
  json.string_or_null(text_of(row.sample.place.container));
}

void write_rate(const std::optional<double>& rate, cli::JsonWriter& json) {
  write_cell({rate ? cli::Value(*rate) : cli::Value()}, json);
}

void write_pressure(const std::optional<CgroupPressure>& pressure, cli::JsonWriter& json) {
  if (!pressure) {
    json.null();
    return;
  }
  json.open('{');
  for (const auto& [name, line] :
       {std::pair{"some", pressure->some}, std::pair{"full", pressure->full}}) {
    json.key(name).open('{');
    json.key("avg10").decimal(line.avg10, 2).key("avg60").decimal(line.avg60, 2);
    json.key("avg300").decimal(line.avg300, 2).key("total").number(line.total).close();
  }
  json.close();
}

}  // namespace nsx::cg_tool
