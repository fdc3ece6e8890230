// SPDX-License-Identifier: MIT
#include <algorithm>
#include <unistd.h>

#include <nsx/target.hh>

#include "common/json.hh"
#include "common/report.hh"
#include "nsx-ls/request.hh"
#include "nsx-ls/views.hh"
#include "try.hh"

namespace nsx::ls_tool {

namespace {

/// A target with its namespaces. They stay open, so that their inode numbers are not reused.
struct Held {
  Compared compared;
  std::vector<Namespace> namespaces;

  void take(Namespace ns) {
    compared.namespaces[static_cast<std::size_t>(ns.kind())] = ns.identity();
    namespaces.push_back(std::move(ns));
  }
};

/// Whether this kernel supports namespaces of this kind; true if /proc does not tell.
bool has_kind(const Kernel& kernel, Kind kind) {
  const std::string ns = kernel.proc_path() + "/self/ns";
  const std::string file = ns + '/' + name(kind);
  return ::access(ns.c_str(), F_OK) != 0 || ::access(file.c_str(), F_OK) == 0;
}

Status take_process(const Kernel& kernel, KindSet kinds, const Process& process, Held& held) {
  held.compared.pid = process.pid();
  for (const Kind kind : kinds.empty() ? KindSet::all() : kinds) {
    if (kinds.empty() && !has_kind(kernel, kind)) continue;
    auto ns = TRY(process.open_namespace(kernel, kind));
    held.take(std::move(ns));
  }
  return {};
}

Status take_namespaces(KindSet kinds, Target& target, Held& held) {
  for (TargetNamespace& each : target.namespaces)
    held.take(std::move(each.ns));
  for (const Kind kind : kinds) {
    if (held.compared.in(kind)) continue;
    return problem(std::string("{} has no ") + name(kind) + " namespace", target.name);
  }
  return {};
}

Result<Held> look_at(const Kernel& kernel, KindSet kinds, const std::string& text) {
  auto target = TRY(resolve_target(kernel, text, cli::target_options()));
  Held held;
  held.compared.target = text;
  TRY(target.process ? take_process(kernel, kinds, *target.process, held)
                     : take_namespaces(kinds, target, held));
  return held;
}

std::string json_of(const std::vector<Compared>& all, const std::vector<ComparedKind>& kinds,
                    bool is_same) {
  cli::JsonWriter json;
  json.open('{').key("compare").open('{').key("same").boolean(is_same);
  json.key("targets").open('[');
  for (const Compared& each : all) {
    json.open('{').key("target").string(each.target);
    if (each.pid) json.key("pid").number(*each.pid);
    json.close();
  }
  json.close().key("types").open('[');
  for (const ComparedKind& row : kinds) {
    json.open('{').key("type").string(name(row.kind)).key("same").boolean(row.is_same);
    json.key("ns").open('[');
    for (const Compared& each : all)
      json.number(std::uint64_t{each.in(row.kind)->inode});
    json.close().close();
  }
  json.close().close().close();
  return json.take() + '\n';
}

Status print_rows(const std::vector<Compared>& all, const std::vector<ComparedKind>& kinds,
                  const ViewRequest& request) {
  std::vector<cli::TableColumn> columns{{.name = "TYPE"}, {.name = "RESULT"}};
  constexpr std::size_t kLeast = 6;  // the digits in which neighbors differ
  for (const Compared& each : all) {
    columns.push_back(
        {.name = each.target.c_str(), .is_right = true, .least = kLeast, .keeps_end = true});
  }
  std::vector<cli::TableRow> rows;
  for (const ComparedKind& row : kinds) {
    cli::TableRow line{.cells = {name(row.kind), row.is_same ? "same" : "different"}};
    for (const Compared& each : all)
      line.cells.push_back(std::to_string(each.in(row.kind)->inode));
    line.styles.resize(line.cells.size());
    line.styles[1] = row.is_same ? cli::Style::green : cli::Style::red;
    rows.push_back(std::move(line));
  }
  return cli::print_table(columns, std::move(rows), request.table);
}

}  // namespace

std::vector<ComparedKind> compare(const std::vector<Compared>& all) {
  std::vector<ComparedKind> rows;
  for (const Kind kind : KindSet::all()) {
    const auto has = [&](const Compared& each) { return each.in(kind).has_value(); };
    const auto is_first = [&](const Compared& each) {
      return each.in(kind) == all.front().in(kind);
    };
    if (!std::all_of(all.begin(), all.end(), has)) continue;
    rows.push_back({kind, std::all_of(all.begin(), all.end(), is_first)});
  }
  return rows;
}

Result<int> show_compare(const ViewRequest& request) {
  auto kernel = TRY(cli::open_kernel());
  std::vector<Held> held;
  std::vector<Compared> all;
  for (const std::string& text : request.targets) {
    auto one = TRY(look_at(kernel, request.kinds, text));
    all.push_back(one.compared);
    held.push_back(std::move(one));
  }

  auto kinds = compare(all);
  if (!request.kinds.empty()) {
    std::erase_if(kinds, [&](const auto& row) { return !request.kinds.contains(row.kind); });
  }
  if (kinds.empty()) {
    return problem("the targets have no kind of namespace in common");
  }
  const bool is_same =
      std::all_of(kinds.begin(), kinds.end(), [](const auto& row) { return row.is_same; });
  if (request.table.format == cli::TableFormat::json) {
    if (cli::print(kTool, json_of(all, kinds, is_same)) != 0) return kCannotCompare;
  } else if (auto printed = print_rows(all, kinds, request); !printed) {
    return error_of(printed);
  }
  return is_same ? 0 : 1;
}

}  // namespace nsx::ls_tool
