// SPDX-License-Identifier: MIT
#pragma once
// The view of namespaces given as operands: the contents of each, and the processes in it.

#include <nsx/census.hh>

#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

/// The census of all sources in which operands are found. Taken once, on first use.
class OperandCensus {
 public:
  /// Both arguments must outlive this object.
  OperandCensus(const Kernel& kernel, const ViewRequest& request)
      : kernel_(kernel), request_(request) {}

  Result<const Census*> get();

 private:
  const Kernel& kernel_;
  const ViewRequest& request_;
  std::optional<Census> census_;
};

/// A namespace that a census has found but that cannot be opened, for example because its only
/// mount is covered.
struct Unopened {
  Kind kind = Kind::cgroup;
  ino_t inode = 0;
  Error why;
};

/// The meaning of an operand: namespaces, which are shown one by one, or a process, whose
/// namespaces are listed. A plain number is that of a namespace.
struct Named {
  std::vector<Namespace> namespaces;
  std::vector<Unopened> unopened;
  std::optional<pid_t> process;
};

/// Resolves the operand `text`. Only namespaces of `kinds` count, unless that is empty.
Result<Named> find_named(const Kernel& kernel, OperandCensus& census, const std::string& text,
                         KindSet kinds);

/// Prints the namespaces: lines about their contents, then a table of processes; only the table if
/// columns, no headings or raw output were requested. Returns the exit status.
Result<int> show_detail(const Kernel& kernel, OperandCensus& operands,
                        const std::vector<Namespace>& namespaces,
                        const std::vector<Unopened>& unopened, const ViewRequest& request);

}  // namespace nsx::ls_tool
