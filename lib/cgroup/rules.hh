// SPDX-License-Identifier: MIT
#pragma once
// Explains failed calls by the kernel's rules for cgroups.

#include <optional>
#include <string>

#include <nsx/cgroup.hh>

namespace nsx {

/// Explains a write(2) to a file of a cgroup that failed with `code`.
Error explain_write(const CgroupTree& tree, const Cgroup& cgroup, const std::string& file,
                    const std::string& value, int code);

/// Explains why a file of a cgroup could not be read.
Error explain_read(const CgroupTree& tree, const Cgroup& cgroup, const std::string& file, int code);

/// Explains why a process could not be moved into a cgroup. `from` is its current cgroup, if known.
Error explain_move(const Cgroup& to, const std::string& from, const std::string& what, int code);

/// Explain a failed mkdir(2) or rmdir(2) of a cgroup. `path` is below the top of the tree.
Error explain_make(const CgroupTree& tree, const std::string& path, int code);
Error explain_remove(const Cgroup& cgroup, int code);

/// Explains the no-inner-process rule: controllers cannot be enabled below a cgroup with processes.
/// `count` is their number, if known.
Error explain_busy(const std::string& path, std::optional<std::size_t> count);

/// Returns how many processes in a cgroup the caller can see; nothing if the list is unreadable.
std::optional<std::size_t> count_processes(const Cgroup& cgroup);

/// Whether this is the machine's root cgroup, which is exempt from the rules. It has no type.
bool is_real_root(const Cgroup& cgroup);

/// Whether an error of one of its files means that the cgroup has been removed.
bool is_gone(const Cgroup& cgroup, int code);

/// Returns the content of cgroup.type; empty for the machine's root.
std::string type_of(const Cgroup& cgroup);

}  // namespace nsx
