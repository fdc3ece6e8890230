// SPDX-License-Identifier: MIT
#pragma once
// The network of a cgroup as if the kernel had files for it beside the others:
//
//   net.in, net.out  bytes a second, or "max"
//   net.stat         what has passed, in lines like memory.stat's; read only

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

// cgroup v2 has no controller for the network. In its place, a program in BPF for each direction is
// attached to the cgroup (BPF_PROG_TYPE_CGROUP_SKB; links: Linux 5.7). It counts the packets of the
// sockets that were made in the cgroup or below it, and drops what is above a rate. Programs that
// are attached by others, there or above, run as well.
//
// What is counted is what the wire carries, from the IP header on: one packet a segment, each with
// its headers, also where the kernel handles many as one (GSO, GRO). So packets equal those of a
// network card's counters, and bytes those less 14 a packet for the Ethernet header. Not counted is
// what belongs to no socket of the cgroup's: ARP, neighbour discovery, answers to pings, resets,
// the last packets of connections that a process has closed.
//
// A rate lets pass what 100 ms hold at once, and what comes on top is dropped. One packet may
// exceed it. After a drop credit grows on to 500 ms while nothing is sent: TCP that has lost all
// that it sent is silent for 200 or 400 ms, and would reach half of the rate without.
//
// Links and maps are pinned below /sys/fs/bpf/nsx, in a directory for each cgroup, by its id: they
// outlive the caller, and a new cgroup of the same name is not taken for the old. The kernel
// detaches the programs of a cgroup that is removed, a while later; their pins are taken away by
// remove_cgroup_net(), or by the next call that sets or removes any.
//
// A socket is of the cgroup that its process was in when it made it, for as long as it is there.

/// What has passed, or not, since the programs were attached.
struct CgroupNetCounters {
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  std::uint64_t dropped_bytes = 0;  ///< dropped ones are not among those above
  std::uint64_t dropped_packets = 0;

  bool operator==(const CgroupNetCounters&) const = default;
};

inline constexpr std::uint64_t kNoNetLimit = UINT64_MAX;

struct CgroupNetDirection {
  std::uint64_t rate = kNoNetLimit;  ///< bytes a second; 0 drops everything
  CgroupNetCounters counters;
};

struct CgroupNet {
  CgroupNetDirection in;   ///< to the cgroup's sockets
  CgroupNetDirection out;  ///< from them
};

/// The rates to set: bytes a second, or kNoNetLimit. What is not set stays as it is.
struct CgroupNetRates {
  std::optional<std::uint64_t> in;
  std::optional<std::uint64_t> out;

  bool operator==(const CgroupNetRates&) const = default;
};

/// The kernel's id of the cgroup with this directory (cgroup2): its inode number.
NSX_API Result<std::uint64_t> cgroup_id(int cgroup);

/// Sets rates of the cgroup with this directory. The programs are attached first, if they are not;
/// with no rate at all, it is only counted from now on. Setting a rate fills its bucket. Needs
/// CAP_BPF and CAP_NET_ADMIN in the initial user namespace, and libbpf, which is loaded when it is
/// needed. After a failure, no part of new programs is left. Errors: a missing right, library,
/// bpffs or kernel part; a program attached above that allows no others. Those about the cgroup
/// itself have no subject: the caller knows its name.
NSX_API Status set_cgroup_net(int cgroup, const CgroupNetRates& rates);

/// Rates and counters of the cgroup with this id; none where nothing was attached by
/// set_cgroup_net(). Needs no more than to be let into /sys/fs/bpf.
NSX_API Result<std::optional<CgroupNet>> read_cgroup_net(std::uint64_t id);

/// The ids of the cgroups that read_cgroup_net() knows of, ascending.
NSX_API Result<std::vector<std::uint64_t>> cgroups_with_net();

/// Detaches the programs from the cgroup with this id, if it has any, and takes away their pins,
/// those of a cgroup that is gone as well. True: there were some.
NSX_API Result<bool> remove_cgroup_net(std::uint64_t id);

bool is_net_file(std::string_view name);

/// What it says of the cgroup with this directory; nothing, where no programs are attached.
Result<std::string> read_net_file(int cgroup, std::string_view name);

/// Sets a rate. A line feed alone takes the programs off, as undoing wants it: nothing was there.
Status write_net_file(int cgroup, std::string_view name, std::string_view value);

/// Takes away what is left of the programs of a cgroup that was removed, as far as the caller may.
void forget_net(std::uint64_t cgroup_id);

}  // namespace nsx
