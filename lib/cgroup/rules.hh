// SPDX-License-Identifier: MIT
#pragma once
// The kernel's rules for cgroups, as sentences: why a call failed that broke one of them.

#include <optional>
#include <string>

#include <nsx/cgroup.hh>

namespace nsx {

/// A write(2) to a file of a cgroup that failed with `code`.
Error explain_write(const CgroupTree& tree, const Cgroup& cgroup, const std::string& file,
                    const std::string& value, int code);

/// A file of a cgroup that could not be read.
Error explain_read(const CgroupTree& tree, const Cgroup& cgroup, const std::string& file, int code);

/// A process that could not be moved into a cgroup. `from`: where it is, if that is known.
Error explain_move(const Cgroup& to, const std::string& from, const std::string& what, int code);

/// mkdir(2) and rmdir(2) of a cgroup. `path` is below the top of the tree.
Error explain_make(const CgroupTree& tree, const std::string& path, int code);
Error explain_remove(const Cgroup& cgroup, int code);

/// No processes in inner nodes: controllers cannot be enabled below a cgroup that has some.
/// `count`: how many; none: unknown.
Error explain_busy(const std::string& path, std::optional<std::size_t> count);

/// How many processes that the caller can see are in a cgroup; none: their list is unreadable.
std::optional<std::size_t> count_processes(const Cgroup& cgroup);

/// Whether this is the machine's root cgroup, which the rules leave out: it has no type.
bool is_real_root(const Cgroup& cgroup);

/// Whether an error of one of its files means that the cgroup is gone: there is nothing left in it.
bool is_gone(const Cgroup& cgroup, int code);

/// What cgroup.type says; empty for the machine's root.
std::string type_of(const Cgroup& cgroup);

}  // namespace nsx
