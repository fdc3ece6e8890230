#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/kernel.hh>
#include <nsx/kind.hh>
#include <nsx/namespace.hh>

namespace nsx {

// A namespace that is bound to a file lives on without a process in it: it is pinned. Pins with
// names are kept where others look for them as well: a net namespace in /run/netns, as ip-netns(8)
// has it, others in /run/utsns and so on, as pinns of CRI-O does.

/// Whether a pin may have this name: it must be a file name.
NSX_API Status check_pin_name(std::string_view name);

/// The directory for pins of a kind: "/run/netns".
NSX_API std::string pin_directory(Kind kind);

/// The file for the pin of this name: "/run/netns/blue".
NSX_API std::string pin_path(Kind kind, std::string_view name);

/// A mount of a namespace on a file.
struct BoundNamespace {
  std::string path;
  std::uint64_t mount_id = 0;
};

/// Binds an open namespace to a file that is there. Needs CAP_SYS_ADMIN in the user namespace that
/// owns the caller's mount namespace.
NSX_API Result<BoundNamespace> bind_namespace(Kind kind, int fd, const std::string& path);

/// Unmounts what bind_namespace() has mounted, and nothing else that is there by now.
NSX_API Status unbind_namespace(const BoundNamespace& bound);

/// A pin just made, and what it needed that was not there before: for withdraw_pin().
struct MadePin {
  Kind kind = Kind::cgroup;
  std::string path;
  bool made_directory = false;
  bool made_mount = false;  ///< of the directory onto itself
};

/// Pins an open namespace in a file that must not be there, below a directory that is made ready
/// for its kind: for net it is a shared mount, so that a pin shows in all mount namespaces; for mnt
/// it is one that is never copied, since a mount namespace cannot be bound elsewhere. The directory
/// is locked (flock(2)) from before the file is made until the namespace is bound, so that nobody
/// who locks it too sees a file without. Takes all back if it fails.
NSX_API Result<MadePin> make_pin(Kind kind, int fd, const std::string& path);

/// Takes back what make_pin() has made, with a directory that nobody else uses by now.
NSX_API Status withdraw_pin(const MadePin& pin);

/// Removes a pin: unmounts its file, if that is mounted, and removes it.
NSX_API Status remove_pin(const std::string& path);

/// A file in a directory for pins.
struct PinFile {
  std::string name;
  std::string path;
  std::optional<Namespace> pinned;  ///< none: a stale file, or one that is being made
};

/// All pins in the directory for a kind, by name. None, if there is no such directory.
NSX_API Result<std::vector<PinFile>> list_pins(const Kernel& kernel, Kind kind);

}  // namespace nsx
