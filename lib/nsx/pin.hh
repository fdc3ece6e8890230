// SPDX-License-Identifier: MIT
#pragma once
// Pins: namespaces that are bound to files, and so live on without a process in them. With names
// they are kept where others look for them as well: a net namespace in /run/netns, as ip-netns(8)
// has it, others in /run/utsns and so on, as pinns of CRI-O does.
//
//   const auto store = nsx::PinStore::open(kernel);
//   if (!store) return;
//   const auto blue = store->find(kernel, "blue");

#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/kernel.hh>
#include <nsx/kind.hh>
#include <nsx/namespace.hh>
#include <nsx/process.hh>

namespace nsx {

/// Whether a pin can have this name: it must be a file name.
NSX_API Status check_pin_name(std::string_view name);

/// Where the machine's pins are, each kind in a directory below it.
inline constexpr const char* kPinRoot = "/run";

/// The directory for pins of a kind: "/run/netns".
NSX_API std::string pin_directory(Kind kind, std::string_view root = kPinRoot);

/// The file for the pin of this name: "/run/netns/blue".
NSX_API std::string pin_path(Kind kind, std::string_view name, std::string_view root = kPinRoot);

/// Whether pins can be kept below `root`: it exists, and no user other than root and the caller can
/// redirect the path or, unless it is sticky as /tmp is, write to the directory.
NSX_API Status check_pin_root(const std::string& root);

/// The name, in /proc/PID/comm, of the process that keeps a pid namespace alive which was made for
/// a pin: a process 1 that does nothing but reap. It is ended with the last pin of the namespace.
inline constexpr const char* kLeftInit = "nsx-pin-init";

/// A mount of a namespace on a file.
struct BoundNamespace {
  std::string path;
  std::uint64_t mount_id = 0;
};

/// Binds an open namespace to an existing file. Nothing is mounted if it fails. The path must be
/// one that no other user can redirect: each component belongs to root or the caller, and nobody
/// else can write to the directories on the way, except sticky ones. Requires CAP_SYS_ADMIN in the
/// user namespace that owns the caller's mount namespace.
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

/// Pins an open namespace in a file that must not be there, at a path as pin_path() makes it, below
/// a root as PinStore::open() takes it. The directory is made ready for its kind: for net it is a
/// shared mount, so that a pin shows in all mount namespaces; for mnt it is one that is never
/// copied, since a mount namespace cannot be bound elsewhere. The directory is locked (flock(2))
/// from before the file is made until the namespace is bound, so that nobody who locks it too sees
/// a file without. Takes all back if it fails.
NSX_API Result<MadePin> make_pin(Kind kind, int fd, const std::string& path);

/// Takes back what make_pin() has made, with a directory that nobody else uses by now.
NSX_API Status withdraw_pin(const MadePin& pin);

/// What a file in a directory for pins is.
enum class PinState : std::uint8_t {
  live,       ///< a namespace of the directory's kind
  stale,      ///< a file without a namespace, or without one of that kind
  elsewhere,  ///< a file without a namespace here, which has one in another mount namespace
  dead,       ///< a pid namespace whose init has exited: no process can start in it any more
  shadowed,   ///< its namespace is mounted there, but below another mount that hides it
  half,       ///< part of several that are being made or removed, or were when somebody was killed
};

/// "live", "stale", "elsewhere", "dead", "shadowed", "half-made".
NSX_API const char* name(PinState state);

/// A file in a directory for pins.
struct PinFile {
  Kind kind = Kind::cgroup;
  std::string name;
  std::string path;  ///< as the mount namespace has it that the pins are in
  PinState state = PinState::stale;
  ino_t inode = 0;          ///< of the namespace; 0: is not known
  std::time_t created = 0;  ///< when the file was made; 0: is not known
  pid_t user = 0;  ///< of state elsewhere: a process that has it mounted; 0: none is in there
};

/// A root of pins, held open, for looking at them.
class NSX_API PinStore {
 public:
  /// The pins below a directory; a missing one has none. Errors: those of check_pin_root().
  static Result<PinStore> open(const Kernel& kernel, std::string root = kPinRoot);

  const std::string& root() const { return root_; }

  /// The root as an O_PATH descriptor, in the mount namespace that shows the pins; -1: not there.
  int directory() const { return directory_.get(); }

  /// All files in the directories of these kinds, by name, then kind. `with_times` fills
  /// PinFile::created, where the caller may (CAP_SYS_ADMIN).
  Result<std::vector<PinFile>> list(const Kernel& kernel, KindSet kinds = KindSet::all(),
                                    bool with_times = false) const;

  /// Looks closer at pins of list(): which of the stale ones are `elsewhere`, and which of the live
  /// ones `dead`. Reads the mounts of all mount namespaces if one of them is stale, so this can
  /// take as long as a census. Mount namespaces that the caller may not read are left out. Errors:
  /// those of take_census(); the mounts of some are too many to be read.
  Status examine(const Kernel& kernel, std::vector<PinFile>& pins) const;

  /// Whether PID 1 has a pin mounted, too, or cannot see its file. Otherwise the file is a stale
  /// one there: the caller is in a mount namespace from which mounts do not propagate. True where
  /// the mounts of PID 1 are not to be read.
  bool shows_to_init(const Kernel& kernel, const PinFile& pin) const;

  /// Whether there is a file of this name, of any kind, or was to be one.
  bool has(const std::string& name) const;

  /// The kinds that have a file of this name, whatever it is.
  KindSet kinds(const std::string& name) const;

  /// The namespaces of this name, by kind. Errors: none has the name; a file of that name is none
  /// of its kind; somebody else than root and the caller can write to the directory; not all of
  /// them are there, as they are being made or removed.
  Result<std::vector<Namespace>> find(const Kernel& kernel, const std::string& name) const;

  /// Opens what list() has found.
  Result<Namespace> open_pin(const Kernel& kernel, const PinFile& pin) const;

 private:
  friend class PinHolder;
  PinStore() = default;

  std::string root_;
  OwnedFd directory_;
  std::optional<std::string> mountinfo_;  // of an ordinary user's; none: the caller's
};

/// Who has a pin mounted that is `elsewhere`, for people: "PID 42, container web".
NSX_API std::string user_of(const Kernel& kernel, const PinFile& pin);

/// Pins namespaces below a root under one name: all of them or none, whatever happens, also if this
/// process is killed: then find() tells that not all are there, and nsx-pin gc takes
/// back those that are. `complete`, if there is one, is called when they are in place: where it
/// fails, all is taken back. Errors: there is such a pin; the name has hidden characters.
NSX_API Status add_pins(const Kernel& kernel, const std::string& root, const std::string& name,
                        std::span<const Namespace> namespaces,
                        const std::function<Status()>& complete = {});

/// Pins what `make` returns as add_pins() does. It is called when no pin of the name has one of
/// these kinds, and nobody else can add or remove the name before it is pinned or `make` has
/// failed: they wait. What it returns is used before this does.
NSX_API Status add_made_pins(const Kernel& kernel, const std::string& root, const std::string& name,
                             KindSet kinds,
                             const std::function<Result<std::span<const Namespace>>()>& make,
                             const std::function<Status()>& complete = {});

/// Removes all files of this name, with the namespaces mounted on them, in all mount namespaces.
/// Mounts that another one hides from the caller are reached from a mount namespace that a child
/// makes. Removes only namespace mounts and empty regular files. Errors: there is none, it is
/// something else, or something of it is still there.
NSX_API Status remove_pins(const Kernel& kernel, const std::string& root, const std::string& name);

/// The PID of the init that remove_pins() ends, with all processes in its pid namespace. None: the
/// name has no pid namespace, another name keeps it, or its process 1 is not one that nsx has left.
NSX_API std::optional<pid_t> init_to_end(const Kernel& kernel, const PinStore& store,
                                         const std::string& name);

/// Pins all that `from` pins under the name `to`, then removes `from`. One of them is complete at
/// any time, or both.
NSX_API Status rename_pins(const Kernel& kernel, const std::string& root, const std::string& from,
                           const std::string& to);

/// The process that keeps the pins of an ordinary user: it holds a user namespace in which the user
/// is root, and a mount namespace in which the pins are, below the user's own directory.
///
/// It is known by a lock (fcntl(2), F_GETLK) on a file in that directory, which ends with it: so no
/// other process that gets its PID is taken for it.
class NSX_API PinHolder {
 public:
  /// The one for this root, if there is one.
  static Result<std::optional<PinHolder>> find(const Kernel& kernel, const std::string& root);

  /// The same; starts one if there is none. Errors: no right to make a user namespace.
  static Result<PinHolder> find_or_start(const Kernel& kernel, const std::string& root);

  pid_t pid() const { return process_.pid(); }

  /// The pins, seen from outside.
  Result<PinStore> store() const;

  /// Moves the calling process, which must have one thread, into both namespaces (setns(2)): there
  /// it may add and remove pins.
  Status join(const Kernel& kernel) const;

  /// Ends it, if nothing is pinned and nobody is about to add a pin.
  Status end_if_unused(const Kernel& kernel);

 private:
  PinHolder(std::string root, Process process, OwnedFd lock)
      : root_(std::move(root)), process_(std::move(process)), lock_(std::move(lock)) {}

  std::string root_;
  Process process_;
  OwnedFd lock_;  // shared by those who use it
};

}  // namespace nsx
