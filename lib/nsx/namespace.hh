// SPDX-License-Identifier: MIT
#pragma once
// Namespaces as handles: opened once, then used, so that a number looked up twice never means two.
//
//   const auto blue = nsx::Namespace::open_file(kernel, "/run/netns/blue");
//   if (blue) std::printf("%ju\n", std::uintmax_t{blue->identity().inode});

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/kernel.hh>
#include <nsx/kind.hh>

namespace nsx {

/// What tells one namespace from another.
struct NamespaceIdentity {
  dev_t device = 0;      ///< of the nsfs file; 0 where only the link's text was read
  ino_t inode = 0;       ///< the number that lsns(8) and readlink(1) show; reused after its death
  std::uint64_t id = 0;  ///< never reused within a boot, Linux 6.18; 0 where the kernel has none

  bool operator==(const NamespaceIdentity&) const = default;
};

/// An open namespace: while this handle lives, so does the namespace, and its inode number is not
/// given to another (namespaces(7), ioctl_ns(2)).
class NSX_API Namespace {
 public:
  /// Opens a namespace file: /proc/PID/ns/net, /run/netns/blue. Anything else is an error.
  /// ETIMEDOUT: a file system on the way has not answered for 10 seconds.
  static Result<Namespace> open_file(const Kernel& kernel, const std::string& path);

  /// The same below the directory `dir`. A process whose descriptor it is may change it to a FIFO
  /// or a device meanwhile: those are looked at, never opened.
  static Result<Namespace> open_file_at(const Kernel& kernel, int dir, const std::string& path);

  /// Opens the namespace with this 64-bit id. Errors: there is none, the caller has no right over
  /// it (CAP_SYS_ADMIN in the user namespace that owns it), or the kernel lacks
  /// Feature::namespace_handle. find_namespace() then searches.
  static Result<Namespace> open_id(const Kernel& kernel, std::uint64_t id);

  /// Takes a descriptor of a namespace file.
  static Result<Namespace> from_fd(const Kernel& kernel, OwnedFd fd);

  Kind kind() const { return kind_; }
  const NamespaceIdentity& identity() const { return identity_; }
  int fd() const { return fd_.get(); }

  /// Gives the descriptor away.
  OwnedFd take_fd() && { return std::move(fd_); }

  /// Whether both are open on one namespace.
  bool same_as(const Namespace& other) const;

  /// Whether the calling process is in this namespace.
  bool is_current(const Kernel& kernel) const;

  /// Whether the next children of the calling process will be in it. This differs for pid and time
  /// alone (pid_namespaces(7), time_namespaces(7)).
  bool is_current_for_children(const Kernel& kernel) const;

  /// The parent of a pid or user namespace. EPERM: outside of the caller's own, so not for it to
  /// see; EINVAL: this kind has no parents.
  Result<Namespace> parent(const Kernel& kernel) const;

  /// The user namespace that owns this one. EPERM: outside of the caller's own.
  Result<Namespace> owner(const Kernel& kernel) const;

  /// The effective UID of the process that made a user namespace. EINVAL: of another kind.
  Result<uid_t> creator_uid() const;

 private:
  Namespace() = default;
  Result<Namespace> related(const Kernel& kernel, unsigned request, const char* which) const;
  bool is_own_link(const Kernel& kernel, const char* link) const;

  OwnedFd fd_;
  Kind kind_ = Kind::cgroup;
  NamespaceIdentity identity_;
};

/// Lets handles go, and opens again those namespaces that live on without: for a process, another
/// descriptor, a mount, or a namespace in them. By their ids, Linux 6.18, with CAP_SYS_ADMIN in the
/// initial user namespace; where the kernel does not tell, a handle is kept as it was. From 6.19 on
/// that is so of net namespaces too: it then hides those that only sockets hold.
NSX_API std::vector<Namespace> reopen_alive(const Kernel& kernel,
                                            std::vector<Namespace> namespaces);

/// What the text of a link in /proc/PID/ns says, "net:[4026531840]".
struct NamespaceLink {
  Kind kind;
  ino_t inode;
};

NSX_API std::optional<NamespaceLink> parse_namespace_link(std::string_view text);

}  // namespace nsx
