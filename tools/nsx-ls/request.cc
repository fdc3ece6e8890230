#include "nsx-ls/request.hh"

#include <algorithm>
#include <array>

#include "common/ids.hh"
#include "common/number.hh"
#include "common/report.hh"
#include "nsx-ls/options.hh"

namespace nsx::ls_tool {

namespace {

Result<Tree> parse_tree(const char* relation) {
  const std::string_view text = relation != nullptr ? relation : "owner";
  if (text == "owner") return Tree::owner;
  if (text == "parent") return Tree::parent;
  if (text == "process") return Tree::process;
  return refuse("make a tree by", cli::quoted(text), "unknown relation",
                "owner, parent or process");
}

/// lsns(8) shows where net namespaces are as soon as they are asked for by their kind.
std::vector<Column> standard_columns(KindSet asked) {
  std::vector columns{Column::ns, Column::type, Column::nprocs, Column::pid, Column::user};
  if (asked.contains(Kind::net)) {
    columns.push_back(Column::netnsid);
    columns.push_back(Column::nsfs);
  }
  columns.push_back(Column::command);
  return columns;
}

/// What a column shows beyond processes.
struct Needed {
  Column column;
  Source source;
};

constexpr std::array kNeeded{
    Needed{Column::pns, Source::relation},        Needed{Column::ons, Source::relation},
    Needed{Column::owner_user, Source::relation}, Needed{Column::nsfs, Source::mount},
    Needed{Column::pin_name, Source::mount},      Needed{Column::threads, Source::thread},
    Needed{Column::held_by, Source::fd},
};

/// Whether a cell of this column tells of more than one of the processes in a namespace.
bool needs_others(Column column) {
  switch (column) {
    case Column::ns:
    case Column::type:
    case Column::pns:
    case Column::ons:
    case Column::id:
    case Column::owner_user:
      return false;
    default:
      return true;
  }
}

}  // namespace

Status apply(const cli::Given& given, Options& options) {
  switch (given.option->id) {
    case 'J':
      options.json = true;
      break;
    case 'l':
      options.list = true;
      break;
    case 'n':
      options.table.headings = false;
      break;
    case 'o':
      options.columns = given.argument;
      break;
    case 'p': {
      auto pid = cli::parse_pid(given.argument);
      if (!pid) return error_of(pid);
      options.process = *pid;
      break;
    }
    case 'P':
    case kOrphaned:
      options.persistent = true;
      break;
    case 'Q':
      options.filter = given.argument;
      break;
    case kSources: {
      auto sources = parse_sources(given.argument);
      if (!sources) return error_of(sources);
      options.sources = *sources;
      break;
    }
    case 'r':
      options.raw = true;
      break;
    case 'u':
      options.table.truncate = false;
      break;
    case 'W':
      options.table.wrap = false;
      break;
    case kColor: {
      auto color = cli::wants_color(given.argument != nullptr ? given.argument : "always");
      if (!color) return error_of(color);
      options.table.color = *color;
      break;
    }
    case kOutputAll:
      options.all_columns = true;
      break;
    case kSort:
      options.sort = given.argument;
      break;
    case kReverse:
      options.reverse = true;
      break;
    case kLimit: {
      options.limit = cli::parse_number<std::size_t>(given.argument);
      if (!options.limit) {
        return refuse("list at most", cli::quoted(given.argument), "not a number of rows");
      }
      break;
    }
    case kContainer:
      options.container = given.argument;
      break;
    case kUser: {
      auto user = cli::parse_user(given.argument);
      if (!user) return error_of(user);
      options.user = *user;
      break;
    }
    case kPinned:
      options.pinned = true;
      break;
    case 't': {
      const auto kind = kind_by_name(given.argument);
      if (!kind) {
        return refuse("list namespaces of the kind", cli::quoted(given.argument), "unknown kind",
                      kKindWords);
      }
      options.kinds.insert(*kind);
      break;
    }
    case 'T': {
      auto tree = parse_tree(given.argument);
      if (!tree) return error_of(tree);
      options.tree = *tree;
      break;
    }
    default:
      break;
  }
  return {};
}

Result<Request> make_request(const Options& options) {
  const auto exclusive = [](const char* a, const char* b) {
    return refuse(std::string("use ") + a + " and", b, "they exclude each other");
  };
  if (options.json && options.raw) return exclusive("--json", "--raw");
  if (options.list && options.tree) return exclusive("--list", "--tree");

  if (options.persistent && options.process) return exclusive("--persistent", "--task");
  if (options.persistent && options.user) return exclusive("--persistent", "--user");
  if (options.persistent && options.container != nullptr) {
    return exclusive("--persistent", "--container");
  }
  if (options.process && options.container != nullptr) return exclusive("--task", "--container");
  if (options.all_columns && options.columns != nullptr) {
    return exclusive("--output", "--output-all");
  }

  Request request;
  if (!options.kinds.empty()) request.selection.kinds = options.kinds;
  request.selection.process = options.process;
  request.selection.tree = options.list ? Tree::none : options.tree.value_or(Tree::process);
  request.tree_is_asked_for = options.tree.has_value();
  request.selection.only_persistent = options.persistent;
  request.selection.only_pinned = options.pinned;
  request.selection.user = options.user;
  if (options.container != nullptr) request.container = options.container;
  request.sources = options.sources;
  request.reverse = options.reverse;
  request.limit = options.limit;
  request.table = options.table;
  if (options.json) request.table.format = cli::TableFormat::json;
  if (options.raw) request.table.format = cli::TableFormat::raw;

  request.columns = standard_columns(options.kinds);
  if (options.columns != nullptr) {
    auto columns = parse_columns(options.columns, std::move(request.columns));
    if (!columns) return error_of(columns);
    request.columns = std::move(*columns);
  }
  if (options.all_columns) {
    request.columns.clear();
    for (const ColumnInfo& each : kColumns)
      request.columns.push_back(each.column);
  }
  if (options.sort != nullptr) {
    auto columns = parse_columns(options.sort, {});
    if (!columns) return error_of(columns);
    request.sort = std::move(*columns);
  }
  if (options.filter != nullptr) {
    auto filter = cli::Filter::parse(options.filter, column_names());
    if (!filter) return error_of(filter);
    request.filter = std::move(*filter);
  }
  return request;
}

CensusRequest census_request(const Request& request) {
  std::vector<Column> columns = request.columns;
  columns.insert(columns.end(), request.sort.begin(), request.sort.end());
  if (request.filter) {
    for (const std::size_t column : request.filter->columns())
      columns.push_back(kColumns[column].column);
  }
  const auto shows = [&](Column column) {
    return std::find(columns.begin(), columns.end(), column) != columns.end();
  };
  const Tree tree = request.selection.tree;
  CensusRequest census;
  census.kinds = request.selection.kinds;
  census.start_times = shows(Column::leader) || shows(Column::age);
  // The owners stand in the tree with their own counts.
  if (tree == Tree::owner || shows(Column::owner_user)) census.kinds.insert(Kind::user);
  if (request.sources) {
    census.sources = *request.sources;
    return census;
  }
  // A process that is asked for has namespaces that are found by looking at processes.
  if (!request.selection.process) {
    census.sources = SourceSet::all();
    census.skip_what_the_kernel_lists = true;
  }
  for (const auto& [column, source] : kNeeded) {
    if (!shows(column)) continue;
    census.sources.insert(source);
    census.skip_what_the_kernel_lists = false;
  }
  if (tree == Tree::owner || tree == Tree::parent) {
    census.sources.insert(Source::relation);
    census.skip_what_the_kernel_lists = false;
  }
  if (request.selection.only_pinned) {
    census.sources.insert(Source::mount);
    census.skip_what_the_kernel_lists = false;
  }
  if (shows(Column::held_by)) census.sources = SourceSet::all();
  const bool asks_others = request.selection.user || request.selection.only_pinned;
  if (request.selection.process && !asks_others &&
      std::none_of(columns.begin(), columns.end(), needs_others)) {
    census.only = *request.selection.process;
  }
  return census;
}

}  // namespace nsx::ls_tool
