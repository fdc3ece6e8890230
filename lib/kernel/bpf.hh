// SPDX-License-Identifier: MIT
#pragma once
// The part of bpf(2) that needs no library: objects that are there already. Errors are errno values
// of the call, and name no more than the file.

#include <cstdint>
#include <string>

#include <nsx/fd.hh>

namespace nsx {

/// Gives a map, program or link a name in a bpffs, which keeps it.
Status pin_bpf_object(int fd, const std::string& path);

/// Opens what is pinned; for reading only, where the file permits no more.
Result<OwnedFd> open_bpf_object(const std::string& path, bool read_only);

/// Attaches a program to a cgroup, beside others, as long as the link lives.
Result<OwnedFd> link_bpf_to_cgroup(int program, int cgroup, unsigned attach_type);

/// The id of the cgroup that a link is attached to; 0: it was removed. Errors: it is no such link.
Result<std::uint64_t> linked_cgroup(int link);

/// Whether this map has these sizes: a pin may be of another version's making.
bool is_bpf_map(int map, unsigned type, std::size_t value_size, unsigned entries);

/// Reads and writes one value of a map, which is_bpf_map() has looked at. `flags`: BPF_F_LOCK.
Status read_bpf_map(int map, std::uint32_t key, void* value);
Status write_bpf_map(int map, std::uint32_t key, const void* value, std::uint64_t flags);

}  // namespace nsx
