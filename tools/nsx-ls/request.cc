// SPDX-License-Identifier: MIT
#include "nsx-ls/request.hh"

#include <algorithm>
#include <array>

#include "common/arguments.hh"
#include "common/names.hh"
#include "common/report.hh"
#include "common/table.hh"
#include "common/value.hh"
#include "try.hh"

namespace nsx::ls_tool {

namespace {

/// Returns the default columns. As in lsns(8), -t net adds those about net namespaces.
std::vector<cli::ColumnId> standard_columns(KindSet asked, bool as_lsns) {
  std::vector columns{column("NS"), column("TYPE"), column("NPROCS"), column("PID"),
                      column("USER")};
  if (asked.contains(Kind::net)) {
    columns.push_back(column("NETNSID"));
    columns.push_back(column("NSFS"));
  }
  if (!as_lsns) columns.push_back(column("CONTAINER"));
  columns.push_back(column("COMMAND"));
  return columns;
}

Result<Tree> parse_tree(const char* relation) {
  const std::string_view text = relation != nullptr ? relation : "owner";
  if (text == "owner") return Tree::owner;
  if (text == "parent") return Tree::parent;
  if (text == "process") return Tree::process;
  return problem("invalid relation '{}'", text, "expected owner, parent or process");
}

Status add_process(Options& options, const char* text) {
  auto pid = TRY(cli::parse_pid(text));
  // In lsns(8), the last -p overrides the others.
  if (options.as_lsns) options.processes.clear();
  options.processes.push_back(pid);
  return {};
}

Status add_user(Options& options, const char* name) {
  options.users.push_back(TRY(cli::parse_user(name)));
  return {};
}

Result<std::size_t> parse_limit(const char* text) {
  if (const auto limit = parse_number<std::size_t>(text)) return *limit;
  return problem("invalid number of rows '{}'", text, "expected a number of 0 or more");
}

Result<bool> parse_color(const char* when) {
  return cli::wants_color(when != nullptr ? when : "always");
}

// Options without an effect here select another view (views.cc).
constexpr std::array kOptions{
    cli::under("Selection",
               cli::value('t', "type", {"TYPES", cli::Completes::list, cli::kKindWords},
                          "these kinds only: cgroup, ipc, mnt, net, pid, time, user, uts; "
                          "comma-separated, repeatable",
                          cli::call<cli::add_kinds>)),
    cli::value('p', "task", {"PID", cli::Completes::pid}, "namespaces of this process only",
               cli::call<add_process>),
    cli::value(cli::kNoLetter, "container", {"NAME", cli::Completes::container},
               "namespaces of this container only; repeatable",
               cli::append_text<&Options::containers>),
    cli::value(cli::kNoLetter, "user", {"NAME", cli::Completes::user},
               "namespaces whose first process belongs to this user; repeatable",
               cli::call<add_user>),
    cli::value('Q', "filter", {"EXPR", cli::Completes::words, kColumnWords},
               "rows that match the expression, such as 'TYPE == \"net\" and NPROCS > 1'",
               cli::set_text<&Options::filter>),
    cli::flag('P', "persistent", "namespaces without a process only",
              cli::set_flag<&Options::persistent>),
    cli::flag(cli::kNoLetter, "orphaned", "same as --persistent",
              cli::set_flag<&Options::persistent>),
    cli::flag(cli::kNoLetter, "pinned", "namespaces mounted on a file only",
              cli::set_flag<&Options::pinned>),
    cli::value(cli::kNoLetter, "sources",
               {"LIST", cli::Completes::list,
                "process thread children fd socket mount relation kernel all"},
               "search only these comma-separated sources: process, thread, children, fd, socket, "
               "mount, relation, kernel or all",
               cli::parse_into<parse_sources, &Options::sources>),
    cli::under("Columns and order",
               cli::value('o', "output", {"COLUMNS", cli::Completes::list, kColumnWords},
                          "columns to show, comma-separated; a leading + appends to the defaults",
                          cli::set_text<&Options::columns>)),
    cli::flag(cli::kNoLetter, "output-all", "show all columns",
              cli::set_flag<&Options::all_columns>),
    cli::flag('H', "list-columns", "list the available columns"),
    cli::value(cli::kNoLetter, "sort", {"COLUMNS", cli::Completes::list, kColumnWords},
               "sort by these comma-separated columns", cli::set_text<&Options::sort>),
    cli::flag(cli::kNoLetter, "reverse", "reverse the order", cli::set_flag<&Options::reverse>),
    cli::value(cli::kNoLetter, "limit", {"N"}, "print the first N rows only",
               cli::parse_into<parse_limit, &Options::limit>),
    cli::under("Output", cli::flag('J', "json", "print JSON", cli::set_flag<&Options::json>)),
    cli::flag('l', "list", "print a list instead of a tree", cli::set_flag<&Options::list>),
    cli::optional_value('T', "tree", {"RELATION", cli::Completes::words, "owner parent process"},
                        "print a tree by owner (default), parent or process",
                        cli::parse_into<parse_tree, &Options::tree>),
    cli::flag('r', "raw", "print unaligned, space-separated cells", cli::set_flag<&Options::raw>),
    cli::flag('n', "noheadings", "omit the headings",
              cli::clear_flag<&cli::TableOptions::headings>),
    cli::flag('u', "notruncate", "do not truncate rows at the terminal width",
              cli::clear_flag<&cli::TableOptions::truncate>),
    cli::flag('W', "nowrap", "print each row on a single line",
              cli::clear_flag<&cli::TableOptions::wrap>),
    cli::optional_value(cli::kNoLetter, "color",
                        {"WHEN", cli::Completes::words, "auto always never"},
                        "use colors: auto (default: on a terminal), always or never",
                        cli::parse_into<parse_color, &cli::TableOptions::color>),
    cli::flag(cli::kNoLetter, "verbose",
              "report unreadable processes even if stderr is not a terminal",
              cli::set_flag<&Options::verbose>),
    cli::under("Other views",
               cli::flag(cli::kNoLetter, "compare", "report whether targets share namespaces")),
    cli::optional_value(cli::kNoLetter, "matrix",
                        {"ROWS", cli::Completes::words, "process container unit"},
                        "print which namespaces processes (default), containers or units share",
                        [](Options& options, const char* rows) {
                          if (rows != nullptr) options.matrix_rows = rows;
                        }),
    cli::flag(cli::kNoLetter, "all", "with --matrix: also those that share everything with PID 1",
              cli::set_flag<&Options::all>),
    cli::flag(cli::kNoLetter, "limits", "print the number of namespaces and their limits"),
    cli::under("Information", cli::flag(cli::kNoLetter, "features",
                                        "print which optional kernel interfaces are in use")),
    cli::kHelp,
    cli::kVersion,
};

}  // namespace

cli::TableFormat json_format(const Options& options) {
  return options.as_lsns ? cli::TableFormat::json_of_lsns : cli::TableFormat::json;
}

Result<Request> make_request(const Options& options) {
  const auto exclusive = [](const char* a, const char* b) {
    return problem(std::string(a) + " and " + b + " are mutually exclusive");
  };
  if (options.json && options.raw) return exclusive("--json", "--raw");
  if (options.list && options.tree && !options.as_lsns) return exclusive("--list", "--tree");

  if (options.persistent && !options.processes.empty()) return exclusive("--persistent", "--task");
  if (options.persistent && !options.users.empty()) return exclusive("--persistent", "--user");
  if (options.persistent && !options.containers.empty()) {
    return exclusive("--persistent", "--container");
  }
  if (!options.processes.empty() && !options.containers.empty()) {
    return exclusive("--task", "--container");
  }
  if (options.all_columns && options.columns != nullptr) {
    return exclusive("--output", "--output-all");
  }

  Request request;
  if (!options.kinds.empty()) request.selection.kinds = options.kinds;
  request.selection.processes = options.processes;
  request.selection.tree = options.tree.value_or(options.list ? Tree::none : Tree::process);
  request.tree_is_asked_for = options.tree.has_value() && !options.as_lsns;
  request.as_lsns = options.as_lsns;
  request.selection.only_persistent = options.persistent;
  request.selection.only_pinned = options.pinned;
  request.selection.users = options.users;
  request.containers = options.containers;
  request.sources = options.sources;
  request.reverse = options.reverse;
  request.for_person = options.verbose;
  request.limit = options.limit;
  request.table = options.table;
  if (options.json) request.table.format = json_format(options);
  request.table.json_key = "namespaces";
  if (options.raw) request.table.format = cli::TableFormat::raw;

  request.columns = standard_columns(options.kinds, options.as_lsns);
  request.container_if_any = !options.json;
  if (options.columns != nullptr) {
    request.columns =
        TRY(cli::parse_columns(kColumnNames, options.columns, std::move(request.columns)));
    const auto times = std::ranges::count(request.columns, column("CONTAINER"));
    const bool is_asked_for = times > 1 || *options.columns != '+';
    if (is_asked_for) request.container_if_any = false;
    request.container_is_extra = request.container_if_any;
    if (times > 1) request.columns.erase(std::ranges::find(request.columns, column("CONTAINER")));
  }
  if (options.all_columns) {
    request.container_if_any = false;
    // As in lsns(8).
    if (options.as_lsns && !options.tree) request.selection.tree = Tree::none;
    request.columns.clear();
    const std::size_t count = options.as_lsns ? lsns_columns().size() : kColumns.size();
    for (std::size_t i = 0; i < count; ++i)
      request.columns.push_back(cli::ColumnId{static_cast<std::uint8_t>(i)});
  }
  if (options.sort != nullptr) {
    request.sort = TRY(cli::parse_columns(kColumnNames, options.sort, {}));
  }
  if (options.filter != nullptr && *options.filter != '\0') {
    request.filter = TRY(cli::RowFilter::parse(
        kColumnNames, options.filter, options.as_lsns ? cli::Rank::one : cli::Rank::and_first));
  }
  return request;
}

CensusRequest census_request(const Request& request) {
  std::vector<cli::ColumnId> columns = request.columns;
  columns.insert(columns.end(), request.sort.begin(), request.sort.end());
  if (request.filter) {
    const auto& filtered = request.filter->columns();
    columns.insert(columns.end(), filtered.begin(), filtered.end());
  }
  SourceSet needed;
  const Tree tree = request.selection.tree;
  // Trees by owner and parent need the relations.
  if (tree == Tree::owner || tree == Tree::parent) needed.insert(Source::relation);
  if (request.selection.only_pinned) needed.insert(Source::mount);
  CensusRequest census;
  census.kinds = request.selection.kinds;
  if (tree == Tree::owner) census.kinds.insert(Kind::user);
  for (const cli::ColumnId id : columns) {
    needed.insert(info(id).needs.sources);
    census.kinds.insert(info(id).needs.kinds);
  }
  census.start_times = facts_of(columns).contains(Fact::leader);
  census.identities = true;
  if (request.sources) {
    census.sources = *request.sources;
    return census;
  }
  // The namespaces of requested processes are found by reading processes alone.
  if (request.selection.processes.empty()) {
    census.sources = SourceSet::all();
    census.skip_what_the_kernel_lists = needed.empty();
  }
  census.sources.insert(needed);
  const bool asks_others = !request.selection.users.empty() || request.selection.only_pinned;
  if (request.selection.processes.size() == 1 && !asks_others &&
      std::ranges::all_of(columns, [](cli::ColumnId id) { return info(id).needs.is_of_one; })) {
    census.only = request.selection.processes.front();
  }
  return census;
}

constexpr cli::Tool kTool{
    "nsx-ls",
    "[options] [target...]",
    "List the machine's namespaces and the processes in them",
    kOptions,
    cli::Operands::targets,
    2,
    nullptr,
    {{{"nsx-ls -t net", "network namespaces only"},
      {"nsx-ls web", "namespaces of the container web"},
      {"nsx-ls --matrix=container", "which containers share namespaces"}}},
};

Status read_options(const cli::CommandLine& line, Options& options) {
  return cli::apply<kOptions>(line, options, options.kinds, options.table);
}

}  // namespace nsx::ls_tool
