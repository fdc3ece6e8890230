#include "nsx-cg/cells.hh"

#include <cmath>
#include <cstdio>

#include <nsx/target.hh>

namespace nsx::cg_tool {

namespace {

std::string decimal(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

cli::Cell count(const std::optional<std::uint64_t>& number) {
  if (!number) return {};
  return {*number};
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

cli::Cell pressure(const std::optional<CgroupPressure>& pressure) {
  if (!pressure) return {};
  return {pressure->some.avg10, decimal(pressure->some.avg10, 2)};
}

std::optional<std::uint64_t> received(const CgroupSample& sample) {
  if (!sample.net) return std::nullopt;
  return sample.net->in.counters.bytes;
}

std::optional<std::uint64_t> sent(const CgroupSample& sample) {
  if (!sample.net) return std::nullopt;
  return sample.net->out.counters.bytes;
}

std::string limit_text(const std::optional<std::uint64_t>& limit) {
  if (!limit) return "-";
  return *limit == kNoCgroupLimit ? "max" : std::to_string(*limit);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string container_text(const std::string& path) {
  const auto container = container_in_cgroup(path);
  if (!container) return {};
  constexpr std::size_t kIdLength = 64;
  constexpr std::size_t kShort = 12;
  const std::string& name = container->name;
  return name.size() == kIdLength ? name.substr(0, kShort) : name;
}

cli::Cell text(std::string text) {
  if (text.empty()) return {};
  return {std::move(text)};
}

void number_or_null(cli::JsonWriter& json, const char* key,
                    const std::optional<std::uint64_t>& number) {
  json.key(key);
  if (!number) {
    json.string_or_null({});
  } else if (*number == kNoCgroupLimit) {
    json.string("max");
  } else {
    json.number(*number);
  }
}

void decimal_or_null(cli::JsonWriter& json, const char* key, const std::optional<double>& number) {
  json.key(key);
  if (number) {
    json.decimal(*number, 2);
  } else {
    json.string_or_null({});
  }
}

void add_pressure(cli::JsonWriter& json, const char* key,
                  const std::optional<CgroupPressure>& pressure) {
  json.key(key);
  if (!pressure) {
    json.string_or_null({});
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

}  // namespace

std::string size_text(std::uint64_t bytes, bool exact) {
  constexpr std::uint64_t kUnit = 1024;
  if (exact || bytes < kUnit) return std::to_string(bytes);
  constexpr const char* kUnits = "KMGTPE";
  auto number = static_cast<double>(bytes) / kUnit;
  std::size_t unit = 0;
  // 1023.96 would be shown as 1024.
  constexpr double kRounds = 1023.5;
  while (number >= kRounds && kUnits[unit + 1] != '\0') {
    number /= kUnit;
    ++unit;
  }
  constexpr double kOneDigit = 9.95;
  return decimal(number, number < kOneDigit ? 1 : 0) + kUnits[unit];
}

cli::Cell make_cell(Column column, const CgroupSample& sample, const CgroupRates& rates,
                    bool exact) {
  switch (column) {
    case Column::cgroup_name:
      return {sample.path};
    case Column::procs:
      return count(sample.processes);
    case Column::threads:
      return count(sample.threads);
    case Column::cpu:
      if (!rates.cpu) return {};
      return {*rates.cpu * 100, decimal(*rates.cpu * 100, 1)};
    case Column::mem:
      return size(sample.memory, exact);
    case Column::peak:
      return size(sample.memory_peak, exact);
    case Column::limit:
      return size(sample.memory_max, exact);
    case Column::swap:
      return size(sample.swap, exact);
    case Column::rbps:
      return rate(rates.read_bytes, exact);
    case Column::wbps:
      return rate(rates.written_bytes, exact);
    case Column::rxbps:
      return rate(rates.received_bytes, exact);
    case Column::txbps:
      return rate(rates.sent_bytes, exact);
    case Column::rx:
      return size(received(sample), exact);
    case Column::tx:
      return size(sent(sample), exact);
    case Column::pids:
      if (!sample.pids_current) return {};
      return {*sample.pids_current,
              std::to_string(*sample.pids_current) + '/' + limit_text(sample.pids_max)};
    case Column::cpu_psi:
      return pressure(sample.cpu_pressure);
    case Column::mem_psi:
      return pressure(sample.memory_pressure);
    case Column::io_psi:
      return pressure(sample.io_pressure);
    case Column::oom:
      return count(sample.oom_kills);
    case Column::frozen:
      if (!sample.frozen) return {};
      return {std::string(*sample.frozen ? "yes" : "no")};
    case Column::type:
      return text(sample.type);
    case Column::controllers:
      return text(joined(sample.controllers));
    case Column::container:
      return text(container_text(sample.path));
    case Column::unit:
      return text(unit_in_cgroup(sample.path).value_or(""));
  }
  return {};
}

void add_members(cli::JsonWriter& json, Column column, const CgroupSample& sample,
                 const CgroupRates& rates) {
  switch (column) {
    case Column::cgroup_name:
      json.key("name").string(sample.path);
      break;
    case Column::procs:
      number_or_null(json, "procs", sample.processes);
      break;
    case Column::threads:
      number_or_null(json, "threads", sample.threads);
      break;
    case Column::cpu:
      decimal_or_null(json, "cpu%", rates.cpu ? std::optional(*rates.cpu * 100) : std::nullopt);
      break;
    case Column::mem:
      number_or_null(json, "mem", sample.memory);
      break;
    case Column::peak:
      number_or_null(json, "peak", sample.memory_peak);
      break;
    case Column::limit:
      number_or_null(json, "limit", sample.memory_max);
      break;
    case Column::swap:
      number_or_null(json, "swap", sample.swap);
      break;
    case Column::rbps:
      decimal_or_null(json, "rbps", rates.read_bytes);
      break;
    case Column::wbps:
      decimal_or_null(json, "wbps", rates.written_bytes);
      break;
    case Column::rxbps:
      decimal_or_null(json, "rxbps", rates.received_bytes);
      break;
    case Column::txbps:
      decimal_or_null(json, "txbps", rates.sent_bytes);
      break;
    case Column::rx:
      number_or_null(json, "rx", received(sample));
      break;
    case Column::tx:
      number_or_null(json, "tx", sent(sample));
      break;
    case Column::pids:
      number_or_null(json, "pids", sample.pids_current);
      number_or_null(json, "max", sample.pids_max);
      break;
    case Column::cpu_psi:
      add_pressure(json, "cpu-psi", sample.cpu_pressure);
      break;
    case Column::mem_psi:
      add_pressure(json, "mem-psi", sample.memory_pressure);
      break;
    case Column::io_psi:
      add_pressure(json, "io-psi", sample.io_pressure);
      break;
    case Column::oom:
      number_or_null(json, "oom", sample.oom_kills);
      break;
    case Column::frozen:
      json.key("frozen");
      if (sample.frozen) {
        json.boolean(*sample.frozen);
      } else {
        json.string_or_null({});
      }
      break;
    case Column::type:
      json.key("type").string_or_null(sample.type);
      break;
    case Column::controllers:
      json.key("controllers").open('[');
      for (const std::string& controller : sample.controllers)
        json.string(controller);
      json.close();
      break;
    case Column::container:
      if (const auto container = container_in_cgroup(sample.path)) {
        json.key("container").string(container->name);
      } else {
        json.key("container").string_or_null({});
      }
      break;
    case Column::unit:
      json.key("unit").string_or_null(unit_in_cgroup(sample.path).value_or(""));
      break;
  }
}

}  // namespace nsx::cg_tool
