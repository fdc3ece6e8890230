#include "nsx-ls/detail.hh"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <strings.h>
#include <unordered_map>

#include <nsx/target.hh>

#include "common/number.hh"
#include "common/report.hh"
#include "nsx-ls/cells.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/detail_print.hh"
#include "nsx-ls/options.hh"

namespace nsx::ls_tool {

namespace {

// --- The columns of processes --------------------------------------------------------------------

/// A column of the lists, of this process; none: NSPID, the PID inside.
using ProcessColumn = std::optional<Column>;
using ProcessColumns = std::vector<ProcessColumn>;

constexpr const char* kPidInside = "NSPID";

ProcessColumns usual_columns() {
  return {Column::pid, std::nullopt, Column::ppid, Column::user, Column::command};
}

Result<ProcessColumns> parse_process_columns(std::string_view list) {
  ProcessColumns columns;
  if (list.starts_with('+')) {
    columns = usual_columns();
    list.remove_prefix(1);
  }
  for (;;) {
    const std::size_t comma = list.find(',');
    const std::string word(list.substr(0, comma));
    if (::strcasecmp(word.c_str(), kPidInside) == 0) {
      columns.emplace_back();
    } else {
      auto column = parse_columns(word, {});
      if (!column) return error_of(column);
      columns.insert(columns.end(), column->begin(), column->end());
    }
    if (comma == std::string_view::npos) return columns;
    list.remove_prefix(comma + 1);
  }
}

// --- The table -----------------------------------------------------------------------------------

struct MemberRow {
  std::size_t member = 0;
  std::optional<std::size_t> parent;  ///< an earlier row
};

/// The rows of a tree, parents before children. Those that are below each other in a circle (a PID
/// was given to another process while we looked) as if one of them were a root.
std::vector<MemberRow> arrange(const std::vector<Member>& members) {
  std::unordered_map<pid_t, std::size_t> by_pid;
  for (std::size_t i = 0; i < members.size(); ++i)
    by_pid[members[i].pid] = i;
  std::vector<std::vector<std::size_t>> children(members.size());
  std::vector<std::size_t> roots;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto above = by_pid.find(members[i].parent);
    (above == by_pid.end() ? roots : children[above->second]).push_back(i);
  }
  std::vector<MemberRow> rows;
  std::vector<bool> is_placed(members.size());
  const auto place_below = [&](std::size_t root) {
    std::vector<MemberRow> stack{{root, std::nullopt}};
    while (!stack.empty()) {
      const MemberRow row = stack.back();
      stack.pop_back();
      if (is_placed[row.member]) continue;
      is_placed[row.member] = true;
      // The first child has to be on top.
      const auto& below = children[row.member];
      for (auto child = below.rbegin(); child != below.rend(); ++child)
        stack.push_back({*child, rows.size()});
      rows.push_back(row);
    }
  };
  for (const std::size_t root : roots)
    place_below(root);
  for (std::size_t i = 0; i < members.size(); ++i)
    place_below(i);
  return rows;
}

std::vector<MemberRow> in_a_list(const std::vector<Member>& members) {
  std::vector<MemberRow> rows(members.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i].member = i;
  return rows;
}

std::string text_of(const ProcessColumn& column, const Member& member, CensusIndex ns,
                    Cells& cells) {
  if (!column) return member.pid_inside != 0 ? std::to_string(member.pid_inside) : std::string();
  const CensusProcess process{.pid = member.pid, .parent = member.parent, .uid = member.uid};
  return cli::shown(cells.cell(ns, process, *column));
}

Status print_processes(const DetailWithGaps& found, const ProcessColumns& columns, Cells& cells,
                       const ViewRequest& request) {
  const std::vector<Member>& members = found.detail.members;
  std::vector<cli::TableColumn> heads;
  bool is_tree = false;
  for (const ProcessColumn& column : columns) {
    const bool is_command = column == Column::command;
    const bool has_tree = is_command && !request.list;
    is_tree = is_tree || has_tree;
    heads.push_back({.name = column ? info(*column).name : kPidInside,
                     .is_right = column ? info(*column).is_right : true,
                     .is_last_resort = is_command,
                     .has_tree = has_tree});
  }
  std::vector<cli::TableRow> rows;
  for (const MemberRow& row : is_tree ? arrange(members) : in_a_list(members)) {
    cli::TableRow line{.cells = {}, .parent = row.parent};
    for (const ProcessColumn& column : columns)
      line.cells.push_back(text_of(column, members[row.member], found.index, cells));
    rows.push_back(std::move(line));
  }
  return cli::print_table(heads, std::move(rows), request.table);
}

Status print_one(const DetailWithGaps& found, const ProcessColumns& columns, Cells& cells,
                 const ViewRequest& request) {
  const bool table_alone = request.columns != nullptr || !request.table.headings ||
                           request.table.format == cli::TableFormat::raw;
  if (!table_alone) {
    const bool has_processes = !found.detail.members.empty();
    const std::string lines = lines_of(found.detail) + (has_processes ? "\n" : "");
    std::fwrite(lines.data(), 1, lines.size(), stdout);
    if (!has_processes) return {};
  }
  return print_processes(found, columns, cells, request);
}

/// Why something is missing goes to stderr: what is known is shown.
void report_gaps(const std::vector<Error>& gaps) {
  for (const Error& gap : gaps)
    cli::report(kTool, gap);
}

/// A namespace that only a census finds: one that nothing but a descriptor, a socket or a mount
/// that is not ours holds. `otherwise` is the answer where there is none.
Result<Namespace> find_in_census(const Kernel& kernel, std::uint64_t number,
                                 std::optional<Kind> kind, Result<Namespace> otherwise) {
  CensusRequest wanted;
  wanted.sources = SourceSet::all();
  const auto census = take_census(kernel, wanted);
  if (!census) return otherwise;
  if (census->processes.empty()) {
    return refuse("list", kernel.proc_path(), "it shows no process", "is proc mounted there?");
  }
  for (CensusIndex i = 0; i < census->namespaces.size(); ++i) {
    const CensusNamespace& each = census->namespaces[i];
    const bool has_number = each.identity.inode == number || each.identity.id == number;
    if (has_number && (!kind || each.kind == *kind)) return open_namespace(kernel, *census, i);
  }
  return otherwise;
}

}  // namespace

Result<Named> find_named(const Kernel& kernel, const std::string& text, KindSet kinds) {
  Named named;
  if (const auto number = cli::parse_number<std::uint64_t>(text)) {
    std::optional<Kind> kind;
    if (!kinds.empty() && kinds == KindSet{*kinds.begin()}) kind = *kinds.begin();
    auto ns = find_namespace(kernel, *number, kind);
    if (!ns) ns = find_in_census(kernel, *number, kind, std::move(ns));
    if (!ns) {
      if (*number <= INT_MAX && Process::open(kernel, static_cast<pid_t>(*number))) {
        ns.error().hint = "there is a process of this number: --task=" + text;
      }
      return error_of(ns);
    }
    named.namespaces.push_back(std::move(*ns));
  } else {
    auto target = resolve_target(kernel, text, cli::target_options());
    if (!target) return error_of(target);
    if (target->process) {
      named.process = target->process->pid();
      return named;
    }
    for (TargetNamespace& each : target->namespaces)
      named.namespaces.push_back(std::move(each.ns));
  }
  if (!kinds.empty()) {
    std::erase_if(named.namespaces, [&](const auto& ns) { return !kinds.contains(ns.kind()); });
  }
  if (named.namespaces.empty()) {
    return refuse("show", cli::quoted(text), "it has no namespace of this kind");
  }
  return named;
}

Result<int> show_detail(const Kernel& kernel, const std::vector<Namespace>& namespaces,
                        const ViewRequest& request) {
  auto columns = usual_columns();
  if (request.columns != nullptr) {
    auto parsed = parse_process_columns(request.columns);
    if (!parsed) return cli::usage_error(kTool, parsed.error());
    columns = std::move(*parsed);
  }
  CensusRequest wanted;
  wanted.sources = SourceSet::all();
  wanted.start_times = std::any_of(columns.begin(), columns.end(), [](const auto& column) {
    return column == Column::leader || column == Column::age;
  });
  const auto census = take_census(kernel, wanted);
  if (!census) return tl::unexpected(census.error());

  Cells cells(kernel, *census);
  cli::JsonWriter json;
  json.open('{').key("namespace").open('[');
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    const DetailWithGaps found = read_detail(kernel, *census, namespaces[i]);
    report_gaps(found.gaps);
    if (request.table.format == cli::TableFormat::json) {
      write_json(found.detail, json);
      continue;
    }
    if (i > 0) std::fputs("\n", stdout);
    if (auto done = print_one(found, columns, cells, request); !done) return error_of(done);
  }
  if (request.table.format == cli::TableFormat::json) {
    return cli::print(kTool, json.close().close().take() + '\n');
  }
  return 0;
}

}  // namespace nsx::ls_tool
