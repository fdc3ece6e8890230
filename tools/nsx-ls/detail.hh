// SPDX-License-Identifier: MIT
#pragma once
// Namespaces that are named as operand: what each holds, and the processes in it.

#include <nsx/census.hh>

#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

/// The census of all sources in which operands are found and shown: taken when it is needed first,
/// and once.
class OperandCensus {
 public:
  /// Both must outlive this.
  OperandCensus(const Kernel& kernel, const ViewRequest& request)
      : kernel_(kernel), request_(request) {}

  Result<const Census*> get();

 private:
  const Kernel& kernel_;
  const ViewRequest& request_;
  std::optional<Census> census_;
};

/// A namespace that a census has seen, and that cannot be opened: its only mount is covered, say.
struct Unopened {
  Kind kind = Kind::cgroup;
  ino_t inode = 0;
  Error why;
};

/// What an operand is: namespaces, to be shown one by one, or a process, whose namespaces are
/// listed. A number alone is that of a namespace.
struct Named {
  std::vector<Namespace> namespaces;
  std::vector<Unopened> unopened;
  std::optional<pid_t> process;
};

/// Finds it. The namespaces are those of the kinds of -t, if any was given.
Result<Named> find_named(const Kernel& kernel, OperandCensus& census, const std::string& text,
                         KindSet kinds);

/// Prints the namespaces: lines of what they hold, then a table of processes; the table alone where
/// columns were asked for, or no headings, or raw output. Returns the exit status.
Result<int> show_detail(const Kernel& kernel, OperandCensus& operands,
                        const std::vector<Namespace>& namespaces,
                        const std::vector<Unopened>& unopened, const ViewRequest& request);

}  // namespace nsx::ls_tool
