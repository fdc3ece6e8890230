// SPDX-License-Identifier: MIT
#pragma once
// Handles of namespaces: opened once and then used, so that a reused number cannot be mistaken.
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

/// The identity of a namespace.
struct NamespaceIdentity {
  dev_t device = 0;      ///< of nsfs; 0 if only the text of a link was read
  ino_t inode = 0;       ///< as shown by lsns(8) and readlink(1); reused after its end
  std::uint64_t id = 0;  ///< never reused until reboot, Linux 6.18; 0 on older kernels

  bool operator==(const NamespaceIdentity&) const = default;
};

/// An open namespace. While the handle exists, the namespace stays alive, and its inode number is
/// not reused (namespaces(7), ioctl_ns(2)).
class NSX_API Namespace {
 public:
  /// Opens a namespace file, such as /proc/PID/ns/net or /run/netns/blue. Errors: it is another
  /// type of file; ETIMEDOUT, a file system in the path has not answered within 10 seconds.
  static Result<Namespace> open_file(const Kernel& kernel, const std::string& path);

  /// Opens a namespace file below the directory `dir`. Safe if another process replaces the file by
  /// a FIFO or a device: these are inspected but never opened.
  static Result<Namespace> open_file_at(const Kernel& kernel, int dir, const std::string& path);

  /// Opens the namespace with this 64-bit id. Errors: it does not exist; no CAP_SYS_ADMIN in the
  /// user namespace that owns it; the kernel lacks Feature::namespace_handle. In the latter case,
  /// find_namespace() still works.
  static Result<Namespace> open_id(const Kernel& kernel, std::uint64_t id);

  /// Takes ownership of a descriptor of a namespace file.
  static Result<Namespace> from_fd(const Kernel& kernel, OwnedFd fd);

  Kind kind() const { return kind_; }
  const NamespaceIdentity& identity() const { return identity_; }
  int fd() const { return fd_.get(); }

  /// Releases ownership of the descriptor.
  OwnedFd take_fd() && { return std::move(fd_); }

  /// Returns whether both handles refer to the same namespace.
  bool same_as(const Namespace& other) const;

  /// Returns whether the calling process is in this namespace.
  bool is_current(const Kernel& kernel) const;

  /// Returns whether future children of the calling process will be in this namespace. Differs from
  /// is_current() only for pid and time (pid_namespaces(7), time_namespaces(7)).
  bool is_current_for_children(const Kernel& kernel) const;

  /// Opens the parent of a pid or user namespace. Errors: EPERM, it is outside of the caller's own
  /// namespace, and therefore not visible; EINVAL, this kind has no parents.
  Result<Namespace> parent(const Kernel& kernel) const;

  /// Opens the user namespace that owns this one. Errors: EPERM, it is outside of the caller's own.
  Result<Namespace> owner(const Kernel& kernel) const;

  /// Returns the effective UID of the process that created a user namespace. Errors: EINVAL, it is
  /// of another kind.
  Result<uid_t> creator_uid() const;

 private:
  Namespace() = default;
  Result<Namespace> related(const Kernel& kernel, unsigned request, const char* which) const;
  bool is_own_link(const Kernel& kernel, const char* link) const;

  OwnedFd fd_;
  Kind kind_ = Kind::cgroup;
  NamespaceIdentity identity_;
};

/// Closes handles, and reopens those namespaces that stay alive without them: through a process,
/// another descriptor, a mount, or a namespace inside.
///
/// Reopens them by id, which requires Linux 6.18 and CAP_SYS_ADMIN in the initial user namespace.
/// If that is not possible, the handle is kept. Since Linux 6.19 this also applies to net
/// namespaces, because the kernel hides those that only sockets hold.
NSX_API std::vector<Namespace> reopen_alive(const Kernel& kernel,
                                            std::vector<Namespace> namespaces);

/// The parsed text of a link in /proc/PID/ns: "net:[4026531840]".
struct NamespaceLink {
  Kind kind;
  ino_t inode;
};

NSX_API std::optional<NamespaceLink> parse_namespace_link(std::string_view text);

}  // namespace nsx
