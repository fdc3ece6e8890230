#pragma once
// The network of a cgroup as if the kernel had files for it beside the others:
//
//   net.in, net.out  bytes a second, or "max"
//   net.stat         what has passed, in lines like memory.stat's; read only

#include <cstdint>
#include <string>
#include <string_view>

#include <nsx/result.hh>

namespace nsx {

bool is_net_file(std::string_view name);

/// What it says of the cgroup with this directory; nothing, where no programs are attached.
Result<std::string> read_net_file(int cgroup, std::string_view name);

/// Sets a rate. A line feed alone takes the programs off, as undoing wants it: nothing was there.
Status write_net_file(int cgroup, std::string_view name, std::string_view value);

/// Takes away what is left of the programs of a cgroup that was removed, as far as the caller may.
void forget_net(std::uint64_t cgroup_id);

}  // namespace nsx
