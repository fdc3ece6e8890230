// SPDX-License-Identifier: MIT
#pragma once
// The table of options, their values, and the request for the list or tree made of them.

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

/// The values of the options, before they are checked against each other.
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
  bool as_lsns = false;  ///< called as lsns, and compatible with it
  bool all_columns = false;
  bool list = false;
  bool persistent = false;
  bool pinned = false;
  bool raw = false;
  bool json = false;
  bool reverse = false;
  const char* matrix_rows = "process";  ///< the argument of --matrix
  bool all = false;                     ///< of --matrix
  cli::TableOptions table;              ///< except for the format
};

/// Reads the options. Errors: an invalid argument of an option.
Status read_options(const cli::CommandLine& line, Options& options);

/// A request for the list or tree.
struct Request {
  Selection selection;
  bool tree_is_asked_for = false;
  std::optional<SourceSet> sources;
  std::vector<cli::ColumnId> columns;
  bool container_if_any = false;    ///< show CONTAINER only if a row has one
  bool container_is_extra = false;  ///< likewise, and only if there is room left
  std::optional<cli::RowFilter> filter;
  std::vector<std::string> containers;  ///< their processes are added to `selection.processes`
  std::vector<cli::ColumnId> sort;      ///< most significant first; empty: by inode number
  bool reverse = false;
  bool as_lsns = false;
  bool for_person = false;           ///< stderr is read by a person
  std::optional<std::size_t> limit;  ///< number of rows
  cli::TableOptions table;
};

/// Returns the JSON format to print.
cli::TableFormat json_format(const Options& options);

/// Makes a request of the options. Errors: options that are mutually exclusive, and invalid columns
/// or filters.
Result<Request> make_request(const Options& options);

/// Returns the smallest census that the request needs.
CensusRequest census_request(const Request& request);

}  // namespace nsx::ls_tool
