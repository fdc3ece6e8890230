// SPDX-License-Identifier: MIT
#include <algorithm>
#include <climits>
#include <cstdio>
#include <unordered_map>

#include <nsx/target.hh>

#include "common/report.hh"
#include "common/table_text.hh"
#include "common/value.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/list.hh"
#include "nsx-ls/request.hh"
#include "nsx-ls/views.hh"
#include "try.hh"

namespace nsx::ls_tool {

namespace {

// --- The columns of processes --------------------------------------------------------------------

/// The PID inside the namespace: a column after those of the lists, which show one process here.
constexpr cli::ColumnId kPidInside{static_cast<std::uint8_t>(kColumns.size())};
constexpr std::array kProcessAliases{cli::ColumnAlias{"NSPID", kPidInside}};
constexpr cli::ColumnNames kProcessColumnNames{.words = kColumnNames.words,
                                               .aliases = kProcessAliases};

using ProcessColumns = std::vector<cli::ColumnId>;

ProcessColumns usual_columns_of_lsns() {
  return {column("PID"), column("PPID"), column("USER"), column("COMMAND")};
}

ProcessColumns usual_columns() {
  return {column("PID"), kPidInside, column("PPID"), column("USER"), column("COMMAND")};
}

/// Returns the facts for these columns. The PID inside needs none.
FactSet facts_of_processes(ProcessColumns columns) {
  std::erase(columns, kPidInside);
  return facts_of(columns);
}

// --- The table -----------------------------------------------------------------------------------

struct MemberRow {
  std::size_t member = 0;
  std::optional<std::size_t> parent;  ///< an earlier row
};

/// Returns the rows of a tree, parents before children. A cycle, which a reused PID can cause, is
/// broken by making one of its members a root.
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
      // Push in reverse, so that the first child is popped first.
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

std::string text_of(cli::ColumnId id, const Member& member, const NamespaceRow& row) {
  if (id == kPidInside) {
    return member.pid_inside != 0 ? std::to_string(member.pid_inside) : std::string();
  }
  return cli::shown(info(id).cell(row));
}

Status print_processes(const Census& census, const DetailWithGaps& found,
                       const ProcessColumns& columns, FactReader& reader,
                       const ViewRequest& request) {
  const std::vector<Member>& members = found.detail.members;
  std::vector<cli::TableColumn> heads;
  bool is_tree = false;
  for (const cli::ColumnId id : columns) {
    const bool is_command = id == column("COMMAND");
    const bool has_tree = is_command && !request.list;
    is_tree = is_tree || has_tree;
    heads.push_back(id != kPidInside ? table_column(id, request.as_lsns || !request.table.headings)
                                     : cli::TableColumn{.name = "NSPID", .is_right = true});
    heads.back().has_tree = has_tree;
  }
  std::vector<Subject> subjects;
  for (const Member& member : members) {
    reader.know_command(member.pid, member.command);
    subjects.push_back({found.index, find_process(census, member.pid), true});
  }
  reader.read(subjects, facts_of_processes(columns));
  std::vector<cli::TableRow> rows;
  for (const MemberRow& row : is_tree ? arrange(members) : in_a_list(members)) {
    cli::TableRow line{.cells = {}, .parent = row.parent};
    const NamespaceRow read{census, reader.facts(), subjects[row.member]};
    for (const cli::ColumnId id : columns)
      line.cells.push_back(text_of(id, members[row.member], read));
    rows.push_back(std::move(line));
  }
  cli::TableOptions options = request.table;
  options.json_key = "namespaces";
  return cli::print_table(heads, std::move(rows), options);
}

/// Whether only the table is printed, without lines about the namespace, as in lsns(8).
bool is_table_alone(const ViewRequest& request) {
  return request.as_lsns || request.columns != nullptr || !request.table.headings ||
         request.table.format == cli::TableFormat::raw;
}

Status print_one(const Census& census, const DetailWithGaps& found, const ProcessColumns& columns,
                 FactReader& reader, const ViewRequest& request) {
  if (!is_table_alone(request)) {
    const bool has_processes = !found.detail.members.empty();
    const bool fits = request.table.fit && request.table.truncate;
    const std::size_t width = fits ? cli::terminal_width().value_or(0) : 0;
    const std::string lines = lines_of(found.detail, width) + (has_processes ? "\n" : "");
    std::fwrite(lines.data(), 1, lines.size(), stdout);
    if (!has_processes) return {};
  }
  return print_processes(census, found, columns, reader, request);
}

/// Returns the requested columns, or the defaults of the view.
Result<ProcessColumns> columns_of(const ViewRequest& request) {
  const bool is_lsns = request.as_lsns || (request.columns == nullptr && is_table_alone(request));
  auto usual = is_lsns ? usual_columns_of_lsns() : usual_columns();
  if (request.columns == nullptr) return usual;
  return cli::parse_columns(kProcessColumnNames, request.columns, usual);
}

/// Finds the namespace with this number. If the census has it but it cannot be opened, the result
/// has the reason.
Result<Named> find_by_number(const Kernel& kernel, OperandCensus& operands, std::uint64_t number,
                             std::optional<Kind> kind) {
  const Census& census = *TRY(operands.get());
  Named named;
  auto ns = find_namespace(kernel, census, number, kind);
  const CensusIndex index = index_of(census, number, kind);
  if (ns) {
    named.namespaces.push_back(std::move(*ns));
  } else if (index != kNone) {
    const CensusNamespace& found = census.namespaces[index];
    named.unopened.push_back({found.kind, found.identity.inode, std::move(ns.error())});
  } else {
    if (number <= INT_MAX && Process::open(kernel, static_cast<pid_t>(number))) {
      ns.error().set_hint("for the process with this PID: nsx-ls --task=" + std::to_string(number));
    }
    return error_of(ns);
  }
  return named;
}

/// Returns what the census knows of a namespace that cannot be opened.
DetailWithGaps known_of(const Kernel& kernel, const Census& census, const Unopened& unopened) {
  DetailWithGaps known;
  known.detail.kind = unopened.kind;
  known.detail.identity.inode = unopened.inode;
  known.gaps.push_back(unopened.why);
  known.index = index_of(census, unopened.inode, unopened.kind);
  if (known.index == kNone) return known;
  ProgramNames programs(kernel);
  known.detail.holders = read_holders(kernel, census, known.index, programs);
  return known;
}

}  // namespace

Result<const Census*> OperandCensus::get() {
  if (census_) return &*census_;
  CensusRequest wanted;
  wanted.sources = SourceSet::all();
  // Invalid columns are reported by show_detail().
  const auto columns = columns_of(request_);
  wanted.identities = true;
  wanted.start_times = columns && facts_of_processes(*columns).contains(Fact::leader);
  census_ = TRY(take_census(kernel_, wanted));
  return &*census_;
}

Result<Named> find_named(const Kernel& kernel, OperandCensus& census, const std::string& text,
                         KindSet kinds) {
  Named named;
  if (const auto number = parse_number<std::uint64_t>(text)) {
    std::optional<Kind> kind;
    if (!kinds.empty() && kinds == KindSet{*kinds.begin()}) kind = *kinds.begin();
    named = TRY(find_by_number(kernel, census, *number, kind));
    if (!named.unopened.empty()) return named;
  } else {
    auto target = TRY(resolve_target(kernel, text, cli::target_options()));
    if (target.process) {
      named.process = target.process->pid();
      return named;
    }
    for (TargetNamespace& each : target.namespaces)
      named.namespaces.push_back(std::move(each.ns));
  }
  if (!kinds.empty()) {
    std::erase_if(named.namespaces, [&](const auto& ns) { return !kinds.contains(ns.kind()); });
  }
  if (named.namespaces.empty()) {
    return problem("'{}' has no namespace of the given type", text);
  }
  return named;
}

Result<int> show_detail(const Kernel& kernel, OperandCensus& operands,
                        const std::vector<Namespace>& namespaces,
                        const std::vector<Unopened>& unopened, const ViewRequest& request) {
  const auto columns = columns_of(request);
  if (!columns) return cli::usage_error(kTool, columns.error());
  const Census& census = *TRY(operands.get());

  std::vector<Gap> gaps = gaps_of(census);
  FactReader reader(kernel, census);
  cli::JsonWriter json;
  json.open('{').key("namespace").open('[');
  for (std::size_t i = 0; i < namespaces.size() + unopened.size(); ++i) {
    const DetailWithGaps found = i < namespaces.size()
                                     ? read_detail(kernel, census, namespaces[i])
                                     : known_of(kernel, census, unopened[i - namespaces.size()]);
    for (const Error& gap : found.gaps)
      gaps.push_back(gap_of(gap));
    if (request.table.format == cli::TableFormat::json) {
      write_json(found.detail, json);
      continue;
    }
    if (i > 0) std::fputs("\n", stdout);
    TRY(print_one(census, found, *columns, reader, request));
  }
  if (request.as_lsns) return 0;
  if (request.table.format == cli::TableFormat::json) {
    write_gaps(gaps, json.close());
    if (cli::print(kTool, json.close().take() + '\n') != 0) return 1;
  }
  report_gaps(gaps, request.for_person);
  return 0;
}

}  // namespace nsx::ls_tool
