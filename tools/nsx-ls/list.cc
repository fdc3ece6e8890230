// SPDX-License-Identifier: MIT
#include "nsx-ls/list.hh"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

#include <nsx/process.hh>
#include <nsx/target.hh>

#include "common/json.hh"
#include "common/report.hh"
#include "nsx-ls/facts.hh"
#include "nsx-ls/request.hh"
#include "nsx-ls/rows.hh"
#include "try.hh"

namespace nsx::ls_tool {

namespace {

std::string counted(const CensusGap& gap, const char* one, const char* several) {
  return std::to_string(gap.count) + ' ' + (gap.count == 1 ? one : several);
}

std::string words(const CensusGap& gap) {
  switch (gap.source) {
    case Source::fd:
      return "the descriptors of " + counted(gap, "process", "processes");
    case Source::socket:
      return counted(gap, "socket", "sockets");
    case Source::mount:
      return counted(gap, "mount namespace", "mount namespaces");
    default:
      return counted(gap, "process", "processes");
  }
}

/// Names data that exceeds the limits of a census.
std::string cut_words(const CensusGap& gap) {
  return (gap.source == Source::mount ? "the mounts of " : "") + words(gap);
}

bool is_denial(const CensusGap& gap) {
  return gap.code != EFBIG && gap.code != ETIMEDOUT;
}

std::string reason(const CensusGap& gap) {
  const bool is_denied = gap.code == EACCES || gap.code == EPERM;
  const char* hint = is_denied && ::geteuid() != 0 ? " (try as root)" : "";
  return std::string(": ") + std::strerror(gap.code) + hint;
}

void add_denials(const Census& census, std::vector<Gap>& gaps) {
  for (const CensusGap& gap : census.gaps) {
    if (!is_denial(gap)) continue;
    gaps.push_back({"cannot inspect " + words(gap) + reason(gap), gap.source, gap.count, false});
  }
}

void add_cuts(const Census& census, std::vector<Gap>& gaps) {
  for (const CensusGap& gap : census.gaps) {
    if (gap.code == ETIMEDOUT) {
      gaps.push_back({"skipped " + counted(gap, "mounted namespace", "mounted namespaces") +
                          ": the file system of the mount point does not respond",
                      gap.source, gap.count, true});
    }
    if (gap.code == EFBIG) {
      gaps.push_back(
          {"read only part of " + cut_words(gap) + ": too long", gap.source, gap.count, true});
    }
  }
}

}  // namespace

std::vector<Gap> gaps_of(const Census& census) {
  std::vector<Gap> gaps;
  if (census.hides_processes) {
    gaps.push_back(
        {"/proc hides other users' processes: it is mounted with hidepid (proc(5))", {}, 0, false});
  }
  add_denials(census, gaps);
  add_cuts(census, gaps);
  return gaps;
}

Gap gap_of(const Error& error) {
  return {cli::one_line(error), {}, 0, error.code == EFBIG || error.code == ETIMEDOUT};
}

void report_gaps(const std::vector<Gap>& gaps, bool for_person) {
  for (const Gap& gap : gaps) {
    if (for_person || gap.is_cut) cli::note(kTool, gap.text);
  }
}

void write_gaps(const std::vector<Gap>& gaps, cli::JsonWriter& json) {
  json.key("gaps").open('[');
  for (const Gap& gap : gaps) {
    json.open('{').key("text").string(gap.text);
    if (gap.source) json.key("source").string(name(*gap.source));
    if (gap.count != 0) json.key("count").number(gap.count);
    json.close();
  }
  json.close();
}

namespace {

/// Returns why the requested process is not in the census.
Status explain_absence(const Kernel& kernel, pid_t pid) {
  auto process = TRY(Process::open(kernel, pid));
  TRY(process.open_namespace(kernel, Kind::user));
  return refuse("list the namespaces of", "PID " + std::to_string(pid),
                "it started or exited during the search");
}

Result<pid_t> find_container(const Kernel& kernel, const std::string& name) {
  auto target = TRY(resolve_target(kernel, "container:" + name));
  return target.process->pid();
}

/// Fails if --sources names the kernel's list and the kernel has none.
Status check_sources(const Kernel& kernel, const Request& request) {
  if (!request.sources || !request.sources->contains(Source::kernel)) return {};
  if (*request.sources == SourceSet::all() || kernel.has(Feature::namespace_list)) return {};
  return refuse("use", "--sources=kernel", "this kernel lacks listns(2) (Linux 6.19)",
                "use --sources=all to search all available sources");
}

/// Returns the column with the lines of the tree: COMMAND in a tree by process, otherwise NS. If it
/// is not shown, there is no tree, as in lsns(8), unless --tree was given. Null: no tree.
const cli::ColumnId* tree_column(const Request& request) {
  const Tree tree = request.selection.tree;
  if (tree == Tree::none) return nullptr;
  const cli::ColumnId usual = tree == Tree::process ? column("COMMAND") : column("NS");
  const auto found = std::find(request.columns.begin(), request.columns.end(), usual);
  if (found != request.columns.end()) return &*found;
  return request.tree_is_asked_for ? &request.columns.front() : nullptr;
}

cli::Style style_of_kind(Kind kind) {
  switch (kind) {
    case Kind::net:
      return cli::Style::cyan;
    case Kind::user:
      return cli::Style::magenta;
    case Kind::pid:
      return cli::Style::green;
    case Kind::mnt:
      return cli::Style::blue;
    default:
      return cli::Style::plain;
  }
}

cli::Style style_of(const CensusNamespace& ns, cli::ColumnId id) {
  if (id == column("TYPE")) return style_of_kind(ns.kind);
  // A namespace without processes is easily overlooked.
  if (id == column("NS") && ns.process_count == 0) return cli::Style::yellow;
  return cli::Style::plain;
}

Status print_rows(const Request& request, const Census& census, const Facts& facts,
                  const std::vector<Row>& rows) {
  std::vector<cli::TableColumn> columns;
  const cli::ColumnId* tree = tree_column(request);
  for (const cli::ColumnId& id : request.columns) {
    columns.push_back(table_column(id, request.as_lsns || !request.table.headings));
    columns.back().has_tree = &id == tree;
    columns.back().is_extra = id == column("CONTAINER") && request.container_is_extra;
  }
  std::vector<cli::TableRow> lines;
  lines.reserve(rows.size());
  for (const Row& row : rows) {
    cli::TableRow& line = lines.emplace_back();
    line.parent = row.parent;
    line.cells.reserve(request.columns.size());
    const NamespaceRow read{census, facts, subject_of(census, row.ns)};
    for (const cli::ColumnId id : request.columns) {
      line.cells.push_back(cli::shown(info(id).cell(read)));
      if (request.table.color) line.styles.push_back(style_of(read.ns(), id));
    }
  }
  return cli::print_table(columns, std::move(lines), request.table);
}

void read_facts(const Census& census, const std::vector<Row>& rows, FactSet wanted,
                FactReader& reader) {
  std::vector<Subject> subjects;
  subjects.reserve(rows.size());
  for (const Row& row : rows)
    subjects.push_back(subject_of(census, row.ns));
  reader.read(subjects, wanted);
}

/// Removes the default column CONTAINER if no row has a container.
void drop_empty_container(Request& request, const Census& census, const Facts& facts,
                          const std::vector<Row>& rows) {
  const auto found = std::ranges::find(request.columns, column("CONTAINER"));
  if (found == request.columns.end()) return;
  const bool is_empty = std::ranges::none_of(rows, [&](const Row& row) {
    const cli::Cell cell = containers_cell({census, facts, subject_of(census, row.ns)});
    return !cell.shown.empty();
  });
  if (is_empty) request.columns.erase(found);
}

/// Returns the requested rows. The facts for the filter are read for all candidates, those for the
/// order only for the rows that pass the filter.
std::vector<Row> choose_rows(const Request& request, const Census& census, FactReader& reader) {
  const auto value_of = [&](CensusIndex ns, cli::ColumnId id) {
    return info(id).cell({census, reader.facts(), subject_of(census, ns)}).value;
  };
  Selection selection = request.selection;
  if (tree_column(request) == nullptr) {
    selection.is_flat = request.as_lsns;
    if (!request.as_lsns) selection.tree = Tree::none;
  }
  std::vector<Row> rows = make_rows(census, selection);
  if (request.filter) {
    read_facts(census, rows, facts_of(request.filter->columns()), reader);
    selection.accepts = [&](CensusIndex ns) {
      return request.filter->matches([&](cli::ColumnId id) { return value_of(ns, id); });
    };
    rows = make_rows(census, selection);
  }
  Order order(value_of, request.sort, request.reverse);
  if (!order.is_as_found()) {
    read_facts(census, rows, facts_of(request.sort), reader);
    selection.is_before = [&](CensusIndex a, CensusIndex b) { return order.is_before(a, b); };
    rows = make_rows(census, selection);
  }
  if (request.limit && rows.size() > *request.limit) rows.resize(*request.limit);
  return rows;
}

}  // namespace

Status show_list(Request request) {
  auto kernel = TRY(cli::open_kernel());
  for (const std::string& name : request.containers) {
    request.selection.processes.push_back(TRY(find_container(kernel, name)));
  }
  TRY(check_sources(kernel, request));
  auto census = TRY(take_census(kernel, census_request(request)));
  // Not even this process: this is no proc file system.
  if (census.processes.empty() &&
      (!request.sources || request.sources->contains(Source::process))) {
    return problem("no process in {}", kernel.proc_path(), {}, "mount -t proc proc /proc");
  }
  for (const pid_t wanted : request.selection.processes) {
    const bool found = std::any_of(census.processes.begin(), census.processes.end(),
                                   [&](const auto& process) { return process.pid == wanted; });
    // lsns(8) prints an empty list instead.
    if (!found && !request.as_lsns) return explain_absence(kernel, wanted);
  }

  FactReader reader(kernel, census);
  const std::vector<Row> rows = choose_rows(request, census, reader);
  read_facts(census, rows, facts_of(request.columns), reader);
  if (request.container_if_any) drop_empty_container(request, census, reader.facts(), rows);

  const auto gaps = gaps_of(census);
  if (!request.as_lsns) report_gaps(gaps, request.for_person);
  if (request.table.format == cli::TableFormat::json) {
    const std::string text = json_of(rows, request.columns, census, reader.facts(), &gaps);
    std::fwrite(text.data(), 1, text.size(), stdout);  // main() checks for errors
    return {};
  }
  return print_rows(request, census, reader.facts(), rows);
}

std::string json_of(std::span<const Row> rows, std::span<const cli::ColumnId> columns,
                    const Census& census, const Facts& facts, const std::vector<Gap>* gaps) {
  cli::JsonWriter json;
  json.open('{').key("namespaces").open('[');
  // The rows whose children are being written. Not recursive, as trees can be thousands of levels
  // deep.
  std::vector<std::size_t> above;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    while (!above.empty() && rows[i].parent != above.back()) {
      json.close().close();
      above.pop_back();
    }
    json.open('{');
    const NamespaceRow row{census, facts, subject_of(census, rows[i].ns)};
    for (const cli::ColumnId id : columns)
      cli::write_member(info(id), row, json);
    if (i + 1 < rows.size() && rows[i + 1].parent == i) {
      json.key("children").open('[');
      above.push_back(i);
    } else {
      json.close();
    }
  }
  for (; !above.empty(); above.pop_back())
    json.close().close();
  json.close();
  if (gaps != nullptr) write_gaps(*gaps, json);
  return json.close().take() + '\n';
}

}  // namespace nsx::ls_tool
