// SPDX-License-Identifier: MIT
#pragma once
// The view from inside a namespace: host name, files, network interfaces and mounts.
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

// Data that is only visible from inside is read by a child process, which joins the namespace with
// setns(2) and exits; the caller stays where it is. Unless the namespace is the caller's own, this
// needs CAP_SYS_ADMIN in the user namespace that owns it.

/// The names in a UTS namespace (uname(2)).
struct HostNames {
  std::string host;
  std::string domain;  ///< of NIS; "(none)" is the kernel's default
};

NSX_API Result<HostNames> read_host_names(const Kernel& kernel, const Namespace& uts);

/// Reads a file of /proc/PID of a process inside: "uid_map" for a user namespace, "mountinfo",
/// "timens_offsets". It is opened from outside, so ids are those of the caller's user namespace. If
/// a process inside is known, reading its file directly is cheaper and needs fewer rights.
NSX_API Result<std::string> read_file_inside(const Kernel& kernel, const Namespace& ns,
                                             const char* file);

/// Returns the netnsid that the caller's net namespace has assigned to another (rtnetlink(7);
/// ip-netns(8), `ip netns list-id`), or none.
NSX_API Result<std::optional<int>> peer_net_id(const Namespace& net);

/// An address of an interface: "10.0.0.2" with prefix length 24.
struct InterfaceAddress {
  std::string address;
  unsigned prefix = 0;

  bool operator==(const InterfaceAddress&) const = default;
};

/// A network interface.
struct Interface {
  int index = 0;
  std::string name;              ///< "eth0"; any byte except "/" and white space
  std::string kind;              ///< "veth", "bridge" ...; empty for hardware and lo
  std::string hardware_address;  ///< "02:42:ac:11:00:02"; empty: none
  bool is_up = false;
  std::vector<InterfaceAddress> addresses;
  /// The netnsid of the net namespace that contains the other end of the link, for example of a
  /// veth pair. None: it is in the same namespace.
  std::optional<int> link_net_id;
};

/// Returns the interfaces of a net namespace in the order of their indices, with their IPv4 and
/// IPv6 addresses. Forks a child that joins the namespace (setns(2)). Unless it is the caller's
/// own, this needs CAP_SYS_ADMIN in the user namespace that owns it.
NSX_API Result<std::vector<Interface>> read_interfaces(const Kernel& kernel, const Namespace& net);

/// Returns the netnsids that a net namespace has assigned to `others`, in their order;
/// peer_net_id() does the same for the caller's own. Requirements: as read_interfaces().
NSX_API Result<std::vector<std::optional<int>>> net_ids_in(const Kernel& kernel,
                                                           const Namespace& net,
                                                           std::span<const Namespace> others);

/// Brings up the interface "lo" of the caller's net namespace. Needs CAP_NET_ADMIN in the user
/// namespace that owns it.
NSX_API Status bring_up_loopback();

/// One line of /proc/PID/mountinfo (proc(5)). The views refer to the parsed text and still contain
/// its escape sequences; see unescape_mount_field().
struct MountInfo {
  std::uint64_t mount_id = 0;
  std::uint64_t parent_id = 0;
  std::string_view device;  ///< "0:4": major and minor number
  std::string_view root;    ///< root of the mount in its file system; for nsfs: "net:[4026531840]"
  std::string_view mount_point;      ///< relative to the reader's root directory
  std::string_view options;          ///< of the mount: "rw,nosuid"
  std::string_view optional_fields;  ///< "shared:1 master:2", or empty
  std::string_view type;             ///< of the file system: "nsfs"
  std::string_view source;
  std::string_view super_options;
};

/// Parses one line, without its line feed. None: malformed.
NSX_API std::optional<MountInfo> parse_mountinfo_line(std::string_view line);

/// Removes the next line from `text` and parses it; none at the end. Malformed lines, which the
/// kernel never writes, are skipped so that they cannot hide others.
NSX_API std::optional<MountInfo> next_mount(std::string_view& text);

/// Replaces escape sequences such as \040 in `field` by the characters that they stand for.
NSX_API std::string unescape_mount_field(std::string_view field);

}  // namespace nsx
