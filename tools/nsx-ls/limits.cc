// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <fcntl.h>
#include <unistd.h>

#include <nsx/process.hh>

#include "common/json.hh"
#include "common/report.hh"
#include "common/value.hh"
#include "nsx-ls/list.hh"
#include "nsx-ls/request.hh"
#include "nsx-ls/views.hh"
#include "try.hh"

namespace nsx::ls_tool {

namespace {

// user_namespaces(7), pid_namespaces(7).
constexpr std::uint64_t kMaxUserDepth = 33;
constexpr std::uint64_t kMaxPidDepth = 32;

std::optional<std::uint64_t> max_depth(Kind kind) {
  if (kind == Kind::user) return kMaxUserDepth;
  if (kind == Kind::pid) return kMaxPidDepth;
  return std::nullopt;
}

/// Returns the number of steps of a relation from a namespace up to `top`, or none if the chain
/// does not reach it.
std::optional<std::uint64_t> steps(const Census& census, CensusIndex CensusNamespace::*relation,
                                   CensusIndex from, CensusIndex top) {
  std::uint64_t count = 0;
  for (; from != kNone && from != top; from = census.namespaces[from].*relation)
    ++count;
  return from == top ? std::optional(count) : std::nullopt;
}

/// Returns the number of visible ancestors of a PID namespace.
std::uint64_t levels_above(const Census& census, CensusIndex ns) {
  std::uint64_t count = 0;
  while ((ns = census.namespaces[ns].parent) != kNone)
    ++count;
  return count;
}

/// Returns the index of the caller's user namespace in the census.
Result<CensusIndex> own_user_namespace(const Kernel& kernel, const Census& census) {
  const auto self = Process::open(kernel, ::getpid());
  if (!kernel.numbers_are_ours() || !self) {
    return refuse("find", "the caller's user namespace",
                  kernel.proc_path() + " belongs to another PID namespace");
  }
  const auto own = TRY(self->open_namespace(kernel, Kind::user));
  const auto& all = census.namespaces;
  const auto found = std::find_if(all.begin(), all.end(), [&](const CensusNamespace& ns) {
    return ns.kind == Kind::user && ns.identity.inode == own.identity().inode;
  });
  if (found == all.end()) {
    return refuse("find", "the caller's user namespace", "the search did not reach it");
  }
  return static_cast<CensusIndex>(found - all.begin());
}

std::optional<std::uint64_t> read_number(int dir, const std::string& path) {
  const OwnedFd file(::openat(dir, path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 32> text{};
  const ssize_t n = file ? ::read(file.get(), text.data(), text.size()) : -1;
  if (n <= 0) return std::nullopt;
  std::string_view digits(text.data(), static_cast<std::size_t>(n));
  if (digits.ends_with('\n')) digits.remove_suffix(1);
  return parse_number<std::uint64_t>(digits);
}

std::string json_of(const std::vector<KindLimits>& limits, const std::vector<Gap>& gaps) {
  cli::JsonWriter json;
  json.open('{').key("limits").open('[');
  for (const KindLimits& each : limits) {
    json.open('{').key("type").string(name(each.kind)).key("used").number(each.used);
    if (each.max) json.key("max").number(*each.max);
    if (each.max) json.key("use_percent").number(percent(each.used, *each.max));
    if (each.depth) json.key("depth").number(*each.depth);
    if (each.max_depth) json.key("max_depth").number(*each.max_depth);
    json.close();
  }
  json.close();
  write_gaps(gaps, json);
  return json.close().take() + '\n';
}

/// Highlights limits that are nearly reached.
cli::Style style_of(std::uint64_t percent) {
  if (percent >= 90) return cli::Style::red;
  return percent >= 70 ? cli::Style::yellow : cli::Style::plain;
}

Status print_rows(const std::vector<KindLimits>& limits, const ViewRequest& request) {
  const std::array<cli::TableColumn, 6> columns{{{.name = "TYPE"},
                                                 {.name = "USED", .is_right = true},
                                                 {.name = "MAX", .is_right = true},
                                                 {.name = "USE%", .is_right = true},
                                                 {.name = "DEPTH", .is_right = true},
                                                 {.name = "MAX-DEPTH", .is_right = true}}};
  const auto text = [](std::optional<std::uint64_t> number) {
    return number ? std::to_string(*number) : std::string();
  };
  std::vector<cli::TableRow> rows;
  rows.reserve(limits.size());
  for (const KindLimits& each : limits) {
    const std::string use = each.max ? std::to_string(percent(each.used, *each.max)) + '%' : "";
    cli::TableRow row{.cells = {name(each.kind), std::to_string(each.used), text(each.max), use,
                                text(each.depth), text(each.max_depth)}};
    row.styles.resize(row.cells.size());
    row.styles[3] = each.max ? style_of(percent(each.used, *each.max)) : cli::Style::plain;
    rows.push_back(std::move(row));
  }
  return cli::print_table(columns, std::move(rows), request.table);
}

}  // namespace

std::vector<KindLimits> count_namespaces(const Census& census, CensusIndex user) {
  std::vector<KindLimits> limits;
  for (const Kind kind : KindSet::all()) {
    KindLimits row;
    row.kind = kind;
    row.max_depth = max_depth(kind);
    if (row.max_depth) row.depth = 0;
    limits.push_back(row);
  }
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    const CensusNamespace& ns = census.namespaces[i];
    KindLimits& row = limits[static_cast<std::size_t>(ns.kind)];
    const auto levels = steps(census, &CensusNamespace::owner, ns.owner, user);
    if (!levels) continue;
    ++row.used;
    if (ns.kind == Kind::user) row.depth = std::max(*row.depth, *levels + 1);
    if (ns.kind == Kind::pid) row.depth = std::max(*row.depth, levels_above(census, i));
  }
  return limits;
}

void read_maxima(const Kernel& kernel, std::vector<KindLimits>& limits) {
  for (KindLimits& each : limits) {
    const std::string file = std::string("sys/user/max_") + name(each.kind) + "_namespaces";
    each.max = read_number(kernel.proc(), file);
  }
}

std::uint64_t percent(std::uint64_t used, std::uint64_t max) {
  return max == 0 ? 100 : used * 100 / max;
}

Result<int> show_limits(const ViewRequest& request) {
  auto kernel = TRY(cli::open_kernel());
  CensusRequest wanted;
  wanted.sources = SourceSet::all();
  wanted.skip_what_the_kernel_lists = true;
  const auto census = TRY(take_census(kernel, wanted));
  const auto gaps = gaps_of(census);
  report_gaps(gaps, request.for_person);
  const auto user = TRY(own_user_namespace(kernel, census));

  auto limits = count_namespaces(census, user);
  read_maxima(kernel, limits);
  std::erase_if(limits,
                [&](const auto& row) { return !request.kinds_or_all().contains(row.kind); });
  if (request.table.format == cli::TableFormat::json)
    return cli::print(kTool, json_of(limits, gaps));
  TRY(print_rows(limits, request));
  return 0;
}

}  // namespace nsx::ls_tool
