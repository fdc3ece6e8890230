#pragma once
// Namespaces that are named as operand: what each holds, and the processes in it.

#include <nsx/namespace.hh>

#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

/// What an operand is: namespaces, to be shown one by one, or a process, whose namespaces are
/// listed. A number alone is that of a namespace.
struct Named {
  std::vector<Namespace> namespaces;
  std::optional<pid_t> process;
};

/// Finds it. The namespaces are those of the kinds of -t, if any was given.
Result<Named> find_named(const Kernel& kernel, const std::string& text, KindSet kinds);

/// Prints the namespaces: lines of what they hold, then a table of processes; the table alone where
/// columns were asked for, or no headings, or raw output. Returns the exit status.
Result<int> show_detail(const Kernel& kernel, const std::vector<Namespace>& namespaces,
                        const ViewRequest& request);

}  // namespace nsx::ls_tool
