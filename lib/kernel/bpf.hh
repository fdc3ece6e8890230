// SPDX-License-Identifier: MIT
#pragma once
// The part of bpf(2) that needs no library: operations on existing objects. Errors contain the
// errno value of the call and name at most the file.

#include <cstdint>
#include <string>

#include <nsx/fd.hh>

union bpf_attr;

namespace nsx {

/// Returns attributes with all bytes 0: the kernel rejects other values beyond the members that it
/// knows.
union bpf_attr no_bpf_attributes();

/// Calls bpf(2). A descriptor that it returns is close-on-exec.
int bpf(int command, union bpf_attr& attributes);

/// Pins a map, program or link to a file in a bpffs, which keeps it alive.
Status pin_bpf_object(int fd, const std::string& path);

/// Opens a pinned object; read-only if the permissions of the file allow no more.
Result<OwnedFd> open_bpf_object(const std::string& path, bool read_only);

/// Attaches a program to a cgroup, in addition to others, for the lifetime of the returned link.
Result<OwnedFd> link_bpf_to_cgroup(int program, int cgroup, unsigned attach_type);

/// Returns the id of the cgroup that a link is attached to; 0: the cgroup was removed. Errors: it
/// is not a link to a cgroup.
Result<std::uint64_t> linked_cgroup(int link);

/// Returns whether a map has these sizes: a pin may come from another version of nsx.
bool is_bpf_map(int map, unsigned type, std::size_t value_size, unsigned entries);

/// Read and write one value of a map that is_bpf_map() has accepted. `flags`: BPF_F_LOCK.
Status read_bpf_map(int map, std::uint32_t key, void* value);
Status write_bpf_map(int map, std::uint32_t key, const void* value, std::uint64_t flags);

}  // namespace nsx
