// SPDX-License-Identifier: MIT
#pragma once
// What a namespace shows to those inside: its host name, files, network interfaces and mounts.
//
//   const auto net = nsx::Namespace::open_file(kernel, "/run/netns/blue");
//   if (!net) return;
//   const auto interfaces = nsx::read_interfaces(kernel, *net);

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/namespace.hh>
#include <nsx/result.hh>

namespace nsx {

// What only a process inside can see is read by a child that joins the namespace (setns(2)) and
// ends; the caller stays where it is. That needs CAP_SYS_ADMIN in the user namespace that owns the
// namespace, but for the caller's own.

/// What a UTS namespace has (uname(2)).
struct HostNames {
  std::string host;
  std::string domain;  ///< of NIS; "(none)" is the kernel's
};

NSX_API Result<HostNames> read_host_names(const Kernel& kernel, const Namespace& uts);

/// A file of /proc/PID as a process inside has it: "uid_map" of a user namespace, "mountinfo",
/// "timens_offsets". It is read from outside, so that ids are as the caller counts them. Where a
/// process is known to be inside, its own file is cheaper, and needs less.
NSX_API Result<std::string> read_file_inside(const Kernel& kernel, const Namespace& ns,
                                             const char* file);

/// The number that the caller's net namespace has given to another, rtnetlink's "netnsid"
/// (ip-netns(8), `ip netns list-id`), or none where it has not.
NSX_API Result<std::optional<int>> peer_net_id(const Namespace& net);

/// An address of an interface, "10.0.0.2" with the prefix 24.
struct InterfaceAddress {
  std::string address;
  unsigned prefix = 0;

  bool operator==(const InterfaceAddress&) const = default;
};

/// A network interface.
struct Interface {
  int index = 0;
  std::string name;              ///< "eth0"; may hold any byte but "/" and white space
  std::string kind;              ///< "veth", "bridge" ...; empty: of hardware, and lo
  std::string hardware_address;  ///< "02:42:ac:11:00:02"; empty: has none
  bool is_up = false;
  std::vector<InterfaceAddress> addresses;
  /// Where its link, such as the other end of a veth pair, is in another net namespace: the number
  /// that this one has given to that.
  std::optional<int> link_net_id;
};

/// The interfaces of a net namespace, by their indices, with their IPv4 and IPv6 addresses. Forks a
/// child that joins it (setns(2)) and ends. Needs CAP_SYS_ADMIN in the user namespace that owns it,
/// but for the caller's own.
NSX_API Result<std::vector<Interface>> read_interfaces(const Kernel& kernel, const Namespace& net);

/// The numbers that a net namespace has given to others (peer_net_id() is about the caller's own).
/// Needs what read_interfaces() does.
NSX_API Result<std::vector<std::optional<int>>> net_ids_in(const Kernel& kernel,
                                                           const Namespace& net,
                                                           std::span<const Namespace> others);

/// Sets the interface "lo" of the caller's net namespace up. Needs CAP_NET_ADMIN in the user
/// namespace that owns it.
NSX_API Status bring_up_loopback();

/// One line of /proc/PID/mountinfo (proc(5)). The views point into the parsed text and still hold
/// its escapes: see unescape_mount_field().
struct MountInfo {
  std::uint64_t mount_id = 0;
  std::uint64_t parent_id = 0;
  std::string_view device;       ///< "0:4", major and minor
  std::string_view root;         ///< of the mount in its file system; of nsfs: "net:[4026531840]"
  std::string_view mount_point;  ///< relative to the reader's root
  std::string_view options;      ///< of the mount: "rw,nosuid"
  std::string_view optional_fields;  ///< "shared:1 master:2", or empty
  std::string_view type;             ///< of the file system: "nsfs"
  std::string_view source;
  std::string_view super_options;
};

/// Parses one line, without its line feed.
NSX_API std::optional<MountInfo> parse_mountinfo_line(std::string_view line);

/// Takes the next line off `text` and parses it; none at its end. Lines that make no sense are
/// passed over: the kernel writes none, and one of them must not hide the others.
NSX_API std::optional<MountInfo> next_mount(std::string_view& text);

/// `field` with \040 and the like turned back into the characters that they stand for.
NSX_API std::string unescape_mount_field(std::string_view field);

}  // namespace nsx
