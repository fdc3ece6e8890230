#pragma once
// What the list and the trees are asked for.

#include <optional>
#include <string>
#include <vector>

#include <nsx/census.hh>

#include "common/filter.hh"
#include "common/options.hh"
#include "common/table.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/rows.hh"

namespace nsx::ls_tool {

/// The options as they were given, before they are held against each other.
struct Options {
  KindSet kinds;
  std::optional<pid_t> process;
  std::optional<Tree> tree;
  std::optional<SourceSet> sources;
  const char* columns = nullptr;
  const char* filter = nullptr;
  const char* sort = nullptr;
  const char* container = nullptr;
  std::optional<uid_t> user;
  std::optional<std::size_t> limit;
  bool all_columns = false;
  bool list = false;
  bool persistent = false;
  bool pinned = false;
  bool raw = false;
  bool json = false;
  bool reverse = false;
  cli::TableOptions table;  ///< but for its format
};

struct Request {
  Selection selection;
  bool tree_is_asked_for = false;
  std::optional<SourceSet> sources;
  std::vector<Column> columns;
  std::optional<cli::Filter> filter;
  std::string container;     ///< its process takes the place of `selection.process`
  std::vector<Column> sort;  ///< by the first one first; empty: by inode number
  bool reverse = false;
  std::optional<std::size_t> limit;  ///< of rows
  cli::TableOptions table;
};

/// Puts one option into the options.
Status apply(const cli::Given& given, Options& options);

Result<Request> make_request(const Options& options);

/// What the census has to look at for the request, and no more.
CensusRequest census_request(const Request& request);

}  // namespace nsx::ls_tool
