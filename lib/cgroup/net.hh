// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/result.hh>

namespace nsx {

// cgroup v2 has no controller for the network. Instead, a BPF program for each direction is
// attached to the cgroup (BPF_PROG_TYPE_CGROUP_SKB; links: Linux 5.7). It counts the packets of the
// sockets created in the cgroup or a descendant, and drops packets above a rate. Programs that
// others attach there or to ancestors run as well.
//
// The counters reflect the wire, from the IP header on: one packet per segment, each with its
// headers, even if the kernel handles several segments as one (GSO, GRO). Thus the packets equal
// those in a network card's counters, and the bytes are those minus 14 per packet for the Ethernet
// header. Packets that belong to no socket of the cgroup are not counted: ARP, neighbour discovery,
// replies to pings, resets, and the last packets of connections that a process has closed.
//
// A rate allows a burst of 100 ms and drops packets beyond it. A single packet may exceed it. After
// a drop, the credit grows to 500 ms while nothing is sent: TCP that lost everything it sent is
// silent for 200 or 400 ms, and would otherwise reach half of the rate.
//
// Links and maps are pinned in /sys/fs/bpf/nsx, in a directory for each cgroup, named by its id.
// They outlive the caller, and a new cgroup with the same name does not inherit them. Some time
// after a cgroup has been removed, the kernel detaches its programs. Their pins are removed by
// remove_cgroup_net(), or by the next call that sets or removes limits of any cgroup.
//
// A socket belongs to the cgroup that its process was in when it was created, for its whole life.

/// Traffic that has passed or was dropped since the programs were attached.
struct CgroupNetCounters {
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  std::uint64_t dropped_bytes = 0;  ///< not included in the numbers above
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

/// The rates to set, in bytes a second, or kNoNetLimit. A rate that is not set here does not
/// change.
struct CgroupNetRates {
  std::optional<std::uint64_t> in;
  std::optional<std::uint64_t> out;

  bool operator==(const CgroupNetRates&) const = default;
};

/// Returns the kernel's id of the cgroup with this directory (cgroup2): its inode number.
NSX_API Result<std::uint64_t> cgroup_id(int cgroup);

/// Sets rates of the cgroup with this directory. Attaches the programs first if necessary; without
/// any rate, they only count. Setting a rate fills its bucket. Needs CAP_BPF and CAP_NET_ADMIN in
/// the initial user namespace. If it fails, new programs are removed completely. Errors: a missing
/// privilege, bpffs or kernel feature; a program on
/// an ancestor that allows no others. Errors about the cgroup itself have no subject, as the caller
/// knows its name.
NSX_API Status set_cgroup_net(int cgroup, const CgroupNetRates& rates);

/// Returns rates and counters of the cgroup with this id, or nothing if set_cgroup_net() has not
/// attached programs to it. Only needs access to /sys/fs/bpf.
NSX_API Result<std::optional<CgroupNet>> read_cgroup_net(std::uint64_t id);

/// Returns the ids of the cgroups that read_cgroup_net() knows, in ascending order.
NSX_API Result<std::vector<std::uint64_t>> cgroups_with_net();

/// Detaches the programs from the cgroup with this id, which may have been removed already, and
/// removes their pins. Returns whether there were any.
NSX_API Result<bool> remove_cgroup_net(std::uint64_t id);

bool is_net_file(std::string_view name);

/// Returns the content of the file for the cgroup with this directory; empty if no programs are
/// attached.
Result<std::string> read_net_file(int cgroup, std::string_view name);

/// Sets a rate. A single line feed detaches the programs, which undoes the first write.
Status write_net_file(int cgroup, std::string_view name, std::string_view value);

/// Removes what is left of the programs of a removed cgroup, as far as the caller is privileged to.
void forget_net(std::uint64_t cgroup_id);

// Loading the network programs into the kernel.

/// The programs and maps of net.bpf.c, loaded but not attached.
struct NetPrograms {
  OwnedFd in;
  OwnedFd out;
  OwnedFd buckets;
  OwnedFd counters;
};

/// Loads them. Errors: this library was built without them, a privilege or a kernel feature is
/// missing.
Result<NetPrograms> load_net_programs();

// Where the network programs of cgroups are pinned: in /sys/fs/bpf/nsx, in a directory for each
// cgroup, named by its id.

/// The entries in a cgroup's directory.
inline constexpr const char* kNetBuckets = "buckets";
inline constexpr const char* kNetCounters = "counters";
inline constexpr const char* kNetLinkIn = "in";
inline constexpr const char* kNetLinkOut = "out";

/// The directory for all pins, locked against other writers during the lifetime of this object.
class NetPins {
 public:
  /// Opens and locks it, and creates it if necessary. An entry of that name that belongs to another
  /// user is first removed or renamed. Errors: no bpffs; no permission to rename; a directory that
  /// other users can write to.
  static Result<NetPins> prepare();

  /// Opens and locks it. Returns nothing if it does not exist or another user has taken its name.
  static Result<std::optional<NetPins>> lock();

  /// Creates the directory for a cgroup and returns its path.
  Result<std::string> make(std::uint64_t id);

  /// Removes the pins of a cgroup, which detaches its programs. Returns whether there were any.
  Result<bool> remove(std::uint64_t id);

  /// Removes the pins of all cgroups that no longer exist, and incomplete ones.
  void remove_stale();

 private:
  NetPins() = default;
  Status take_lock();

  OwnedFd directory_;
  OwnedFd lock_;
};

/// Whether both programs are attached and pinned for this cgroup, which exists. Needs the lock.
bool are_net_pins_whole(std::uint64_t id);

/// Returns the directory for the pins of a cgroup. It may be read without the lock once
/// check_net_pins() has returned true: the directory for all pins exists and belongs to no other
/// user.
std::string net_pins_path(std::uint64_t id);
Result<bool> check_net_pins();

/// Returns the ids of the cgroups with pins, in ascending order.
Result<std::vector<std::uint64_t>> list_net_pins();

}  // namespace nsx
