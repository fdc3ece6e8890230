// SPDX-License-Identifier: MIT
#pragma once
// The table of options, what they say, and what that comes to for the list and the trees.

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

extern const cli::Tool kTool;

/// What the command line says, before its parts are held against each other.
struct Options {
  KindSet kinds;
  std::vector<pid_t> processes;
  std::optional<Tree> tree;
  std::optional<SourceSet> sources;
  const char* columns = nullptr;
  const char* filter = nullptr;
  const char* sort = nullptr;
  std::vector<std::string> containers;
  std::vector<uid_t> users;
  std::optional<std::size_t> limit;
  bool verbose = false;
  bool as_lsns = false;  ///< called by that name, and to be taken for it
  bool all_columns = false;
  bool list = false;
  bool persistent = false;
  bool pinned = false;
  bool raw = false;
  bool json = false;
  bool reverse = false;
  const char* matrix_rows = "process";  ///< what --matrix is of
  bool all = false;                     ///< of the matrix
  cli::TableOptions table;              ///< but for its format
};

/// Errors: those of single options.
Status read_options(const cli::CommandLine& line, Options& options);

/// What the list and the trees are asked for.
struct Request {
  Selection selection;
  bool tree_is_asked_for = false;
  std::optional<SourceSet> sources;
  std::vector<cli::ColumnId> columns;
  bool container_if_any = false;    ///< that column is shown only if a row has a container
  bool container_is_extra = false;  ///< likewise, and if there is room beside what was asked for
  std::optional<cli::RowFilter> filter;
  std::vector<std::string> containers;  ///< their processes are added to `selection.processes`
  std::vector<cli::ColumnId> sort;      ///< by the first one first; empty: by inode number
  bool reverse = false;
  bool as_lsns = false;
  bool for_person = false;           ///< who reads stderr
  std::optional<std::size_t> limit;  ///< of rows
  cli::TableOptions table;
};

/// The JSON that is asked for.
cli::TableFormat json_format(const Options& options);

Result<Request> make_request(const Options& options);

/// What the census has to look at for the request, and no more.
CensusRequest census_request(const Request& request);

}  // namespace nsx::ls_tool
